//! What is said of devices by the baselines of compliance, and which are to be judged.

use std::collections::BTreeMap;

use async_trait::async_trait;
use rusqlite::{Connection, Row, params};
use uuid::Uuid;

use super::error::failed;
use super::query::{all, first, run, value};
use super::rows::{self, Key, signed, unsigned};
use super::{SqliteStore, changes, events, inventory};
use crate::StoreError;
use crate::compliance::{Backlog, ComplianceStore, Judged, StateCount, ToJudge};
use crate::seal::Keys;
use modegate_core::compliance::{BaselineVerdicts, DeviceCompliance};
use modegate_core::device::Device;
use modegate_core::event::Event;
use modegate_core::ids::DeviceId;
use modegate_core::time::Timestamp;

#[async_trait]
impl ComplianceStore for SqliteStore {
    async fn to_judge(&self, now: Timestamp, limit: usize) -> Result<Vec<ToJudge>, StoreError> {
        self.read(|db, keys| to_judge(db, keys, now, limit))
    }

    async fn next_judgement(&self) -> Result<Option<Timestamp>, StoreError> {
        self.read(|db, _| {
            let sql = "SELECT min(next_at) FROM compliance WHERE next_at IS NOT NULL";
            Ok(value::<Option<i64>>(db, sql, [])?.map(Timestamp))
        })
    }

    async fn write_judged(&self, judged: Vec<Judged>) -> Result<u64, StoreError> {
        if judged.is_empty() {
            return Ok(0);
        }
        let write = move |db: &Connection, keys: &Keys| {
            let mut written = 0;
            for one in judged {
                written += u64::from(write(db, keys, one)?);
            }
            Ok(written)
        };
        self.write(None, write).await
    }

    async fn compliance(&self, device: DeviceId) -> Result<Option<DeviceCompliance>, StoreError> {
        self.read(|db, _| rows::of_device(db, device, |number| of(db, number)))
    }

    async fn compliances(
        &self,
        after: u64,
        limit: usize,
    ) -> Result<Vec<(Device, DeviceCompliance)>, StoreError> {
        self.read(|db, keys| {
            let sql =
                "SELECT device, body FROM compliance WHERE device > ?1 ORDER BY device LIMIT ?2";
            let range = params![signed(after), signed(limit as u64)];
            let mut found = Vec::with_capacity(limit);
            for (number, body) in all(db, sql, range, rows::numbered)? {
                if let Some(device) = rows::device(db, keys, &Key::Number(number))? {
                    found.push((device, rows::unpack(&body)?));
                }
            }
            Ok(found)
        })
    }

    fn each_compliance(
        &self,
        visit: &mut dyn FnMut(DeviceId, DeviceCompliance) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        self.read(|db, _| each(db, visit))
    }

    async fn compliance_counts(&self) -> Result<Vec<StateCount>, StoreError> {
        self.read(|db, _| {
            let sql = "SELECT baseline, control, state, devices FROM compliance_count";
            all(db, sql, [], |row| {
                Ok(StateCount {
                    baseline: row.get(0)?,
                    control: row.get(1)?,
                    state: row.get(2)?,
                    devices: unsigned(row.get(3)?),
                })
            })
        })
    }

    async fn compliance_backlog(&self) -> Result<Backlog, StoreError> {
        self.read(|db, _| {
            let moved = value(db, "SELECT count(*) FROM compliance_due", [])?;
            let sql = "SELECT EXISTS (SELECT 1 FROM baseline_set WHERE due_to IS NOT NULL)";
            Ok(Backlog {
                moved: unsigned(moved),
                sweeping: value(db, sql, [])?,
            })
        })
    }

    async fn put_baselines(
        &self,
        set: &str,
        texts: Vec<(String, String)>,
        event: Event,
    ) -> Result<(), StoreError> {
        let set = set.to_owned();
        let put = move |db: &Connection| put_baselines(db, &set, &texts, event);
        self.writer.submit(put).await
    }

    async fn sweep_compliance(&self, most: usize) -> Result<bool, StoreError> {
        self.writer.submit(move |db| sweep(db, most)).await
    }

