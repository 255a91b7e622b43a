//! The session core: one pure step per message. No I/O, no clock, no
//! randomness of its own.
//!
//! [`authenticate`] says who speaks, from the device's row alone; [`choose`]
//! says what a step must see of the device that was proven; [`step`] turns a
//! snapshot and a message into an [`Exchange`]; [`queue`] turns API writes into
//! changes; [`preview`] says what a session would carry. All ask the same
//! policy set in the same way.
//!
//! The order inside a step: open or carry on the session, take the answers,
//! decide and offer, write down.

mod answers;
mod auth_failure;
mod authenticate;
mod availability;
mod bodies;
mod builder;
mod channel;
mod closing;
mod correlate;
mod digest;
mod elements;
pub mod exchange;
mod follow;
mod heard;
mod large;
mod ledger;
mod offer;
mod open;
mod outcome;
pub mod preview;
pub mod queue;
mod read_plan;
mod reply;
mod request;
pub mod server_auth;
mod settle;
mod snapshot;
mod step;
mod told;

pub use auth_failure::AuthFailure;
pub use authenticate::{Authentication, authenticate};
pub(crate) use availability::{Availability, Circumstances, Waits, is_under_way};
pub use exchange::Exchange;
pub(crate) use outcome::{Meaning, meaning_of};
pub use read_plan::choose;
pub use request::{MacClaim, Proof, Request};
pub use server_auth::ServerAuth;
pub use snapshot::{Snapshot, Wanted};
pub use step::{Step, step};

#[cfg(test)]
mod identity_tests;
#[cfg(test)]
mod tests;
