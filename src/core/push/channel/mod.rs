//! The life of a device's WNS channel.
//!
//! A channel URI is good for 30 days from its creation, which the device tells
//! late or not at all, so it is dated by its first sight, and reading it again
//! never makes it younger. A URI that WNS called dead stays dead. Setting the
//! PFN tears a working channel down, and on Windows 8.1 may hang: it is done
//! when needed, in Maintenance only (the policy sees to that), once per
//! session, with pauses that grow.

mod not_tried;
mod table;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use crate::context::Family;
use crate::push::address::UriDigest;
use crate::push::answer::WnsVerdict;
use crate::push::pause;
use crate::time::Timestamp;

pub use table::ChannelState;
use table::{Act, Signal, cell};

const HOUR_MS: i64 = 60 * 60 * 1000;
const DAY_MS: i64 = 24 * HOUR_MS;

/// How long a channel URI is good, milliseconds (Microsoft's page on push for
/// device management).
pub const LIFE_MS: i64 = 30 * DAY_MS;
/// First pause between two sets, milliseconds: a little less than a day, so
/// that the next night's maintenance is past it.
pub(crate) const SET_PAUSE_MS: i64 = 20 * HOUR_MS;
/// Longest pause between two sets, milliseconds.
pub(crate) const SET_PAUSE_MOST_MS: i64 = 7 * DAY_MS;
/// So many sets, without a notification taken in between, that a dead channel
/// is still repaired at once; after that with pauses.
const PROMPT_SETS: u32 = 2;
/// Reads without a URI after which the PFN is set again.
const EMPTY_READS: u8 = 2;
/// URIs remembered of one device, so that none of them comes to life again.
const REMEMBERED: usize = 16;

/// How old a URI gets before the PFN is set again, milliseconds. Windows 8.1
/// and Windows Phone 8.1 renew unreliably, and only a logged-on user's
/// Maintenance session can set, so there is room; Windows 10 renews by itself
/// after 15 days and must be the exception.
pub(crate) fn refresh_age_ms(family: Family) -> i64 {
    match family {
        Family::Windows81 | Family::WindowsPhone81 => 20 * DAY_MS,
        Family::Windows10 => 25 * DAY_MS,
    }
}

/// A URI that was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Known {
    digest: UriDigest,
    first_seen: Timestamp,
    expires_at: Timestamp,
    dead: bool,
}

/// A device's channel, without the URI itself: that is kept under seal, and
/// what stands for it here is its digest.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Channel {
    /// Where it stands.
    pub state: ChannelState,
    /// The URI in use. There is one exactly when the state may send.
    pub uri: Option<UriDigest>,
    /// Sets since one brought a URI that a notification was taken for.
    pub set_attempts: u32,
    /// No set before this.
    pub next_set_at: Option<Timestamp>,
    /// The set was sent by the other verb already.
    turned: bool,
    /// The PFN changed and is not set yet: what the device reads out belongs to the old one.
    stale: bool,
    /// A URI that was never seen before came after the last set.
    renewed: bool,
    empty_reads: u8,
    known: Vec<Known>,
}

/// What happened to a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// A session began in which the PFN may be set.
    Session,
    /// The set left for the device.
    SetDelivered,
    /// The device's Status to it.
    SetStatus(u16),
    /// The session ended without a Status to it.
    SetSilent,
    /// The device told its URI, one that [`crate::push::address`] let through.
    UriRead {
        /// Of the URI.
        digest: UriDigest,
        /// What the device says of its end (`ExpirationTime` of Windows 8.1).
        expires_at: Option<Timestamp>,
    },
    /// The device told an empty URI, `null`, or one that is not of WNS.
    UriAbsent,
    /// WNS answered to a notification for this URI.
    Wns(UriDigest, WnsVerdict),
    /// Nothing but time: looks at the age of the URI.
    Time,
    /// The profile's PFN is another now, or the device was enrolled anew.
    PfnChanged,
}

