//! Opens the log for sealing: finds its key, its origin and its epoch.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use uuid::Uuid;

use super::error::OpenError;
use super::fork::{self, Fork};
use super::key::{KeyFile, SigningKey};
use super::mark::MarkFile;
use super::signer::{Signer, Signing, verifier};
use crate::clock::Clock;
use crate::metrics::Metrics;
use modegate_core::event::{Event, EventType};
use modegate_core::log_record::LogRecord;
use modegate_core::time::Timestamp;
use modegate_core::tlog::{Origin, VerifierKey};
use modegate_store::proof::{AuditKey, NewEpoch, Tree};
use modegate_store::{Store, StoreError};

/// How long the old key signs too, after another one came.
const BOTH_SIGN_MS: i64 = 30 * 24 * 60 * 60 * 1000;

/// How the log calls whoever put another key there while no server ran.
pub(super) const OPERATOR: &str = "operator";

/// What the log is opened with.
#[derive(Clone)]
pub struct Setup {
    /// The store that has it.
    pub store: Arc<dyn Store>,
    /// Where its key is.
    pub key_file: KeyFile,
    /// The data directory: the newest checkpoint is published in it.
    pub data: PathBuf,
    /// The name of this server: the beginning of a new log's origin.
    pub host: String,
    /// How often it is to be sealed.
    pub interval: Duration,
    /// Where the time comes from.
    pub clock: Clock,
    /// Where sealing is counted.
    pub metrics: Arc<Metrics>,
}

/// A verifier key that the log records, read.
pub(super) struct Recorded {
    key: VerifierKey,
    until: Option<Timestamp>,
}

/// Opens the log. Its key is made when it records none yet. A database that is older than
/// what was published of its log begins another epoch.
///
/// # Errors
/// The key is missing or another one, or the store failed.
pub(super) async fn open(setup: &Setup) -> Result<(Signing, MarkFile), OpenError> {
    let store = &*setup.store;
    let tree = store.tree().await?;
    let origin = origin(&tree, &setup.host)?;
    let marks = MarkFile::of(&setup.data);
    let fork = fork::notice(store, &tree, &origin, &marks).await?;
    let signing = begin(setup, &tree, origin, fork.as_ref(), OPERATOR).await?;
    Ok((signing, marks))
}

/// Finds the keys that sign under this origin. Where the log has forked, another epoch
/// begins, and they sign in that. Where the key is another one, `actor` changed it.
///
/// # Errors
/// As [`open`].
pub(super) async fn begin(
    setup: &Setup,
    tree: &Tree,
    mut origin: Origin,
    fork: Option<&Fork>,
    actor: &str,
) -> Result<Signing, OpenError> {
    let (store, now) = (&*setup.store, setup.clock.now());
    let recorded = recorded(store).await?;
    let key = setup.key_file.open(recorded.is_empty())?;
    let old = setup.key_file.old()?;
    let old = old.and_then(|old| Some((until(&recorded, &old, now)?, old)));
    let is_known = until(&recorded, &key, now) == Some(None);
    let changes = !recorded.is_empty() && !is_known;
    let is_followed = old.as_ref().is_some_and(|(until, _)| until.is_none());
    if changes && (!is_followed || knows(&recorded, &key)) {
        return Err(OpenError::WrongKey(setup.key_file.path().to_owned()));
    }
    let (from, mut events) = (origin.epoch(), Vec::new());
    if let Some(fork) = fork {
        let event = fork::event(fork, tree, &origin, now);
        tracing::error!(detail = event.detail, "the log goes on in another epoch");
        events.push(event);
        origin = origin.in_epoch(fork.epoch);
    }
    let mut keys = Vec::new();
    if !changes {
        keys.push(audit_key(&origin, &key, now, None)?);
    }
    if let Some((until, old)) = &old {
        keys.push(audit_key(&origin, old, now, *until)?);
    }
    let is_new = |key: &AuditKey| !recorded.iter().any(|old| old.key.to_string() == key.vkey);
    if fork.is_some() || tree.origin.is_none() || keys.iter().any(is_new) {
        let epoch = NewEpoch {
            from,
            epoch: origin.epoch(),
            origin: format!("{}/{}", origin.host(), origin.log()),
            keys,
            others_end: None,
            events,
        };
        store.begin_epoch(epoch).await?;
    }
    let mut signers = Vec::new();
    let both_until = now.plus_ms(BOTH_SIGN_MS);
    if changes {
        change(store, &origin, &key, both_until, (now, actor)).await?;
    }
    signers.push(Signer::new(&origin, key, None)?);
    if let Some((until, old)) = old {
        let until = until.or(changes.then_some(both_until));
        signers.push(Signer::new(&origin, old, until)?);
    }
    Ok(Signing { origin, signers })
}

/// Puts on record that another key signs from now on.
async fn change(
    store: &dyn Store,
    origin: &Origin,
    key: &SigningKey,
    both_until: Timestamp,
    (now, actor): (Timestamp, &str),
) -> Result<(), OpenError> {
    let new = audit_key(origin, key, now, None)?;
    let record = LogRecord::Key {
        vkey: new.vkey.clone(),
        both_until,
    };
    let event = Event::new(now, actor, None, EventType::AuditKeyChanged)
        .detail("another key signs the checkpoints of the log")
        .log(record);
    store.change_audit_key(new, both_until, event).await?;
    Ok(())
}

pub(super) fn origin(tree: &Tree, host: &str) -> Result<Origin, StoreError> {
    let failed = |fault: &dyn std::fmt::Display| {
        StoreError::Failed(format!("the origin of the log: {fault}").into())
    };
    match &tree.origin {
        Some(log) => format!("{log}/{}", tree.epoch)
            .parse()
            .map_err(|fault| failed(&fault)),
        None => Origin::new(host, Uuid::new_v4(), tree.epoch).map_err(|fault| failed(&fault)),
    }
}

pub(super) async fn recorded(store: &dyn Store) -> Result<Vec<Recorded>, StoreError> {
    let read = |recorded: AuditKey| {
        let key = recorded.vkey.parse().map_err(|fault| {
            StoreError::Failed(format!("a verifier key of the log: {fault}").into())
        })?;
        let until = recorded.until;
        Ok(Recorded { key, until })
    };
    store.audit_keys().await?.into_iter().map(read).collect()
}

pub(super) fn knows(recorded: &[Recorded], key: &SigningKey) -> bool {
    let mut recorded = recorded.iter();
    recorded.any(|recorded| recorded.key.public() == key.public())
}

/// Until when a key signs that the log records: `Some(None)` without an end, `None` where
/// it does not sign or is not recorded. What the log says of it last counts.
pub(super) fn until(
    recorded: &[Recorded],
    key: &SigningKey,
    now: Timestamp,
) -> Option<Option<Timestamp>> {
    let of_key = |recorded: &&Recorded| recorded.key.public() == key.public();
    let ends: Vec<_> = recorded.iter().filter(of_key).map(|r| r.until).collect();
    let until = match ends.iter().flatten().min() {
        Some(end) => Some(*end),
        None if ends.is_empty() => return None,
        None => None,
    };
    until.is_none_or(|until| until > now).then_some(until)
}

pub(super) fn audit_key(
    origin: &Origin,
    key: &SigningKey,
    since: Timestamp,
    until: Option<Timestamp>,
) -> Result<AuditKey, StoreError> {
    Ok(AuditKey {
        vkey: verifier(origin, key)?.to_string(),
        since,
        until,
    })
}
