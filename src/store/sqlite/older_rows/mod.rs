//! Rows that an earlier version of the program packed, brought up to the form of this one.
//!
//! Packed rows hold fields by their place, without names. A struct grows by fields behind its
//! last one, each with `#[serde(default)]`; how many fields it had before is written down in
//! [`GROWN`]. When a database of an older form is opened, each of its packed rows is read by
//! those numbers and written anew, all in one transaction: it has either form, never both.

mod kept_answers;
mod learned_keys;
mod reader;

use std::sync::Arc;

use rusqlite::Connection;
use rusqlite::types::Value;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::columns::{Column, SEALED, small};
use super::error::failed;
use super::rows::{self, CLEAR};
use super::{connection, query};
use crate::StoreError;
use crate::seal::{Keys, SealContext};
use modegate_core::batch::Batch;
use modegate_core::catalogue::App;
use modegate_core::command::{CommandBody, Part};
use modegate_core::device::{DeviceRecord, DeviceState};
use modegate_core::installs::Install;
use modegate_core::inventory::{Change, Inventory};
use modegate_core::push::record::PushProfile;
use modegate_core::tokens::Token;
use modegate_core::webhooks::Webhook;

/// The name of a struct, and how many fields it had in an older form.
type Length = (&'static str, usize);

/// For each older form, the structs that have grown since, by the number of fields that they
/// had in it.
const GROWN: [(i64, &[Length]); 1] = [(
    1,
    &[
        ("LargeObject", 4),
        ("Wake", 8),
        ("Webhook", 8),
        ("DeviceRecord", 9),
        ("DeviceState", 17),
        ("OpenCommand", 15),
        ("ExecutionOptions", 11),
        ("NodeResult", 4),
        ("Install", 19),
        ("Token", 8),
        ("Channel", 9),
        ("Known", 4),
        ("Notes", 4),
        ("ProfileHealth", 2),
        ("App", 7),
        ("Session", 12),
    ],
)];

/// Reads packed bytes with these lengths and packs what they hold as this version does.
type Repack = fn(&[Value], &[u8], &[Length]) -> Result<Vec<u8>, StoreError>;

/// The packed columns that are not sealed.
const CLEAR_COLUMNS: [(Column, Repack); 3] = [
    (
        Column {
            table: "device",
            name: "state",
            by: &["number"],
        },
        repack::<DeviceState>,
    ),
    (
        Column {
            table: "install",
            name: "body",
            by: &["device", "no"],
        },
        repack::<Install>,
    ),
    (
        Column {
            table: "token",
            name: "body",
            by: &["id"],
        },
        repack::<Token>,
    ),
];

/// What is packed inside a sealed column; `None` where it is plain bytes or text.
fn sealed_repack(column: &Column) -> Option<Repack> {
    match (column.table, column.name) {
        ("device", "record") => Some(repack::<DeviceRecord>),
        ("command", _) => Some(repack_command),
        ("inventory", _) => Some(repack::<Inventory>),
        ("inventory_change", _) => Some(repack::<Change>),
        ("batch", _) => Some(repack::<Batch>),
        ("app", _) => Some(repack::<App>),
        ("webhook", _) => Some(repack::<Webhook>),
        ("push_profile", _) => Some(repack::<PushProfile>),
        _ => None,
    }
}

fn repack<T: DeserializeOwned + Serialize>(
    _: &[Value],
    bytes: &[u8],
    lengths: &[Length],
) -> Result<Vec<u8>, StoreError> {
    rows::pack(&reader::unpack::<T>(bytes, lengths)?)
}

/// A command's part 0 is what was queued, the others are what became of it.
fn repack_command(by: &[Value], bytes: &[u8], lengths: &[Length]) -> Result<Vec<u8>, StoreError> {
    match small(by, 2) {
        0 => repack::<CommandBody>(by, bytes, lengths),
        _ => repack::<Part>(by, bytes, lengths),
    }
}

/// Brings every packed row up to the form of this version, where the database has an older one.
pub(super) fn bring_up(db: &Connection, keys: &Keys) -> Result<(), StoreError> {
    let found = connection::checked_format(db)?;
    let Some((_, lengths)) = GROWN.iter().find(|(format, _)| *format == found) else {
        return Ok(());
    };
    tracing::info!(
        from = found,
        to = rows::FORMAT,
        "rewriting the rows of an earlier version"
    );
    let transaction = db.unchecked_transaction().map_err(failed)?;
    for (column, repack) in &CLEAR_COLUMNS {
        rewrite(&transaction, column, |by, bytes| repack(by, bytes, lengths))?;
    }
    for sealed in &SEALED {
        if let Some(repack) = sealed_repack(&sealed.column) {
            rewrite(&transaction, &sealed.column, |by, bytes| {
                repack_sealed(keys, (sealed.place)(by), bytes, |plain| {
                    repack(by, plain, lengths)
                })
            })?;
        }
    }
    learned_keys::move_to_states(&transaction, keys)?;
    kept_answers::count(&transaction, keys)?;
    query::run(&transaction, "UPDATE format SET rows = ?1", [rows::FORMAT])?;
    transaction.commit().map_err(failed)
}

/// The same for bytes that are sealed for `place`, or marked as not sealed.
fn repack_sealed(
    keys: &Keys,
    place: SealContext,
    bytes: &[u8],
    repack: impl Fn(&[u8]) -> Result<Vec<u8>, StoreError>,
) -> Result<Vec<u8>, StoreError> {
    if let [CLEAR, plain @ ..] = bytes {
        return Ok([&[CLEAR], &repack(plain)?[..]].concat());
    }
    let plain = keys.open(place, bytes).map_err(failed)?;
    let anew = repack(&plain)?;
    if anew == plain {
        return Ok(bytes.to_vec());
    }
    keys.seal(place, &anew).map_err(failed)
}

fn rewrite(
    db: &Connection,
    column: &Column,
    anew: impl Fn(&[Value], &[u8]) -> Result<Vec<u8>, StoreError>,
) -> Result<(), StoreError> {
    let (mut done, of) = (0_u64, column.count(db)?);
    let mut from = column.start();
    loop {
        let found = column.behind(db, &from)?;
        let Some((last, _)) = found.last() else {
            return Ok(());
        };
        from.clone_from(last);
        for (by, bytes) in &found {
            let anew = anew(by, bytes).map_err(|error| unreadable(column, by, &error))?;
            if anew != *bytes {
                column.update(db, by, &anew)?;
            }
        }
        let before = done;
        done += found.len() as u64;
        if before / REPORTED != done / REPORTED {
            tracing::info!(table = column.table, done, of, "rewriting rows");
        }
    }
}

fn unreadable(column: &Column, by: &[Value], error: &StoreError) -> StoreError {
    StoreError::Failed(Arc::from(format!(
        "could not rewrite {}.{} at {:?}: {error}; nothing was changed: restore a backup, or run the \
         version that wrote the database",
        column.table, column.name, by
    )))
}

/// After so many rows, how far the rewriting has come is reported.
const REPORTED: u64 = 100_000;
