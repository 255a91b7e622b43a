//! The console.

pub(super) mod devices;
pub(super) mod home;
pub(super) mod jump;
