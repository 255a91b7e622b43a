//! The URIs of a device that were seen, and how long each of them is good.

use serde::{Deserialize, Serialize};

use super::{DAY_MS, HOUR_MS, LIFE_MS, refresh_age_ms};
use crate::context::Family;
use crate::push::address::UriDigest;
use crate::time::Timestamp;

/// An end that a device reports is believed up to so long from now, milliseconds: the
/// documented life and a day for clocks that differ. What is later is no end of a channel.
const LATEST_MS: i64 = LIFE_MS + DAY_MS;
/// And from so long ago on, milliseconds: what is older (1601, 1970) stands for no time.
const EARLIEST_MS: i64 = 365 * DAY_MS;
/// A reported end that is later than the known one by this says that the URI was renewed,
/// milliseconds.
const LATER_MS: i64 = HOUR_MS;

/// A URI that was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Known {
    pub(super) digest: UriDigest,
    pub(super) first_seen: Timestamp,
    pub(super) expires_at: Timestamp,
    /// WNS does not know it any more, or it is of another PFN.
    pub(super) dead: bool,
    /// Since when its end is the one that it is.
    #[serde(default)]
    dated_at: Timestamp,
}

/// The end that the device reports, where it can be one.
fn believable(reported: Option<Timestamp>, now: Timestamp) -> Option<Timestamp> {
    reported.filter(|end| (-EARLIEST_MS..=LATEST_MS).contains(&end.ms_since(now)))
}

impl Known {
    /// One that is seen for the first time: it ends when the device says, else after the
    /// documented life.
    pub(super) fn new(digest: UriDigest, reported: Option<Timestamp>, now: Timestamp) -> Self {
        Known {
            digest,
            first_seen: now,
            expires_at: believable(reported, now).unwrap_or(now.plus_ms(LIFE_MS)),
            dead: false,
            dated_at: now,
        }
    }

    /// Takes over the end that the device reports now; whether it is a later one. Without
    /// a report, reading a URI again makes it no younger.
    pub(super) fn date(&mut self, reported: Option<Timestamp>, now: Timestamp) -> bool {
        let Some(end) = believable(reported, now) else {
            return false;
        };
        let is_later = end.ms_since(self.expires_at) > LATER_MS;
        if is_later {
            self.dated_at = now;
        }
        self.expires_at = end;
        is_later && now < end
    }

    /// When the PFN is to be set again, so that there is another URI before this one ends:
    /// with a third of its life to go (Windows 10: a sixth), where that is less than usual.
    pub(super) fn refresh_at(&self, family: Family) -> Timestamp {
        let usual = LIFE_MS - refresh_age_ms(family);
        let life = self.expires_at.ms_since(self.dated_at).max(0);
        let room = life / (LIFE_MS / usual);
        self.expires_at.plus_ms(-room.min(usual))
    }
}
