//! Requests of commands to a running server.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use reqwest::{Certificate, Client, Method};
use serde_json::Value;
use url::Url;

use crate::pem;
use crate::serve::data_dir::{LISTENING_FILE, TOKEN_FILE};

/// How long the server may take to answer.
const ANSWER: Duration = Duration::from_secs(5);

/// Whom a command believes to be the server.
#[derive(Debug, Clone, Copy)]
pub(super) enum Trust<'a> {
    /// Who has a certificate of a CA in this file (PEM).
    Cas(&'a Path),
    /// Who has a certificate of a CA that the system trusts.
    System,
    /// Whoever answers: for what is no secret.
    Anyone,
}

/// Why a server cannot be asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RequestError {
    #[error("expected an http:// or https:// URL, found '{0}'")]
    Url(String),
    #[error("the file {0}: {1}")]
    File(PathBuf, String),
    #[error("{0}: {1}")]
    Request(Url, String),
    #[error("{0}: expected status {1}, found {2}")]
    Status(Url, u16, u16),
    #[error("{0}: status {1}: {2}")]
    Refused(Box<Url>, u16, String, Vec<Value>),
    #[error("{0}")]
    Runtime(#[from] std::io::Error),
}

/// Which running server a command uses, and how.
#[derive(Debug, Args)]
pub(super) struct ServerArgs {
    /// The running server [default: where that of the data directory listens]
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// CAs to trust (PEM) [default: ca.pem in the data directory, else the system's]
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
    /// A file with an admin's token [default: admin-token in the data directory]
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
}

impl ServerArgs {
    /// Whether its URL was given.
    pub(super) fn is_named(&self) -> bool {
        self.url.is_some()
    }

    /// Its URL: as given, or as the server of the data directory wrote it there.
    pub(super) fn url(&self, data: &Path) -> Option<String> {
        self.url.clone().or_else(|| listening(data))
    }

    /// Its API at this URL, with what the data directory has where nothing else is named.
    pub(super) fn open(&self, url: &str, data: &Path) -> Result<Api, RequestError> {
        let url = address(url)?;
        let own = data.join("ca.pem");
        let trust = match &self.ca {
            Some(path) => Trust::Cas(path),
            None if own.exists() => Trust::Cas(&own),
            None => Trust::System,
        };
        let own = || data.join(TOKEN_FILE);
        let file = self.token_file.clone().unwrap_or_else(own);
        Ok(Api {
            client: client(&url, trust)?,
            token: read(&file)?,
            url,
        })
    }
}

/// The URL of the server that runs on a data directory, as it wrote it there: over plain HTTP
/// where it offers that to this machine.
fn listening(data: &Path) -> Option<String> {
    let line = std::fs::read(data.join(LISTENING_FILE)).ok()?;
    let line: Value = serde_json::from_slice(&line).ok()?;
    let address = |name: &str| {
        let address = line["listening"][name].as_str()?;
        address.parse::<std::net::SocketAddr>().ok()
    };
    if let Some(http) = address("http") {
        return Some(format!("http://{http}"));
    }
    let https = address("https")?;
    // The certificate that the server makes names localhost.
    match https.ip().is_unspecified() {
        true => Some(format!("https://localhost:{}", https.port())),
        false => Some(format!("https://{https}")),
    }
}

/// The API of a running server.
pub(super) struct Api {
    client: Client,
    url: Url,
    token: String,
}

impl Api {
    /// The body of the response, which must have this status.
    pub(super) async fn call(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
        expected: u16,
    ) -> Result<Value, RequestError> {
        let joined = self.url.join(&format!("/api/v1{path}"));
        let url = joined.map_err(|_| RequestError::Url(format!("{}api/v1{path}", self.url)))?;
        let failed = |error| failed(&url, error);
        let mut request = self.client.request(method, url.clone());
        if let Some(body) = body {
            request = request.json(&body);
        }
        let sent = request.bearer_auth(&self.token).send();
        let answer = sent.await.map_err(failed)?;
        let status = answer.status().as_u16();
        let body = answer.bytes().await.map_err(failed)?;
        let body: Value = serde_json::from_slice(&body).unwrap_or_default();
        if status == expected {
            return Ok(body);
        }
        match body["detail"].as_str() {
            Some(detail) => {
                let errors = body["errors"].as_array().cloned().unwrap_or_default();
                let detail = detail.to_owned();
                Err(RequestError::Refused(url.into(), status, detail, errors))
            }
            None => Err(RequestError::Status(url, expected, status)),
        }
    }
}

fn read(file: &Path) -> Result<String, RequestError> {
    let text = std::fs::read_to_string(file);
    text.map(|text| text.trim().to_owned())
        .map_err(|error| RequestError::File(file.to_owned(), error.to_string()))
}

/// The server's address.
pub(super) fn address(text: &str) -> Result<Url, RequestError> {
    let good = |url: &Url| matches!(url.scheme(), "http" | "https") && url.has_host();
    let url = Url::parse(text).ok().filter(good);
    url.ok_or_else(|| RequestError::Url(text.to_owned()))
}

/// A client for that server.
pub(super) fn client(url: &Url, trust: Trust<'_>) -> Result<Client, RequestError> {
    // The one provider of the tree; a second call changes nothing.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let mut client = Client::builder().timeout(ANSWER).no_proxy();
    match trust {
        Trust::Cas(path) => {
            let bad =
                |why: &dyn std::fmt::Display| RequestError::File(path.to_owned(), why.to_string());
            let text = std::fs::read(path).map_err(|error| bad(&error))?;
            let certificates = pem::certificates(&text).map_err(|fault| bad(&fault))?;
            let trusted: Result<Vec<_>, _> = certificates
                .iter()
                .map(|der| Certificate::from_der(der))
                .collect();
            client = client.tls_certs_only(trusted.map_err(|error| bad(&error))?);
        }
        Trust::System => {}
        Trust::Anyone => client = client.tls_danger_accept_invalid_certs(true),
    }
    client.build().map_err(|error| failed(url, error))
}

/// Why a request has no answer, with what is behind it.
pub(super) fn failed(url: &Url, error: reqwest::Error) -> RequestError {
    let error = error.without_url();
    let mut why = error.to_string();
    let mut source = std::error::Error::source(&error);
    while let Some(error) = source {
        why = format!("{why}: {error}");
        source = error.source();
    }
    RequestError::Request(url.clone(), why)
}

/// Runs a command that waits for a server or a store.
pub(super) fn wait<T, E: From<std::io::Error>>(
    work: impl Future<Output = Result<T, E>>,
) -> Result<T, E> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(work)
}
