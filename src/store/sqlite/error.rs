//! Errors of SQLite as the store's.

use std::fmt::Display;
use std::sync::Arc;

use rusqlite::ErrorCode;

use crate::StoreError;

/// An error of SQLite's (or around it) as the store's.
pub(super) fn failed(error: impl Display + 'static) -> StoreError {
    let text: Arc<str> = Arc::from(error.to_string());
    let any: &dyn std::any::Any = &error;
    let code = any
        .downcast_ref::<rusqlite::Error>()
        .and_then(rusqlite::Error::sqlite_error_code);
    match code {
        Some(
            ErrorCode::DiskFull
            | ErrorCode::ReadOnly
            | ErrorCode::SystemIoFailure
            | ErrorCode::CannotOpen,
        ) => StoreError::Unwritable(text),
        _ => StoreError::Failed(text),
    }
}
