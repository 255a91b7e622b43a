//! Simulated MDMAgents: independent clients of any server.
//!
//! They read XML with another library, write it themselves and decide nothing
//! with the server's code. A tablet refuses what its mode cannot do, as the
//! real one would, and notes every breach of the protocol that it sees, so
//! that a wrong delivery shows ([`Violation`]).
#![cfg_attr(test, allow(clippy::disallowed_methods, clippy::too_many_lines))]

pub mod enroll;
pub mod mock_wns;

mod ability;
mod address;
mod answer;
mod arguments;
mod behaviour;
mod classes;
mod cli;
mod cli_enroll;
mod csp;
mod dialect;
mod enrollments;
mod extent;
mod fleet;
mod jobs;
mod message;
mod methods;
mod outcome;
mod outside;
mod phone;
mod phone_nodes;
mod poll_nodes;
mod proof;
mod registrar;
mod report;
mod schema;
mod secret;
mod state_dir;
mod tablet;
#[cfg(test)]
mod tests;
mod transport;
mod tree;
mod wbxml;

pub use cli::{SimulateArgs, simulate};
pub use fleet::{FleetBehaviour, FleetOptions, FleetReport, run as run_fleet};
pub use jobs::{JobStage, JobState};
pub use proof::{Credentials, ServerCredentials};
pub use report::{Received, SessionReport, Violation};
pub use schema::{MethodSchema, PropertySchema, mdm_methods, mdm_properties, windows10_properties};
pub use secret::Secret;
pub use tablet::{Tablet, Trigger};
pub use transport::{ClientIdentity, SimError, Transport, https_client};
