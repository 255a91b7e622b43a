//! What the server is, and how it does: for who looks after it.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::UNIX_EPOCH;

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::Serialize;

use super::input::Time;
use super::{App, AppError};
use crate::config::Retention;
use crate::metrics::disk;
use modegate_core::time::Timestamp;
use modegate_store::Store;

/// Most entries of the data directory whose sizes are added up.
const ENTRIES: usize = 20_000;
/// Directories below it that are gone into.
const DEPTH: usize = 8;

/// What does not change while the server runs, and who knows the rest.
pub(crate) struct ServerFacts {
    /// Since when it listens.
    pub(crate) started_at: Timestamp,
    /// What is served where.
    pub(crate) listeners: Vec<(&'static str, SocketAddr)>,
    /// The data directory.
    pub(crate) data: PathBuf,
    /// The database's file.
    pub(crate) database: PathBuf,
    /// How long things are kept.
    pub(crate) retention: Retention,
    /// The settings in force.
    pub(crate) settings: Vec<SettingView>,
    /// Where the main key comes from.
    pub(crate) key_from: &'static str,
    /// Its file, where it has one.
    pub(crate) key_file: Option<PathBuf>,
    /// How it does.
    pub(crate) condition: Arc<dyn Condition>,
}

/// How the server does at this moment.
#[async_trait]
pub(crate) trait Condition: Send + Sync {
    /// Whether it is ready to serve; if not, why in words.
    async fn ready(&self, store: &dyn Store) -> Result<(), String>;

    /// What an operator should look at although it is ready.
    fn warnings(&self, now: Timestamp) -> Vec<String>;

    /// The certificates in use.
    fn certificates(&self, now: Timestamp) -> Vec<CertificateView>;

