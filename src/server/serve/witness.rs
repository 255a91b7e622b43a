//! A witness that serves: its directory, its socket, and TLS where others than this machine
//! reach it.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use actix_web::dev::Server;

use super::data_dir::DataDir;
use super::{ServeError, certificates, sockets};
use crate::audit::witness::{Witness, WitnessError};
use crate::clock::Clock;
use crate::config::{Limits, Settings};
use crate::http::tls::{ServerCertificate, server_config};
use crate::http::witness::{WitnessListener, serve};
use crate::metrics::Metrics;
use modegate_core::tlog::VerifierKey;

/// Connections that a witness has open at once, most.
const CONNECTIONS: u32 = 256;

/// What a witness is started with.
#[derive(Debug, Clone)]
pub(crate) struct WitnessOptions {
    /// Where it listens; port 0 takes a free one. On loopback it speaks plain HTTP, elsewhere
    /// HTTPS.
    pub(crate) listen: SocketAddr,
    /// Its directory.
    pub(crate) data: PathBuf,
    /// The name of a new witness.
    pub(crate) name: Option<String>,
    /// The keys of the logs that it cosigns for.
    pub(crate) logs: Vec<VerifierKey>,
    /// Where the time comes from.
    pub(crate) clock: Clock,
}

/// Why a witness does not serve.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WitnessServeError {
    /// Its directory, its socket or its certificate.
    #[error(transparent)]
    Serve(#[from] ServeError),
    /// What is in its directory.
    #[error(transparent)]
    Witness(#[from] WitnessError),
}

/// A witness that listens; it serves while `server` runs.
pub(crate) struct Serving {
    /// Its URL.
    pub(crate) url: String,
    /// The witness.
    pub(crate) witness: Arc<Witness>,
    /// The server.
    pub(crate) server: Server,
    /// Its directory is its own while it lives.
    _dir: DataDir,
}

/// Starts a witness.
///
/// # Errors
/// What stands in its way.
pub(crate) fn start(options: WitnessOptions) -> Result<Serving, WitnessServeError> {
    let dir = DataDir::open(&options.data)?;
    let name = options.name.as_deref();
    let witness = Witness::open(dir.path(), name, &options.logs, options.clock)?;
    let mut settings = Settings {
        names: names(&witness, options.listen.ip()),
        allow_rsa: true,
        ..Settings::default()
    };
    settings.limits.connections = CONNECTIONS;
    let metrics = Arc::<Metrics>::default();
    let is_local = options.listen.ip().is_loopback();
    let tls = (!is_local)
        .then(|| tls(&options.data, &settings))
        .transpose()?;
    let (socket, address) = sockets::listen(options.listen)?;
    let scheme = if is_local { "http" } else { "https" };
    let witness = Arc::new(witness);
    let listener = WitnessListener {
        socket,
        tls,
        connections: Arc::new(sockets::connections(&settings, &metrics)),
        patience: sockets::patience(&settings),
        metrics,
        limits: Limits::default(),
    };
    let server = serve(listener, Arc::clone(&witness)).map_err(ServeError::Runtime)?;
    Ok(Serving {
        url: format!("{scheme}://{address}/"),
        witness,
        server,
        _dir: dir,
    })
}

/// Names of its certificate, beside those that each has: the host that its own name begins
/// with, and the address.
fn names(witness: &Witness, address: IpAddr) -> Vec<String> {
    let name = witness.verifier().name();
    let host = name.split('/').next().unwrap_or_default();
    let is_host = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
    let host = (!host.is_empty() && host.chars().all(is_host)).then(|| host.to_owned());
    let address = (!address.is_unspecified()).then(|| address.to_string());
    host.into_iter().chain(address).collect()
}

fn tls(data: &std::path::Path, settings: &Settings) -> Result<rustls::ServerConfig, ServeError> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let certified = certificates::server_certificate(data, settings, &provider)?;
    let certificate = Arc::new(ServerCertificate::new(certified));
    Ok(server_config(provider, certificate)?)
}
