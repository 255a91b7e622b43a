//! The indexes by which devices are found: written with the device, filled for those that
//! were there before, and anew where users' names are to be kept otherwise.

use rusqlite::{Connection, params};

use super::error::failed;
use super::query::{all, first, run};
use super::rows::{self, signed};
use crate::StoreError;
use crate::fleet::{Term, UserIndex};
use crate::seal::{Keys, SealContext};
use modegate_core::device::DeviceRecord;
use modegate_core::fleet::{DeviceFlag, fold};

/// The kinds of `term_index`.
pub(super) const USER: i64 = 1;
pub(super) const GROUP: i64 = 2;
pub(super) const FAMILY: i64 = 3;
pub(super) const FLAG: i64 = 4;

/// Devices filled in in one transaction.
const FILL: u64 = 2_048;

/// A kind and a term, as the table has them.
pub(super) type Entry = (i64, Vec<u8>);

/// The entries of a term: a user has another while the key is changed.
pub(super) fn entries(keys: &Keys, term: &Term) -> Vec<Entry> {
    match term {
        Term::User(user) => {
            let tags = keys.name_tags(&fold(user)).into_iter();
            tags.map(|tag| (USER, tag.to_vec())).collect()
        }
        Term::Group(group) => vec![(GROUP, group.clone().into_bytes())],
        Term::Family(family) => vec![(FAMILY, family.name().into())],
        Term::Flag(flag) => vec![flag_entry(*flag)],
    }
}

pub(super) fn flag_entry(flag: DeviceFlag) -> Entry {
    (FLAG, flag.name().into())
}

/// What a record is found by: its names, and its terms.
fn of_record(keys: &Keys, record: &DeviceRecord, users: UserIndex) -> (Vec<String>, Vec<Entry>) {
    let user = record.user.as_deref().map(fold);
    let mut names = vec![fold(&record.source.0)];
    let mut terms = vec![(FAMILY, record.family.name().into())];
    terms.extend(
        record
            .groups
            .iter()
            .map(|group| (GROUP, group.clone().into_bytes())),
    );
    if let Some(user) = user {
        terms.push((USER, keys.name_tag(&user).to_vec()));
        if users == UserIndex::Prefix {
            names.push(user);
        }
    }
    (names, terms)
}

/// The names by which a device is found.
pub(super) fn names(db: &Connection, keys: &Keys, number: u64) -> Result<Vec<String>, StoreError> {
    let record = rows::record(db, keys, number)?;
    let users = users(db)?;
    Ok(record.map_or_else(Vec::new, |record| of_record(keys, &record, users).0))
}

/// Writes what a device is found by.
pub(super) fn put(
    db: &Connection,
    keys: &Keys,
    number: u64,
    record: &DeviceRecord,
) -> Result<(), StoreError> {
    let (names, terms) = of_record(keys, record, users(db)?);
    for name in names {
        let sql = "INSERT OR IGNORE INTO name_index VALUES (?1, ?2)";
        run(db, sql, params![name, signed(number)])?;
    }
    for (kind, term) in terms {
        let sql = "INSERT OR IGNORE INTO term_index VALUES (?1, ?2, ?3)";
        run(db, sql, params![kind, term, signed(number)])?;
    }
    Ok(())
}

/// Writes what a device is found by after its record was changed. Most changes move nothing
/// of that.
pub(super) fn change(
    db: &Connection,
    keys: &Keys,
    number: u64,
    before: &DeviceRecord,
    after: &DeviceRecord,
) -> Result<(), StoreError> {
    let users = users(db)?;
    if of_record(keys, before, users) == of_record(keys, after, users) {
        return Ok(());
    }
    remove(db, keys, number, before)?;
    put(db, keys, number, after)
}

