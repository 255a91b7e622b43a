//! What people can do about a channel that the server cannot keep by itself.

use super::channel::Channel;
use crate::context::Family;

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
