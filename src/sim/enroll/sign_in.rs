//! The sign-in pages of Federated: fill in the form until a page hands the
//! token over to the return address.

use std::collections::BTreeMap;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::Url;

use super::error::{EnrollError, Step};
use super::forms::{Form, forms};
use super::http::{Call, Http, RawResponse};
use crate::secret::Secret;

/// Most requests of one sign-in.
const REQUESTS: usize = 20;

/// Who signs in, and where the token is to go.
pub(super) struct SigningIn<'a> {
    pub(super) http: &'a Http,
    /// AuthenticationServiceUrl.
    pub(super) url: &'a str,
    /// `appru`.
    pub(super) return_address: &'a str,
    pub(super) user: &'a str,
    pub(super) password: &'a Secret,
}

/// Cookies by host and port, then by name.
#[derive(Default)]
struct Cookies(BTreeMap<(String, String), String>);

impl Cookies {
    fn take(&mut self, url: &Url, response: &RawResponse) {
        for cookie in &response.cookies {
            let (pair, attributes) = cookie.split_once(';').unwrap_or((cookie, ""));
            let Some((name, value)) = pair.split_once('=') else {
                continue;
            };
            let key = (origin(url), name.trim().to_owned());
            let ended = attributes
                .split(';')
                .any(|attribute| attribute.trim().eq_ignore_ascii_case("max-age=0"));
            if ended {
                self.0.remove(&key);
            } else {
                self.0.insert(key, value.trim().to_owned());
            }
        }
    }

    fn header(&self, url: &Url) -> Option<String> {
        let own = origin(url);
        let mine = self.0.iter().filter(|((of, _), _)| *of == own);
        let pairs: Vec<String> = mine
            .map(|((_, name), value)| format!("{name}={value}"))
            .collect();
        (!pairs.is_empty()).then(|| pairs.join("; "))
    }
}

fn origin(url: &Url) -> String {
    url.origin().ascii_serialization()
}

fn failed(what: impl Into<String>) -> EnrollError {
    EnrollError::SignIn(what.into())
}

/// Goes through the pages; returns the token.
pub(super) async fn sign_in(signing_in: &SigningIn<'_>) -> Result<Secret, EnrollError> {
    let encode = |text| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    let address = format!(
        "{}?appru={}&login_hint={}",
        signing_in.url,
        encode(signing_in.return_address),
        encode(signing_in.user)
    );
    let mut url = Url::parse(&address).map_err(|_| failed("expected an address"))?;
    let (mut cookies, mut body, mut given) = (Cookies::default(), None, false);
    for _ in 0..REQUESTS {
        let call = Call {
            step: Step::SignIn,
            url: url.as_str(),
            body: body.take(),
            cookies: cookies.header(&url),
        };
        let response = signing_in.http.call(call).await?;
        cookies.take(&url, &response);
        if let 301..=303 = response.status {
            url = redirected(&url, &response)?;
            continue;
        }
        if response.status >= 300 && !is_page(&response) {
            return Err(EnrollError::Status(Step::SignIn, response.status));
        }
        let page = String::from_utf8_lossy(&response.body).into_owned();
        let all = forms(&page);
        if let Some(token) = handed_over(&all, signing_in.return_address)? {
            return Ok(token);
        }
        let mut posted = all.iter().filter(|form| form.is_post);
        let form = posted.clone().find(|form| form.asks_secret());
        let form = form.or_else(|| posted.next()).ok_or_else(|| {
            let status = response.status;
            failed(format!("a page without a form to post, HTTP {status}"))
        })?;
        if form.asks_secret() && given {
            return Err(failed("user name or password refused"));
        }
        given |= form.asks_secret();
        url = url
            .join(&form.action)
            .map_err(|_| failed("a form with a wrong action"))?;
        if !matches!(url.scheme(), "https" | "http") {
            return Err(failed("the form posts to another return address"));
        }
        body = Some((
            "application/x-www-form-urlencoded",
            filled(form, signing_in)?,
        ));
    }
    Err(failed("too many pages"))
}

fn is_page(response: &RawResponse) -> bool {
    response.content_type.starts_with("text/html")
}

fn redirected(from: &Url, response: &RawResponse) -> Result<Url, EnrollError> {
    let to = response.location.as_deref().unwrap_or_default();
    let url = from
        .join(to)
        .map_err(|_| failed("a redirect to no address"))?;
    match url.scheme() {
        "https" => Ok(url),
        "http" if from.scheme() == "http" => Ok(url),
        _ => Err(failed("a redirect away from https")),
    }
}

/// The token, once a page has it in a form for the return address.
fn handed_over(forms: &[Form], return_address: &str) -> Result<Option<Secret>, EnrollError> {
    let Some(form) = forms.iter().find(|form| form.field("wresult").is_some()) else {
        return Ok(None);
    };
    if form.action != return_address || !form.is_post {
        return Err(failed("the token is for another return address"));
    }
    match form.field("wresult").map(|field| field.value.as_str()) {
        None | Some("") => Err(failed("an empty token")),
        Some(token) => Ok(Some(Secret::new(token))),
    }
}

/// The form with the user's name and password, encoded.
fn filled(form: &Form, signing_in: &SigningIn<'_>) -> Result<Vec<u8>, EnrollError> {
    let pairs: Vec<(&str, &str)> = form
        .fields
        .iter()
        .map(|field| {
            let value = match field.is_text() && field.value.is_empty() {
                _ if field.is_secret() => signing_in.password.reveal(),
                true => signing_in.user,
                false => &field.value,
            };
            (field.name.as_str(), value)
        })
        .collect();
    serde_urlencoded::to_string(pairs)
        .map(String::into_bytes)
        .map_err(|error| failed(error.to_string()))
}
