//! A wake: the wish that a device starts a session, and what became of it.
//!
//! Wishes for one device are one wake. WNS never tells whether a notification
//! arrived, so a wake is answered by a session and by nothing else, and it has
//! an end: after it the device's own schedule takes over, for which everything
//! stays queued.

mod machine;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use crate::named::named;
use crate::push::answer::RetryKind;
use crate::push::pause;
use crate::push::rate::{Bucket, Rate};
use crate::time::Timestamp;

pub use machine::{Event, Transition, next};

const SECOND_MS: i64 = 1_000;
const MINUTE_MS: i64 = 60 * SECOND_MS;

/// How long WNS may keep a notification for a device that is not connected
/// (`X-WNS-TTL`), seconds: long enough for a tablet in a bag, short enough that
/// the nightly session does not come first.
pub const TTL_S: u32 = 60 * 60;
/// How long after an accepted notification a session is waited for,
/// milliseconds: the TTL, and what a tablet needs to begin.
pub(crate) const SESSION_WAIT_MS: i64 = TTL_S as i64 * SECOND_MS + 5 * MINUTE_MS;
/// How many notifications one device gets: a few at once for a user who picks
/// one app after another, then one a minute. WNS keeps one per channel, and a
/// session takes all that waits.
pub(crate) const RATE: Rate = Rate {
    burst: 4,
    every_ms: MINUTE_MS as u32,
};
/// A wake that is older than this is given up, milliseconds.
pub const LIFE_MS: i64 = 6 * 60 * MINUTE_MS;

named! {
    /// Where a wake stands.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
    #[serde(rename_all = "snake_case")]
    pub enum WakeState {
        /// A notification is to be sent, not before its time.
        Wanted = "wanted",
        /// It is on its way to WNS.
        Sending = "sending",
        /// WNS has it; a session is waited for.
        Accepted = "accepted",
        /// A session came.
        Answered = "answered",
        /// None came in time.
        Unanswered = "unanswered",
        /// It could not be sent.
        Failed = "failed",
        /// It left, and WNS did not say whether it took it; a session is waited for.
        Unconfirmed = "unconfirmed",
    }
}

impl WakeState {
    /// Whether nothing more comes of it.
    pub fn is_final(self) -> bool {
        matches!(
            self,
            WakeState::Answered | WakeState::Unanswered | WakeState::Failed
        )
    }
}

/// Why a wake failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// The device has no channel that may be sent to, or lost it meanwhile.
    NoChannel,
    /// The profile may not send: refused credentials, or blocked.
    Profile,
    /// Token and channel are of different apps.
    ChannelRefused,
    /// WNS dropped the notification, or said nothing that is understood.
    Dropped,
    /// This server's request was wrong.
    Fault,
    /// Every attempt failed, or the next one would come too late.
    GaveUp,
}

impl Why {
    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Why::NoChannel => "the device has no channel that may be sent to",
            Why::Profile => "its push profile may not send: an operator must act",
            Why::ChannelRefused => "WNS reports that token and channel belong to different apps",
            Why::Dropped => "WNS dropped the notification",
            Why::Fault => "WNS found fault with this server's request",
            Why::GaveUp => "no attempt succeeded in time",
        }
    }
}

/// A wake of one device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wake {
    /// Where it stands.
    pub state: WakeState,
    /// When it was first wished for.
    pub wanted_at: Timestamp,
    /// Wishes that came together in it.
    pub requests: u32,
    /// Notifications tried.
    pub attempts: u32,
    /// `Wanted`: not sent before this. `Sending`: given up as lost after this.
    /// `Accepted`, `Unconfirmed`: the end of waiting.
    pub due_at: Timestamp,
    /// When the last notification left.
    pub sent_at: Option<Timestamp>,
    /// Why it failed, when it did.
    pub why: Option<Why>,
    /// What is left of [`RATE`], over all wakes of the device.
    pub bucket: Bucket,
    /// Whether WNS said that it took the last notification.
    #[serde(default)]
    pub taken: bool,
    /// Whether somebody asked for the session itself, not only for a command to go.
    #[serde(default)]
    pub asked: bool,
}

impl Wake {
    /// When the notification left that WNS took, if it said so. In rows of 0.1.0 only the
    /// state says it.
    pub fn taken_at(&self) -> Option<Timestamp> {
        let taken = self.taken || self.state == WakeState::Accepted;
        self.sent_at.filter(|_| taken)
    }
}

/// When to try again, or `None` when it is not worth it.
///
/// Pauses double from a base that depends on the kind, up to a bound, less a
/// random part of up to a half, so that many devices do not come back at once.
/// What WNS asked for is never undercut, and gets a random tenth on top.
/// `attempt` counts from 1: the one that just failed. `random` is any number.
pub(crate) fn next_attempt(
    kind: RetryKind,
    attempt: u32,
    asked_ms: Option<i64>,
    now: Timestamp,
    random: u32,
) -> Option<Timestamp> {
    let (base, most, attempts) = match kind {
        RetryKind::Network => (5 * SECOND_MS, 10 * MINUTE_MS, 8),
        RetryKind::Server => (30 * SECOND_MS, 30 * MINUTE_MS, 5),
        RetryKind::Throttled => (MINUTE_MS, 60 * MINUTE_MS, 5),
        RetryKind::Token => (MINUTE_MS, 10 * MINUTE_MS, 3),
    };
    if attempt >= attempts {
        return None;
    }
    let own = pause::growing(base, attempt, most);
    let own = own - share(own / 2, random);
    let wait = match asked_ms {
        Some(asked) if asked > LIFE_MS => return None,
        Some(asked) => own.max(asked + share(asked / 10, random)),
        None => own,
    };
    Some(now.plus_ms(wait))
}

/// A random part of `whole`, which is not negative.
fn share(whole: i64, random: u32) -> i64 {
    let part = i128::from(whole) * i128::from(random) / i128::from(u32::MAX);
    i64::try_from(part).unwrap_or(whole)
}
