//! Installs, beside their devices.

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension, params};
use std::sync::Arc;

use super::rows::{self, Key, signed, unsigned};
use super::{SqliteStore, catalogue, failed, read, webhooks, write};
use crate::StoreError;
use crate::installs::{DecideInstalls, InstallStore};
use crate::seal::Keys;
use modegate_core::catalogue::App;
use modegate_core::device::Device;
use modegate_core::ids::DeviceId;
use modegate_core::installs::request::Written;
use modegate_core::installs::{Install, InstallId, KEPT};
use modegate_core::time::Timestamp;
use modegate_core::webhooks::{Delivery, Outcome, Webhook};

#[async_trait]
impl InstallStore for SqliteStore {
    async fn app(&self, id: &str) -> Result<Option<App>, StoreError> {
        self.read(|db, keys| catalogue::one(db, keys, id))
    }

    async fn apps(&self, after: u64, limit: usize) -> Result<Vec<(u64, App)>, StoreError> {
        self.read(|db, keys| catalogue::list(db, keys, after, limit))
    }

    async fn install(&self, id: InstallId) -> Result<Option<Install>, StoreError> {
        self.read(|db, _| match read::number_of(db, id.device)? {
            Some(number) => one(db, unsigned(number), id.no),
            None => Ok(None),
        })
    }

    async fn installs(
        &self,
        device: DeviceId,
        before: u32,
        limit: usize,
    ) -> Result<Vec<Install>, StoreError> {
        self.read(|db, _| {
            let Some(number) = read::number_of(db, device)? else {
                return Ok(Vec::new());
            };
            let sql =
                "SELECT body FROM install WHERE device = ?1 AND no < ?2 ORDER BY no DESC LIMIT ?3";
            bodies(db, sql, params![number, before, signed(limit as u64)])
        })
    }

    async fn open_installs(&self, device: DeviceId) -> Result<Vec<Install>, StoreError> {
        self.read(|db, _| match read::number_of(db, device)? {
            Some(number) => open(db, unsigned(number), ""),
            None => Ok(Vec::new()),
        })
    }

    async fn installs_due(&self, limit: usize) -> Result<Vec<DeviceId>, StoreError> {
        self.read(|db, _| due(db, limit))
    }

    async fn all_installs_due(&self) -> Result<(), StoreError> {
        let sql = "INSERT OR IGNORE INTO install_due SELECT device FROM install WHERE open = 1";
        let work = move |db: &Connection| db.execute(sql, []).map(drop).map_err(failed);
        self.writer.submit(work).await
    }

    async fn move_installs(
        &self,
        device: DeviceId,
        decide: DecideInstalls,
    ) -> Result<(), StoreError> {
        let keys = Arc::clone(&self.keys);
        let work = move |db: &Connection| {
            let (device, _) = change(db, &keys, device, ("", None), decide)?;
            db.prepare_cached("DELETE FROM install_due WHERE device = ?1")
                .and_then(|mut sql| sql.execute([signed(device.number)]))
                .map(drop)
                .map_err(failed)
        };
        self.writer.submit(work).await
    }

    async fn webhooks(&self) -> Result<Vec<Webhook>, StoreError> {
        self.read(webhooks::all)
    }

    async fn waiting_deliveries(&self) -> Result<Vec<(u64, u64)>, StoreError> {
        self.read(|db, _| webhooks::waiting(db))
    }

    async fn deliveries_due(
        &self,
        webhook: u64,
        now: Timestamp,
        limit: usize,
    ) -> Result<Vec<Delivery>, StoreError> {
        self.read(|db, _| webhooks::due(db, webhook, now, limit))
    }

    async fn next_deliveries(&self) -> Result<Vec<(u64, Timestamp)>, StoreError> {
        self.read(|db, _| webhooks::next(db))
    }

    async fn delivered(&self, outcomes: Vec<Outcome>) -> Result<(), StoreError> {
        self.writer
            .submit(move |db| webhooks::settle(db, &outcomes))
            .await
    }
}

