//! Where a request comes from: another site's page can send a form to this one.

use actix_web::HttpRequest;
use actix_web::http::header::{HOST, HeaderMap, ORIGIN, REFERER};

/// What the headers say of the page that sent a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sender {
    /// A page of this site.
    Own,
    /// A page of another site.
    Other,
    /// Nothing: Internet Explorer 11 need not say.
    Unknown,
}

impl Sender {
    /// Of this request.
    pub(super) fn of(request: &HttpRequest) -> Self {
        let headers = request.headers();
        let by_fetch = text(headers, "sec-fetch-site").map(|site| site == "same-origin");
        let host = text(headers, HOST.as_str()).unwrap_or_default();
        // `null` says nothing of a page that is sandboxed or was redirected.
        let origin = text(headers, ORIGIN.as_str()).filter(|origin| *origin != "null");
        let by_origin = origin.map(|origin| authority(origin) == Some(host));
        let referer = text(headers, REFERER.as_str());
        let by_referer = referer.map(|referer| authority(referer) == Some(host));
        match [by_fetch, by_origin] {
            [Some(false), _] | [_, Some(false)] => Sender::Other,
            [Some(true), _] | [_, Some(true)] => Sender::Own,
            [None, None] if by_referer == Some(true) => Sender::Own,
            [None, None] if by_referer == Some(false) => Sender::Other,
            [None, None] => Sender::Unknown,
        }
    }
}

/// Host and port of a URL of a page.
fn authority(url: &str) -> Option<&str> {
    let rest = url
        .strip_prefix("https://")
        .or_else(|| url.strip_prefix("http://"))?;
    rest.split('/').next()
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn a_page_of_another_site_is_known_by_what_the_browser_says() {
        let host = ("host", "mdm.contoso.com:8444");
        for (headers, expected) in [
            (vec![], Sender::Unknown),
            (vec![("sec-fetch-site", "same-origin")], Sender::Own),
            (vec![("sec-fetch-site", "same-site")], Sender::Other),
            (vec![("sec-fetch-site", "none")], Sender::Other),
            (
                vec![("origin", "https://mdm.contoso.com:8444")],
                Sender::Own,
            ),
            (vec![("origin", "https://mdm.contoso.com")], Sender::Other),
            (vec![("origin", "null")], Sender::Unknown),
            (
                vec![("origin", "null"), ("sec-fetch-site", "cross-site")],
                Sender::Other,
            ),
            (
                vec![("referer", "https://mdm.contoso.com:8444/console")],
                Sender::Own,
            ),
            (
                vec![(
                    "referer",
                    "https://evil.example/?https://mdm.contoso.com:8444",
                )],
                Sender::Other,
            ),
            (
                vec![
                    ("origin", "https://evil.example"),
                    ("sec-fetch-site", "same-origin"),
                ],
                Sender::Other,
            ),
        ] {
            let mut request = TestRequest::default().insert_header(host);
            for header in &headers {
                request = request.insert_header(*header);
            }
            assert_eq!(
                Sender::of(&request.to_http_request()),
                expected,
                "{headers:?}"
            );
        }
    }
}
