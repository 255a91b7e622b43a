//! The rows of enrollments, of their certificates and keys.

use rusqlite::types::Value;
use rusqlite::{Connection, Params, params, params_from_iter};

use super::device_index::{self, USER};
use super::query::{all, first, run, value};
use super::rows::{self, signed, unsigned};
use crate::StoreError;
use crate::enrollment::{EnrollmentFilter, EnrollmentKey};
use crate::fleet::Term;
use crate::seal::{Keys, SealContext};
use modegate_core::device::EnrollmentEnding;
use modegate_core::enrollment::{DeviceEnrollment, KeyDigest, Phase};
use modegate_core::ids::{DeviceId, EnrollmentId};
use modegate_core::time::Timestamp;

/// The number of [`Phase::Ended`], as in the indexes.
const ENDED: i64 = 3;
const _: () = assert!(Phase::Ended as i64 == ENDED);

/// Enrollments of one device that have ended and stay: what is older is in the log.
const ENDED_KEPT: i64 = 16;

/// An enrollment with its number.
pub(super) type Numbered = (u64, DeviceEnrollment);

pub(super) fn select(
    db: &Connection,
    keys: &Keys,
    behind: &str,
    params: impl Params,
) -> Result<Vec<Numbered>, StoreError> {
    let sql = format!("SELECT number, sealed FROM enrollment {behind}");
    rows::sealed(db, keys, SealContext::Enrollment, &sql, params)
}

pub(super) fn find(
    db: &Connection,
    keys: &Keys,
    key: EnrollmentKey,
) -> Result<Option<Numbered>, StoreError> {
    let found = match key {
        EnrollmentKey::Id(id) => select(db, keys, "WHERE id = ?1", [id.0.as_bytes()])?,
        EnrollmentKey::Certificate(digest) => {
            let sql =
                "WHERE number = (SELECT enrollment FROM enrollment_certificate WHERE digest = ?1)";
            select(db, keys, sql, [digest.0])?
        }
    };
    Ok(found.into_iter().next())
}

/// The enrollment that has not ended and has that key.
pub(super) fn of_key(db: &Connection, key: KeyDigest) -> Result<Option<EnrollmentId>, StoreError> {
    let sql = "SELECT e.id FROM enrollment_certificate c JOIN enrollment e ON e.number = c.enrollment \
               WHERE c.public_key = ?1 AND e.phase < ?2 LIMIT 1";
    first(db, sql, params![key.0, ENDED], |row| {
        Ok(EnrollmentId(uuid::Uuid::from_bytes(row.get(0)?)))
    })
}

/// How many enrollments of a user's devices are valid at `now`.
pub(super) fn of_user(
    db: &Connection,
    keys: &Keys,
    user: &str,
    now: Timestamp,
) -> Result<u64, StoreError> {
    let sql = "SELECT count(*) FROM enrollment WHERE phase < ?1 AND expires > ?2 AND device IN \
               (SELECT device FROM term_index WHERE kind = ?3 AND term = ?4)";
    let mut count = 0;
    for (_, tag) in device_index::entries(keys, &Term::User(user.to_owned())) {
        let row = params![ENDED, now.0, USER, tag];
        count += unsigned(value::<i64>(db, sql, row)?);
    }
    Ok(count)
}

/// Writes an enrollment of a device, with its certificates.
pub(super) fn put(
    db: &Connection,
    keys: &Keys,
    (number, device): (u64, u64),
    enrollment: &DeviceEnrollment,
) -> Result<(), StoreError> {
    let row = params![
        signed(number),
        enrollment.id.0.as_bytes(),
        signed(device),
        enrollment.phase() as i64,
        i64::from(enrollment.conflict.is_some()),
        enrollment.not_after().0,
        rows::seal(keys, SealContext::Enrollment(number), enrollment)?
    ];
    let sql = "INSERT OR REPLACE INTO enrollment VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    run(db, sql, row)?;
    for certificate in &enrollment.certificates {
        let row = params![certificate.digest.0, certificate.key.0, signed(number)];
        let sql = "INSERT OR IGNORE INTO enrollment_certificate VALUES (?1, ?2, ?3)";
        run(db, sql, row)?;
    }
    Ok(())
}