/// Deletes what a device was found by with this record; its flags stay.
fn remove(
    db: &Connection,
    keys: &Keys,
    number: u64,
    record: &DeviceRecord,
) -> Result<(), StoreError> {
    let (names, mut terms) = of_record(keys, record, UserIndex::Prefix);
    for name in names {
        let sql = "DELETE FROM name_index WHERE (name, device) = (?1, ?2)";
        run(db, sql, params![name, signed(number)])?;
    }
    let user = record.user.iter().cloned().map(Term::User);
    terms.extend(user.flat_map(|user| entries(keys, &user)));
    remove_terms(db, number, terms)
}

/// The same with its flags: the device is gone.
pub(super) fn remove_all(
    db: &Connection,
    keys: &Keys,
    number: u64,
    record: &DeviceRecord,
) -> Result<(), StoreError> {
    remove(db, keys, number, record)?;
    remove_terms(db, number, DeviceFlag::ALL.map(flag_entry))
}

fn remove_terms(
    db: &Connection,
    number: u64,
    terms: impl IntoIterator<Item = Entry>,
) -> Result<(), StoreError> {
    for (kind, term) in terms {
        let sql = "DELETE FROM term_index WHERE (kind, term, device) = (?1, ?2, ?3)";
        run(db, sql, params![kind, term, signed(number)])?;
    }
    Ok(())
}

/// Whether users' names are kept in clear.
fn users(db: &Connection) -> Result<UserIndex, StoreError> {
    let sql = "SELECT users_in_clear FROM index_state";
    let in_clear: Option<i64> = first(db, sql, [], |row| row.get(0))?;
    Ok(match in_clear {
        Some(1) => UserIndex::Prefix,
        _ => UserIndex::Sealed,
    })
}

/// Has all devices filled in anew, at the next start.
pub(super) fn refill(db: &Connection) -> Result<(), StoreError> {
    run(db, "DELETE FROM name_index", [])?;
    run(db, "DELETE FROM term_index WHERE kind <> ?1", [FLAG])?;
    run(db, "UPDATE index_state SET filled_to = 0", [])
}

/// Fills in the devices that are not yet, some in each transaction: what ends halfway goes on
/// from there at the next start. Where users' names are kept otherwise than is asked, all
/// are filled in anew.
pub(super) fn fill(
    db: &Connection,
    keys: &Keys,
    asked: Option<UserIndex>,
) -> Result<(), StoreError> {
    let before = users(db)?;
    let asked = asked.unwrap_or(before);
    if before != asked {
        let transaction = db.unchecked_transaction().map_err(failed)?;
        refill(&transaction)?;
        let in_clear = i64::from(asked == UserIndex::Prefix);
        let sql = "UPDATE index_state SET users_in_clear = ?1";
        run(&transaction, sql, [in_clear])?;
        transaction.commit().map_err(failed)?;
    }
    let mut filled = 0;
    while let Some(count) = fill_some(db, keys)? {
        filled += count;
        if count > 0 && filled % (16 * FILL) < count {
            tracing::info!(devices = filled, "indexing the devices of this database");
        }
    }
    if filled > 0 {
        tracing::info!(devices = filled, "indexed the devices of this database");
    }
    Ok(())
}

/// Fills in the next devices; how many they were, `None` once all are.
fn fill_some(db: &Connection, keys: &Keys) -> Result<Option<u64>, StoreError> {
    let sql = "SELECT filled_to FROM index_state";
    let to: Option<Option<i64>> = first(db, sql, [], |row| row.get(0))?;
    let Some(after) = to.flatten() else {
        return Ok(None);
    };
    let transaction = db.unchecked_transaction().map_err(failed)?;
    let sql = "SELECT number, record FROM device WHERE number > ?1 ORDER BY number LIMIT ?2";
    let found = all(
        &transaction,
        sql,
        params![after, signed(FILL)],
        rows::numbered,
    )?;
    for (number, sealed) in &found {
        let record: DeviceRecord = rows::open(keys, SealContext::Record(*number), sealed)?;
        put(&transaction, keys, *number, &record)?;
    }
    let last = found.last().map(|(number, _)| signed(*number));
    run(
        &transaction,
        "UPDATE index_state SET filled_to = ?1",
        [last],
    )?;
    transaction.commit().map_err(failed)?;
    Ok(Some(found.len() as u64))
}
