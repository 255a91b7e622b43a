//! Installs, beside their devices.

use rusqlite::{Connection, params};
use uuid::Uuid;

use super::query::{all, run, value};
use super::rows::{self, signed};
use super::{changes, webhooks};
use crate::StoreError;
use crate::installs::DecideInstalls;
use crate::seal::Keys;
use modegate_core::device::Device;
use modegate_core::ids::DeviceId;
use modegate_core::installs::request::{Written, check_open};
use modegate_core::installs::{Install, InstallId, InstallState, outdated};
use modegate_core::webhooks::announce;

/// What was written.
pub(super) struct Changed {
    pub(super) device: Device,
    pub(super) written: Written,
    /// The states that installs came to.
    pub(super) reached: Vec<InstallState>,
}

/// The column `open`: final, and done with when the device's enrollment ends (version 0.1.0
/// wrote it for every final one).
const HOLDS: i64 = 0;
/// It is not final, or is to be looked at once more.
const OPEN: i64 = 1;
/// It is final, and nothing more can come of it.
const OVER: i64 = 2;

/// Decides and writes: installs, device, and what webhooks are to be sent of them.
pub(super) fn change(
    db: &Connection,
    keys: &Keys,
    id: DeviceId,
    (app, no): (&str, Option<u32>),
    decide: DecideInstalls,
    most: Option<u64>,
) -> Result<Changed, StoreError> {
    let mut device = rows::known_device(db, keys, id)?;
    let seen = seen(db, device.number, app, no)?;
    let next = last(db, device.number)? + 1;
    let mut written = decide(&device, &seen, next)?;
    if let (true, Some(install), Some(most)) = (written.created, &written.answer, most) {
        check_open(asked(db, &install.requested_by)?, most)?;
    }
    announce(&mut written, &device, &seen, || webhooks::all(db, keys))?;
    let reached = reached(&seen, &written.installs);
    // Before the device, so that its change sees which installs are open.
    for install in &written.installs {
        put(db, device.number, install)?;
    }
    if let Some(change) = written.change.take() {
        device.state = changes::apply(db, keys, change)?.state;
    }
    Ok(Changed {
        device,
        written,
        reached,
    })
}

/// The states that installs came to, each as often as one did.
fn reached(seen: &[Install], written: &[Install]) -> Vec<InstallState> {
    let mut reached = Vec::new();
    for install in written {
        let before = seen.iter().find(|before| before.no == install.no);
        let mut state = before.map(|before| before.state);
        let known = before.map_or(0, |before| before.steps.len());
        for step in install.steps.iter().skip(known) {
            // Further news of a state is no other state.
            if state != Some(step.state) {
                reached.push(step.state);
            }
            state = Some(step.state);
        }
    }
    reached
}

/// The installs that a decision looks at, by number.
fn seen(
    db: &Connection,
    device: u64,
    app: &str,
    no: Option<u32>,
) -> Result<Vec<Install>, StoreError> {
    let mut seen = open(db, device, app)?;
    if let Some(no) = no
        && !seen.iter().any(|install| install.no == no)
    {
        seen.extend(one(db, device, no)?);
        seen.sort_by_key(|install| install.no);
    }
    Ok(seen)
}

/// The largest number of an install of the device, 0 if it has none.
fn last(db: &Connection, device: u64) -> Result<u32, StoreError> {
    let sql = "SELECT coalesce(max(no), 0) FROM install WHERE device = ?1";
    value(db, sql, [signed(device)])
}

/// Decides on the open installs of a device that is due, after which it is not.
pub(super) fn settle(
    db: &Connection,
    keys: &Keys,
    device: DeviceId,
    decide: DecideInstalls,
) -> Result<Vec<InstallState>, StoreError> {
    let changed = change(db, keys, device, ("", None), decide, None)?;
    let sql = "DELETE FROM install_due WHERE device = ?1";
    run(db, sql, [signed(changed.device.number)])?;
    Ok(changed.reached)
}

/// Makes every device with open installs due.
pub(super) fn all_due(db: &Connection) -> Result<(), StoreError> {
    let sql = "INSERT OR IGNORE INTO install_due SELECT device FROM install WHERE open = 1";
    run(db, sql, [])
}

