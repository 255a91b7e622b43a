//! Rows to types and back.

use rusqlite::types::ToSqlOutput;
use rusqlite::{Connection, Params, Row, params};
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use super::error::failed;
use super::query::{all, first};
use crate::StoreError;
use crate::seal::{Keys, SealContext};
use modegate_core::command::{CommandBody, Operation, Part};
use modegate_core::device::{Device, DeviceRecord, DeviceState};
use modegate_core::ids::DeviceId;

/// Marks in front of a blob that is not sealed.
pub(super) const CLEAR: u8 = 0;

/// The form of packed rows. The first change of a packed type after a release raises it
/// (a test compares); `older_rows` then reads what the releases before wrote.
pub(super) const FORMAT: i64 = 2;

/// A query for devices, as [`device_row`] reads them.
macro_rules! select {
    ($behind:literal) => {
        concat!(
            "SELECT number, id, record, revision, next_command, state FROM device WHERE ",
            $behind
        )
    };
}

/// Which device.
pub(super) enum Key<'a> {
    Number(u64),
    Id(DeviceId),
    Source(&'a str),
}

pub(super) fn device(
    db: &Connection,
    keys: &Keys,
    key: &Key<'_>,
) -> Result<Option<Device>, StoreError> {
    let (sql, value) = match key {
        Key::Number(number) => (select!("number = ?1"), ToSqlOutput::from(signed(*number))),
        Key::Id(id) => (select!("id = ?1"), ToSqlOutput::from(&id.0.as_bytes()[..])),
        Key::Source(source) => (select!("source = ?1"), ToSqlOutput::from(*source)),
    };
    first(db, sql, [value], |row| Ok(device_row(row, keys)))?.transpose()
}

/// The record of a device.
pub(super) fn record(
    db: &Connection,
    keys: &Keys,
    number: u64,
) -> Result<Option<DeviceRecord>, StoreError> {
    let sql = "SELECT record FROM device WHERE number = ?1";
    let sealed: Option<Vec<u8>> = first(db, sql, [signed(number)], |row| row.get(0))?;
    let sealed = sealed.as_deref();
    let record = sealed.map(|sealed| open(keys, SealContext::Record(number), sealed));
    record.transpose()
}

/// Up to `limit` devices behind that number.
pub(super) fn devices(
    db: &Connection,
    keys: &Keys,
    after: u64,
    limit: usize,
) -> Result<Vec<Device>, StoreError> {
    let sql = select!("number > ?1 ORDER BY number LIMIT ?2");
    let range = params![signed(after), signed(limit as u64)];
    let rows = all(db, sql, range, |row| Ok(device_row(row, keys)))?;
    rows.into_iter().collect()
}

fn device_row(row: &Row<'_>, keys: &Keys) -> Result<Device, StoreError> {
    let number = unsigned(row.get(0).map_err(failed)?);
    let id = DeviceId(Uuid::from_bytes(row.get(1).map_err(failed)?));
    let sealed = blob(row, 2)?;
    let record: DeviceRecord = open(keys, SealContext::Record(number), sealed)?;
    let state = blob(row, 5)?;
    let mut state: DeviceState = unpack(state)?;
    state.revision = unsigned(row.get(3).map_err(failed)?);
    state.next_command = row.get(4).map_err(failed)?;
    Ok(Device {
        number,
        id,
        record,
        state,
    })
}

/// A device that a write is about.
pub(super) fn known_device(
    db: &Connection,
    keys: &Keys,
    id: DeviceId,
) -> Result<Device, StoreError> {
    device(db, keys, &Key::Id(id))?.ok_or(StoreError::NoDevice)
}

/// What `read` finds by the number of a device; nothing where there is no such device.
pub(super) fn of_device<T: Default>(
    db: &Connection,
    device: DeviceId,
    read: impl FnOnce(u64) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    match number_of(db, device)? {
        Some(number) => read(unsigned(number)),
        None => Ok(T::default()),
    }
}

/// The number of a device.
pub(super) fn number_of(db: &Connection, device: DeviceId) -> Result<Option<i64>, StoreError> {
    let sql = "SELECT number FROM device WHERE id = ?1";
    first(db, sql, [device.0.as_bytes()], |row| row.get(0))
}

/// The bytes of a column, where they lie.
pub(super) fn blob<'a>(row: &'a Row<'_>, at: usize) -> Result<&'a [u8], StoreError> {
    let value = row.get_ref(at).map_err(failed)?;
    value.as_blob().map_err(failed)
}

pub(super) fn record_bytes(
    keys: &Keys,
    number: u64,
    record: &DeviceRecord,
) -> Result<Vec<u8>, StoreError> {
    seal(keys, SealContext::Record(number), record)
}

/// A body as stored: sealed as soon as it holds any Data.
pub(super) fn body_bytes(
    keys: &Keys,
    number: u64,
    seq: u32,
    body: &CommandBody,
) -> Result<Vec<u8>, StoreError> {
    fn has_data(operations: &[Operation]) -> bool {
        operations.iter().any(|operation| match operation {
            Operation::Node { data, .. } => data.is_some(),
            Operation::Group(_, children) => has_data(children),
        })
    }
    wrap(
        keys,
        SealContext::Command(number, seq, 0),
        &pack(body)?,
        has_data(&body.operations),
    )
}

