//! The operations of the store: writes go to the writer, reads are in [`super::read`].

use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;
use rusqlite::{Connection, params};
use tokio::sync::watch;

use super::rows::{self, Chain, Key, signed};
use super::{SqliteStore, failed};
use crate::seal::{Keys, Place};
use crate::{Choose, Decide, MakeCommand, PartPlace, Store, StoreError, Swept};
use modegate_core::batch::{Batch, BatchId};
use modegate_core::change::Change;
use modegate_core::command::{CommandBody, Part, QueueSample, StoredCommand};
use modegate_core::device::{Device, DeviceRecord, State};
use modegate_core::event::{Event, StoredEvent};
use modegate_core::ids::{CommandId, CommandSeq, DeviceId, Source};
use modegate_core::inventory::{self, Inventory};
use modegate_core::push::record::PushProfile;
use modegate_core::secret::Secret;
use modegate_core::session::{Commit, Snapshot};
use modegate_core::time::Timestamp;
use modegate_core::tokens::Token;

#[async_trait]
impl Store for SqliteStore {
    async fn load(
        &self,
        source: &Source,
        choose: Choose<'_>,
    ) -> Result<Option<Snapshot>, StoreError> {
        let begun = Instant::now();
        let loaded = self.read(|db, keys| super::read::load(db, keys, source, choose));
        self.observer.loaded(begun.elapsed());
        loaded
    }

    async fn commit(&self, commit: Commit) -> Result<(), StoreError> {
        let keys = Arc::clone(&self.keys);
        self.writer
            .submit_checked(move |db| self::commit(db, &keys, commit))
            .await
    }

    async fn device(&self, device: DeviceId) -> Result<Option<Device>, StoreError> {
        self.read(|db, keys| Ok(rows::device(db, keys, &Key::Id(device))?.map(|row| row.device)))
    }

    async fn devices(&self, after: u64, limit: usize) -> Result<Vec<Device>, StoreError> {
        self.read(|db, keys| rows::devices(db, keys, after, limit))
    }

    async fn inventory(&self, device: DeviceId) -> Result<Option<Inventory>, StoreError> {
        self.read(|db, keys| match super::read::number_of(db, device)? {
            Some(number) => super::inventory::of(db, keys, rows::unsigned(number)),
            None => Ok(None),
        })
    }

    async fn inventories(
        &self,
        after: u64,
        limit: usize,
    ) -> Result<Vec<(Device, Inventory)>, StoreError> {
        self.read(|db, keys| super::inventory::all(db, keys, after, limit))
    }

    async fn inventory_changes(
        &self,
        device: DeviceId,
        before: u64,
        limit: usize,
    ) -> Result<Vec<(u64, inventory::Change)>, StoreError> {
        self.read(|db, keys| super::inventory::changes(db, keys, device, before, limit))
    }

    async fn command(&self, id: CommandId) -> Result<Option<StoredCommand>, StoreError> {
        self.read(|db, keys| {
            let one = super::read::commands(db, keys, id.device, id.seq.0.saturating_sub(1), 1)?;
            Ok(one.into_iter().find(|command| command.id == id))
        })
    }

    async fn commands(
        &self,
        device: DeviceId,
        after: u32,
        limit: usize,
    ) -> Result<Vec<StoredCommand>, StoreError> {
        self.read(|db, keys| super::read::commands(db, keys, device, after, limit))
    }

    async fn events(
        &self,
        device: DeviceId,
        after: u64,
        limit: usize,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        self.read(|db, _| super::read::events(db, device, after, limit))
    }

    async fn events_before(
        &self,
        device: DeviceId,
        before: u64,
        limit: usize,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        self.read(|db, _| super::read::events_before(db, device, before, limit))
    }

    async fn all_events(&self, after: u64, limit: usize) -> Result<Vec<StoredEvent>, StoreError> {
        self.read(|db, _| super::read::all_events(db, after, limit))
    }

    async fn log(&self, mut events: Vec<Event>) -> Result<(), StoreError> {
        if events.is_empty() {
            return Ok(());
        }
        self.writer
            .submit(move |db| self::log(db, &mut events))
            .await
    }

    async fn probe(&self) -> Result<(), StoreError> {
        self.writer.submit(super::probe::write).await?;
        self.read(|db, _| super::read::no_device(db).map(drop))
    }

    async fn sample_queues(&self, after: u64, limit: usize) -> Result<QueueSample, StoreError> {
        self.read(|db, keys| super::probe::queues(db, keys, after, limit))
    }

    async fn sweep_events(&self, before: Timestamp, most: usize) -> Result<Swept, StoreError> {
        SqliteStore::sweep_events(self, before, most).await
    }

    async fn sweep_results(
        &self,
        before: Timestamp,
        after: PartPlace,
        most: usize,
    ) -> Result<(Swept, Option<PartPlace>), StoreError> {
        SqliteStore::sweep_results(self, before, after, most).await
    }