fn put(db: &Connection, device: u64, install: &Install) -> Result<(), StoreError> {
    let open = match install.state {
        InstallState::Installed => HOLDS,
        state if state.is_final() => OVER,
        _ => OPEN,
    };
    let row = params![
        signed(device),
        install.no,
        install.app,
        open,
        rows::pack(install)?
    ];
    let sql = "INSERT OR REPLACE INTO install VALUES (?1, ?2, ?3, ?4, ?5)";
    run(db, sql, row)?;
    note_asked(db, device, install)?;
    let sql = "DELETE FROM install WHERE device = ?1 AND no <= ?2 AND open <> 1";
    run(db, sql, params![signed(device), outdated(install.no)])
}

/// Keeps who has the install under way, for as long as it is.
fn note_asked(db: &Connection, device: u64, install: &Install) -> Result<(), StoreError> {
    if install.state.is_final() {
        let sql = "DELETE FROM asked_install WHERE device = ?1 AND no = ?2";
        return run(db, sql, params![signed(device), install.no]);
    }
    let row = params![install.requested_by, signed(device), install.no];
    run(
        db,
        "INSERT OR IGNORE INTO asked_install VALUES (?1, ?2, ?3)",
        row,
    )
}

/// How many installs under way this actor asked for.
fn asked(db: &Connection, actor: &str) -> Result<u64, StoreError> {
    let sql = "SELECT count(*) FROM asked_install WHERE actor = ?1";
    value(db, sql, [actor]).map(rows::unsigned)
}

pub(super) fn one(db: &Connection, device: u64, no: u32) -> Result<Option<Install>, StoreError> {
    let sql = "SELECT body FROM install WHERE device = ?1 AND no = ?2";
    Ok(rows::packed(db, sql, params![signed(device), no])?.pop())
}

/// Up to `limit` installs of a device with numbers below `before`, the newest first.
pub(super) fn list(
    db: &Connection,
    device: u64,
    before: u32,
    limit: usize,
) -> Result<Vec<Install>, StoreError> {
    let sql = "SELECT body FROM install WHERE device = ?1 AND no < ?2 ORDER BY no DESC LIMIT ?3";
    rows::packed(
        db,
        sql,
        params![signed(device), before, signed(limit as u64)],
    )
}

/// Up to `limit` installs of all devices behind that one, by device and number. Behind one of
/// a device that is gone they begin anew.
pub(super) fn of_all(
    db: &Connection,
    after: Option<InstallId>,
    only_open: bool,
    limit: usize,
) -> Result<Vec<(InstallId, Install)>, StoreError> {
    let number = match after {
        Some(id) => rows::number_of(db, id.device)?,
        None => None,
    };
    let no = number.and(after).map_or(0, |id| id.no);
    let sql = match only_open {
        true => {
            "SELECT device.id, install.no, install.body FROM install JOIN device ON device.number = install.device \
             WHERE install.open = 1 AND (install.device, install.no) > (?1, ?2) ORDER BY install.device, install.no LIMIT ?3"
        }
        false => {
            "SELECT device.id, install.no, install.body FROM install JOIN device ON device.number = install.device \
             WHERE (install.device, install.no) > (?1, ?2) ORDER BY install.device, install.no LIMIT ?3"
        }
    };
    let behind = params![number.unwrap_or(0), no, signed(limit as u64)];
    let found = all(db, sql, behind, |row| {
        let device = DeviceId(Uuid::from_bytes(row.get(0)?));
        let id = InstallId {
            device,
            no: row.get(1)?,
        };
        Ok(rows::blob(row, 2)
            .and_then(rows::unpack)
            .map(|install| (id, install)))
    })?;
    found.into_iter().collect()
}

/// The open installs of a device, and all of that app.
pub(super) fn open(db: &Connection, device: u64, app: &str) -> Result<Vec<Install>, StoreError> {
    let sql = "SELECT body FROM install WHERE device = ?1 AND (open = 1 OR app = ?2) ORDER BY no";
    rows::packed(db, sql, params![signed(device), app])
}

pub(super) fn due(db: &Connection, limit: usize) -> Result<Vec<DeviceId>, StoreError> {
    let sql = "SELECT device.id FROM install_due JOIN device ON device.number = install_due.device LIMIT ?1";
    let most = [signed(limit as u64)];
    all(db, sql, most, |row| {
        Ok(DeviceId(Uuid::from_bytes(row.get(0)?)))
    })
}
