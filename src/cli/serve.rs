//! `modegate serve`.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;
use tokio::signal::unix::{SignalKind, signal};

use crate::serve::{KeySource, Options, Running, ServeError, start};

/// Flags of `serve`.
#[derive(Debug, Args)]
pub struct ServeArgs {
    /// The data folder: database, key, certificates, admin token. Made when it is not there
    #[arg(long, value_name = "DIR", default_value = "./data")]
    data: PathBuf,
    /// Where to listen for HTTPS; port 0 takes a free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8443")]
    listen: SocketAddr,
    /// Also listen for plain HTTP, on a loopback address
    #[arg(long, value_name = "ADDR")]
    insecure_http: Option<SocketAddr>,
    /// Another name for the server's certificate, when it is made; may be repeated
    #[arg(long, value_name = "HOST")]
    name: Vec<String>,
    /// Take an RSA server key, with which Windows 8.1 cannot connect
    #[arg(long)]
    allow_rsa: bool,
    /// Issuers (PEM) whose client certificates are accepted. A certificate bound to
    /// its device by SHA-256 needs none
    #[arg(long, value_name = "FILE")]
    client_ca: Option<PathBuf>,
    /// Register a device without a record at its first message, and take it by its
    /// Source alone. For tests: every listener must be on loopback
    #[arg(long)]
    accept_unknown_devices: bool,
    /// A folder of policy files instead of the shipped ones
    #[arg(long, value_name = "DIR")]
    policies: Option<PathBuf>,
    /// Where the database is: sqlite:PATH (default: modegate.db in the data folder)
    #[arg(long, value_name = "URL")]
    database: Option<String>,
    /// The path of the device endpoint
    #[arg(long, value_name = "PATH", default_value = "/sync")]
    sync_path: String,
}

/// Serves until it is told to end; the exit code.
pub(super) fn run(args: ServeArgs) -> u8 {
    super::log_to_stderr("info");
    let options = match options(args) {
        Ok(options) => options,
        Err(why) => return refuse(&why),
    };
    let served = actix_web::rt::System::new().block_on(serve(options));
    match served {
        Ok(()) => 0,
        Err(error) => refuse(&error.to_string()),
    }
}

fn refuse(why: &str) -> u8 {
    eprintln!("modegate serve: {why}");
    1
}

fn options(args: ServeArgs) -> Result<Options, String> {
    let database = match args.database.as_deref() {
        None => None,
        Some(url) => match url.strip_prefix("sqlite:") {
            Some(path) if !path.is_empty() => Some(PathBuf::from(path)),
            _ => return Err(format!("--database: expected sqlite:PATH, found '{url}'")),
        },
    };
    if !args.sync_path.starts_with('/') || args.sync_path.starts_with("/api") {
        return Err(format!(
            "--sync-path: expected a path that begins with '/', not below /api, found '{}'",
            args.sync_path
        ));
    }
    Ok(Options {
        data: args.data,
        listen: args.listen,
        insecure_http: args.insecure_http,
        names: args.name,
        allow_rsa: args.allow_rsa,
        client_ca: args.client_ca,
        accept_unknown: args.accept_unknown_devices,
        policies: args.policies,
        database,
        sync_path: args.sync_path,
        key: KeySource::from_environment(),
        ..Options::new("")
    })
}

async fn serve(options: Options) -> Result<(), ServeError> {
    let (mut end, mut interrupt, mut reload) = (
        signal(SignalKind::terminate())?,
        signal(SignalKind::interrupt())?,
        signal(SignalKind::hangup())?,
    );
    let running: Running = start(options).await?;
    println!("{}", running.announcement());
    eprintln!("the admin token is in {}", running.token_file.display());
    loop {
        tokio::select! {
            _ = end.recv() => break,
            _ = interrupt.recv() => break,
            _ = reload.recv() => running.reload().await,
        }
    }
    tracing::info!("ending: open exchanges finish first");
    running.stop().await
}
