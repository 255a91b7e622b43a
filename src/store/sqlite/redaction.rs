//! Takes the text of an entry out of the log. Its place in the tree stays.

use rusqlite::{Connection, OptionalExtension, params};

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

impl SqliteStore {
    pub(super) async fn redact_entry(&self, redaction: Redaction) -> Result<Hash, StoreError> {
        let redact = move |db: &Connection| {
            // What is overwritten is not to be found in the file.
            secure_delete(db, SecureDelete::Everywhere)?;
            let redacted = redact(db, &redaction);
            secure_delete(db, SecureDelete::InPages)?;
            redacted
        };
        let leaf = self.writer.submit(redact).await?;
        self.empty_log();
        Ok(leaf)
    }

    /// Copies the write-ahead log back and empties it: pages of before the redaction are in
    /// it. While others read it cannot be emptied; it is when the server stops.
    fn empty_log(&self) {
        let emptied = Connection::open(self.files.database()).and_then(|db| {
            let sql = "PRAGMA wal_checkpoint(TRUNCATE)";
            db.query_row(sql, [], |row| row.get::<_, i64>(0)).optional()
        });
        if !matches!(emptied, Ok(Some(0))) {
            tracing::warn!(
                "the redacted text may be in the write-ahead log until the server stops: it is in use"
            );
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
