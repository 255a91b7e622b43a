//! What an operator looks for among many devices.

use serde::{Deserialize, Serialize};

use super::SurveyedDevice;
use crate::command::CommandState;
use crate::compliance::ComplianceState;
use crate::device::{ActivityFlag, Device};
use crate::named::named;
use crate::push::channel::{Channel, ChannelState, LIFE_MS, refresh_age_ms};
use crate::push::profile::Health;
use crate::time::Timestamp;

pub(super) const DAY_MS: i64 = 24 * 60 * 60 * 1000;
/// A device without a session for so many days is silent: it should have come every night.
const SILENT_DAYS: i64 = 7;
/// A command that has waited for so many days, though it may go, starves.
const STARVES_DAYS: i64 = 14;

named! {
    documented
    /// Something that an operator looks for among many devices. The first ones are those of
    /// [`ActivityFlag`], by the same names.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
    pub enum DeviceFlag {
        /// It has never had a session.
        NeverSeen = "never_seen",
        /// All of its sessions named Machine.
        OnlyMachine = "only_machine",
        /// None of its sessions named a mode.
        NamesNoMode = "names_no_mode",
        /// Its agent was last run by hand.
        ByHand = "by_hand",
        /// It is unenrolled.
        Unenrolled = "unenrolled",
        /// Its latest sessions in Maintenance or Apps said that nobody is logged on.
        NobodyLoggedOn = "nobody_logged_on",
        /// Its polling schedule is off.
        PollingOff = "polling_off",
        /// It had sessions, but none for 7 days.
        Silent = "silent",
        /// WNS does not know its channel any more.
        ChannelDead = "channel_dead",
        /// Its channel is past its end, and there is no other yet.
        ChannelExpired = "channel_expired",
        /// Its channel may be sent to, and is to be set again before it ends.
        ChannelOld = "channel_old",
        /// It refused the set of its channel, or did not answer it.
        ChannelSetFailed = "channel_set_failed",
        /// The credentials of its push profile are wrong, or WNS does not take them any more.
        ProfileMisconfigured = "profile_misconfigured",
        /// The outcome of a command is not known: it was sent, and never answered.
        Unconfirmed = "unconfirmed",
        /// A command has waited for 14 days and may go.
        Starving = "starving",
        /// It is not compliant with a baseline.
        NotCompliant = "not_compliant",
    }
}

impl DeviceFlag {
    /// The flag of that name.
    pub fn from_name(name: &str) -> Option<DeviceFlag> {
        DeviceFlag::ALL.into_iter().find(|flag| flag.name() == name)
    }

    /// All flags of a device whose push profile has that health, if it has one.
    pub fn of(one: &SurveyedDevice, profile: Option<Health>, now: Timestamp) -> Vec<DeviceFlag> {
        let all = DeviceFlag::ALL.into_iter();
        all.filter(|flag| flag.is_of(one, profile, now)).collect()
    }

    /// Whether a device's row alone shows it. The others need what lies beside the row.
    pub fn is_in_row(self) -> bool {
        !matches!(
            self,
            DeviceFlag::ProfileMisconfigured | DeviceFlag::Starving | DeviceFlag::NotCompliant
        )
    }

    /// The flags of a device that its row alone shows.
    pub fn of_row(device: &Device, now: Timestamp) -> Vec<DeviceFlag> {
        let one = SurveyedDevice {
            device: device.clone(),
            waits_since: None,
            compliance: None,
            open_installs: Vec::new(),
        };
        let all = DeviceFlag::of(&one, None, now).into_iter();
        all.filter(|flag| flag.is_in_row()).collect()
    }

    /// Its name in words: `only machine`.
    pub fn words(self) -> String {
        self.name().replace('_', " ")
    }

