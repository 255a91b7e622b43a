//! What an install looks at: how its command, the wake, the channel and the
//! readings of its job stand.

use super::reading::Reading;
use crate::command::CommandState;
use crate::context::Family;
use crate::device::EnrollmentEnd;
use crate::push::channel::Channel;
use crate::push::wake::Wake;
use crate::time::Timestamp;

/// How the install's command stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandFacts {
    /// Its state at the time of looking.
    pub state: CommandState,
    /// When it came to that, as far as its history tells.
    pub at: Timestamp,
    /// Why, in words.
    pub reason: Option<String>,
    /// When it last went out, where the log tells.
    pub delivered_at: Option<Timestamp>,
}

/// The facts.
#[derive(Debug, Clone)]
pub struct Facts<'a> {
    /// Now.
    pub now: Timestamp,
    /// The device's family.
    pub family: Family,
    /// The command.
    pub command: CommandFacts,
    /// The device's channel.
    pub channel: Option<&'a Channel>,
    /// Its latest wake.
    pub wake: Option<&'a Wake>,
    /// What the readings that ended since brought, if they all ended.
    pub read: Option<Reading>,
    /// Whether readings are under way still.
    pub is_reading: bool,
    /// How the enrollment ended that the install belongs to, if it did.
    pub ended: Option<EnrollmentEnd>,
}
