//! The auditor's views of the log.

pub mod entry;
pub mod list;
