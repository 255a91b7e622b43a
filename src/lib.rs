//! `modegate`: the OMA DM backend that Windows 8.1 tablets sync with.

pub mod classify;
pub mod cli;
pub mod clock;
pub mod command;
pub mod context;
pub mod demo;
pub mod device;
pub mod event;
pub mod fields;
pub mod http;
pub mod ids;
pub mod inventory;
pub mod kind;
pub mod limits;
pub mod operations;
pub mod policy;
pub mod rotation;
pub mod secret;
pub mod serve;
pub mod session;
pub mod sim;
pub mod store;
pub mod way;
pub mod wire;
