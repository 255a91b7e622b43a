//! A receiver of NDJSON over HTTPS.

use std::path::PathBuf;

use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use url::Url;

use super::fault::{SinkFault, TIMEOUT};
use crate::config::secret_file;
use crate::egress::EgressPolicy;
use crate::http_client::{Client, unanswered};

/// The receiver.
pub(crate) struct HttpSink {
    client: Client,
    url: Url,
    /// The file with the value of `Authorization`. It is read each time, so that it can be
    /// replaced without a restart.
    authorization: Option<PathBuf>,
}

impl HttpSink {
    pub(super) fn new(
        url: Url,
        authorization: Option<PathBuf>,
        ca: Option<&[u8]>,
    ) -> Result<Self, String> {
        Ok(HttpSink {
            client: Client::within(EgressPolicy::OPERATOR, TIMEOUT, ca)?,
            url,
            authorization,
        })
    }

    /// Sends lines in one request.
    pub(super) async fn put(&self, lines: String) -> Result<(), SinkFault> {
        let authorization = self.authorization()?;
        let post = |http: &reqwest::Client| {
            let request = http
                .post(self.url.clone())
                .header(CONTENT_TYPE, "application/x-ndjson")
                .body(lines.clone());
            match &authorization {
                Some(value) => request.header(AUTHORIZATION, value.clone()),
                None => request,
            }
        };
        let answer = self.client.send(post).await;
        let answer = answer.map_err(|error| SinkFault::Unanswered(unanswered(&error)))?;
        match answer.status() {
            status if status.is_success() => Ok(()),
            reqwest::StatusCode::PAYLOAD_TOO_LARGE => Err(SinkFault::TooLarge),
            status => Err(SinkFault::Status(status.as_u16())),
        }
    }

    fn authorization(&self) -> Result<Option<HeaderValue>, SinkFault> {
        let Some(path) = &self.authorization else {
            return Ok(None);
        };
        let read = secret_file(path).and_then(|secret| {
            let value = HeaderValue::from_str(secret.reveal());
            value.map_err(|_| std::io::Error::other("expected one line of ASCII"))
        });
        let mut value = read.map_err(SinkFault::Authorization)?;
        value.set_sensitive(true);
        Ok(Some(value))
    }
}
