//! Alerts, each change with its event and what webhooks are to be sent of it.

use async_trait::async_trait;
use rusqlite::{Connection, Row, params};
use uuid::Uuid;

use super::error::failed;
use super::query::{all, first, run};
use super::rows::{self, Key, signed, unsigned};
use super::{SqliteStore, changes, events, webhooks};
use crate::StoreError;
use crate::alerts::AlertStore;
use crate::seal::Keys;
use modegate_core::alert::{Alert, AlertId, AlertKind, CLEARED, Finding, Subject};
use modegate_core::change::DeviceChange;
use modegate_core::event::Event;
use modegate_core::time::Timestamp;
use modegate_core::webhooks::of_alert;

#[async_trait]
impl AlertStore for SqliteStore {
    async fn raise_alert(&self, alert: Alert) -> Result<bool, StoreError> {
        self.write(None, move |db, keys| raise(db, keys, &alert))
            .await
    }

    async fn clear_alert(
        &self,
        kind: AlertKind,
        subject: Subject,
        at: Timestamp,
    ) -> Result<Option<Alert>, StoreError> {
        self.write(None, move |db, keys| clear(db, keys, kind, &subject, at))
            .await
    }

    async fn open_alerts(&self) -> Result<Vec<Alert>, StoreError> {
        self.read(|db, _| {
            let sql = "SELECT number, id, kind, subject, message, raised, cleared FROM alert \
                       WHERE cleared IS NULL ORDER BY number";
            let found = all(db, sql, [], AlertRow::read)?.into_iter();
            found.map(|row| Ok(row.alert()?.1)).collect()
        })
    }

    async fn alerts(&self, before: u64, limit: usize) -> Result<Vec<(u64, Alert)>, StoreError> {
        self.read(|db, _| {
            let sql = "SELECT number, id, kind, subject, message, raised, cleared FROM alert \
                       WHERE number < ?1 ORDER BY number DESC LIMIT ?2";
            let which = params![signed(before), signed(limit as u64)];
            let found = all(db, sql, which, AlertRow::read)?.into_iter();
            found.map(AlertRow::alert).collect()
        })
    }
}

/// A row as it lies there.
struct AlertRow {
    number: u64,
    id: [u8; 16],
    kind: String,
    subject: String,
    message: String,
    raised: i64,
    cleared: Option<i64>,
}

impl AlertRow {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(AlertRow {
            number: unsigned(row.get(0)?),
            id: row.get(1)?,
            kind: row.get(2)?,
            subject: row.get(3)?,
            message: row.get(4)?,
            raised: row.get(5)?,
            cleared: row.get(6)?,
        })
    }

    fn alert(self) -> Result<(u64, Alert), StoreError> {
        let unknown = || failed(format!("an alert of an unknown kind: '{}'", self.kind));
        let finding = Finding {
            kind: AlertKind::from_name(&self.kind).ok_or_else(unknown)?,
            subject: self.subject.parse().map_err(failed)?,
            message: self.message,
        };
        let alert = Alert {
            id: AlertId(Uuid::from_bytes(self.id)),
            finding,
            raised_at: Timestamp(self.raised),
            cleared_at: self.cleared.map(Timestamp),
        };
        Ok((self.number, alert))
    }
}

fn open(
    db: &Connection,
    kind: AlertKind,
    subject: &Subject,
) -> Result<Option<(u64, Alert)>, StoreError> {
    let sql = "SELECT number, id, kind, subject, message, raised, cleared FROM alert \
               WHERE kind = ?1 AND subject = ?2 AND cleared IS NULL";
    let which = params![kind.name(), subject.to_string()];
    let found = first(db, sql, which, AlertRow::read)?;
    found.map(AlertRow::alert).transpose()
}

fn raise(db: &Connection, keys: &Keys, alert: &Alert) -> Result<bool, StoreError> {
    let Finding {
        kind,
        subject,
        message,
    } = &alert.finding;
    if open(db, *kind, subject)?.is_some() {
        return Ok(false);
    }
    let row = params![
        alert.id.0.as_bytes(),
        kind.name(),
        subject.to_string(),
        message,
        alert.raised_at.0
    ];
    let sql = "INSERT INTO alert (id, kind, subject, message, raised) VALUES (?1, ?2, ?3, ?4, ?5)";
    run(db, sql, row)?;
    report(db, keys, alert)?;
    Ok(true)
}

fn clear(
    db: &Connection,
    keys: &Keys,
    kind: AlertKind,
    subject: &Subject,
    at: Timestamp,
) -> Result<Option<Alert>, StoreError> {
    let Some((number, mut alert)) = open(db, kind, subject)? else {
        return Ok(None);
    };
    alert.cleared_at = Some(at);
    let sql = "UPDATE alert SET cleared = ?2 WHERE number = ?1";
    run(db, sql, params![signed(number), at.0])?;
    let sql = "DELETE FROM alert WHERE number IN (SELECT number FROM alert WHERE cleared IS NOT NULL \
               ORDER BY cleared DESC, number DESC LIMIT -1 OFFSET ?1)";
    run(db, sql, [signed(CLEARED)])?;
    report(db, keys, &alert)?;
    Ok(Some(alert))
}

/// Puts the alert's latest event into the log, that of its device where it is about one that
/// is there, and what webhooks are to be sent of it into the outbox.
fn report(db: &Connection, keys: &Keys, alert: &Alert) -> Result<(), StoreError> {
    let device = match alert.finding.subject {
        Subject::Device(id) => rows::device(db, keys, &Key::Id(id))?,
        _ => None,
    };
    let mut event = Event::of_alert(alert);
    let deliveries = of_alert(&webhooks::all(db, keys)?, alert, device.as_ref());
    let Some(device) = device else {
        events::log(db, &mut [event])?;
        return changes::insert_deliveries(db, &deliveries);
    };
    event.device = Some(device.id);
    let change = DeviceChange {
        deliveries,
        ..DeviceChange::only_events(&device, vec![event])
    };
    changes::apply(db, keys, change).map(drop)
}