    fn is_of(self, one: &SurveyedDevice, profile: Option<Health>, now: Timestamp) -> bool {
        let state = &one.device.state;
        let is = |flag: ActivityFlag| flag.is_of(state);
        let channel = || state.channel.as_ref().map(|channel| channel.state_at(now));
        let channel_is = |state: ChannelState| channel() == Some(state);
        match self {
            DeviceFlag::NeverSeen => is(ActivityFlag::NeverSeen),
            DeviceFlag::OnlyMachine => is(ActivityFlag::OnlyMachine),
            DeviceFlag::NamesNoMode => is(ActivityFlag::NamesNoMode),
            DeviceFlag::ByHand => is(ActivityFlag::Manual),
            DeviceFlag::Unenrolled => is(ActivityFlag::Unenrolled),
            DeviceFlag::NobodyLoggedOn => is(ActivityFlag::NobodyLoggedOn),
            DeviceFlag::PollingOff => is(ActivityFlag::PollingOff),
            DeviceFlag::Silent => {
                let latest = state.seen.iter().flatten().max();
                let is_silent = latest.is_some_and(|at| now.ms_since(*at) >= SILENT_DAYS * DAY_MS);
                is_silent && state.unenrolled_at.is_none()
            }
            DeviceFlag::ChannelDead => channel_is(ChannelState::Dead),
            DeviceFlag::ChannelExpired => channel_is(ChannelState::Expired),
            DeviceFlag::ChannelOld => is_channel_old(&one.device, now),
            DeviceFlag::ChannelSetFailed => channel_is(ChannelState::SetFailed),
            DeviceFlag::ProfileMisconfigured => {
                matches!(profile, Some(Health::Misconfigured | Health::Blocked))
            }
            DeviceFlag::Unconfirmed => {
                let mut open = state.open.iter();
                open.any(|command| command.state == CommandState::Unconfirmed)
            }
            DeviceFlag::Starving => starves(one, now),
            DeviceFlag::NotCompliant => one.compliance == Some(ComplianceState::NotCompliant),
        }
    }
}

/// How old a channel that may be sent to is, milliseconds: a renewed one is as young as its
/// end says. `None` where nothing may be sent to it.
pub(super) fn channel_age_ms(channel: &Channel, now: Timestamp) -> Option<i64> {
    let end = channel.expires_at().filter(|_| channel.may_send(now))?;
    Some((LIFE_MS - end.ms_since(now)).max(0))
}

fn is_channel_old(device: &Device, now: Timestamp) -> bool {
    let Some(channel) = &device.state.channel else {
        return false;
    };
    let is_due = channel.state_at(now) == ChannelState::Refreshing;
    let old = refresh_age_ms(device.record.family);
    is_due || channel_age_ms(channel, now).is_some_and(|age| age >= old)
}

