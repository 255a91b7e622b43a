//! What the benches over HTTP share: a server in a process of its own, an echo
//! of the same bytes, simulated tablets by hand, and what the system says of a
//! process. Each bench uses its part.
#![allow(dead_code)]

pub(crate) mod browser;
pub(crate) mod client;
pub(crate) mod echo;
pub(crate) mod fill;
pub(crate) mod lists;
pub(crate) mod log;
pub(crate) mod machine;
pub(crate) mod server;
pub(crate) mod site;
#[path = "../../tests/suite/support/syncml.rs"]
pub(crate) mod syncml;
pub(crate) mod tablet;
pub(crate) mod visitors;
pub(crate) mod web_fleet;
