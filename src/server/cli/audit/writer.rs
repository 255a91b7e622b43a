//! Whoever may write to the log of a data directory: its running server, or, where none
//! runs, this command itself.

use std::path::Path;
use std::sync::Arc;

use clap::Args;
use reqwest::Method;
use serde_json::{Value, json};

use crate::audit::export::record::Record;
use crate::audit::{OpenError, Sealer};
use crate::cli::backup::Places;
use crate::cli::request::{Access, Api, RequestError};
use crate::clock::Clock;
use crate::metrics::Metrics;
use crate::serve::data_dir::{DataDir, LISTENING_FILE};
use crate::serve::{Options, ServeError, audit_setup};
use modegate_core::tlog::Hash;
use modegate_store::proof::ProofStore as _;
use modegate_store::sqlite::SqliteStore;
use modegate_store::{Store as _, StoreError};

/// How the log calls whoever uses these commands with no server running.
const ACTOR: &str = "operator:cli";

/// Where the running server is.
#[derive(Debug, Args)]
pub(super) struct ServerArgs {
    /// The running server [default: where that of the data directory listens]
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    #[command(flatten)]
    access: Access,
}

/// Why nothing can be written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WriteError {
    /// The server does not do it.
    #[error(transparent)]
    Request(#[from] RequestError),
    /// Where the server listens is not knlocal.
    #[error("a server runs on {0}, and where it listens is not known: name it with --url")]
    Unknown(String),
    /// The data directory.
    #[error(transparent)]
    Serve(#[from] ServeError),
    /// The audit key, or the log that it signs.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// An answer of the server.
    #[error("the server's answer cannot be read")]
    Answer,
}

/// Whoever may write to the log.
pub(super) enum Writer {
    /// The running server.
    Server(Api),
    /// This command: the directory is locked.
    Local(Box<LocalLog>),
}

/// The store of a directory that no server uses.
pub(super) struct LocalLog {
    store: Arc<SqliteStore>,
    sealer: Arc<Sealer>,
    _dir: DataDir,
}

impl Writer {
    /// Finds out who it is.
    pub(super) async fn open(at: &Places, server: &ServerArgs) -> Result<Self, WriteError> {
        if let Some(url) = &server.url {
            return Ok(Writer::Server(Api::open(url, &at.data, &server.access)?));
        }
        match DataDir::open(&at.data) {
            Ok(dir) => Ok(Writer::Local(Box::new(LocalLog::open(at, dir).await?))),
            Err(ServeError::Locked(_)) => {
                let url = listening(&at.data);
                let unknown = || WriteError::Unknown(at.data.display().to_string());
                let url = url.ok_or_else(unknown)?;
                Ok(Writer::Server(Api::open(&url, &at.data, &server.access)?))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Seals what is logged by now.
    pub(super) async fn seal(&self) -> Result<(), WriteError> {
        match self {
            Writer::Server(api) => {
                api.call(Method::POST, "/audit/checkpoints", None, 201)
                    .await?;
            }
            Writer::Local(local) => {
                local.sealer.seal().await?;
            }
        }
        Ok(())
    }

    /// Puts an export on record. Whether retention counts it.
    pub(super) async fn record(&self, record: &Record) -> Result<bool, WriteError> {
        match self {
            Writer::Server(api) => {
                let mut body = json!({
                    "size": record.size, "root": record.root.base64(), "first": record.first,
                });
                if let Some(device) = &record.device {
                    body["device"] = Value::from(device.as_str());
                }
                let answer = api.call(Method::POST, "/audit/exports", Some(body), 201);
                answer.await?["counts"].as_bool().ok_or(WriteError::Answer)
            }
            Writer::Local(local) => {
                let now = Clock::default().now();
                let counts = record.put(&*local.store, ACTOR, now).await?;
                local.sealer.seal().await?;
                Ok(counts)
            }
        }
    }

    /// Removes the text of an entry. Its leaf hash, in base64.
    pub(super) async fn redact(&self, entry: u64, reason: &str) -> Result<String, WriteError> {
        match self {
            Writer::Server(api) => {
                let body = json!({"entry": entry, "reason": reason});
                let answer = api.call(Method::POST, "/audit/redactions", Some(body), 201);
                let answer = answer.await?;
                let leaf = answer["leaf_hash"].as_str();
                leaf.map(str::to_owned).ok_or(WriteError::Answer)
            }
            Writer::Local(local) => {
                let now = Clock::default().now();
                local.sealer.seal().await?;
                let leaf: Hash = local.store.redact(entry, reason, ACTOR, now).await?;
                local.sealer.seal().await?;
                Ok(leaf.base64())
            }
        }
    }

    /// Puts a new key in force. Its verifier key.
    pub(super) async fn rotate_key(&self) -> Result<String, WriteError> {
        match self {
            Writer::Server(api) => {
                let answer = api.call(Method::POST, "/audit/key-rotations", None, 201);
                let answer = answer.await?;
                let vkey = answer["vkey"].as_str();
                vkey.map(str::to_owned).ok_or(WriteError::Answer)
            }
            Writer::Local(local) => {
                let vkey = local.sealer.rotate().await?;
                local.sealer.seal().await?;
                Ok(vkey.to_string())
            }
        }
    }

    /// Ends.
    pub(super) async fn close(self) {
        if let Writer::Local(local) = self {
            local.store.close().await;
        }
    }
}

impl LocalLog {
    async fn open(at: &Places, dir: DataDir) -> Result<Self, WriteError> {
        let keys = at.key.existing(dir.path())?;
        let store = Arc::new(SqliteStore::open(&at.database, keys)?);
        let options = Options::from(at.settings.clone());
        let setup = audit_setup(&options, &store, &Arc::new(Metrics::new()));
        let sealer = Arc::new(Sealer::open(setup).await?);
        Ok(LocalLog {
            store,
            sealer,
            _dir: dir,
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