/// Decides and writes: device, installs and what webhooks are told of them.
pub(super) fn change(
    db: &Connection,
    keys: &Keys,
    id: DeviceId,
    (app, no): (&str, Option<u32>),
    decide: DecideInstalls,
) -> Result<(Device, Written), StoreError> {
    let row = rows::device(db, keys, &Key::Id(id))?.ok_or(StoreError::NoDevice)?;
    let mut device = row.device;
    let mut seen = open(db, device.number, app)?;
    if let Some(no) = no
        && !seen.iter().any(|install| install.no == no)
    {
        seen.extend(one(db, device.number, no)?);
        seen.sort_by_key(|install| install.no);
    }
    let last: Option<u32> = db
        .prepare_cached("SELECT max(no) FROM install WHERE device = ?1")
        .and_then(|mut sql| sql.query_row([signed(device.number)], |row| row.get(0)))
        .map_err(failed)?;
    let next = last.unwrap_or(0) + 1;
    let mut written = decide(&device, &seen, next).map_err(StoreError::Refused)?;
    // Before the device, so that the trigger sees an install that is open.
    for install in &written.installs {
        let before = seen.iter().find(|before| before.no == install.no);
        put(db, device.number, install)?;
        webhooks::tell(db, keys, &device, before, install)?;
    }
    if let Some(change) = written.change.take() {
        device = write::alter(db, keys, id, Box::new(move |_| Ok(change)))?;
    }
    Ok((device, written))
}

fn put(db: &Connection, device: u64, install: &Install) -> Result<(), StoreError> {
    let is_open = i64::from(!install.state.is_final());
    let body = rows::pack(install)?;
    db.prepare_cached("INSERT OR REPLACE INTO install VALUES (?1, ?2, ?3, ?4, ?5)")
        .and_then(|mut sql| {
            sql.execute(params![
                signed(device),
                install.no,
                install.app,
                is_open,
                body
            ])
        })
        .map_err(failed)?;
    db.prepare_cached("DELETE FROM install WHERE device = ?1 AND no <= ?2 AND open = 0")
        .and_then(|mut sql| sql.execute(params![signed(device), install.no.saturating_sub(KEPT)]))
        .map(drop)
        .map_err(failed)
}

fn one(db: &Connection, device: u64, no: u32) -> Result<Option<Install>, StoreError> {
    let body: Option<Vec<u8>> = db
        .prepare_cached("SELECT body FROM install WHERE device = ?1 AND no = ?2")
        .and_then(|mut sql| {
            sql.query_row(params![signed(device), no], |row| row.get(0))
                .optional()
        })
        .map_err(failed)?;
    body.map(|body| rows::unpack(&body)).transpose()
}

/// The open installs of a device, and all of that app.
fn open(db: &Connection, device: u64, app: &str) -> Result<Vec<Install>, StoreError> {
    let sql = "SELECT body FROM install WHERE device = ?1 AND (open = 1 OR app = ?2) ORDER BY no";
    bodies(db, sql, params![signed(device), app])
}

fn bodies(
    db: &Connection,
    sql: &str,
    params: impl rusqlite::Params,
) -> Result<Vec<Install>, StoreError> {
    let mut statement = db.prepare_cached(sql).map_err(failed)?;
    let found = statement
        .query_map(params, |row| row.get::<_, Vec<u8>>(0))
        .map_err(failed)?;
    found
        .map(|body| rows::unpack(&body.map_err(failed)?))
        .collect()
}

fn due(db: &Connection, limit: usize) -> Result<Vec<DeviceId>, StoreError> {
    let sql = "SELECT device.id FROM install_due JOIN device ON device.number = install_due.device LIMIT ?1";
    let mut statement = db.prepare_cached(sql).map_err(failed)?;
    let found = statement
        .query_map([signed(limit as u64)], |row| row.get::<_, Vec<u8>>(0))
        .map_err(failed)?;
    found
        .map(|id| {
            let id = uuid::Uuid::from_slice(&id.map_err(failed)?).map_err(failed)?;
            Ok(DeviceId(id))
        })
        .collect()
}
