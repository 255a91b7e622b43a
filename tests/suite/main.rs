//! Behaviour, shown through the outside: a real process, real HTTP, a real database.
#![allow(
    clippy::too_many_lines,
    clippy::unwrap_used,
    missing_docs,
    unreachable_pub
)]

mod api;
mod audit;
mod browser;
mod cli;
mod compliance;
mod data;
mod docs;
mod enrollment;
mod pages;
mod push;
mod server;
mod siem;
mod store;
mod support;
mod sync;
mod tls;
mod wire;
mod world;

// What nearly every test uses, by a short path.
use support::{files, harness, program, receiver, records, syncml, tools, wait};
