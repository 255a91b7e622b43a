//! A push profile: one package family name with the credentials that may push
//! to it, and how it fares.

use serde::{Deserialize, Serialize};

use crate::ids::DeviceId;
use crate::named::named;
use crate::push::address::UriDigest;

pub use crate::package::{PackageSid, Pfn, ProfileError};

/// Which token service, and which fields it wants. One is never tried in
/// place of the other: identities belong to one of them (Microsoft's WNS
/// overview), and whether Entra tokens reach MDM channels is unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenForm {
    /// Package SID and secret, at login.live.com.
    Legacy,
    /// Application id and secret, at login.microsoftonline.com.
    Entra,
}

named! {
    /// How a profile fares.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
    #[serde(rename_all = "snake_case")]
    pub enum Health {
        /// New, or changed since: the next answer tells.
        Unchecked = "unchecked",
        /// Tokens are granted and notifications accepted.
        Healthy = "healthy",
        /// It fails for reasons that pass: network, 5xx, throttling.
        Degraded = "degraded",
        /// Its credentials or their pairing with the PFN are wrong: an operator must act.
        Misconfigured = "misconfigured",
        /// WNS does not take notifications of this sender any more.
        Blocked = "blocked",
    }
}

/// What was learnt about a profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProfileEvent {
    /// An operator changed it, or asked for it to be tried again.
    Changed,
    /// A token was granted.
    TokenGranted,
    /// The token service refused the credentials.
    TokenRefused,
    /// A notification was accepted.
    Accepted,
    /// 403 for this device's channel, which the server set: the token is of another app
    /// than the channel.
    ChannelRefused(DeviceId, UriDigest),
    /// This device, which the server set up, could not register the PFN with WNS.
    PfnRefused(DeviceId),
    /// Network, 5xx, throttling, a token service that does not answer.
    Trouble,
    /// 410 that names a blocked sender.
    Blocked,
}

/// How a profile fares and what that rests on.
///
/// It never touches channels: what one device's channel is refused for is that channel's
/// business; two devices that the server set up itself speak against the profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProfileHealth {
    /// What it comes to.
    pub health: Health,
    /// The channel that was refused last, since the last success.
    pub refused: Option<UriDigest>,
    /// The device that spoke against the profile last, since the last success.
    #[serde(default)]
    pub against: Option<DeviceId>,
}

impl Default for ProfileHealth {
    fn default() -> Self {
        ProfileHealth {
            health: Health::Unchecked,
            refused: None,
            against: None,
        }
    }
}

impl ProfileHealth {
    /// Whether anything may be sent with it.
    pub fn may_send(&self) -> bool {
        !self.stopped()
    }

    fn stopped(&self) -> bool {
        matches!(self.health, Health::Misconfigured | Health::Blocked)
    }

    fn with(self, health: Health) -> Self {
        ProfileHealth { health, ..self }
    }

    /// What a device that was set up by the server has against it. The same device again,
    /// with another channel, is still one.
    fn spoken_against(self, by: DeviceId, refused: Option<UriDigest>) -> Self {
        match self.against {
            Some(other) if other != by => self.with(Health::Misconfigured),
            _ => ProfileHealth {
                refused: refused.or(self.refused),
                against: Some(by),
                ..self
            },
        }
    }

    /// What `event` makes of it. A profile that is stopped stays so until it
    /// is changed: late answers to what was under way do not start it again.
    pub fn next(self, event: ProfileEvent) -> Self {
        match event {
            ProfileEvent::Changed => ProfileHealth::default(),
            ProfileEvent::Blocked => self.with(Health::Blocked),
            _ if self.stopped() => self,
            ProfileEvent::TokenRefused => self.with(Health::Misconfigured),
            ProfileEvent::TokenGranted if self.health == Health::Unchecked => {
                self.with(Health::Healthy)
            }
            ProfileEvent::TokenGranted => self,
            ProfileEvent::Accepted => ProfileHealth {
                health: Health::Healthy,
                ..ProfileHealth::default()
            },
            ProfileEvent::ChannelRefused(by, channel) => self.spoken_against(by, Some(channel)),
            ProfileEvent::PfnRefused(by) => self.spoken_against(by, None),
            ProfileEvent::Trouble => self.with(Health::Degraded),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn device(n: u128) -> DeviceId {
        DeviceId(uuid::Uuid::from_u128(n))
    }

    #[test]
    fn every_cell_of_the_table() {
        use Health::*;
        let (a, b) = (device(1), device(2));
        let uri = UriDigest([1; 32]);
        let events = [
            ProfileEvent::Changed,
            ProfileEvent::TokenGranted,
            ProfileEvent::TokenRefused,
            ProfileEvent::Accepted,
            ProfileEvent::ChannelRefused(a, uri),
            ProfileEvent::ChannelRefused(b, uri),
            ProfileEvent::PfnRefused(a),
            ProfileEvent::PfnRefused(b),
            ProfileEvent::Trouble,
            ProfileEvent::Blocked,
        ];
        // Device `a` spoke against it before.
        let rows = [
            (
                Unchecked,
                [
                    Unchecked,
                    Healthy,
                    Misconfigured,
                    Healthy,
                    Unchecked,
                    Misconfigured,
                    Unchecked,
                    Misconfigured,
                    Degraded,
                    Blocked,
                ],
            ),
            (
                Healthy,
                [
                    Unchecked,
                    Healthy,
                    Misconfigured,
                    Healthy,
                    Healthy,
                    Misconfigured,
                    Healthy,
                    Misconfigured,
                    Degraded,
                    Blocked,
                ],
            ),
            (
                Degraded,
                [
                    Unchecked,
                    Degraded,
                    Misconfigured,
                    Healthy,
                    Degraded,
                    Misconfigured,
                    Degraded,
                    Misconfigured,
                    Degraded,
                    Blocked,
                ],
            ),
            (
                Misconfigured,
                [
                    Unchecked,
                    Misconfigured,
                    Misconfigured,
                    Misconfigured,
                    Misconfigured,
                    Misconfigured,
                    Misconfigured,
                    Misconfigured,
                    Misconfigured,
                    Blocked,
                ],
            ),
            (
                Blocked,
                [
                    Unchecked, Blocked, Blocked, Blocked, Blocked, Blocked, Blocked, Blocked,
                    Blocked, Blocked,
                ],
            ),
        ];
        for (health, expected) in rows {
            let from = ProfileHealth {
                health,
                refused: None,
                against: Some(a),
            };
            for (event, expected) in events.into_iter().zip(expected) {
                assert_eq!(from.next(event).health, expected, "{health:?} {event:?}");
            }
        }
    }

    #[test]
    fn one_device_is_one_however_many_channels_it_had_and_a_success_forgets_it() {
        let (a, b) = (device(1), device(2));
        let refused = |by, n| ProfileEvent::ChannelRefused(by, UriDigest([n; 32]));
        let once = ProfileHealth::default().next(refused(a, 1));
        assert!(once.may_send() && once.next(refused(a, 2)).may_send());
        assert!(once.next(ProfileEvent::PfnRefused(a)).may_send());
        assert!(!once.next(refused(b, 3)).may_send());
        assert!(!once.next(ProfileEvent::PfnRefused(b)).may_send());
        let healed = once.next(ProfileEvent::Accepted);
        assert!(healed.next(refused(b, 3)).may_send());
    }
}
