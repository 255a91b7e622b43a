//! `modegate health`: whether a server answers, for supervisors without a tool of their own.

use std::path::PathBuf;

use clap::Args;
use url::Url;

use super::request::{self, RequestError, Trust};

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

/// Asks the server.
pub(super) fn run(args: &HealthArgs) -> Result<(), RequestError> {
    request::wait(ask(address(&args.url)?, args.ca.as_ref()))
}

fn address(text: &str) -> Result<Url, RequestError> {
    let mut url = request::address(text)?;
    if url.path() == "/" {
        url.set_path("/healthz");
    }
    Ok(url)
}

async fn ask(url: Url, ca: Option<&PathBuf>) -> Result<(), RequestError> {
    let trust = match ca {
        Some(path) => Trust::Cas(path),
        None if is_loopback(&url) => Trust::Anyone,
        None => Trust::System,
    };
    let client = request::client(&url, trust)?;
    let answer = client.get(url.clone()).send().await;
    match answer
        .map_err(|error| request::failed(&url, error))?
        .status()
        .as_u16()
    {
        200 => Ok(()),
        status => Err(RequestError::Status(url, 200, status)),
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
            assert!(address(bad).is_err(), "{bad}");
        }
    }
}