    async fn baseline(&self, digest: &str) -> Result<Option<String>, StoreError> {
        self.read(|db, _| baseline(db, digest))
    }

    async fn snapshots(&self) -> Result<Vec<(String, Timestamp)>, StoreError> {
        self.read(|db, _| {
            let sql = "SELECT baseline, at FROM compliance_snapshot";
            all(db, sql, [], |row| Ok((row.get(0)?, Timestamp(row.get(1)?))))
        })
    }

    async fn put_snapshot(
        &self,
        baseline: &str,
        at: Timestamp,
        event: Event,
    ) -> Result<(), StoreError> {
        let baseline = baseline.to_owned();
        let put = move |db: &Connection| {
            let sql = "INSERT OR REPLACE INTO compliance_snapshot VALUES (?1, ?2)";
            run(db, sql, params![baseline, at.0])?;
            events::log(db, &mut [event])
        };
        self.writer.submit(put).await
    }
}

fn to_judge(
    db: &Connection,
    keys: &Keys,
    now: Timestamp,
    limit: usize,
) -> Result<Vec<ToJudge>, StoreError> {
    let sql = "SELECT device FROM compliance_due ORDER BY device LIMIT ?1";
    let mut numbers: Vec<i64> = all(db, sql, [signed(limit as u64)], |row| row.get(0))?;
    if numbers.len() < limit {
        let sql = "SELECT device FROM compliance WHERE next_at <= ?1 ORDER BY next_at LIMIT ?2";
        let rest = params![now.0, signed((limit - numbers.len()) as u64)];
        let timed: Vec<i64> = all(db, sql, rest, |row| row.get(0))?;
        let timed = timed.into_iter().filter(|one| !numbers.contains(one));
        let timed: Vec<i64> = timed.collect();
        numbers.extend(timed);
    }
    let mut found = Vec::with_capacity(numbers.len());
    for number in numbers.into_iter().map(unsigned) {
        let device = rows::device(db, keys, &Key::Number(number))?;
        let missing = || failed(format!("a device to be judged is not there: {number}"));
        found.push(ToJudge {
            device: device.ok_or_else(missing)?,
            inventory: inventory::of(db, keys, number)?.unwrap_or_default(),
            before: of(db, number)?.unwrap_or_default(),
        });
    }
    Ok(found)
}

/// Writes what is said of one device; whether it is as it was when it was looked at.
fn write(db: &Connection, keys: &Keys, judged: Judged) -> Result<bool, StoreError> {
    let number = signed(judged.number);
    let sql = "SELECT revision FROM device WHERE number = ?1";
    let revision: Option<i64> = first(db, sql, [number], |row| row.get(0))?;
    if revision.map(unsigned) != Some(judged.revision) {
        return Ok(false);
    }
    if let Some(decide) = judged.decide {
        let device = rows::device(db, keys, &Key::Number(judged.number))?;
        changes::apply(db, keys, decide(&device.ok_or(StoreError::NoDevice)?)?)?;
    }
    count(db, of(db, judged.number)?.as_ref(), Some(&judged.after))?;
    let body = rows::pack(&judged.after)?;
    let sql = "INSERT OR REPLACE INTO compliance VALUES (?1, ?2, ?3)";
    run(
        db,
        sql,
        params![number, judged.next_at.map(|at| at.0), body],
    )?;
    run(db, "DELETE FROM compliance_due WHERE device = ?1", [number])?;
    Ok(true)
}

/// Counts a device that was `before` as it is `after`.
fn count(
    db: &Connection,
    before: Option<&DeviceCompliance>,
    after: Option<&DeviceCompliance>,
) -> Result<(), StoreError> {
    let mut moved: BTreeMap<_, i64> = BTreeMap::new();
    for (compliance, by) in [(before, -1), (after, 1)] {
        for place in compliance.into_iter().flat_map(places) {
            *moved.entry(place).or_default() += by;
        }
    }
    for ((baseline, control, state), by) in moved.into_iter().filter(|(_, by)| *by != 0) {
        let sql = "INSERT INTO compliance_count VALUES (?1, ?2, ?3, ?4) \
                   ON CONFLICT DO UPDATE SET devices = devices + excluded.devices";
        run(db, sql, params![baseline, control, state, by])?;
        let sql = "DELETE FROM compliance_count \
                   WHERE (baseline, control, state) = (?1, ?2, ?3) AND devices <= 0";
        run(db, sql, params![baseline, control, state])?;
    }
    Ok(())
}