    async fn keep_policy_set(
        &self,
        digest: &str,
        files: Vec<(String, String)>,
    ) -> Result<(), StoreError> {
        let digest = digest.to_owned();
        let work = move |db: &Connection| {
            let files = rows::pack(&files)?;
            let sql = "INSERT OR IGNORE INTO policy_set VALUES (?1, ?2)";
            db.execute(sql, params![digest, files])
                .map(drop)
                .map_err(failed)
        };
        self.writer.submit(work).await
    }

    async fn policy_set(&self, digest: &str) -> Result<Option<Vec<(String, String)>>, StoreError> {
        self.read(|db, _| super::read::policy_set(db, digest))
    }

    async fn batch(&self, id: BatchId) -> Result<Option<Batch>, StoreError> {
        self.read(|db, keys| super::batches::one(db, keys, id))
    }

    async fn batches(&self, before: u64, limit: usize) -> Result<Vec<(u64, Batch)>, StoreError> {
        self.read(|db, keys| super::batches::list(db, keys, before, limit))
    }

    async fn open_batches(&self) -> Result<Vec<BatchId>, StoreError> {
        self.read(|db, _| super::batches::open(db))
    }

    async fn batch_items(
        &self,
        id: BatchId,
        after: u64,
        limit: usize,
    ) -> Result<Vec<(u64, CommandId)>, StoreError> {
        self.read(|db, keys| super::batches::items(db, keys, id, after, limit))
    }

    async fn advance_batch(
        &self,
        id: BatchId,
        now: Timestamp,
        make: MakeCommand,
    ) -> Result<Option<Batch>, StoreError> {
        let keys = Arc::clone(&self.keys);
        self.writer
            .submit(move |db| super::batches::advance(db, &keys, id, now, make))
            .await
    }

    async fn tokens(&self) -> Result<Vec<Token>, StoreError> {
        self.read(|db, _| super::tokens::all(db))
    }

    async fn wakes_due(
        &self,
        until: Timestamp,
        limit: usize,
    ) -> Result<Vec<(DeviceId, Timestamp)>, StoreError> {
        self.read(|db, _| super::push::due(db, until, limit))
    }

    async fn next_wake(&self, after: Timestamp) -> Result<Option<Timestamp>, StoreError> {
        self.read(|db, _| super::push::next_due(db, after))
    }

    async fn channel_uri(&self, device: DeviceId) -> Result<Option<Secret>, StoreError> {
        self.read(|db, keys| super::push::uri(db, keys, device))
    }

    async fn push_profiles(&self) -> Result<Vec<PushProfile>, StoreError> {
        self.read(super::push::profiles)
    }

    async fn last_place(&self) -> Result<u64, StoreError> {
        self.read(|db, _| super::read::last_place(db))
    }

    fn commits(&self) -> watch::Receiver<u64> {
        self.writer.commits()
    }
}

/// Logs what concerns no device.
pub(super) fn log(db: &Connection, events: &mut [Event]) -> Result<(), StoreError> {
    rows::log(db, &mut super::read::no_device(db)?, events)
}

/// Refuses before its first write: [`Writer::submit_checked`](super::writer::Writer::submit_checked).
fn commit(db: &Connection, keys: &Keys, mut commit: Commit) -> Result<(), StoreError> {
    let mut statement = db
        .prepare_cached(
            "SELECT revision, next_command, next_event, event_head, event_mark FROM device WHERE number = ?1",
        )
        .map_err(failed)?;
    let (revision, next_command, mut chain) = statement
        .query_row([signed(commit.number)], |row| {
            let chain = Chain {
                number: commit.number,
                next_event: rows::unsigned(row.get(2)?),
                head: row.get(3)?,
                mark: row.get(4)?,
            };
            Ok((rows::unsigned(row.get(0)?), row.get::<_, u32>(1)?, chain))
        })
        .map_err(|error| match error {
            // Retired meanwhile.
            rusqlite::Error::QueryReturnedNoRows => StoreError::Changed,
            other => failed(other),
        })?;
    if revision != commit.loaded_revision {
        return Err(StoreError::Changed);
    }
    if next_command != commit.loaded_next {
        if !commit.queued.is_empty() {
            return Err(StoreError::Changed);
        }
        let current = rows::device(db, keys, &Key::Number(commit.number))?
            .ok_or(StoreError::Changed)?
            .device
            .state;
        commit.state = commit
            .state
            .rebased(commit.loaded_revision, commit.loaded_next, &current)
            .ok_or(StoreError::Changed)?;
    }
    if let Some(withheld) = commit
        .state
        .withheld
        .as_mut()
        .filter(|withheld| withheld.event == 0)
    {
        withheld.event = chain.next_event;
    }
    commit.state.revision = revision + 1;
    if commit.queued.is_empty() {
        commit.state.next_command = next_command;
    }
    rows::append(db, &mut chain, &mut commit.events)?;
    insert_bodies(db, keys, commit.number, &commit.queued)?;
    insert_parts(db, keys, commit.number, &commit.parts)?;
    let (inventory, changes) = (commit.inventory.as_ref(), &commit.inventory_changes);
    super::inventory::write(db, keys, commit.number, inventory, changes)?;
    if let Some(record) = &commit.record {
        update_record(db, keys, commit.number, record)?;
    }
    if let Some(uri) = &commit.channel_uri {
        super::push::put_uri(db, keys, commit.number, uri.as_ref())?;
    }
    if let Some(due) = commit.wake_due {
        super::push::put_due(db, commit.number, due)?;
    }
    let reply = commit
        .reply
        .map(|reply| keys.seal(Place::Reply(commit.number), &reply))
        .transpose();
    update_state(db, &commit.state, &chain, Some(reply.map_err(failed)?))
}

