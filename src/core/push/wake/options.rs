//! How the notification of a wake is sent: what Microsoft documents for raw
//! notifications, and what is chosen where nothing is said.

use serde::{Deserialize, Serialize};

use super::{MINUTE_MS, SECOND_MS};
use crate::named::named;

/// How long WNS keeps a notification for a device that is not connected, unless told
/// otherwise, seconds: long enough for a tablet in a bag, short enough that the nightly
/// session does not come first.
pub const TTL_S: u32 = 60 * 60;
/// What a TTL may be, seconds. WNS counts in minutes, and answers 400 to 0 beside the cache
/// policy. After a day the device's own schedule has brought a session.
pub const TTL_RANGE_S: std::ops::RangeInclusive<u32> = 60..=24 * 60 * 60;
/// What a device that got a notification needs to begin its session, milliseconds.
const BEGINS_MS: i64 = 5 * MINUTE_MS;

named! {
    /// `X-WNS-PRIORITY`. Without it WNS takes a raw notification for one of low priority:
    /// a device on battery with its screen off gets it later.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
    pub enum Priority {
        /// 1: delivered also to a device on battery with its screen off.
        High = "high",
        /// 2.
        Medium = "medium",
        /// 3: what WNS assumes of raw notifications.
        Low = "low",
        /// 4.
        VeryLow = "very_low",
    }
}

impl Priority {
    /// The value of the header, 1 for the highest.
    pub fn number(self) -> u8 {
        self as u8 + 1
    }
}

/// How a notification is sent. The default is a notification that WNS keeps for
/// [`TTL_S`], of the priority that WNS gives it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct WakeOptions {
    /// How long WNS keeps it for a device that is not connected (`X-WNS-TTL`), seconds;
    /// `None`: it does not keep it (`X-WNS-Cache-Policy: no-cache`).
    pub kept_s: Option<u32>,
    /// Its priority; `None`: the header is not sent.
    pub priority: Option<Priority>,
}

impl Default for WakeOptions {
    fn default() -> Self {
        WakeOptions {
            kept_s: Some(TTL_S),
            priority: None,
        }
    }
}

impl WakeOptions {
    /// One notification that serves both: kept for the longer time, of the higher priority.
    #[must_use]
    pub(super) fn joined(self, other: Self) -> Self {
        WakeOptions {
            kept_s: self.kept_s.max(other.kept_s),
            priority: match other.is_above(self) {
                true => other.priority,
                false => self.priority,
            },
        }
    }

    /// Whether its priority is above that of the other: a device that sleeps may get this
    /// one and not that one.
    pub(super) fn is_above(self, other: Self) -> bool {
        let number = |of: Self| of.priority.unwrap_or(Priority::Low).number();
        number(self) < number(other)
    }

    /// How long a session is waited for once WNS took it, milliseconds.
    pub(crate) fn session_wait_ms(self) -> i64 {
        i64::from(self.kept_s.unwrap_or(0)) * SECOND_MS + BEGINS_MS
    }

    /// What of it is not the default, in words.
    pub fn words(self) -> Option<String> {
        let usual = WakeOptions::default();
        let kept = (self.kept_s != usual.kept_s).then(|| match self.kept_s {
            Some(seconds) => format!("kept by WNS for {seconds} s"),
            None => "not kept by WNS".to_owned(),
        });
        let priority = self.priority.map(|one| format!("priority {}", one.name()));
        let all: Vec<String> = kept.into_iter().chain(priority).collect();
        (!all.is_empty()).then(|| all.join(", "))
    }
}
