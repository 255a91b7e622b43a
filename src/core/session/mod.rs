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
pub use server_auth::ServerAuth;
pub use snapshot::{Commit, Snapshot, Wanted};
pub use step::step;

use crate::context::Query;
use crate::device::CertificateDigest;
use crate::policy::PolicySet;
use crate::push::in_force::InForce;
use crate::time::Timestamp;
use modegate_wire::mac::{EntityDigest, Mac};
use modegate_wire::message::Message;

/// What the transport proved of the peer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Proof {
    /// SHA-256 of the client certificate whose key signed the handshake.
    pub certificate: Option<CertificateDigest>,
    /// The certificate's subject CN, where its chain leads to an issuer of `--client-ca`.
    pub trusted_name: Option<String>,
    /// What the header `x-syncml-hmac` claims, if there is one.
    pub mac: Option<MacClaim>,
}

/// A claim that lies beside the message and covers its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MacClaim {
    /// A mac, and the digest of the entity that it must cover.
    Made(Mac, EntityDigest),
    /// Something that is no mac, or none that this server knows: it proves nothing.
    Unusable,
}

/// One request, as the shell hands it to the core.
pub struct Request<'a> {
    /// What the transport proved.
    pub proof: &'a Proof,
    /// Whether a device with nothing recorded is taken by its Source alone.
    pub trust_source: bool,
    /// The raw query string as it is kept on record.
    pub raw_query: &'a str,
    /// The same, read.
    pub query: Query,
    /// The message.
    pub message: &'a Message,
    /// SHA-256 over proof, raw query and body: equal for a retransmission.
    pub digest: [u8; 32],
    /// Now.
    pub now: Timestamp,
    /// The nonce of a device, by its number, for a count of its authentications.
    pub nonce: &'a (dyn Fn(u64, u64) -> [u8; 16] + Sync),
    /// The policy set in force.
    pub policies: &'a PolicySet,
    /// The push profiles in force.
    pub push: &'a InForce,
    /// By what the server proves itself, where it is configured.
    pub server: Option<&'a ServerAuth>,
}

/// What a step comes to.
#[derive(Debug)]
pub enum Step {
    /// Not this device: HTTP 403, nothing to record here.
    Forbidden,
    /// The device's latest message again: the kept reply goes again.
    Replay,
    /// A challenge: nothing to record, whoever sent this is a stranger still.
    Challenge(Box<Message>),
    /// An exchange: to be made durable before its reply leaves.
    Exchange(Box<Exchange>),
}

#[cfg(test)]
mod identity_tests;
#[cfg(test)]
mod tests;
