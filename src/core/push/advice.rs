//! What people can do about a channel that the server cannot keep by itself.

use super::active_profiles::{Notes, status_words};
use super::channel::{Channel, ChannelState};
use crate::context::Family;
use crate::time::Timestamp;

/// The build of Windows 10, version 1607, the first that renews its channel as it should.
pub(crate) const BUILD_1607: u32 = 14_393;

/// For the builds before it (Microsoft's page on push for device management, 2017).
const UPDATE_1511: &str = "this build of Windows 10 (version 1511 or earlier) may fail to renew \
    its push channel and may hang when the PFN is set: install its update for this, or version 1607";
/// For a URI that is of another app.
const REFUSED: &str = "WNS says that the channel belongs to another app than the push profile: \
    the PFN is set again in the next session that allows it; if that does not help, compare the \
    profile's SID and secret with its PFN";

/// What to do about the channel of a device of this family and build.
pub fn advice(
    family: Family,
    build: Option<u32>,
    channel: Option<&Channel>,
) -> Option<&'static str> {
    let is_old = family == Family::Windows10 && build.is_some_and(|build| build < BUILD_1607);
    let is_refused = channel.is_some_and(|channel| channel.refused);
    if is_old {
        Some(UPDATE_1511)
    } else {
        is_refused.then_some(REFUSED)
    }
}

/// Why a channel is not in use, or may not stay in use, as far as WNS or the device say it.
pub fn reason(channel: &Channel, notes: &Notes, now: Timestamp) -> Option<&'static str> {
    if channel.refused {
        return Some("WNS answered 403: the channel belongs to another app");
    }
    if channel.is_foreign() {
        return Some("the device's push channel belongs to another PFN");
    }
    let is_in_use = channel.state_at(now) == ChannelState::Active;
    let status = notes.status.filter(|status| *status != 0);
    let reported = notes.read_back.trouble().or(status.map(status_words));
    reported.filter(|_| !is_in_use)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_windows_10_before_1607_is_to_be_updated() {
        let rows = [
            (Family::Windows10, Some(10_586), true),
            (Family::Windows10, Some(14_393), false),
            (Family::Windows10, None, false),
            (Family::Windows81, Some(9_600), false),
        ];
        for (family, build, is_advised) in rows {
            assert_eq!(
                advice(family, build, None).is_some(),
                is_advised,
                "{family:?} {build:?}"
            );
        }
    }
}
