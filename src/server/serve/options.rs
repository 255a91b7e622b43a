//! What `serve` is told, and why it does not serve.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use super::keys::KeySource;
use crate::clock::Clock;
use crate::http::Limits;
use crate::http::proxy::TrustedProxies;
use crate::supervisor::WorkerFailed;
use crate::wns::client::SetupError;
use crate::wns::service::Setting;
use crate::workers::retention::Retention;
use modegate_core::installs::JobRules;
use modegate_core::operations::Templates;
use modegate_core::policy::Fault;
use modegate_core::session::ServerAuth;
use modegate_store::StoreError;

/// What `serve` is told.
#[derive(Debug, Clone)]
pub struct Options {
    /// The data folder.
    pub data: PathBuf,
    /// Where HTTPS listens.
    pub listen: SocketAddr,
    /// Where plain HTTP listens too: loopback only.
    pub insecure_http: Option<SocketAddr>,
    /// More names for the server's certificate.
    pub names: Vec<String>,
    /// Whether an RSA server key is taken.
    pub allow_rsa: bool,
    /// Issuers whose client certificates are accepted.
    pub client_ca: Option<PathBuf>,
    /// Whether devices without a record are taken by their Source.
    pub accept_unknown: bool,
    /// A folder of policy files instead of the compiled-in ones.
    pub policies: Option<PathBuf>,
    /// The database file, if it is not in the data folder.
    pub database: Option<PathBuf>,
    /// The path of the device endpoint.
    pub sync_path: String,
    /// By what the server proves itself to devices that ask for it.
    pub server_auth: Option<ServerAuth>,
    /// Proxies that end TLS in front of this server.
    pub proxies: Option<TrustedProxies>,
    /// How often who may come.
    pub limits: Limits,
    /// Where WNS is and how it is used.
    pub push: Setting,
    /// Texts of commands whose grammar is not known for sure.
    pub templates: Templates,
    /// How jobs of installs are read.
    pub jobs: JobRules,
    /// Whether webhooks may point to private addresses.
    pub private_webhooks: bool,
    /// How long events and results are kept.
    pub retention: Retention,
    /// Where the main key comes from.
    pub key: KeySource,
    /// How long the server goes on serving after it was told to end, while
    /// `/readyz` says so already: for a load balancer to notice.
    pub drain: Duration,
    /// Where the time comes from.
    pub clock: Clock,
}

impl Options {
    /// The defaults, with this data folder.
    pub fn new(data: impl Into<PathBuf>) -> Self {
        Options {
            data: data.into(),
            listen: SocketAddr::from(([127, 0, 0, 1], 8443)),
            insecure_http: None,
            names: Vec::new(),
            allow_rsa: false,
            client_ca: None,
            accept_unknown: false,
            policies: None,
            database: None,
            sync_path: "/sync".to_owned(),
            server_auth: None,
            proxies: None,
            limits: Limits::default(),
            push: Setting::default(),
            templates: Templates::default(),
            jobs: JobRules::default(),
            private_webhooks: false,
            retention: Retention::default(),
            key: KeySource::default(),
            drain: Duration::ZERO,
            clock: Clock::default(),
        }
    }
}

/// Why `serve` does not serve.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The data folder cannot be used.
    #[error("the data folder {0}: {1}")]
    Folder(PathBuf, io::Error),
    /// The data folder belongs to another user.
    #[error(
        "the data folder {0} belongs to the user with id {1}, and this is the user with id {2}: run as that user, \
         or give the folder and all in it to this one (chown -R)"
    )]
    Foreign(PathBuf, u32, u32),
    /// Another server has it.
    #[error(
        "the data folder {0} is in use by another server; stop that one, or name another folder with --data"
    )]
    Locked(PathBuf),
    /// A file cannot be read or written.
    #[error("the file {0}: {1}")]
    File(PathBuf, io::Error),
    /// A file holds something else.
    #[error("the file {0}: expected {1}")]
    BadFile(PathBuf, &'static str),
    /// A main key that is none.
    #[error("the main key: expected 64 hexadecimal digits")]
    Key,
    /// A key from the environment cannot be changed without the one that takes over.
    #[error(
        "the main key comes from the environment: put the new one (64 hexadecimal digits) into MODEGATE_KEY_NEXT beside it"
    )]
    NextKey,
    /// An RSA key on the device listener.
    #[error(
        "{0} is an RSA key: Windows 8.1 shares no TLS cipher suite with this server then. Put an ECDSA key \
         (P-256) and its certificate there, or pass --allow-rsa if no Windows 8.1 device will connect"
    )]
    Rsa(PathBuf),
    /// No certificate could be made.
    #[error("the server's certificate could not be made: {0}")]
    Certificate(String),
    /// TLS cannot be set up.
    #[error("TLS: {0}")]
    Tls(#[from] rustls::Error),
    /// An address that is not loopback where only loopback is allowed.
    #[error("{0} must be a loopback address such as 127.0.0.1: {1}")]
    NotLoopback(SocketAddr, &'static str),
    /// An address cannot be listened on.
    #[error("cannot listen on {0}: {1}")]
    Listen(SocketAddr, io::Error),
    /// The policy files are wrong.
    #[error("the policy set is not usable:\n{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Policies(Vec<Fault>),
    /// The push client cannot be made.
    #[error("push: {0}")]
    Push(#[from] SetupError),
    /// The store cannot be opened.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The client of webhooks cannot be made.
    #[error("webhooks: {0}")]
    Webhooks(String),
    /// A background worker failed too often.
    #[error(transparent)]
    Worker(#[from] WorkerFailed),
    /// The runtime failed.
    #[error("the server failed: {0}")]
    Runtime(#[from] io::Error),
}