/// How the PFN is set where there is a choice (DMClient). Windows 8.1 has one
/// way only: UpdateConfiguration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SetVerb {
    /// As the family does first.
    First,
    /// Replace: the Add was answered with 418, already exists.
    Replace,
    /// Add: the Replace was answered with 404.
    Add,
}

/// What is to be done after a transition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Have one set of the PFN waiting for the device. With one there already, nothing.
    SendSet(SetVerb),
    /// Have the device asked for its URI.
    ReadUri,
    /// Keep the URI that was just read, in place of any other.
    KeepUri,
    /// Delete the URI that is kept.
    DropUri,
}

/// What became of a channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transition {
    /// The channel from now on.
    pub channel: Channel,
    /// What is to be done.
    pub effects: Vec<Effect>,
}

impl Channel {
    /// When its URI was first seen.
    pub fn first_seen(&self) -> Option<Timestamp> {
        self.current().map(|known| known.first_seen)
    }

    /// When its URI ends.
    pub fn expires_at(&self) -> Option<Timestamp> {
        self.current().map(|known| known.expires_at)
    }

    /// Whether its URI may be sent to now.
    pub fn may_send(&self, now: Timestamp) -> bool {
        self.state.may_send() && self.expires_at().is_some_and(|end| now < end)
    }

    fn current(&self) -> Option<&Known> {
        self.find(self.uri?)
    }

    fn find(&self, digest: UriDigest) -> Option<&Known> {
        self.known.iter().find(|known| known.digest == digest)
    }
}

/// What `event` makes of `channel`.
pub fn next(channel: &Channel, event: Event, family: Family, now: Timestamp) -> Transition {
    let mut channel = channel.clone();
    if let Event::Wns(digest, WnsVerdict::Gone) = event {
        channel.bury(digest);
    }
    let Some(signal) = channel.signal(event, family, now) else {
        return Transition {
            channel,
            effects: Vec::new(),
        };
    };
    let (state, act) = cell(channel.state, signal);
    channel.state = state;
    let effects = channel.act(act, signal, event, now);
    Transition { channel, effects }
}

impl Channel {
    /// Holds an event against what is known. `None`: it says nothing of this channel.
    fn signal(&self, event: Event, family: Family, now: Timestamp) -> Option<Signal> {
        Some(match event {
            Event::Session if self.next_set_at.is_none_or(|due| due <= now) => Signal::SessionDue,
            Event::Session => Signal::SessionEarly,
            Event::SetDelivered => Signal::Delivered,
            Event::SetStatus(200 | 202) => Signal::SetOk,
            Event::SetStatus(418) if !self.turned => Signal::SetExists,
            Event::SetStatus(404) if !self.turned => Signal::SetMissing,
            Event::SetStatus(_) => Signal::SetRefused,
            Event::SetSilent => Signal::SetSilent,
            Event::UriRead { .. } if self.stale => return None,
            Event::UriRead { digest, .. } => self.read(digest, now),
            Event::UriAbsent => Signal::UriAbsent,
            Event::Wns(digest, _) if self.uri != Some(digest) => return None,
            Event::Wns(_, WnsVerdict::Taken) => Signal::Taken,
            Event::Wns(_, WnsVerdict::Gone) => Signal::Gone,
            Event::Wns(_, WnsVerdict::Refused) => Signal::Refused,
            Event::Time => self.age(family, now)?,
            Event::PfnChanged => Signal::PfnChanged,
        })
    }

    fn read(&self, digest: UriDigest, now: Timestamp) -> Signal {
        match self.find(digest) {
            None => Signal::UriNew,
            Some(known) if known.dead || known.expires_at <= now => Signal::UriDead,
            Some(_) if self.uri == Some(digest) => Signal::UriSame,
            Some(_) => Signal::UriKnown,
        }
    }

    fn age(&self, family: Family, now: Timestamp) -> Option<Signal> {
        let end = self.expires_at()?;
        let room = LIFE_MS - refresh_age_ms(family);
        if now >= end {
            Some(Signal::AgeExpired)
        } else if now >= end.plus_ms(-room) {
            Some(Signal::AgeRefresh)
        } else {
            None
        }
    }