pub(super) fn update(
    db: &Connection,
    keys: &Keys,
    enrollment: &DeviceEnrollment,
) -> Result<(), StoreError> {
    let sql = "SELECT number, device FROM enrollment WHERE id = ?1";
    let found = first(db, sql, [enrollment.id.0.as_bytes()], |row| {
        Ok((unsigned(row.get(0)?), row.get::<_, i64>(1)?))
    })?;
    let (number, before) = found.ok_or_else(|| StoreError::missing("enrollment"))?;
    // Of a device that was retired only the number is left.
    let device = rows::number_of(db, enrollment.device)?.unwrap_or(before);
    put(db, keys, (number, unsigned(device)), enrollment)?;
    if device != before || enrollment.phase() == Phase::Ended {
        forget(
            db,
            "SELECT number FROM enrollment WHERE device = ?1 AND phase = ?2 ORDER BY number DESC LIMIT -1 OFFSET ?3",
            params![device, ENDED, ENDED_KEPT],
        )?;
    }
    Ok(())
}

/// Deletes the enrollments with the numbers that a query finds.
fn forget(db: &Connection, which: &str, params: impl Params) -> Result<(), StoreError> {
    let numbers: Vec<i64> = all(db, which, params, |row| row.get(0))?;
    for number in numbers {
        let sql = "DELETE FROM enrollment_certificate WHERE enrollment = ?1";
        run(db, sql, [number])?;
        run(db, "DELETE FROM enrollment WHERE number = ?1", [number])?;
    }
    Ok(())
}

/// Deletes the enrollments of a device that is retired.
pub(super) fn retire(db: &Connection, device: i64) -> Result<(), StoreError> {
    forget(
        db,
        "SELECT number FROM enrollment WHERE device = ?1",
        [device],
    )
}

/// The device of an enrollment gave its certificate up.
pub(super) fn end(
    db: &Connection,
    keys: &Keys,
    ending: EnrollmentEnding,
) -> Result<(), StoreError> {
    let Some((_, mut enrollment)) = find(db, keys, EnrollmentKey::Id(ending.enrollment))? else {
        return Ok(());
    };
    enrollment.end(ending.end);
    update(db, keys, &enrollment)
}

pub(super) fn list(
    db: &Connection,
    keys: &Keys,
    filter: &EnrollmentFilter,
    (before, limit): (u64, usize),
) -> Result<Vec<Numbered>, StoreError> {
    let mut values = vec![
        Value::from(signed(before)),
        Value::from(signed(limit as u64)),
    ];
    let mut wanted = vec!["number < ?1".to_owned()];
    let mut by = |sql: &str, value: Value| {
        values.push(value);
        wanted.push(sql.replace("{}", &format!("?{}", values.len())));
    };
    if let Some(phase) = filter.phase {
        by("phase = {}", Value::from(phase as i64));
    }
    if let Some(DeviceId(id)) = filter.device {
        let id = Value::from(id.as_bytes().to_vec());
        by("device = (SELECT number FROM device WHERE id = {})", id);
    }
    if let Some(user) = &filter.user {
        // While the key is changed a user has two tags; a device has one of them.
        let tags = device_index::entries(keys, &Term::User(user.clone()));
        let tags = tags.into_iter().map(|(_, tag)| {
            values.push(Value::from(tag));
            format!("?{}", values.len())
        });
        let tags: Vec<String> = tags.collect();
        let tags = tags.join(", ");
        wanted.push(format!(
            "device IN (SELECT device FROM term_index WHERE kind = {USER} AND term IN ({tags}))"
        ));
    }
    if filter.in_conflict {
        wanted.push("conflict = 1".to_owned());
    }
    let wanted = wanted.join(" AND ");
    let behind = format!("WHERE {wanted} ORDER BY number DESC LIMIT ?2");
    select(db, keys, &behind, params_from_iter(values))
}

pub(super) fn expiring(
    db: &Connection,
    keys: &Keys,
    before: Timestamp,
    (after, number): (Timestamp, u64),
    limit: usize,
) -> Result<Vec<Numbered>, StoreError> {
    let behind = "WHERE phase < 3 AND expires < ?1 AND (expires, number) > (?2, ?3) \
                  ORDER BY expires, number LIMIT ?4";
    let row = params![before.0, after.0, signed(number), signed(limit as u64)];
    select(db, keys, behind, row)
}

/// The enrollments of the device with that number that have not ended.
pub(super) fn open_of(
    db: &Connection,
    keys: &Keys,
    device: u64,
) -> Result<Vec<Numbered>, StoreError> {
    let open = params![signed(device), ENDED];
    select(db, keys, "WHERE device = ?1 AND phase < ?2", open)
}