/// Where a device counts: baseline, control and state.
fn places(compliance: &DeviceCompliance) -> Vec<(&str, &str, &'static str)> {
    let name = StateCount::state_name;
    let mut places = vec![("", "", name(compliance.state()))];
    for (id, baseline) in &compliance.baselines {
        let BaselineVerdicts { controls, .. } = baseline;
        places.push((&id.0, "", name(baseline.state())));
        for (control, verdict) in controls {
            places.push((&id.0, &control.0, name(Some(verdict.state()))));
        }
    }
    places
}

/// Deletes what is said of a device that is retired.
pub(super) fn retire(db: &Connection, number: i64) -> Result<(), StoreError> {
    count(db, of(db, unsigned(number))?.as_ref(), None)
}

pub(super) fn of(db: &Connection, number: u64) -> Result<Option<DeviceCompliance>, StoreError> {
    let sql = "SELECT body FROM compliance WHERE device = ?1";
    Ok(rows::packed(db, sql, [signed(number)])?.pop())
}

fn each(
    db: &Connection,
    visit: &mut dyn FnMut(DeviceId, DeviceCompliance) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let sql = "SELECT device.id, compliance.body FROM device \
               JOIN compliance ON compliance.device = device.number ORDER BY device.id";
    let mut statement = db.prepare_cached(sql).map_err(failed)?;
    let mut found = statement.query([]).map_err(failed)?;
    while let Some(row) = found.next().map_err(failed)? {
        let id = DeviceId(Uuid::from_bytes(row.get(0).map_err(failed)?));
        visit(id, rows::unpack(rows::blob(row, 1)?)?)?;
    }
    Ok(())
}

/// Has a device judged.
pub(super) fn make_due(db: &Connection, number: u64) -> Result<(), StoreError> {
    let sql = "INSERT OR IGNORE INTO compliance_due VALUES (?1)";
    run(db, sql, [signed(number)])
}

fn put_baselines(
    db: &Connection,
    set: &str,
    texts: &[(String, String)],
    event: Event,
) -> Result<(), StoreError> {
    let sql = "SELECT digest FROM baseline_set";
    let before: Option<String> = first(db, sql, [], |row| row.get(0))?;
    let is_same = match before {
        Some(before) => before == set,
        None => texts.is_empty(),
    };
    if is_same {
        return Ok(());
    }
    for (digest, text) in texts {
        let sql = "INSERT OR IGNORE INTO baseline VALUES (?1, ?2)";
        run(db, sql, params![digest, text])?;
    }
    run(db, "DELETE FROM baseline_set", [])?;
    run(db, "INSERT INTO baseline_set VALUES (?1, 0)", [set])?;
    events::log(db, &mut [event])
}

fn sweep(db: &Connection, most: usize) -> Result<bool, StoreError> {
    let sql = "SELECT due_to FROM baseline_set WHERE due_to IS NOT NULL";
    let Some(from) = first(db, sql, [], |row: &Row<'_>| row.get::<_, i64>(0))? else {
        return Ok(false);
    };
    let most = signed(most as u64);
    let sql = "SELECT max(number) FROM (SELECT number FROM device WHERE number > ?1 ORDER BY number LIMIT ?2)";
    let to: Option<i64> = value(db, sql, params![from, most])?;
    if let Some(to) = to {
        let sql = "INSERT OR IGNORE INTO compliance_due \
                   SELECT number FROM device WHERE number > ?1 AND number <= ?2";
        run(db, sql, params![from, to])?;
    }
    run(db, "UPDATE baseline_set SET due_to = ?1", [to])?;
    Ok(to.is_some())
}

pub(super) fn baseline(db: &Connection, digest: &str) -> Result<Option<String>, StoreError> {
    first(
        db,
        "SELECT text FROM baseline WHERE digest = ?1",
        [digest],
        |row| row.get(0),
    )
}
