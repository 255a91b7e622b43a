//! `modegate health`: whether a server answers, for supervisors without a tool of their own.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use reqwest::{Certificate, Client};
use url::Url;

use crate::pem;

/// How long the server may take to answer.
const ANSWER: Duration = Duration::from_secs(5);

/// Flags of `health`.
#[derive(Debug, Args)]
pub struct HealthArgs {
    /// The server; without a path /healthz is asked for
    #[arg(default_value = "https://localhost:8443")]
    url: String,
    /// CAs to trust (PEM), e.g. ca.pem of the server's data directory. Without it no
    /// certificate is checked on loopback, where nothing secret is sent
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
}

/// Why a server does not count as healthy.
#[derive(Debug, thiserror::Error)]
pub(super) enum HealthError {
    #[error("expected an http:// or https:// URL, found '{0}'")]
    Url(String),
    #[error("the file {0}: {1}")]
    Ca(PathBuf, String),
    #[error("{0}: {1}")]
    Request(Url, String),
    #[error("{0}: expected status 200, found {1}")]
    Status(Url, u16),
    #[error("{0}")]
    Runtime(#[from] std::io::Error),
}

/// Asks the server.
pub(super) fn run(args: &HealthArgs) -> Result<(), HealthError> {
    let url = address(&args.url).ok_or_else(|| HealthError::Url(args.url.clone()))?;
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(ask(url, args.ca.as_ref()))
}

fn address(text: &str) -> Option<Url> {
    let mut url = Url::parse(text).ok()?;
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return None;
    }
    if url.path() == "/" {
        url.set_path("/healthz");
    }
    Some(url)
}

async fn ask(url: Url, ca: Option<&PathBuf>) -> Result<(), HealthError> {
    // The one provider of the tree; a second call changes nothing.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let mut client = Client::builder().timeout(ANSWER).no_proxy();
    match ca {
        Some(path) => {
            let bad = |why: &dyn std::fmt::Display| HealthError::Ca(path.clone(), why.to_string());
            let text = std::fs::read(path).map_err(|error| bad(&error))?;
            let certificates = pem::certificates(&text).map_err(|fault| bad(&fault))?;
            let trusted: Result<Vec<_>, _> = certificates
                .iter()
                .map(|der| Certificate::from_der(der))
                .collect();
            client = client.tls_certs_only(trusted.map_err(|error| bad(&error))?);
        }
        None => client = client.tls_danger_accept_invalid_certs(is_loopback(&url)),
    }
    let failed = |error: reqwest::Error| {
        let error = error.without_url();
        let mut why = error.to_string();
        let mut source = std::error::Error::source(&error);
        while let Some(error) = source {
            why = format!("{why}: {error}");
            source = error.source();
        }
        HealthError::Request(url.clone(), why)
    };
    let client = client.build().map_err(failed)?;
    let answer = client.get(url.clone()).send().await.map_err(failed)?;
    match answer.status().as_u16() {
        200 => Ok(()),
        status => Err(HealthError::Status(url, status)),
    }
}

fn is_loopback(url: &Url) -> bool {
    url.host_str().is_some_and(|host| {
        let host = host.trim_start_matches('[').trim_end_matches(']');
        host == "localhost"
            || host
                .parse()
                .is_ok_and(|address: std::net::IpAddr| address.is_loopback())
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_goes_without_a_check() {
        for (text, loopback) in [
            ("https://localhost:1", true),
            ("https://127.0.0.1", true),
            ("https://[::1]:8443/readyz", true),
            ("https://localhost.example", false),
            ("https://127.0.0.1.example", false),
            ("https://10.0.0.1", false),
        ] {
            assert_eq!(is_loopback(&address(text).unwrap()), loopback, "{text}");
        }
        assert_eq!(address("https://h").unwrap().path(), "/healthz");
        assert_eq!(address("https://h/readyz").unwrap().path(), "/readyz");
        for bad in ["localhost:8443", "ftp://h", ""] {
            assert!(address(bad).is_none(), "{bad}");
        }
    }
}