    /// The background workers.
    fn workers(&self) -> Vec<WorkerView>;
}

/// What the server is, and how it does.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Server")]
pub(crate) struct ServerView {
    pub(crate) version: &'static str,
    /// Profile, operating system and processor of the build.
    pub(crate) build: String,
    pub(crate) started_at: Time,
    pub(crate) listeners: Vec<ListenerView>,
    /// Whether it is ready to serve.
    pub(crate) ready: bool,
    /// Why it is not.
    pub(crate) fault: Option<String>,
    /// What an operator should look at although it is ready.
    pub(crate) warnings: Vec<String>,
    pub(crate) storage: StorageView,
    pub(crate) writer: WriterView,
    pub(crate) workers: Vec<WorkerView>,
    pub(crate) certificates: Vec<CertificateView>,
    pub(crate) keys: KeysView,
    /// How long things are kept, days; 0 is for ever.
    pub(crate) retention_days: RetentionView,
    /// The settings in force; secrets as ***.
    pub(crate) settings: Vec<SettingView>,
}

/// What is served where.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
pub(crate) struct ListenerView {
    /// What is served there, in words.
    pub(crate) serves: &'static str,
    pub(crate) address: String,
}

/// What the server keeps on the disk.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
pub(crate) struct StorageView {
    pub(crate) directory: String,
    /// Bytes of all files in the directory; null where it has too many to be counted.
    pub(crate) directory_bytes: Option<u64>,
    pub(crate) database: String,
    pub(crate) database_bytes: Option<u64>,
    /// Bytes that are free beside the database.
    pub(crate) free_bytes: Option<u64>,
    pub(crate) schema_version: i64,
}

/// How writes do.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
pub(crate) struct WriterView {
    /// Writes that wait.
    pub(crate) waiting: usize,
    /// How many may wait.
    pub(crate) capacity: usize,
    /// What 99 of 100 commits since the start did not exceed, milliseconds: the bound of a
    /// histogram; null before the first commit, and beyond the last bound, 10 s.
    pub(crate) commit_p99_ms: Option<f64>,
}

/// A background worker.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
pub(crate) struct WorkerView {
    pub(crate) name: &'static str,
    #[serde(rename = "running")]
    pub(crate) is_running: bool,
    /// How often it failed since the server started.
    pub(crate) failures: u64,
}

/// A certificate in use.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
pub(crate) struct CertificateView {
    /// `server`, or `client_ca`: the first of these to expire.
    pub(crate) name: &'static str,
    /// Host names and addresses in the server's own.
    pub(crate) names: Vec<String>,
    pub(crate) valid_from: Time,
    /// When it expires, or one of its issuers if that is sooner.
    pub(crate) expires_at: Time,
    /// What an operator should know of it.
    pub(crate) remark: Option<String>,
}

/// The server's keys, never they themselves.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
pub(crate) struct KeysView {
    /// The ids of the keys that sign the log's checkpoints, the one in force first: name and
    /// hash, as a verifier key begins.
    pub(crate) audit_keys: Vec<String>,
    /// Where the main key comes from.
    pub(crate) main_key_from: &'static str,
    /// When its file was written last; null where it has none.
    pub(crate) main_key_written_at: Option<Time>,
}

/// How long things are kept, days; 0 is for ever.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
pub(crate) struct RetentionView {
    pub(crate) events: u32,
    pub(crate) results: u32,
    pub(crate) deliveries: u32,
    pub(crate) inventory_changes: u32,
    pub(crate) tally: u32,
}

/// A setting in force.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[schemars(inline)]
pub(crate) struct SettingView {
    pub(crate) key: &'static str,
    /// Its value: null where nothing is set, *** for a secret.
    pub(crate) value: serde_json::Value,
    /// Where the value was given: a place in a file, a variable, a flag, or `default`.
    pub(crate) origin: String,
}

/// What the server is, and how it does.
pub(crate) async fn describe(app: &App) -> Result<ServerView, AppError> {
    // In the moment before it listens nobody can ask.
    let facts = app
        .server
        .get()
        .ok_or_else(|| AppError::missing("server"))?;
    let (now, condition) = (app.now(), &facts.condition);
    let fault = condition.ready(&*app.store).await.err();
    let (waiting, capacity) = app.store.writer_queue();
    let listener = |(serves, address): &(&'static str, SocketAddr)| ListenerView {
        serves,
        address: address.to_string(),
    };
    let p99 = app.metrics.commit_p99().filter(|bound| bound.is_finite());
    Ok(ServerView {
        version: env!("CARGO_PKG_VERSION"),
        build: build(),
        started_at: Time(facts.started_at),
        listeners: facts.listeners.iter().map(listener).collect(),
        ready: fault.is_none(),
        fault,
        warnings: condition.warnings(now),
        storage: storage(app, facts).await?,
        writer: WriterView {
            waiting,
            capacity,
            commit_p99_ms: p99.map(|seconds| seconds * 1000.0),
        },
        workers: condition.workers(),
        certificates: condition.certificates(now),
        keys: keys(app, facts, now),
        retention_days: retention(&facts.retention),
        settings: facts.settings.clone(),
    })
}

fn build() -> String {
    let profile = match cfg!(debug_assertions) {
        true => "debug",
        false => "release",
    };
    let (system, processor) = (std::env::consts::OS, std::env::consts::ARCH);
    format!("{profile}, {system} {processor}")
}

async fn storage(app: &App, facts: &ServerFacts) -> Result<StorageView, AppError> {
    let (free, size) = disk(&facts.database).unzip();
    let mut left = ENTRIES;
    Ok(StorageView {
        directory: facts.data.display().to_string(),
        directory_bytes: size_of(&facts.data, DEPTH, &mut left),
        database: facts.database.display().to_string(),
        database_bytes: size,
        free_bytes: free,
        schema_version: app.store.schema_version().await?,
    })
}

/// Bytes of the files below a directory; `None` where there are more entries than are `left`.
/// What cannot be read, and what goes away meanwhile, counts as nothing; links are not followed.
fn size_of(directory: &Path, depth: usize, left: &mut usize) -> Option<u64> {
    let mut size = 0_u64;
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        *left = left.checked_sub(1)?;
        let Ok(about) = entry.metadata() else {
            continue;
        };
        let below = match about.is_dir() {
            true if depth == 0 => return None,
            true => size_of(&entry.path(), depth - 1, left)?,
            false => about.len(),
        };
        size = size.saturating_add(below);
    }
    Some(size)
}

fn keys(app: &App, facts: &ServerFacts, now: Timestamp) -> KeysView {
    let verifiers = app.sealer.verifiers(now).into_iter();
    let ids = verifiers.map(|key| format!("{}+{}", key.name(), key.id()));
    KeysView {
        audit_keys: ids.collect(),
        main_key_from: facts.key_from,
        main_key_written_at: facts.key_file.as_deref().and_then(written_at).map(Time),
    }
}

/// When a file was written last.
fn written_at(path: &Path) -> Option<Timestamp> {
    let at = fs::metadata(path).ok()?.modified().ok()?;
    let since = at.duration_since(UNIX_EPOCH).ok()?;
    i64::try_from(since.as_millis()).ok().map(Timestamp)
}

fn retention(of: &Retention) -> RetentionView {
    RetentionView {
        events: of.events_days,
        results: of.results_days,
        deliveries: of.deliveries_days,
        inventory_changes: of.inventory_changes_days,
        tally: of.tally_days,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_added_up_as_far_as_there_is_patience() {
        let directory = tempfile::tempdir().unwrap();
        let below = directory.path().join("audit");
        fs::create_dir(&below).unwrap();
        fs::write(directory.path().join("a"), [0; 100]).unwrap();
        fs::write(below.join("b"), [0; 20]).unwrap();
        let size = |depth, mut left| size_of(directory.path(), depth, &mut left);
        assert_eq!(size(1, 3), Some(120));
        assert_eq!(size(1, 2), None);
        assert_eq!(size(0, 3), None);
    }
}
