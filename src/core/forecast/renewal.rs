//! When a device renews its channel by itself, and so begins a session.
//!
//! A URI lives 30 days. Windows Phone 8.1 renews it 15 days before its end and
//! gives up when that has passed (KB 3170699). Windows 10 schedules by what is
//! left, as documented for 1511 and, with a check of the network, 1607.

use serde::Serialize;

use crate::context::Family;
use crate::push::advice::BUILD_1607;
use crate::push::channel::{Channel, ChannelState};
use crate::time::Timestamp;

const HOUR_MS: i64 = 60 * 60 * 1000;
const DAY_MS: i64 = 24 * HOUR_MS;
/// Before the end of a URI its renewal is due, milliseconds.
const DUE_MS: i64 = 15 * DAY_MS;

/// A span of time in which a device is expected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Window {
    /// Not before.
    #[serde(serialize_with = "text")]
    pub from: Timestamp,
    /// Not much later.
    #[serde(serialize_with = "text")]
    pub to: Timestamp,
    /// By which rule.
    pub why: &'static str,
}

fn text<S: serde::Serializer>(at: &Timestamp, to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(at)
}

/// When the device is expected to renew its channel, and then to begin a
/// session. `None` for Windows 8.1, which is not relied upon, where no URI was
/// ever read, and where a phone has given up.
pub fn renewal(
    family: Family,
    build: Option<u32>,
    channel: &Channel,
    now: Timestamp,
) -> Option<Window> {
    let end = match channel.expires_at() {
        Some(end) => end,
        // Its URI is dropped with its end.
        None if channel.state == ChannelState::Expired => now,
        None => return None,
    };
    let due = end.plus_ms(-DUE_MS);
    match family {
        Family::Windows81 => None,
        Family::WindowsPhone81 if end <= now => None,
        Family::WindowsPhone81 => Some(Window {
            from: due.max(now),
            to: end,
            why: "Windows Phone 8.1 renews 15 days before the end, and not after it (KB 3170699)",
        }),
        Family::Windows10 if due > now => Some(Window {
            from: due,
            to: due.plus_ms(DAY_MS),
            why: "Windows 10 renews when 15 days are left",
        }),
        Family::Windows10 => {
            let checks_network = build.is_some_and(|build| build >= BUILD_1607);
            Some(windows10_tries(checks_network, end > now, now))
        }
    }
}

/// The next attempt of a Windows 10 device whose renewal is due.
fn windows10_tries(checks_network: bool, channel_lives: bool, now: Timestamp) -> Window {
    let (after, give, why) = match (checks_network, channel_lives) {
        (true, _) => (
            4 * HOUR_MS,
            HOUR_MS,
            "Windows 10, version 1607 and later: tried every 4 hours, more or less one, while there is a network",
        ),
        (false, true) => (
            4 * HOUR_MS,
            HOUR_MS,
            "Windows 10, version 1511: within 15 days of the end tried after 4 hours, more or less one",
        ),
        (false, false) => (
            DAY_MS,
            4 * HOUR_MS,
            "Windows 10, version 1511: after the end tried after a day, more or less 4 hours",
        ),
    };
    Window {
        from: now.plus_ms(after - give),
        to: now.plus_ms(after + give),
        why,
    }
}
