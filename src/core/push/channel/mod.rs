//! The life of a device's WNS channel.
//!
//! A channel is the server's own only if its PFN is. Phones and Windows 10 show
//! the PFN that they hold; Windows 8.1 does not, so there a URI counts once the
//! server has set its PFN itself.
//!
//! A channel URI is good for 30 days. Windows 8.1 reports its end, which is
//! believed; elsewhere it is dated by its first sight, and reading it again does
//! not make it younger. A URI that WNS called dead stays dead. Setting the
//! PFN tears a working channel down, and on Windows 8.1 may hang: it is done
//! when needed, in Maintenance only (the policy sees to that), once per
//! session, with pauses that grow.

mod known;
mod learn;
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

use known::Known;
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

/// The owner of the channel that the device holds, as far as the server knows.
///
/// Rows of version 0.1.0 have a flag in its place: `false` is read as `Ours`, `true` as
/// `Unproven`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Holder {
    /// The device confirmed a set of the PFN, or shows it.
    Ours,
    /// Nothing says so: what the device reads out may belong to another PFN.
    Unproven,
    /// The device shows another PFN, or none.
    Foreign,
}

/// A device's channel, without the URI itself: that is kept under seal, and
/// what stands for it here is its digest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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
    holder: Holder,
    /// A URI that was never seen before, or a later end, came after the last set.
    renewed: bool,
    empty_reads: u8,
    known: Vec<Known>,
    /// The server set it: WNS's 403 for it speaks against the push profile.
    #[serde(default)]
    pub set_by_us: bool,
    /// WNS answered 403 for the URI in use.
    #[serde(default)]
    pub refused: bool,
    /// The device's registration with WNS failed: the next set is by Delete and Add.
    #[serde(default)]
    register_anew: bool,
    /// The last set was never answered.
    #[serde(default)]
    unanswered: bool,
    /// The URI that the device had before the first set.
    #[serde(default)]
    before_set: Option<UriDigest>,
}

impl Default for Channel {
    fn default() -> Self {
        Channel {
            state: ChannelState::default(),
            uri: None,
            set_attempts: 0,
            next_set_at: None,
            turned: false,
            holder: Holder::Unproven,
            renewed: false,
            empty_reads: 0,
            known: Vec::new(),
            set_by_us: false,
            refused: false,
            register_anew: false,
            unanswered: false,
            before_set: None,
        }
    }
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
    /// The device showed the PFN that it holds, or that it holds none.
    PfnRead {
        /// Whether it is the one that it is to hold.
        ours: bool,
    },
    /// The device told its URI, one that [`crate::push::address`] let through.
    UriRead {
        /// Of the URI.
        digest: UriDigest,
        /// What the device says of its end (`ExpirationTime` of Windows 8.1).
        expires_at: Option<Timestamp>,
    },
    /// The device told an empty URI, `null`, or one that is not of WNS.
    UriAbsent,
    /// The device says that push is not configured: the set had no effect, or it was lost.
    NotConfigured,
    /// The device says that it could not register the PFN with WNS.
    NotRegistered,
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
    /// Delete and Add: the device's registration with WNS failed.
    Anew,
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

    /// Where it stands now: between two sessions the end of its URI may pass.
    pub fn state_at(&self, now: Timestamp) -> ChannelState {
        match self.state.may_send() && !self.may_send(now) {
            true => ChannelState::Expired,
            false => self.state,
        }
    }

    /// Whether what the device says of its channel is about the PFN that it is to hold.
    pub fn is_ours(&self) -> bool {
        self.holder == Holder::Ours
    }

    /// Whether the device shows another PFN, or none.
    pub fn is_foreign(&self) -> bool {
        self.holder == Holder::Foreign
    }

    /// Whether the pause since the last set is over.
    pub(crate) fn may_be_set(&self, now: Timestamp) -> bool {
        self.next_set_at.is_none_or(|due| due <= now)
    }

    /// Whether sets went out and the last of them brought no URI that was new.
    pub(crate) fn was_set_in_vain(&self) -> bool {
        self.set_attempts > 0 && !self.renewed
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
    let Some(signal) = channel.learn(event, family, now) else {
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
    fn act(&mut self, act: Act, signal: Signal, event: Event, now: Timestamp) -> Vec<Effect> {
        match act {
            Act::Stay => Vec::new(),
            Act::Ask => vec![Effect::ReadUri],
            Act::Set => {
                self.turned = false;
                let verb = match self.register_anew {
                    true => SetVerb::Anew,
                    false => SetVerb::First,
                };
                vec![Effect::SendSet(verb), Effect::ReadUri]
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
            Act::Take => self.take(event, signal),
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
            Act::Lapse => {
                self.repair_promptly();
                self.drop_uri()
            }
            Act::Doubt => {
                self.repair_promptly();
                Vec::new()
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
        (self.renewed, self.unanswered) = (false, false);
        let pause = pause::growing(SET_PAUSE_MS, self.set_attempts, SET_PAUSE_MOST_MS);
        self.next_set_at = Some(now.plus_ms(pause));
        Vec::new()
    }

    fn confirm(&mut self) -> Vec<Effect> {
        (self.holder, self.set_by_us) = (Holder::Ours, true);
        (self.refused, self.unanswered) = (false, false);
        self.turned = false;
        self.empty_reads = 0;
        let mut effects = self.drop_uri();
        effects.push(Effect::ReadUri);
        effects
    }

    fn take(&mut self, event: Event, signal: Signal) -> Vec<Effect> {
        let Event::UriRead { digest, .. } = event else {
            return Vec::new();
        };
        if matches!(signal, Signal::UriNew | Signal::UriRenewed) {
            self.renewed = true;
            self.refused = false;
            self.register_anew = false;
            self.repair_promptly();
        }
        self.turned = false;
        self.unanswered = false;
        self.empty_reads = 0;
        self.uri = Some(digest);
        vec![Effect::KeepUri]
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
        let effects = self.drop_uri();
        *self = Channel {
            state: self.state,
            known: std::mem::take(&mut self.known),
            ..Channel::default()
        };
        effects
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
