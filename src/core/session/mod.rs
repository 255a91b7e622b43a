//! The session core: one pure step per message. No I/O, no clock, no
//! randomness of its own.
//!
//! [`authenticate`] says who speaks, from the device's row alone; [`plan_read`]
//! says what a step must see of the device that was proven; [`step`] turns a
//! snapshot and a message into an [`Exchange`]; [`queue`] turns API writes into
//! changes; [`preview`] says what a session would carry. All ask the same
//! policy set in the same way.
//!
//! The order inside a step: open or carry on the session, take the answers,
//! decide and offer, write down.

mod alerts;
mod answer_room;
mod answers;
mod authenticate;
mod availability;
mod bodies;
mod builder;
mod channel;
mod channel_report;
mod closing;
mod correlate;
mod dev_info;
mod digest;
mod elements;
mod enrollment;
mod event_recorder;
pub mod exchange;
mod family;
mod follow;
mod interactive;
mod keep_alive;
mod large;
mod offer;
mod open;
mod outcome;
mod passing_errors;
mod poll_watch;
pub mod preview;
pub mod queue;
mod read_plan;
mod reply;
mod request;
mod result_collector;
mod schedule_read;
mod secrets;
pub mod server_auth;
mod settle;
mod snapshot;
mod step;

pub use authenticate::{Authentication, authenticate};
pub(crate) use availability::{Availability, Circumstances, Waits, is_under_way};
pub use enrollment::{end_enrollment, is_enrolled_anew, revoke_enrollment};
pub use exchange::Exchange;
pub use family::{FamilyInUse, leave_family};
pub(crate) use offer::set_before;
pub(crate) use outcome::{Meaning, meaning_of};
pub use read_plan::plan_read;
pub use request::{ClientEvidence, MacClaim, Request};
pub use server_auth::ServerAuth;
pub use snapshot::{ReadPlan, Snapshot};
pub use step::{Over, Step, step};

#[cfg(test)]
mod identity_tests;
#[cfg(test)]
mod tests;