/// Writes the state, and the reply where one is given.
fn update_state(
    db: &Connection,
    state: &State,
    chain: &Chain,
    reply: Option<Option<Vec<u8>>>,
) -> Result<(), StoreError> {
    const STATE: &str = "UPDATE device SET revision = ?2, next_command = ?3, next_event = ?4, event_head = ?5, \
                         event_mark = ?6, state = ?7 WHERE number = ?1";
    const STATE_AND_REPLY: &str = "UPDATE device SET revision = ?2, next_command = ?3, next_event = ?4, event_head = ?5, \
                                   event_mark = ?6, state = ?7, reply = ?8 WHERE number = ?1";
    let bytes = rows::pack(state)?;
    let number = signed(chain.number);
    let (revision, next_event) = (signed(state.revision), signed(chain.next_event));
    let done = match reply {
        Some(reply) => db.prepare_cached(STATE_AND_REPLY).and_then(|mut sql| {
            sql.execute(params![
                number,
                revision,
                state.next_command,
                next_event,
                chain.head,
                chain.mark,
                bytes,
                reply
            ])
        }),
        None => db.prepare_cached(STATE).and_then(|mut sql| {
            sql.execute(params![
                number,
                revision,
                state.next_command,
                next_event,
                chain.head,
                chain.mark,
                bytes
            ])
        }),
    };
    done.map(drop).map_err(failed)
}

fn update_record(
    db: &Connection,
    keys: &Keys,
    number: u64,
    record: &DeviceRecord,
) -> Result<(), StoreError> {
    let bytes = rows::record_bytes(keys, number, record)?;
    db.prepare_cached("UPDATE device SET record = ?2 WHERE number = ?1")
        .and_then(|mut sql| sql.execute(params![signed(number), bytes]))
        .map(drop)
        .map_err(failed)
}

fn insert_parts(
    db: &Connection,
    keys: &Keys,
    number: u64,
    parts: &[Part],
) -> Result<(), StoreError> {
    if parts.is_empty() {
        return Ok(());
    }
    let mut insert = db.prepare_cached(INSERT_COMMAND).map_err(failed)?;
    for part in parts {
        let bytes = rows::part_bytes(keys, number, part)?;
        insert
            .execute(params![signed(number), part.seq.0, part.part, bytes])
            .map_err(failed)?;
    }
    Ok(())
}

fn insert_bodies(
    db: &Connection,
    keys: &Keys,
    number: u64,
    bodies: &[(CommandSeq, CommandBody)],
) -> Result<(), StoreError> {
    if bodies.is_empty() {
        return Ok(());
    }
    let mut insert = db.prepare_cached(INSERT_COMMAND).map_err(failed)?;
    for (seq, body) in bodies {
        let bytes = rows::body_bytes(keys, number, seq.0, body)?;
        insert
            .execute(params![signed(number), seq.0, 0, bytes])
            .map_err(failed)?;
    }
    Ok(())
}

/// Device, number, part, body.
const INSERT_COMMAND: &str = "INSERT INTO command VALUES (?1, ?2, ?3, ?4)";

pub(super) fn alter(
    db: &Connection,
    keys: &Keys,
    device: DeviceId,
    decide: Decide,
) -> Result<Device, StoreError> {
    let row = rows::device(db, keys, &Key::Id(device))?.ok_or(StoreError::NoDevice)?;
    let (mut device, mut chain) = (row.device, row.chain);
    let mut change: Change = decide(&device).map_err(StoreError::Refused)?;
    change.state.revision = device.state.revision + u64::from(!change.only_queues);
    rows::append(db, &mut chain, &mut change.events)?;
    insert_bodies(db, keys, chain.number, &change.queued)?;
    insert_parts(db, keys, chain.number, &change.parts)?;
    if let Some(record) = change.record {
        update_record(db, keys, chain.number, &record)?;
        device.record = record;
    }
    super::push::follow(db, keys, chain.number, &device.state, &change.state)?;
    update_state(db, &change.state, &chain, None)?;
    device.state = change.state;
    Ok(device)
}
