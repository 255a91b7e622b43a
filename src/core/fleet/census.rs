//! How many devices, commands and installs are in which state.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::flag::{DAY_MS, channel_age_ms};
use super::{DeviceFlag, SurveyedDevice};
use crate::command::CommandState;
use crate::context::Family;
use crate::installs::InstallState;
use crate::push::channel::ChannelState;
use crate::time::Timestamp;

/// Groups that are counted by name; devices of further ones are in
/// [`Census::other_groups`]. A name has up to 256 bytes, and all of them are kept as one.
pub const GROUPS: usize = 2_000;
/// Ages of channels that are counted by day: 0 to 30, and what is older. A channel is good
/// for 30 days.
pub const CHANNEL_DAYS: usize = 32;

/// What one walk over all devices counted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Census {
    /// When the walk began.
    pub begun_at: Timestamp,
    /// When it ended.
    pub ended_at: Timestamp,
    /// Devices.
    pub devices: u64,
    /// Devices by flag; one that no device has is not there.
    pub flags: BTreeMap<DeviceFlag, u64>,
    /// Devices by family.
    pub families: BTreeMap<Family, u64>,
    /// Devices by group, those of the first [`GROUPS`] groups that the walk met.
    pub groups: BTreeMap<String, u64>,
    /// How often a device was in a group that is not among them.
    pub other_groups: u64,
    /// Devices by the state of their push channel.
    pub channels: BTreeMap<ChannelState, u64>,
    /// Channels that may be sent to, by their age in days: [`CHANNEL_DAYS`] counts.
    pub channel_days: Vec<u64>,
    /// Commands that are not final, by state.
    pub commands: BTreeMap<CommandState, u64>,
    /// When the oldest command that waits was queued.
    pub oldest: Option<Timestamp>,
    /// Installs that are not final, by state.
    pub installs: BTreeMap<InstallState, u64>,
}

impl Census {
    /// One that has counted nothing yet.
    pub fn begin(now: Timestamp) -> Self {
        Census {
            begun_at: now,
            ended_at: now,
            devices: 0,
            flags: BTreeMap::new(),
            families: BTreeMap::new(),
            groups: BTreeMap::new(),
            other_groups: 0,
            channels: BTreeMap::new(),
            channel_days: vec![0; CHANNEL_DAYS],
            commands: BTreeMap::new(),
            oldest: None,
            installs: BTreeMap::new(),
        }
    }

    /// Counts a device with these flags.
    pub fn count(&mut self, one: &SurveyedDevice, flags: &[DeviceFlag], now: Timestamp) {
        let (record, state) = (&one.device.record, &one.device.state);
        self.devices += 1;
        for flag in flags {
            *self.flags.entry(*flag).or_default() += 1;
        }
        *self.families.entry(record.family).or_default() += 1;
        for group in &record.groups {
            self.count_group(group);
        }
        if let Some(channel) = &state.channel {
            *self.channels.entry(channel.state_at(now)).or_default() += 1;
            if let Some(age) = channel_age_ms(channel, now) {
                let days = usize::try_from(age / DAY_MS).unwrap_or(usize::MAX);
                self.channel_days[days.min(CHANNEL_DAYS - 1)] += 1;
            }
        }
        for command in &state.open {
            *self.commands.entry(command.state).or_default() += 1;
        }
        self.oldest = [self.oldest, one.waits_since].into_iter().flatten().min();
        for install in &one.open_installs {
            *self.installs.entry(*install).or_default() += 1;
        }
    }

    fn count_group(&mut self, group: &str) {
        if let Some(count) = self.groups.get_mut(group) {
            *count += 1;
        } else if self.groups.len() < GROUPS {
            self.groups.insert(group.to_owned(), 1);
        } else {
            self.other_groups += 1;
        }
    }

    /// Whether another counted the same, whenever that was.
    pub fn counts_as(&self, other: &Census) -> bool {
        let (begun_at, ended_at) = (other.begun_at, other.ended_at);
        let at_that_time = Census {
            begun_at,
            ended_at,
            ..self.clone()
        };
        at_that_time == *other
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::{NOW, active_channel, device};

    fn one(groups: &[&str]) -> SurveyedDevice {
        SurveyedDevice {
            device: device(1, groups),
            waits_since: None,
            compliance: None,
            open_installs: Vec::new(),
        }
    }

    #[test]
    fn a_census_counts_devices_by_all_that_is_said_of_them() {
        let mut census = Census::begin(NOW);
        let mut first = one(&["north", "kiosk"]);
        first.device.state.channel = Some(active_channel(Family::Windows81, NOW));
        first.waits_since = Some(NOW.plus_ms(5));
        first.open_installs = vec![InstallState::Woken, InstallState::Woken];
        let mut second = one(&["north"]);
        second.device.record.family = Family::Windows10;
        second.waits_since = Some(NOW);
        let later = NOW.plus_ms(3 * DAY_MS + 1);
        census.count(&first, &[DeviceFlag::Silent], later);
        census.count(&second, &[DeviceFlag::Silent, DeviceFlag::Starving], later);
        assert_eq!(census.devices, 2);
        assert_eq!(census.flags[&DeviceFlag::Silent], 2);
        assert_eq!(census.flags[&DeviceFlag::Starving], 1);
        assert_eq!(census.families[&Family::Windows10], 1);
        assert_eq!((census.groups["north"], census.groups["kiosk"]), (2, 1));
        assert_eq!(census.channels[&ChannelState::Active], 1);
        let expected: Vec<u64> = (0..CHANNEL_DAYS).map(|day| u64::from(day == 3)).collect();
        assert_eq!(census.channel_days, expected);
        assert_eq!(census.oldest, Some(NOW));
        assert_eq!(census.installs[&InstallState::Woken], 2);
        let mut again = census.clone();
        again.ended_at = later;
        assert!(again.counts_as(&census));
        again.count(&second, &[], later);
        assert!(!again.counts_as(&census));
    }

    #[test]
    fn groups_are_counted_by_name_up_to_a_bound() {
        let mut census = Census::begin(NOW);
        for group in 0..GROUPS + 3 {
            census.count(&one(&[&format!("g{group}")]), &[], NOW);
        }
        census.count(&one(&["g0"]), &[], NOW);
        assert_eq!((census.groups.len(), census.other_groups), (GROUPS, 3));
        assert_eq!(census.groups["g0"], 2);
    }
}
