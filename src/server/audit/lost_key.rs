//! A new audit key in the place of one that is lost for good. The log goes on in another epoch:
//! nobody can show by a signature that the new key's owner is the old one's, so the last
//! checkpoint of the old key is what the two have in common.

use super::error::OpenError;
use super::fork::{self, Elsewhere, Fork};
use super::mark::MarkFile;
use super::opening::{self, Setup};
use modegate_core::event::{Event, EventType};
use modegate_core::log_record::LogRecord;
use modegate_store::proof::NewEpoch;

/// Makes a new key, or takes the one that lies in the key's place and never signed, and begins
/// an epoch in which it alone signs. The events `log.forked` and `audit.key_changed` say so,
/// with the reason. Answers its verifier key.
///
/// # Errors
/// The log records no key yet, the key that signs it is there, another one that signed it is
/// in its place, or the store failed. Nothing was changed in the log then.
pub(crate) async fn replace(setup: &Setup, reason: &str, actor: &str) -> Result<String, OpenError> {
    let (store, now) = (&*setup.store, setup.clock.now());
    let path = || setup.key_file.path().to_owned();
    let recorded = opening::recorded(store).await?;
    if recorded.is_empty() {
        return Err(OpenError::NoneLost(path()));
    }
    let key = setup.key_file.open(true)?;
    if opening::until(&recorded, &key, now) == Some(None) {
        return Err(OpenError::NoneLost(path()));
    }
    if opening::knows(&recorded, &key) {
        return Err(OpenError::WrongKey(path()));
    }
    let tree = store.tree().await?;
    let origin = opening::origin(&tree, &setup.host)?;
    let marks = MarkFile::of(&setup.data);
    let noticed = fork::notice(store, &tree, &origin, &marks).await?;
    let also = noticed.is_some();
    let fork = noticed.unwrap_or(Fork {
        elsewhere: Elsewhere::KeyLost,
        epoch: tree.epoch + 1,
    });
    let mut forked = fork::event(&fork, &tree, &origin, now);
    actor.clone_into(&mut forked.actor);
    let lost = format!("the audit key was lost and replaced: {reason}");
    forked.detail = match forked.detail.take().filter(|_| also) {
        Some(detail) => Some(format!("{lost}. Besides, {detail}")),
        None => Some(lost.clone()),
    };
    let new = opening::audit_key(&origin.in_epoch(fork.epoch), &key, now, None)?;
    let vkey = new.vkey.clone();
    let record = LogRecord::Key {
        vkey: vkey.clone(),
        both_until: now,
    };
    let changed = Event::new(now, actor, None, EventType::AuditKeyChanged);
    let epoch = NewEpoch {
        from: tree.epoch,
        epoch: fork.epoch,
        origin: format!("{}/{}", origin.host(), origin.log()),
        others_end: Some(now),
        keys: vec![new],
        events: vec![forked, changed.detail(lost).log(record)],
    };
    store.begin_epoch(epoch).await?;
    Ok(vkey)
}
