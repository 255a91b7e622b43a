//! The files of policy sets, by digest.

use rusqlite::{Connection, OptionalExtension, params};

use super::error::failed;
use super::rows;
use crate::StoreError;

/// Keeps the files (name and text) of a set, if they are not kept already.
pub(super) fn keep(
    db: &Connection,
    digest: &str,
    files: &[(String, String)],
) -> Result<(), StoreError> {
    let files = rows::pack(&files)?;
    let sql = "INSERT OR IGNORE INTO policy_set VALUES (?1, ?2)";
    db.execute(sql, params![digest, files])
        .map(drop)
        .map_err(failed)
}

pub(super) fn one(
    db: &Connection,
    digest: &str,
) -> Result<Option<Vec<(String, String)>>, StoreError> {
    let files: Option<Vec<u8>> = db
        .query_row(
            "SELECT files FROM policy_set WHERE digest = ?1",
            [digest],
            |row| row.get(0),
        )
        .optional()
        .map_err(failed)?;
    files.map(|files| rows::unpack(&files)).transpose()
}
