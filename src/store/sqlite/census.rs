//! What a walk over all devices reads of each, and what is kept of it.

use std::collections::BTreeMap;

use async_trait::async_trait;
use rusqlite::{Connection, params};

use super::device_index::{FLAG, flag_entry};
use super::error::failed;
use super::query::{all, first, run};
use super::rows::{self, signed, unsigned};
use super::{SqliteStore, find, read};
use crate::StoreError;
use crate::fleet::{DeviceCount, DevicePlace, DeviceQuery, FindBounds, FleetStore, FoundDevices};
use crate::seal::Keys;
use modegate_core::command::CommandState;
use modegate_core::compliance::DeviceCompliance;
use modegate_core::device::Device;
use modegate_core::fleet::{Census, DeviceFlag, SurveyedDevice};
use modegate_core::installs::{Install, InstallState};
use modegate_core::time::Timestamp;

/// The row of `census`.
const DEVICES: &str = "devices";

#[async_trait]
impl FleetStore for SqliteStore {
    async fn find_devices(
        &self,
        query: &DeviceQuery,
        after: &DevicePlace,
        bounds: FindBounds,
    ) -> Result<FoundDevices, StoreError> {
        self.read(|db, keys| find::devices(db, keys, query, after, bounds))
    }

    async fn count_devices(
        &self,
        query: &DeviceQuery,
        most: usize,
    ) -> Result<DeviceCount, StoreError> {
        self.read(|db, keys| find::count(db, keys, query, most))
    }

    async fn survey(&self, after: u64, limit: usize) -> Result<Vec<SurveyedDevice>, StoreError> {
        self.read(|db, keys| survey(db, keys, after, limit))
    }

    async fn put_flags(
        &self,
        after: u64,
        to: u64,
        flags: Vec<(u64, Vec<DeviceFlag>)>,
    ) -> Result<(), StoreError> {
        let moved = self.read(|db, _| moved(db, (after, to), &flags))?;
        if moved.is_empty() {
            return Ok(());
        }
        self.writer.submit(move |db| put_flags(db, &moved)).await
    }

    async fn flags_of(&self, devices: &[u64]) -> Result<Vec<Vec<DeviceFlag>>, StoreError> {
        self.read(|db, _| devices.iter().map(|number| flags_of(db, *number)).collect())
    }

    async fn put_census(&self, census: Census) -> Result<(), StoreError> {
        let value = serde_json::to_string(&census).map_err(failed)?;
        let sql = "INSERT OR REPLACE INTO census VALUES (?1, ?2)";
        let put = move |db: &Connection| run(db, sql, params![DEVICES, value]);
        self.writer.submit(put).await
    }

    async fn census(&self) -> Result<Option<Census>, StoreError> {
        let sql = "SELECT value FROM census WHERE name = ?1";
        let found = |db: &Connection| first(db, sql, [DEVICES], |row| row.get::<_, String>(0));
        let value = self.read(|db, _| found(db))?;
        // What a newer version counted is none of this one's: it counts anew.
        Ok(value.and_then(|value| serde_json::from_str(&value).ok()))
    }
}

fn survey(
    db: &Connection,
    keys: &Keys,
    after: u64,
    limit: usize,
) -> Result<Vec<SurveyedDevice>, StoreError> {
    let devices = rows::devices(db, keys, after, limit)?;
    let Some(last) = devices.last() else {
        return Ok(Vec::new());
    };
    let range = params![signed(after), signed(last.number)];
    let sql = "SELECT device, body FROM compliance WHERE device > ?1 AND device <= ?2";
    let compliance: BTreeMap<u64, Vec<u8>> =
        all(db, sql, range, rows::numbered)?.into_iter().collect();
    let sql = "SELECT device, body FROM install INDEXED BY open_installs \
               WHERE device > ?1 AND device <= ?2 AND open = 1";
    let mut installs: BTreeMap<u64, Vec<InstallState>> = BTreeMap::new();
    for (number, body) in all(db, sql, range, rows::numbered)? {
        let install: Install = rows::unpack(&body)?;
        if !install.state.is_final() {
            installs.entry(number).or_default().push(install.state);
        }
    }
    let with_the_rest = |device: Device| {
        let compliance = compliance.get(&device.number);
        let compliance = compliance.map(|body| rows::unpack::<DeviceCompliance>(body));
        Ok(SurveyedDevice {
            waits_since: waits_since(db, keys, &device)?,
            compliance: compliance.transpose()?.and_then(|one| one.state()),
            open_installs: installs.remove(&device.number).unwrap_or_default(),
            device,
        })
    };
    devices.into_iter().map(with_the_rest).collect()
}

/// When the first of a device's commands that waits was queued: they are in that order.
fn waits_since(
    db: &Connection,
    keys: &Keys,
    device: &Device,
) -> Result<Option<Timestamp>, StoreError> {
    let mut open = device.state.open.iter();
    let Some(first) = open.find(|command| command.state == CommandState::Queued) else {
        return Ok(None);
    };
    let found = read::bodies(db, keys, device.number, &[first.seq])?;
    Ok(found.first().map(|(_, body)| body.queued_at))
}

/// A flag that a device is to have from now on, or no more.
struct MovedFlag {
    flag: DeviceFlag,
    device: u64,
    is_set: bool,
}

/// What is another than these flags of the devices in that range.
fn moved(
    db: &Connection,
    (after, to): (u64, u64),
    flags: &[(u64, Vec<DeviceFlag>)],
) -> Result<Vec<MovedFlag>, StoreError> {
    let mut moved = Vec::new();
    for flag in DeviceFlag::ALL {
        let (kind, term) = flag_entry(flag);
        let sql = "SELECT device FROM term_index \
                   WHERE kind = ?1 AND term = ?2 AND device > ?3 AND device <= ?4 ORDER BY device";
        let range = params![kind, term, signed(after), signed(to)];
        let before: Vec<u64> = all(db, sql, range, |row| Ok(unsigned(row.get(0)?)))?;
        let now = flags.iter().filter(|(_, flags)| flags.contains(&flag));
        let now: Vec<u64> = now.map(|(device, _)| *device).collect();
        let only_in = |these: &[u64], others: &[u64], is_set| {
            let only = these.iter().filter(|one| !others.contains(one));
            let moved = only.map(|device| MovedFlag {
                flag,
                device: *device,
                is_set,
            });
            moved.collect::<Vec<_>>()
        };
        moved.extend(only_in(&now, &before, true));
        moved.extend(only_in(&before, &now, false));
    }
    Ok(moved)
}

fn put_flags(db: &Connection, moved: &[MovedFlag]) -> Result<(), StoreError> {
    for one in moved {
        // A device that was retired since it was looked at gets none.
        let sql = match one.is_set {
            true => {
                "INSERT OR IGNORE INTO term_index \
                 SELECT ?1, ?2, number FROM device WHERE number = ?3"
            }
            false => "DELETE FROM term_index WHERE (kind, term, device) = (?1, ?2, ?3)",
        };
        let (kind, term) = flag_entry(one.flag);
        run(db, sql, params![kind, term, signed(one.device)])?;
    }
    Ok(())
}

fn flags_of(db: &Connection, number: u64) -> Result<Vec<DeviceFlag>, StoreError> {
    let mut flags = Vec::new();
    for flag in DeviceFlag::ALL {
        let sql = "SELECT 1 FROM term_index WHERE (kind, term, device) = (?1, ?2, ?3)";
        let key = params![FLAG, flag.name().as_bytes(), signed(number)];
        flags.extend(first(db, sql, key, |_| Ok(flag))?);
    }
    Ok(flags)
}