/// Whether its first command that waits has done so for long; one that was not to go before
/// some time has waited since then only.
fn starves(one: &SurveyedDevice, now: Timestamp) -> bool {
    let mut open = one.device.state.open.iter();
    let first = open.find(|command| command.state == CommandState::Queued);
    let (Some(first), Some(queued_at)) = (first, one.waits_since) else {
        return false;
    };
    let since = first.not_before.map_or(queued_at, |at| at.max(queued_at));
    now.ms_since(since) >= STARVES_DAYS * DAY_MS
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::context::{Family, Mode};
    use crate::fixtures::{NOW, active_channel, body, device};
    use crate::session::queue::queue;

    /// From so many days on a channel of Windows 8.1 is to be set again.
    const OLD_CHANNEL_DAYS: i64 = 20;

    fn seen() -> SurveyedDevice {
        let mut device = device(1, &[]);
        device.state.sessions = 3;
        device.state.seen[Mode::Machine as usize] = Some(NOW);
        device.state.seen[Mode::Maintenance as usize] = Some(NOW);
        SurveyedDevice {
            device,
            waits_since: None,
            compliance: None,
            open_installs: Vec::new(),
        }
    }

    fn flags(one: &SurveyedDevice, days: i64) -> Vec<&'static str> {
        let found = DeviceFlag::of(one, None, NOW.plus_ms(days * DAY_MS));
        found.into_iter().map(DeviceFlag::name).collect()
    }

    #[test]
    fn each_activity_is_a_flag_of_the_same_name() {
        for activity in ActivityFlag::ALL {
            let flag = DeviceFlag::from_name(activity.name()).unwrap();
            let (mut one, mut other) = (seen(), seen());
            one.device.state.seen = [None; 4];
            one.device.state.seen[Mode::Machine as usize] = Some(NOW);
            other.device.state.seen = [None; 4];
            other.device.state.seen[Mode::Unspecified as usize] = Some(NOW);
            other.device.state.manual_at = Some(NOW);
            other.device.state.nobody_logged_on = 3;
            let mut third = seen();
            third.device.state.sessions = 0;
            third.device.state.unenrolled_at = Some(NOW);
            for of in [&one, &other, &third] {
                let is = activity.is_of(&of.device.state);
                assert_eq!(flag.is_of(of, None, NOW), is, "{}", activity.name());
            }
        }
    }

    #[test]
    fn a_device_that_comes_has_no_flag_and_one_that_does_not_is_silent() {
        let mut one = seen();
        assert_eq!(flags(&one, SILENT_DAYS - 1), [""; 0]);
        assert_eq!(flags(&one, SILENT_DAYS), ["silent"]);
        one.device.state.unenrolled_at = Some(NOW);
        assert_eq!(flags(&one, SILENT_DAYS), ["unenrolled"]);
        assert_eq!(
            flags(
                &SurveyedDevice {
                    device: device(1, &[]),
                    ..seen()
                },
                9
            ),
            ["never_seen"]
        );
    }

    #[test]
    fn a_channel_is_old_then_expired_and_a_dead_one_is_dead() {
        let mut one = seen();
        let keep = |one: &mut SurveyedDevice, days: i64| {
            let at = NOW.plus_ms(days * DAY_MS);
            one.device.state.seen[Mode::Machine as usize] = Some(at);
            flags(one, days)
        };
        one.device.state.channel = Some(active_channel(Family::Windows81, NOW));
        assert_eq!(keep(&mut one, OLD_CHANNEL_DAYS - 1), [""; 0]);
        assert_eq!(keep(&mut one, OLD_CHANNEL_DAYS), ["channel_old"]);
        assert_eq!(keep(&mut one, 30), ["channel_expired"]);
        for (state, expected) in [
            (ChannelState::Dead, "channel_dead"),
            (ChannelState::SetFailed, "channel_set_failed"),
        ] {
            let mut channel = active_channel(Family::Windows81, NOW);
            (channel.state, channel.uri) = (state, None);
            one.device.state.channel = Some(channel);
            assert_eq!(keep(&mut one, 1), [expected]);
        }
    }

    #[test]
    fn a_command_starves_from_when_it_may_go() {
        let mut one = seen();
        one.device.state = queue(&one.device, body()).unwrap().0.state;
        one.waits_since = Some(NOW);
        let old = NOW.plus_ms(STARVES_DAYS * DAY_MS);
        let starves = |one: &SurveyedDevice, at| DeviceFlag::Starving.is_of(one, None, at);
        assert!(starves(&one, old) && !starves(&one, old.plus_ms(-1)));
        one.device.state.open[0].not_before = Some(NOW.plus_ms(1));
        assert!(!starves(&one, old) && starves(&one, old.plus_ms(1)));
        one.device.state.open[0].state = CommandState::Unconfirmed;
        assert!(!starves(&one, old.plus_ms(1)));
        assert!(DeviceFlag::Unconfirmed.is_of(&one, None, NOW));
    }

    #[test]
    fn profiles_and_verdicts_are_flags_where_they_are_bad() {
        let mut one = seen();
        let of = |one: &SurveyedDevice, health| DeviceFlag::of(one, health, NOW);
        assert_eq!(of(&one, Some(Health::Degraded)), []);
        for health in [Health::Misconfigured, Health::Blocked] {
            assert_eq!(of(&one, Some(health)), [DeviceFlag::ProfileMisconfigured]);
        }
        for state in ComplianceState::ALL {
            one.compliance = Some(state);
            let expected = state == ComplianceState::NotCompliant;
            assert_eq!(of(&one, None).contains(&DeviceFlag::NotCompliant), expected);
        }
    }
}
