//! `modegate audit witness`: the auditor's side of cosignatures.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;
use serde_json::json;
use tokio::signal::unix::{SignalKind, signal};

use crate::audit::witness::WitnessError;
use crate::cli::{log, report};
use crate::clock::Clock;
use crate::serve::ServeError;
use crate::serve::witness::{WitnessOptions, WitnessServeError, start};
use modegate_core::tlog::VerifierKey;

/// Flags of `audit witness`.
#[derive(Debug, Clone, Args)]
pub struct WitnessArgs {
    /// Where to listen; port 0 takes a free one. On loopback it speaks plain HTTP, elsewhere
    /// HTTPS with the certificate of its directory, which is made when it is not there
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8445")]
    listen: SocketAddr,
    /// Its directory: its key, and what it has seen. It is made when it is not there
    #[arg(long, value_name = "DIR", default_value = "./witness")]
    data: PathBuf,
    /// The verifier key of a log to cosign for; for more logs or more keys of one, again
    #[arg(long = "log", value_name = "VKEY")]
    logs: Vec<VerifierKey>,
    /// Its name, for the first start: a URL without the scheme, such as
    /// witness.example.org/1 [default: HOST/witness]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
}

/// Serves until a signal ends it; the exit code.
pub(super) fn run(args: &WitnessArgs) -> u8 {
    log::to_stderr("info");
    let served = actix_web::rt::System::new().block_on(serve(args.clone()));
    report("modegate audit witness", served.map(|()| 0))
}

async fn serve(args: WitnessArgs) -> Result<(), WitnessServeError> {
    let signal = |kind| signal(kind).map_err(ServeError::Runtime);
    let (mut end, mut interrupt) = (
        signal(SignalKind::terminate())?,
        signal(SignalKind::interrupt())?,
    );
    let started = start(WitnessOptions {
        listen: args.listen,
        data: args.data,
        name: args.name,
        logs: args.logs,
        clock: Clock::default(),
    })?;
    let (url, verifier) = (&started.url, started.witness.verifier());
    let logs = started.witness.logs().map_err(WitnessError::Memory)?;
    if logs.is_empty() {
        tracing::warn!("the witness knows no log: name the keys of logs with --log");
    }
    let logs: Vec<_> = logs
        .iter()
        .map(|(origin, size)| json!({"origin": origin, "size": size}))
        .collect();
    let (scheme, rest) = url.split_once("://").unwrap_or_default();
    let line = json!({
        "listening": {scheme: rest.trim_end_matches('/')},
        "url": url,
        "vkey": verifier.to_string(),
        "logs": logs,
    });
    // Nobody has to read it.
    let _ = writeln!(io::stdout(), "{line}");
    let (name, handle) = (verifier.name(), started.server.handle());
    tracing::info!(
        "in a trust file: witness {} {verifier} {url}",
        name.replace('/', "-")
    );
    let serving = tokio::spawn(started.server);
    tokio::select! {
        _ = end.recv() => {}
        _ = interrupt.recv() => {}
    }
    handle.stop(true).await;
    let ended = serving.await.map_err(io::Error::other);
    Ok(ended.flatten().map_err(ServeError::Runtime)?)
}
