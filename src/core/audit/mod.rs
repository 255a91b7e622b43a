//! What the audit log says about itself and about decisions: the types of events with their
//! fields, every recorded decision decided again, and what the log states of the Machine
//! mode. Pure: whoever calls it reads the files.

pub mod replay;
pub mod statement;
