//! What the audit log says about itself and about decisions: the types of events with their
//! fields, every recorded decision decided again, the statement of the Machine mode, the report
//! for auditors, the files that go with an export, and the verifier of a whole log. Pure: whoever calls it reads the
//! files.

pub mod device_part;
pub mod event_types;
pub mod manifest;
pub mod period_statement;
pub mod policy_file;
pub mod replay;
pub mod report;
pub mod statement;
pub mod verify;