/// A part as stored: sealed as soon as it holds any Results Data.
pub(super) fn part_bytes(keys: &Keys, number: u64, part: &Part) -> Result<Vec<u8>, StoreError> {
    let has_data = part.results.iter().any(|result| result.data.is_some());
    wrap(
        keys,
        SealContext::Command(number, part.seq.0, part.part),
        &pack(part)?,
        has_data,
    )
}

fn wrap(
    keys: &Keys,
    place: SealContext,
    plain: &[u8],
    secret: bool,
) -> Result<Vec<u8>, StoreError> {
    if secret {
        return keys.seal(place, plain).map_err(failed);
    }
    Ok([&[CLEAR], plain].concat())
}

/// Reads a part of a command, sealed or not.
pub(super) fn command_part<T: DeserializeOwned>(
    keys: &Keys,
    place: SealContext,
    bytes: &[u8],
) -> Result<T, StoreError> {
    match bytes {
        [CLEAR, plain @ ..] => unpack(plain),
        sealed => open(keys, place, sealed),
    }
}

/// The values of a query for one column of packed values.
pub(super) fn packed<T: DeserializeOwned>(
    db: &Connection,
    sql: &str,
    params: impl Params,
) -> Result<Vec<T>, StoreError> {
    let found = all(db, sql, params, |row| Ok(blob(row, 0).and_then(unpack)))?;
    found.into_iter().collect()
}

/// The numbers and values of a query for rows of a number and a value sealed with it.
pub(super) fn sealed<T: DeserializeOwned>(
    db: &Connection,
    keys: &Keys,
    context: impl Fn(u64) -> SealContext,
    sql: &str,
    params: impl Params,
) -> Result<Vec<(u64, T)>, StoreError> {
    let found = all(db, sql, params, numbered)?.into_iter();
    found
        .map(|(number, sealed)| Ok((number, open(keys, context(number), &sealed)?)))
        .collect()
}

/// A row of a number and of bytes.
pub(super) fn numbered(row: &Row<'_>) -> rusqlite::Result<(u64, Vec<u8>)> {
    Ok((unsigned(row.get(0)?), row.get(1)?))
}

pub(super) fn seal<T: Serialize>(
    keys: &Keys,
    place: SealContext,
    value: &T,
) -> Result<Vec<u8>, StoreError> {
    keys.seal(place, &pack(value)?).map_err(failed)
}

pub(super) fn open<T: DeserializeOwned>(
    keys: &Keys,
    place: SealContext,
    sealed: &[u8],
) -> Result<T, StoreError> {
    unpack(&keys.open(place, sealed).map_err(failed)?)
}

pub(super) fn pack<T: Serialize>(value: &T) -> Result<Vec<u8>, StoreError> {
    postcard::to_stdvec(value).map_err(failed)
}

pub(super) fn unpack<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, StoreError> {
    postcard::from_bytes(bytes).map_err(failed)
}

/// How many rows a table has, and its largest number, 0 if it has none.
pub(super) fn count_and_last(db: &Connection, table: &str) -> Result<(u64, u64), StoreError> {
    let sql = format!("SELECT count(*), coalesce(max(number), 0) FROM {table}");
    let read = |row: &Row<'_>| Ok((unsigned(row.get(0)?), unsigned(row.get(1)?)));
    Ok(first(db, &sql, [], read)?.unwrap_or_default())
}

/// SQLite's integers are signed; ours never come near the sign.
pub(super) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

pub(super) fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::json;
    use sha2::{Digest, Sha256};

    use super::*;
    use modegate_core::ids::{CommandSeq, Source};
    use modegate_core::operations::{BuildContext, Templates, command};
    use modegate_core::session::queue::queue;
    use modegate_core::time::Timestamp;

    /// What this version packs, by its digest: another one is another form.
    #[test]
    fn rows_have_the_form_that_their_number_says() {
        let record = DeviceRecord {
            device_client_id: "c".into(),
            user: Some("u".into()),
            groups: vec!["g".into()],
            ..DeviceRecord::new(
                Source("d".into()),
                modegate_core::context::Family::Windows81,
                Timestamp(1),
            )
        };
        let device = Device {
            number: 1,
            id: DeviceId(Uuid::nil()),
            record: record.clone(),
            state: DeviceState::default(),
        };
        let setting = BuildContext {
            device: None,
            templates: &Templates::default(),
            actor: "a",
            now: Timestamp(2),
            fresh: Uuid::nil(),
        };
        let asked = json!({"type": "eas_policy", "settings": {"MinPasswordLength": 8}});
        let body = command(&asked, &setting).unwrap();
        let state = queue(&device, body.clone()).unwrap().0.state;
        assert_eq!(state.open[0].seq, CommandSeq(1));
        let mut hasher = Sha256::new();
        hasher.update(pack(&record).unwrap());
        hasher.update(pack(&body).unwrap());
        hasher.update(pack(&state).unwrap());
        let digest: String = hasher.finalize()[..8]
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        assert_eq!(
            (FORMAT, digest.as_str()),
            (2, "7b3d95a8e6032c37"),
            "a packed type changed: add fields last with #[serde(default)], write the old number of fields \
             down in older_rows, and pin the new digest"
        );
    }
}
