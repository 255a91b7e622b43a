//! What people can do about a channel that the server cannot keep by itself.

use super::active_profiles::{Notes, status_words};
use super::channel::{Channel, ChannelState};
use super::profile::Health;
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

/// What to do about a push profile that fares so, for this reason.
pub fn profile_advice(health: Health, reason: Option<&str>) -> &'static str {
    let says = |what: &str| reason.is_some_and(|reason| reason.contains(what));
    match health {
        Health::Healthy => "Nothing.",
        Health::Unchecked => {
            "Nothing: the server tries the credentials at once. Look again in a minute."
        }
        Health::Degraded => "Nothing: the server tries again.",
        Health::Blocked => {
            "WNS blocked the sender: write to Microsoft and give the message_id; then check again."
        }
        Health::Misconfigured if says("no longer supported") => {
            "The legacy service accepts no new identities: use an older identity, or the token form entra."
        }
        Health::Misconfigured if says("devices report") => {
            "The PFN is wrong, or the app was deleted: compare the PFN with the Partner Center."
        }
        Health::Misconfigured if says("403") => {
            "The secret belongs to another app than the PFN: compare SID and PFN."
        }
        Health::Misconfigured => {
            "The SID or the secret is wrong: correct them; they are tried at once."
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_that_is_stopped_says_which_value_to_correct() {
        let advice = |reason| profile_advice(Health::Misconfigured, Some(reason));
        assert!(advice("invalid_client").contains("secret is wrong"));
        assert!(advice("the service is no longer supported").contains("entra"));
        assert!(advice("WNS answered 403 for two devices").contains("compare SID and PFN"));
        assert!(advice("devices report 0x803E0102").contains("Partner Center"));
        assert!(profile_advice(Health::Blocked, None).contains("message_id"));
    }

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
