//! Requests that prove nothing: counted, written down together now and then.
//! A stranger costs no write of its own.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::clock::Timestamp;
use crate::event::{Event, EventType};
use crate::metrics::metrics;

/// Why a request counts as a stranger's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strangeness {
    /// Its Source is no registered device.
    Unknown,
    /// It is not the device that it says it is.
    Other,
    /// It was challenged for credentials.
    Unproven,
}

impl Strangeness {
    /// Every reason.
    pub const ALL: [Strangeness; 3] = [
        Strangeness::Unknown,
        Strangeness::Other,
        Strangeness::Unproven,
    ];

    /// Its name in metrics.
    pub fn name(self) -> &'static str {
        match self {
            Strangeness::Unknown => "unknown",
            Strangeness::Other => "other",
            Strangeness::Unproven => "unproven",
        }
    }

    fn words(self) -> &'static str {
        match self {
            Strangeness::Unknown => "no registered device has that Source",
            Strangeness::Other => "the request does not prove to be that device",
            Strangeness::Unproven => "SyncML credentials were missing or wrong",
        }
    }
}

/// The counts since they were last written down.
#[derive(Debug, Default)]
pub struct Strangers([AtomicU64; 3]);

impl Strangers {
    /// Counts one.
    pub fn count(&self, strangeness: Strangeness) {
        self.0[strangeness as usize].fetch_add(1, Ordering::Relaxed);
        metrics().stranger(strangeness);
    }

    /// Takes the counts as events, one per reason that occurred.
    pub fn take(&self, now: Timestamp) -> Vec<Event> {
        Strangeness::ALL
            .into_iter()
            .filter_map(|strangeness| {
                let count = self.0[strangeness as usize].swap(0, Ordering::Relaxed);
                let mut event = Event::new(now, "server", None, EventType::StrangerRefused)
                    .detail(strangeness.words());
                event.count = Some(count);
                (count > 0).then_some(event)
            })
            .collect()
    }
}
