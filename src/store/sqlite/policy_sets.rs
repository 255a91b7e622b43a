//! The files of policy sets, by digest.

use rusqlite::{Connection, params};

use super::query::run;
use super::rows;
use crate::StoreError;

/// Keeps the files (name and text) of a set, if they are not kept already.
pub(super) fn keep(
    db: &Connection,
    digest: &str,
    files: &[(String, String)],
) -> Result<(), StoreError> {
    let sql = "INSERT OR IGNORE INTO policy_set VALUES (?1, ?2)";
    run(db, sql, params![digest, rows::pack(&files)?])
}

pub(super) fn one(
    db: &Connection,
    digest: &str,
) -> Result<Option<Vec<(String, String)>>, StoreError> {
    let sql = "SELECT files FROM policy_set WHERE digest = ?1";
    Ok(rows::packed(db, sql, [digest])?.pop())
}
