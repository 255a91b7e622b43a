//! `modegate serve`.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;
use tokio::signal::unix::{SignalKind, signal};

use crate::fields::is_line;
use crate::http::proxy::{AddressHeader, Cidr, ProxyHeader, TrustedProxies};
use crate::secret::Secret;
use crate::serve::{Options, Running, ServeError, start};
use crate::session::ServerAuth;

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
    /// The name by which the server proves itself to devices that ask for it (w7
    /// APPAUTH, AAUTHLEVEL CLIENT)
    #[arg(long, value_name = "NAME", requires = "server_auth_password_file")]
    server_auth_name: Option<String>,
    /// A file with the password for that, one line
    #[arg(long, value_name = "FILE", requires = "server_auth_name")]
    server_auth_password_file: Option<PathBuf>,
    /// A proxy that ends TLS in front of this server: its address, or a network
    /// such as 10.1.2.0/24; may be repeated
    #[arg(long, value_name = "CIDR", requires = "proxy_header")]
    trusted_proxy: Vec<Cidr>,
    /// How proxies hand on a client's certificate: client-cert (RFC 9440),
    /// x-forwarded-client-cert (Envoy), x-ssl-client-cert (nginx), x-arr-clientcert (IIS)
    #[arg(long, value_name = "HEADER", requires = "trusted_proxy")]
    proxy_header: Option<String>,
    /// Proxies hand on a client's address in Forwarded (RFC 7239) instead of X-Forwarded-For
    #[arg(long, requires = "trusted_proxy")]
    proxy_forwarded: bool,
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
    let server_auth = server_auth(&args)?;
    let proxies = proxies(&args)?;
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
        server_auth,
        proxies,
        templates: crate::operations::Templates::default(),
    })
}

fn server_auth(args: &ServeArgs) -> Result<Option<ServerAuth>, String> {
    let (Some(name), Some(file)) = (&args.server_auth_name, &args.server_auth_password_file) else {
        return Ok(None);
    };
    if !is_line(name) || name.contains(':') {
        return Err("--server-auth-name: expected text without ':' and control characters".into());
    }
    let password = std::fs::read_to_string(file)
        .map_err(|error| format!("--server-auth-password-file {}: {error}", file.display()))?;
    let password = password.trim_end_matches(['\r', '\n']);
    if !is_line(password) {
        let file = file.display();
        return Err(format!(
            "--server-auth-password-file {file}: expected one line of text"
        ));
    }
    Ok(Some(ServerAuth {
        name: name.clone(),
        password: Secret::new(password),
    }))
}

fn proxies(args: &ServeArgs) -> Result<Option<TrustedProxies>, String> {
    let Some(header) = &args.proxy_header else {
        return Ok(None);
    };
    let header = ProxyHeader::from_name(header).ok_or_else(|| {
        let names = ProxyHeader::ALL.map(ProxyHeader::name).join(", ");
        format!("--proxy-header: expected one of {names}, found '{header}'")
    })?;
    Ok(Some(TrustedProxies {
        addresses: args.trusted_proxy.clone(),
        header,
        address_header: if args.proxy_forwarded {
            AddressHeader::Forwarded
        } else {
            AddressHeader::XForwardedFor
        },
    }))
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
