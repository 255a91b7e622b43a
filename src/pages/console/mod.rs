//! Pages for operators and auditors.

pub mod devices;
pub mod home;
