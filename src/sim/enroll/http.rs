//! HTTP as an enrollment client does it: no redirects, one message with its length.

use std::net::SocketAddr;

use super::envelope::read_fault;
use super::error::{EnrollError, Fault, Step};
use crate::transport::{ClientIdentity, SimError, https_client_at};

/// What came back.
#[derive(Debug, Clone)]
pub struct RawResponse {
    /// The HTTP status.
    pub status: u16,
    /// Content-Type.
    pub content_type: String,
    /// Whether there was a Content-Length and nothing was chunked.
    pub has_length: bool,
    /// Where a redirect leads.
    pub location: Option<String>,
    /// Every Set-Cookie.
    pub cookies: Vec<String>,
    /// The body.
    pub body: Vec<u8>,
}

/// A client of one device.
#[derive(Clone)]
pub(super) struct Http {
    client: reqwest::Client,
    user_agent: &'static str,
}

/// A request.
pub(super) struct Call<'a> {
    pub(super) step: Step,
    pub(super) url: &'a str,
    /// POST of this media type and body; GET without.
    pub(super) body: Option<(&'static str, Vec<u8>)>,
    pub(super) cookies: Option<String>,
}

impl Http {
    pub(super) fn new(
        ca: Option<&[u8]>,
        identity: Option<&ClientIdentity>,
        connect: Option<(String, SocketAddr)>,
        user_agent: &'static str,
    ) -> Result<Self, SimError> {
        Ok(Http {
            client: https_client_at(ca, identity, connect)?,
            user_agent,
        })
    }

    pub(super) async fn call(&self, call: Call<'_>) -> Result<RawResponse, EnrollError> {
        let step = call.step;
        let failed = |error| EnrollError::Transport {
            step,
            error: SimError::Http(error),
        };
        let mut request = match call.body {
            None => self.client.get(call.url),
            Some((media_type, body)) => self
                .client
                .post(call.url)
                .header("content-type", media_type)
                .body(body),
        };
        request = request.header("user-agent", self.user_agent);
        if let Some(cookies) = call.cookies {
            request = request.header("cookie", cookies);
        }
        let answer = request.send().await.map_err(failed)?;
        let headers = answer.headers();
        let text = |name: &str| {
            let value = headers.get(name)?;
            value.to_str().ok().map(str::to_owned)
        };
        let cookies = headers.get_all("set-cookie").iter();
        Ok(RawResponse {
            status: answer.status().as_u16(),
            content_type: text("content-type").unwrap_or_default(),
            has_length: headers.contains_key("content-length")
                && !headers.contains_key("transfer-encoding"),
            location: text("location"),
            cookies: cookies
                .filter_map(|value| value.to_str().ok().map(str::to_owned))
                .collect(),
            body: answer.bytes().await.map_err(failed)?.to_vec(),
        })
    }
}

/// The text of a SOAP message in a response, or why there is none.
pub(super) fn message(step: Step, response: &RawResponse) -> Result<String, EnrollError> {
    let malformed = |what: &str| EnrollError::Malformed(step, what.to_owned());
    let text = std::str::from_utf8(&response.body).ok();
    let fault = text.and_then(read_fault);
    match (response.status, fault) {
        (300..400, _) => return Err(EnrollError::Redirected(step, response.status)),
        (status, Some(fault)) => {
            let fault = Fault {
                http_status: status,
                ..fault
            };
            return Err(EnrollError::Refused(step, Box::new(fault)));
        }
        (200, None) => {}
        (status, None) => return Err(EnrollError::Status(step, status)),
    }
    if response.body.is_empty() {
        return Err(EnrollError::Empty(step));
    }
    if !response.has_length {
        return Err(malformed("no Content-Length, or chunked"));
    }
    let essence = response.content_type.split(';').next().unwrap_or("");
    if !essence.trim().eq_ignore_ascii_case("application/soap+xml") {
        return Err(malformed("expected Content-Type application/soap+xml"));
    }
    text.map(str::to_owned)
        .ok_or_else(|| malformed("expected UTF-8"))
}
