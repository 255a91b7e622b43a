//! What an event says of a channel, after it was held against what is known.

use super::known::Known;
use super::table::Signal;
use super::{Channel, ChannelState, Event, Holder, REMEMBERED};
use crate::context::Family;
use crate::push::address::UriDigest;
use crate::push::answer::WnsVerdict;
use crate::time::Timestamp;

impl Channel {
    /// Holds an event against what is known, and keeps what it teaches. `None`: it says
    /// nothing of this channel.
    pub(super) fn learn(&mut self, event: Event, family: Family, now: Timestamp) -> Option<Signal> {
        Some(match event {
            Event::Session if self.may_be_set(now) => Signal::SessionDue,
            Event::Session => {
                self.unanswered |= self.state == ChannelState::SetSent;
                Signal::SessionEarly
            }
            Event::SetDelivered => Signal::Delivered,
            Event::SetStatus(200 | 202) => Signal::SetOk,
            Event::SetStatus(418) if self.may_turn(family) => Signal::SetExists,
            Event::SetStatus(404) if self.may_turn(family) => Signal::SetMissing,
            Event::SetStatus(_) => Signal::SetRefused,
            Event::SetSilent => {
                self.unanswered = true;
                Signal::SetSilent
            }
            Event::PfnRead { ours: true } => {
                self.holder = Holder::Ours;
                return None;
            }
            Event::PfnRead { ours: false } => {
                (self.holder, self.set_by_us) = (Holder::Foreign, false);
                Signal::PfnForeign
            }
            Event::UriRead { digest, expires_at } => self.read(digest, expires_at, now)?,
            Event::UriAbsent => Signal::UriAbsent,
            Event::NotConfigured => Signal::NotConfigured,
            Event::NotRegistered => {
                self.register_anew = true;
                Signal::NotRegistered
            }
            Event::Wns(digest, verdict) => self.verdict(digest, verdict)?,
            Event::Time => self.age(family, now)?,
            Event::PfnChanged => Signal::PfnChanged,
        })
    }

    /// Whether the set may be sent by the other verb. UpdateConfiguration has none: sent
    /// again it would be the same.
    fn may_turn(&self, family: Family) -> bool {
        !self.turned && family != Family::Windows81
    }

    fn verdict(&mut self, digest: UriDigest, verdict: WnsVerdict) -> Option<Signal> {
        if verdict == WnsVerdict::Gone {
            self.bury(digest);
        }
        if self.uri != Some(digest) {
            return None;
        }
        self.refused = verdict == WnsVerdict::Refused;
        Some(match verdict {
            WnsVerdict::Taken => Signal::Taken,
            WnsVerdict::Gone => Signal::Gone,
            WnsVerdict::Refused => Signal::Refused,
        })
    }

    fn read(
        &mut self,
        digest: UriDigest,
        reported: Option<Timestamp>,
        now: Timestamp,
    ) -> Option<Signal> {
        if self.holder != Holder::Ours && !self.came_by_a_set(digest) {
            return None;
        }
        let in_use = self.uri == Some(digest);
        let known = self.known.iter_mut().find(|known| known.digest == digest);
        let Some(known) = known else {
            let known = Known::new(digest, reported, now);
            if self.known.len() >= REMEMBERED {
                self.known.remove(0);
            }
            self.known.push(known);
            let is_past = known.expires_at <= now;
            return Some(if is_past {
                Signal::UriDead
            } else {
                Signal::UriNew
            });
        };
        let is_renewed = known.date(reported, now);
        Some(match (known.dead, known.expires_at <= now, in_use) {
            (true, ..) => Signal::UriDead,
            (_, true, true) => Signal::AgeExpired,
            (_, true, false) => Signal::UriDead,
            _ if is_renewed => Signal::UriRenewed,
            (_, _, true) => Signal::UriSame,
            _ => Signal::UriKnown,
        })
    }

    /// Whether a URI, which nothing says is of our PFN, can only be: the device had another
    /// one or none before it was sent the set that it never answered.
    fn came_by_a_set(&mut self, digest: UriDigest) -> bool {
        if self.set_attempts == 0 {
            self.before_set = Some(digest);
        }
        let is_new = self.before_set != Some(digest) && self.find(digest).is_none();
        let comes = self.holder == Holder::Unproven && self.unanswered && is_new;
        if comes {
            (self.holder, self.set_by_us) = (Holder::Ours, true);
        }
        comes
    }

    fn age(&self, family: Family, now: Timestamp) -> Option<Signal> {
        let known = self.current()?;
        if now >= known.expires_at {
            Some(Signal::AgeExpired)
        } else if now >= known.refresh_at(family) {
            Some(Signal::AgeRefresh)
        } else {
            None
        }
    }
}
