//! Looks at a database as [`SqliteStore`](super::SqliteStore) would open it, without
//! writing a byte: neither to it nor beside it, where another user's files would keep
//! the server out.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use rusqlite::ErrorCode;

use super::connection::{check_version, key_check, open_unused, wrong_key};
use super::files::DatabaseFiles;
use crate::StoreError;
use crate::seal::Keys;

/// Whether the database at that path can be opened with these keys. What is in its
/// write-ahead log only is not seen, and a server may be writing: what cannot be told
/// is no error.
///
/// # Errors
/// It is no database, is from a newer program, or has another key.
pub fn inspect(path: &Path, keys: Option<Keys>) -> Result<(), StoreError> {
    let files = DatabaseFiles::new(path);
    let database = files.database();
    if !fs::metadata(database).is_ok_and(|meta| meta.len() > 0) {
        return Ok(());
    }
    let db = open_unused(database).map_err(|error| {
        let why = format!("could not open {}: {error}", database.display());
        StoreError::Failed(Arc::from(why))
    })?;
    let sql = "SELECT count(*) FROM sqlite_schema";
    let read = db.query_row(sql, [], |row| row.get::<_, i64>(0));
    if let Err(error) = read {
        let is_other = error.sqlite_error_code() == Some(ErrorCode::NotADatabase);
        let why = format!("{}: not a database", database.display());
        let not_one = || StoreError::Failed(Arc::from(why));
        return if is_other { Err(not_one()) } else { Ok(()) };
    }
    check_version(&db)?;
    match (key_check(&db), keys) {
        (Ok(Some(sealed)), Some(keys)) => keys.numbered(&sealed).map(drop).map_err(wrong_key),
        _ => Ok(()),
    }
}
