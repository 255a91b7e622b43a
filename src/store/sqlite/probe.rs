//! Looks at the store from outside the exchanges: whether it works.

use rusqlite::Connection;

use super::error::failed;
use crate::StoreError;

/// Writes the first page as it is. SQLite leaves a row alone that an update does
/// not change, but logs this page all the same: the disk has to take it.
pub(super) fn write(db: &Connection) -> Result<(), StoreError> {
    db.pragma_update(None, "user_version", 0).map_err(failed)
}
