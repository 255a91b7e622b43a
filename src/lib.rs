//! `modegate`: the OMA DM backend that Windows 8.1 tablets sync with.

pub mod classify;
pub mod clock;
pub mod context;
pub mod ids;
pub mod kind;
pub mod limits;
pub mod policy;
pub mod sim;
pub mod wire;
