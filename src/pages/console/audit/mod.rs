//! The auditor's views of the log.

pub mod entry;
pub mod exports;
pub mod list;
pub mod reports;
pub mod statement;
pub mod verify;
