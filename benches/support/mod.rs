//! What the benches over HTTP share: a server in a process of its own, an echo
//! of the same bytes, simulated tablets by hand, and what the system says of a
//! process. Each bench uses its part.
#![allow(dead_code)]

pub mod client;
pub mod echo;
pub mod fill;
pub mod machine;
pub mod server;
pub mod tablet;
