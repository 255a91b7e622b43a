//! What the tests have in common: a server to drive, and waiting for what it does.

pub mod files;
pub mod harness;
pub mod program;
pub mod receiver;
pub mod records;
pub mod syncml;
pub mod tools;
pub mod wait;
