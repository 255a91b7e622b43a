//! The console.

pub(super) mod home;
