//! Whoever may write to the log of a data directory: its running server, or, where none
//! runs, this command itself.

use std::sync::Arc;

use clap::Args;
use reqwest::Method;
use serde_json::{Value, json};

use super::{AuditError, wait};
use crate::app::audit::redact_entry;
use crate::audit::export::record::Record;
use crate::audit::{OpenError, Sealer, Setup, lost_key};
use crate::cli::backup::{DataArgs, Places};
use crate::cli::request::{Api, RequestError, ServerArgs};
use crate::clock::Clock;
use crate::metrics::Metrics;
use crate::serve::data_dir::DataDir;
use crate::serve::{Options, ServeError, audit_setup};
use modegate_store::sqlite::SqliteStore;
use modegate_store::sqlite::log_reader::LogReader;
use modegate_store::{Store as _, StoreError};

/// How the log calls whoever uses these commands with no server running.
const ACTOR: &str = "operator:cli";

/// The log that a command writes to.
#[derive(Debug, Args)]
pub(super) struct WriterArgs {
    #[command(flatten)]
    at: DataArgs,
    #[command(flatten)]
    server: ServerArgs,
}

impl WriterArgs {
    /// Where the log is. What cannot be read is not written to either.
    pub(super) fn places(&self) -> Result<Places, AuditError> {
        let at = self.at.places()?;
        drop(LogReader::open(&at.database)?);
        Ok(at)
    }

    /// Whoever may write to it.
    pub(super) async fn open(&self, at: &Places) -> Result<Writer, WriteError> {
        Writer::open(at, &self.server).await
    }

    /// Writes to it.
    pub(super) fn write<T>(
        &self,
        work: impl AsyncFnOnce(&Writer) -> Result<T, WriteError>,
    ) -> Result<T, AuditError> {
        let at = self.places()?;
        wait(async { Ok(Writer::with(&at, &self.server, work).await?) })
    }
}

/// Why nothing can be written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WriteError {
    /// The server does not do it.
    #[error(transparent)]
    Request(#[from] RequestError),
    /// Where the server listens is not known.
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
        if !server.is_named() {
            match DataDir::open(&at.data) {
                Ok(dir) => return Ok(Writer::Local(Box::new(LocalLog::open(at, dir).await?))),
                Err(ServeError::Locked(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        let unknown = || WriteError::Unknown(at.data.display().to_string());
        let url = server.url(&at.data).ok_or_else(unknown)?;
        Ok(Writer::Server(server.open(&url, &at.data)?))
    }

    /// Has it do this, and ends it, whatever comes of it.
    pub(super) async fn with<T>(
        at: &Places,
        server: &ServerArgs,
        work: impl AsyncFnOnce(&Writer) -> Result<T, WriteError>,
    ) -> Result<T, WriteError> {
        let writer = Writer::open(at, server).await?;
        let worked = work(&writer).await;
        writer.close().await;
        worked
    }

    /// Puts a new key in the place of one that is lost, with no server running. Its verifier
    /// key.
    pub(super) async fn replace_lost_key(at: &Places, reason: &str) -> Result<String, WriteError> {
        let dir = DataDir::open(&at.data)?;
        let keys = at.key.existing(dir.path())?;
        let store = Arc::new(SqliteStore::open(&at.database, keys)?);
        let replaced = replace_lost_key(at, &store, reason).await;
        store.close().await;
        replaced
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
                let (store, sealer) = (&*local.store, &local.sealer);
                let leaf = redact_entry(store, sealer, entry, reason, ACTOR, now).await?;
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
                let vkey = local.sealer.rotate(ACTOR).await?;
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

fn setup(at: &Places, store: &Arc<SqliteStore>) -> Setup {
    let options = Options::from(at.settings.clone());
    audit_setup(&options, store, &Arc::new(Metrics::new()))
}

async fn replace_lost_key(
    at: &Places,
    store: &Arc<SqliteStore>,
    reason: &str,
) -> Result<String, WriteError> {
    let setup = setup(at, store);
    let vkey = lost_key::replace(&setup, reason, ACTOR).await?;
    Arc::new(Sealer::open(setup).await?).seal().await?;
    Ok(vkey)
}

impl LocalLog {
    async fn open(at: &Places, dir: DataDir) -> Result<Self, WriteError> {
        let keys = at.key.existing(dir.path())?;
        let store = Arc::new(SqliteStore::open(&at.database, keys)?);
        let setup = setup(at, &store);
        let sealer = Arc::new(Sealer::open(setup).await?);
        Ok(LocalLog {
            store,
            sealer,
            _dir: dir,
        })
    }
}
