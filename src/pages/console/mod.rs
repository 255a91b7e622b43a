//! Pages for operators and auditors.

pub mod home;
