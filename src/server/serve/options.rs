//! What `serve` needs, and why it does not serve.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use crate::audit::OpenError;
use crate::clock::Clock;
use crate::config::{Origins, Settings};
use crate::key_file::KeyFileError;
use crate::pem::PemFault;
use crate::supervisor::WorkerFailed;
use crate::wns::client::SetupError;
use modegate_core::policy::Fault;
use modegate_store::StoreError;

/// What `serve` needs: the settings, and what no setting is.
#[derive(Debug, Clone)]
pub struct Options {
    /// The settings.
    pub settings: Settings,
    /// How long the server continues to serve after it was asked to end, while
    /// `/readyz` reports it already: for a load balancer to notice.
    pub drain: Duration,
    /// Where the time comes from.
    pub clock: Clock,
    /// Where the settings come from, as far as that is known.
    pub(crate) origins: Origins,
}

impl Options {
    /// The defaults, with this data directory.
    pub fn new(data: impl Into<PathBuf>) -> Self {
        Options::from(Settings {
            data: data.into(),
            ..Settings::default()
        })
    }
}

impl From<Settings> for Options {
    fn from(settings: Settings) -> Self {
        Options {
            settings,
            drain: Duration::ZERO,
            clock: Clock::default(),
            origins: Origins::default(),
        }
    }
}

/// Why `serve` does not serve.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The data directory cannot be used.
    #[error("could not use the data directory {0}: {1}")]
    DataDir(PathBuf, io::Error),
    /// The data directory belongs to another user.
    #[error(
        "the data directory {0} belongs to the user with id {1}, but this process runs as the user with id {2}: \
         run as that user, or change the owner of the directory and its files (chown -R)"
    )]
    Foreign(PathBuf, u32, u32),
    /// The logo cannot be used.
    #[error("web.brand_logo: expected a PNG or JPEG of at most 64 KiB, found {0}")]
    Logo(String),
    /// The identity provider cannot be used.
    #[cfg(feature = "oidc")]
    #[error("web.oidc: {0}")]
    Provider(#[from] crate::oidc::SetupError),
    /// Everybody can write to the data directory.
    #[error(
        "every user of this machine can write to the data directory {0}, and so put a key or a database there: \
         run chmod o-w on it, or name a new directory inside it, which the server creates for itself alone"
    )]
    OpenDirectory(PathBuf),
    /// Another server has it.
    #[error(
        "the data directory {0} is in use by another server: stop that server, or pass another directory with --data"
    )]
    Locked(PathBuf),
    /// A file cannot be read or written.
    #[error("could not use the file {0}: {1}")]
    File(PathBuf, io::Error),
    /// A file contains something else.
    #[error("the file {0}: expected {1}")]
    BadFile(PathBuf, &'static str),
    /// A file in PEM cannot be used.
    #[error("the file {0}: {1}")]
    Pem(PathBuf, PemFault),
    /// The main key is gone, and a database is there.
    #[error(
        "the main key {0} is missing, but the database {1} is there, and no other key opens it: put the key back. \
         To start without the data, move the database away first"
    )]
    MissingKey(PathBuf, PathBuf),
    /// The audit log cannot be opened.
    #[error(transparent)]
    Audit(#[from] OpenError),
    /// A key's file cannot be used.
    #[error(transparent)]
    KeyFile(#[from] KeyFileError),
    /// Of the server's certificate and its key only one is there.
    #[error(
        "{0} is missing, but {1} is there: put the missing file there, or remove the other one too, so that the server \
         creates both anew"
    )]
    HalfOfPair(PathBuf, PathBuf),
    /// A main key that is not one.
    #[error("the main key: expected 64 hexadecimal digits")]
    Key,
    /// A key from the environment cannot be rotated without the new one.
    #[error(
        "the main key comes from the environment: set MODEGATE_KEY_NEXT to the new key (64 hexadecimal digits) as well"
    )]
    NextKey,
    /// An RSA key on the device listener.
    #[error(
        "{0} is an RSA key: with it, the server and Windows 8.1 have no TLS cipher suite in common. Put an ECDSA key \
         (P-256) and its certificate there, or pass --allow-rsa if no Windows 8.1 device will connect"
    )]
    Rsa(PathBuf),
    /// No certificate could be made.
    #[error("could not create the server's certificate: {0}")]
    Certificate(String),
    /// TLS cannot be set up.
    #[error("could not set up TLS: {0}")]
    Tls(#[from] rustls::Error),
    /// An address that is not loopback where only loopback is allowed.
    #[error("{0} must be a loopback address such as 127.0.0.1: {1}")]
    NotLoopback(SocketAddr, &'static str),
    /// What is for this machine only, behind a proxy.
    #[error(
        "--accept-unknown-devices accepts any device by its name alone: remove trusted_proxies, which pass on requests from elsewhere"
    )]
    Proxied,
    /// An address cannot be listened on.
    #[error("could not listen on {0}: {1}")]
    Listen(SocketAddr, io::Error),
    /// The policy files are wrong.
    #[error("the policy set is invalid:\n{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Policies(Vec<Fault>),
    /// The baselines of compliance are wrong.
    #[error("the baselines are invalid:\n{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Baselines(Vec<Fault>),
    /// The push client cannot be made.
    #[error("could not set up push: {0}")]
    Push(#[from] SetupError),
    /// The store cannot be opened.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The client of webhooks cannot be made.
    #[error("could not set up webhooks: {0}")]
    Webhooks(String),
    /// Nothing can be issued.
    #[error("could not set up enrollment: {0}")]
    Enrollment(String),
    /// The clients of the log's witnesses cannot be made.
    #[error("could not set up the log's witnesses: {0}")]
    Witnesses(String),
    /// A sink of events cannot be made.
    #[error("could not set up the sink {0} of siem.sinks: {1}")]
    Siem(String, String),
    /// A background worker failed too often.
    #[error(transparent)]
    Worker(#[from] WorkerFailed),
    /// The runtime failed.
    #[error("the server failed: {0}")]
    Runtime(#[from] io::Error),
}
