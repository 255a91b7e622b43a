//! An issuer behind a URL: it is posted the request as JSON and answers with the certificate
//! and its issuers, as PEM.

use std::time::Duration;

use async_trait::async_trait;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE};
use url::Url;

use super::checked;
use super::issuer::{CertificateRequest, IssueError, IssuedCertificate, Issuer};
use super::question::Question;
use crate::http_client::{Body, Client, bounded, unanswered};
use modegate_core::secret::Secret;

/// What an issuer may say.
const ANSWER_BYTES: usize = 64 * 1024;
/// What is repeated of a refusal.
const REASON_CHARACTERS: usize = 200;

/// An issuer behind a URL.
pub struct RemoteIssuer {
    http: Client,
    url: Url,
    token: Option<Secret>,
}

impl RemoteIssuer {
    /// Asks `url`, with `token` as bearer token if there is one. An answer may take as long as
    /// `patience`. `ca` are further CAs, PEM.
    ///
    /// # Errors
    /// TLS cannot be set up, or the CAs cannot be read; in words.
    pub fn new(
        url: Url,
        token: Option<Secret>,
        ca: Option<&[u8]>,
        patience: Duration,
    ) -> Result<Self, String> {
        let http = Client::new(patience, ca, reqwest::ClientBuilder::no_proxy)?;
        Ok(RemoteIssuer { http, url, token })
    }

    fn post(&self, http: &reqwest::Client, question: &[u8]) -> reqwest::RequestBuilder {
        let request = http
            .post(self.url.clone())
            .header(CONTENT_TYPE, "application/json")
            .body(question.to_vec());
        match &self.token {
            Some(token) => request.header(AUTHORIZATION, format!("Bearer {}", token.reveal())),
            None => request,
        }
    }
}

#[async_trait]
impl Issuer for RemoteIssuer {
    async fn issue(&self, request: CertificateRequest) -> Result<IssuedCertificate, IssueError> {
        let unavailable =
            |error: &reqwest::Error| IssueError::Unavailable(unanswered(error).into());
        let question = Question::new(&request).json();
        let sent = self.http.send(|http| self.post(http, &question)).await;
        let answer = sent.map_err(|error| unavailable(&error))?;
        let status = answer.status();
        let body = bounded(answer, ANSWER_BYTES).await;
        let body = match body.map_err(|error| unavailable(&error))? {
            Body::Whole(body) | Body::Cut(body) => body,
        };
        if status.is_success() {
            return Ok(checked::read(&body)?);
        }
        let why = format!("HTTP {}: {}", status.as_u16(), first_line(&body));
        Err(match status.as_u16() {
            400..=499 if status != 408 && status != 429 => IssueError::Rejected(why),
            _ => IssueError::Unavailable(why),
        })
    }
}

/// The beginning of what an issuer says of a refusal.
fn first_line(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    let line = text.lines().next().unwrap_or_default().trim();
    let shown = line.chars().filter(|character| !character.is_control());
    shown.take(REASON_CHARACTERS).collect()
}
