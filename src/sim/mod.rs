//! Simulated MDMAgents: independent clients of any server.
//!
//! They read XML with another library, write it themselves and decide nothing
//! with the server's code. A tablet refuses what its mode cannot do, as the
//! real one would, and notes every breach of the protocol that it sees, so
//! that a wrong delivery shows ([`Violation`]).

mod ability;
mod cli;
mod fleet;
mod message;
mod session;
mod tablet;
mod transport;
mod tree;

pub use cli::{SimulateArgs, simulate};
pub use fleet::{FleetOptions, FleetReport, run as run_fleet};
pub use session::{Received, SessionReport, Violation};
pub use tablet::{Credentials, Tablet, Trigger};
pub use transport::{ClientIdentity, SimError, Transport, https_client};
