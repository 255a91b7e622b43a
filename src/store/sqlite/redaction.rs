//! Takes the text of an entry out of the log. Its place in the tree stays.

use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::{Connection, params};

use super::connection::{SecureDelete, secure_delete};
use super::error::failed;
use super::query::{first, run};
use super::rows::signed;
use super::{SqliteStore, entries, events, retention, tree};
use crate::StoreError;
use modegate_core::event::{Event, EventType};
use modegate_core::log_record::LogRecord;
use modegate_core::refusal::Refusal;
use modegate_core::time::Timestamp;
use modegate_core::tlog::{Hash, entry};

/// What is redacted, by whom and why.
pub(super) struct Redaction {
    pub(super) entry: u64,
    pub(super) reason: String,
    pub(super) actor: String,
    pub(super) at: Timestamp,
}

/// How long a redaction waits until nobody reads what the write-ahead log had before.
const EMPTY: Duration = Duration::from_secs(10);
/// How long one attempt to empty it may keep others from writing.
const ATTEMPT: Duration = Duration::from_millis(20);
/// How long it is left alone between two attempts.
const PAUSE: Duration = Duration::from_millis(100);

impl SqliteStore {
    pub(super) async fn redact_entry(&self, redaction: Redaction) -> Result<Hash, StoreError> {
        let entry = redaction.entry;
        let redact = move |db: &Connection| {
            // What is overwritten is not to be found in the file.
            secure_delete(db, SecureDelete::Everywhere)?;
            let redacted = redact(db, &redaction);
            secure_delete(db, SecureDelete::InPages)?;
            redacted
        };
        let redacted = self.writer.submit(redact).await;
        // Where it was redacted before, the log may have been in use then.
        if let Ok(_) | Err(StoreError::Refused(Refusal::Conflict(_))) = redacted {
            let database = self.files.database().to_owned();
            let emptied = tokio::task::spawn_blocking(move || empty_log(&database));
            if !emptied.await.unwrap_or(false) {
                return Err(StoreError::LogInUse(entry));
            }
        }
        redacted
    }
}

/// Copies the write-ahead log back and empties it: pages of before the redaction are in it.
/// Whether that could be done: not while somebody reads them. Another copy that is under way
/// refuses it at once, whatever one would wait, so it is tried again and again.
fn empty_log(database: &Path) -> bool {
    let until = Instant::now() + EMPTY;
    loop {
        let emptied = Connection::open(database).and_then(|db| {
            db.busy_timeout(ATTEMPT)?;
            let sql = "PRAGMA wal_checkpoint(TRUNCATE)";
            db.query_row(sql, [], |row| row.get::<_, i64>(0))
        });
        match emptied {
            Ok(0) => return true,
            Err(error) if Instant::now() >= until => {
                tracing::warn!(%error, "could not empty the write-ahead log");
                return false;
            }
            _ if Instant::now() >= until => return false,
            _ => std::thread::sleep(PAUSE),
        }
    }
}

fn redact(db: &Connection, redaction: &Redaction) -> Result<Hash, StoreError> {
    let number = redaction.entry;
    let tree = tree::one(db)?;
    let place = tree.base.saturating_add(number);
    let sql = "SELECT device, bytes FROM event WHERE place = ?1";
    let found = first(db, sql, [signed(place)], |row| {
        Ok((row.get::<_, i64>(0)?, row.get::<_, Vec<u8>>(1)?))
    })?;
    let Some((device, stored)) = found.filter(|_| number >= tree.minimum) else {
        return Err(StoreError::missing(&format!("entry {number} of the log")));
    };
    if entries::is_redacted(&stored) {
        let why = format!("entry {number} of the log is redacted already");
        return Err(Refusal::Conflict(why).into());
    }
    let event = entries::event(&stored)?;
    if event.what.is_needed_to_verify() {
        let why = format!(
            "entry {number} of the log is of type {}: verifying the log needs its text",
            event.what.name()
        );
        return Err(Refusal::Conflict(why).into());
    }
    let leaf = entry::hash_of(&entries::entry(&stored)).map_err(failed)?;
    // The next exchange lists anew what this one listed.
    retention::forget_list(db, device, &event)?;
    let row = params![signed(place), entries::redacted(&leaf, &event.stub())];
    run(db, "UPDATE event SET bytes = ?2 WHERE place = ?1", row)?;
    let record = LogRecord::Redaction {
        entry: number,
        leaf_hash: leaf.base64(),
        device: event.device,
        seq: event.seq,
    };
    let told = Event::new(
        redaction.at,
        redaction.actor.as_str(),
        None,
        EventType::AuditRedacted,
    );
    let told = told.detail(redaction.reason.as_str()).log(record);
    events::log(db, &mut [told])?;
    Ok(leaf)
}
