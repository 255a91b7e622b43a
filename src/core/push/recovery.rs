//! How a phone whose channel has ended comes back (KB 3170699).
//!
//! A Windows Phone 8.1 renews its channel 15 days before its end and stops trying when
//! that has passed. Then only the server helps: it sets a new PFN, which unregisters the
//! old one and asks for a URI anew. Each such set is an attempt, and what it is to bring
//! is a URI that was not seen before: the next attempt waits for that.

use serde::{Deserialize, Serialize};

use crate::context::Family;
use crate::named::named;
use crate::push::channel::{Channel, ChannelState, SET_PAUSE_MOST_MS, SET_PAUSE_MS};
use crate::push::pause;
use crate::time::Timestamp;

/// What only the user of a phone can do (KB 3170699).
pub const ADVICE: &str = "the phone has no channel that works and may not get one by itself: \
                          connect the phone to the Internet, so that it reaches this server and \
                          WNS, and have its user press the manual sync button of the workspace \
                          (KB 3170699); in that session the server sets the PFN again";

/// What each attempt is to bring, in words.
pub const EFFECT: &str = "a channel URI that was not seen before";

/// Attempts, one soon after the other, that do not wait.
const PROMPT: u32 = 2;
/// DMClient's Push/Status for a URI that has expired.
pub const URI_EXPIRED: u16 = 5;

named! {
    /// Why a phone's channel is to be recovered.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
    #[serde(rename_all = "snake_case")]
    pub enum RecoveryReason {
        /// WNS answered 404 or 410.
        Gone = "gone",
        /// The device reports Push/Status 5.
        StatusExpired = "status_expired",
        /// Its 30 days have passed.
        Expired = "expired",
        /// A set brought no URI that was not seen before.
        NoEffect = "no_effect",
    }
}

impl RecoveryReason {
    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            RecoveryReason::Gone => "WNS does not know the channel any more (404 or 410)",
            RecoveryReason::StatusExpired => "the device reports that its channel URI has expired",
            RecoveryReason::Expired => "the channel was not renewed within 30 days",
            RecoveryReason::NoEffect => "setting the PFN brought no new channel URI",
        }
    }
}

/// The recovery of a phone's channel, the latest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recovery {
    /// Why it began, or goes on.
    pub reason: RecoveryReason,
    /// Since when.
    pub since: Timestamp,
    /// Sets that went out for it.
    pub attempts: u32,
    /// Until when the effect of the latest is waited for.
    pub wait_until: Option<Timestamp>,
    /// When a new URI came.
    pub ended_at: Option<Timestamp>,
}

impl Recovery {
    /// Whether it is under way.
    pub fn is_open(&self) -> bool {
        self.ended_at.is_none()
    }

    /// What an earlier one becomes where the channel is in trouble for `reason` now: it
    /// goes on if it is open, or ended so recently that its effect did not last. `None`
    /// while the effect of its latest attempt is waited for.
    pub(crate) fn after(
        earlier: Option<Recovery>,
        reason: RecoveryReason,
        now: Timestamp,
    ) -> Option<Recovery> {
        let waits = |recovery: &Recovery| recovery.wait_until.is_some_and(|until| now < until);
        let goes_on = earlier.filter(|earlier| earlier.is_open() || waits(earlier));
        let Some(earlier) = goes_on else {
            return Some(Recovery {
                reason,
                since: now,
                attempts: 0,
                wait_until: None,
                ended_at: None,
            });
        };
        // That WNS or the device calls the new URI dead is an answer; silence is waited out.
        let is_answered = reason != RecoveryReason::NoEffect && earlier.attempts < PROMPT;
        (is_answered || !waits(&earlier)).then_some(Recovery {
            reason,
            ended_at: None,
            ..earlier
        })
    }

    /// With one attempt more, whose effect is waited for from now on.
    pub(crate) fn attempted(self, now: Timestamp) -> Recovery {
        let attempts = self.attempts.saturating_add(1);
        let wait = pause::growing(SET_PAUSE_MS, attempts, SET_PAUSE_MOST_MS);
        Recovery {
            attempts,
            wait_until: Some(now.plus_ms(wait)),
            ..self
        }
    }
}

/// What is wrong with a phone's channel that a set of another PFN may mend, the pauses
/// aside; `status` is its Push/Status as last read.
pub fn trouble(channel: &Channel, status: Option<u16>, now: Timestamp) -> Option<RecoveryReason> {
    let is_over = channel.expires_at().is_some_and(|end| end <= now);
    let was_set = channel.set_attempts > 0;
    match channel.state {
        ChannelState::Dead if status == Some(URI_EXPIRED) => Some(RecoveryReason::StatusExpired),
        ChannelState::Dead => Some(RecoveryReason::Gone),
        ChannelState::Expired => Some(RecoveryReason::Expired),
        _ if is_over => Some(RecoveryReason::Expired),
        ChannelState::Refreshing if channel.was_set_in_vain() => Some(RecoveryReason::NoEffect),
        ChannelState::SetFailed => Some(RecoveryReason::NoEffect),
        ChannelState::NeedsSet | ChannelState::SetSent | ChannelState::AwaitingUri if was_set => {
            Some(RecoveryReason::NoEffect)
        }
        _ => None,
    }
}

/// What the user of a phone can do about its channel, where nothing can be sent to it.
pub fn advice(
    family: Family,
    channel: Option<&Channel>,
    status: Option<u16>,
    now: Timestamp,
) -> Option<&'static str> {
    let channel = channel.filter(|_| family == Family::WindowsPhone81)?;
    let is_stuck = !channel.may_send(now) && trouble(channel, status, now).is_some();
    is_stuck.then_some(ADVICE)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    const HOUR: i64 = 60 * 60 * 1000;
    const NOW: Timestamp = Timestamp(1_000_000);

    #[test]
    fn each_attempt_waits_for_its_effect_and_longer_each_time() {
        let mut recovery = Recovery::after(None, RecoveryReason::NoEffect, NOW).unwrap();
        let (mut now, mut hours) = (NOW, Vec::new());
        for _ in 0..5 {
            recovery = recovery.attempted(now);
            let until = recovery.wait_until.unwrap();
            let early = until.plus_ms(-1);
            let next = Recovery::after(Some(recovery), RecoveryReason::NoEffect, early);
            assert_eq!(next, None);
            hours.push(until.ms_since(now) / HOUR);
            now = until;
            recovery = Recovery::after(Some(recovery), RecoveryReason::NoEffect, now).unwrap();
        }
        assert_eq!(hours, [20, 40, 80, 160, 168]);
        assert_eq!((recovery.attempts, recovery.since), (5, NOW));
    }

    #[test]
    fn a_new_uri_that_is_dead_at_once_does_not_begin_the_count_anew() {
        let gone = RecoveryReason::Gone;
        let first = Recovery::after(None, gone, NOW).unwrap().attempted(NOW);
        let ended = Recovery {
            ended_at: Some(NOW),
            ..first
        };
        let second = Recovery::after(Some(ended), gone, NOW).unwrap();
        assert_eq!((second.attempts, second.ended_at), (1, None));
        let ended = Recovery {
            ended_at: Some(NOW),
            ..second.attempted(NOW)
        };
        assert_eq!(Recovery::after(Some(ended), gone, NOW), None);
        // One that lasted does.
        let later = NOW.plus_ms(41 * HOUR);
        assert_eq!(
            Recovery::after(Some(ended), gone, later).unwrap().attempts,
            0
        );
    }
}