    fn act(&mut self, act: Act, signal: Signal, event: Event, now: Timestamp) -> Vec<Effect> {
        match act {
            Act::Stay => Vec::new(),
            Act::Ask => vec![Effect::ReadUri],
            Act::Set => {
                self.turned = false;
                vec![Effect::SendSet(SetVerb::First), Effect::ReadUri]
            }
            Act::Count => self.count(now),
            Act::Confirm => self.confirm(),
            Act::Turn => {
                self.turned = true;
                let exists = signal == Signal::SetExists;
                let verb = if exists {
                    SetVerb::Replace
                } else {
                    SetVerb::Add
                };
                vec![Effect::SendSet(verb)]
            }
            Act::Take => self.take(event, now),
            Act::Seen => {
                self.empty_reads = 0;
                Vec::new()
            }
            Act::Empty => self.empty(),
            Act::Proven => {
                // A set that brought the old URI again must not be repeated
                // in every session, however good that URI is.
                if self.renewed {
                    self.set_attempts = 0;
                }
                Vec::new()
            }
            Act::Bury => {
                self.uri.into_iter().for_each(|digest| self.bury(digest));
                self.repair_promptly();
                self.drop_uri()
            }
            Act::Forget => self.forget(),
        }
    }

    /// A set left. The pause begins now, whatever comes of it: a device that
    /// hangs on it never tells.
    fn count(&mut self, now: Timestamp) -> Vec<Effect> {
        if !self.turned {
            self.set_attempts = self.set_attempts.saturating_add(1);
        }
        self.renewed = false;
        let pause = pause::growing(SET_PAUSE_MS, self.set_attempts, SET_PAUSE_MOST_MS);
        self.next_set_at = Some(now.plus_ms(pause));
        Vec::new()
    }

    fn confirm(&mut self) -> Vec<Effect> {
        self.stale = false;
        self.turned = false;
        self.empty_reads = 0;
        let mut effects = self.drop_uri();
        effects.push(Effect::ReadUri);
        effects
    }

    fn take(&mut self, event: Event, now: Timestamp) -> Vec<Effect> {
        let Event::UriRead { digest, expires_at } = event else {
            return Vec::new();
        };
        if self.find(digest).is_none() {
            self.remember(digest, expires_at, now);
            self.renewed = true;
            self.repair_promptly();
        }
        self.turned = false;
        self.empty_reads = 0;
        self.uri = Some(digest);
        vec![Effect::KeepUri]
    }

    /// The device's own end is believed when it is sooner than the documented life.
    fn remember(&mut self, digest: UriDigest, reported: Option<Timestamp>, now: Timestamp) {
        let most = now.plus_ms(LIFE_MS);
        if self.known.len() >= REMEMBERED {
            self.known.remove(0);
        }
        self.known.push(Known {
            digest,
            first_seen: now,
            expires_at: reported
                .filter(|reported| *reported > now)
                .unwrap_or(most)
                .min(most),
            dead: false,
        });
    }

    fn empty(&mut self) -> Vec<Effect> {
        self.empty_reads = self.empty_reads.saturating_add(1);
        if self.empty_reads < EMPTY_READS {
            return Vec::new();
        }
        self.empty_reads = 0;
        self.state = ChannelState::NeedsSet;
        self.drop_uri()
    }

    fn forget(&mut self) -> Vec<Effect> {
        self.known.iter_mut().for_each(|known| known.dead = true);
        self.stale = true;
        self.turned = false;
        self.empty_reads = 0;
        self.set_attempts = 0;
        self.next_set_at = None;
        self.drop_uri()
    }

    fn bury(&mut self, digest: UriDigest) {
        let of_it = self.known.iter_mut().filter(|known| known.digest == digest);
        of_it.for_each(|known| known.dead = true);
    }

    fn repair_promptly(&mut self) {
        if self.set_attempts <= PROMPT_SETS {
            self.next_set_at = None;
        }
    }

    fn drop_uri(&mut self) -> Vec<Effect> {
        match self.uri.take() {
            Some(_) => vec![Effect::DropUri],
            None => Vec::new(),
        }
    }
}
