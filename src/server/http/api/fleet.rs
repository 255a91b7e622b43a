//! `/fleet`: all devices as one.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use super::{ApiResponse, Caller, HandlerResult};
use crate::app::fleet;
use crate::app::input::Time;
use modegate_core::command::CommandState;
use modegate_core::context::Family;
use modegate_core::fleet::{Census, DeviceFlag};
use modegate_core::installs::InstallState;
use modegate_core::push::channel::ChannelState;

/// What the latest walk over all devices counted.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Fleet")]
pub(super) struct FleetView {
    /// When the walk began: no count is older.
    begun_at: Time,
    /// When it ended.
    at: Time,
    devices: u64,
    /// Devices by flag.
    flags: BTreeMap<&'static str, u64>,
    families: BTreeMap<&'static str, u64>,
    /// Devices by group, of 2,000 groups.
    groups: BTreeMap<String, u64>,
    /// How often a device is in another group.
    other_groups: u64,
    /// Devices by the state of their push channel.
    channels: BTreeMap<&'static str, u64>,
    /// Channels that may be sent to, by their age: one count for each day from 0 to 30, and
    /// one for what is older.
    channel_days: Vec<u64>,
    /// Commands that are not final, by state.
    commands: BTreeMap<&'static str, u64>,
    /// When the oldest command that waits was queued.
    oldest_queued_at: Option<Time>,
    /// Installs that are not final, by state.
    installs: BTreeMap<&'static str, u64>,
}

impl From<Census> for FleetView {
    fn from(census: Census) -> Self {
        let flags = DeviceFlag::ALL.map(|one| (one.name(), of(&census.flags, &one)));
        let families = Family::ALL.map(|one| (one.name(), of(&census.families, &one)));
        let channels = ChannelState::ALL.map(|one| (one.name(), of(&census.channels, &one)));
        let commands = CommandState::ALL.into_iter().filter(|one| !one.is_final());
        let commands = commands.map(|one| (one.name(), of(&census.commands, &one)));
        let installs = InstallState::ALL.into_iter().filter(|one| !one.is_final());
        let installs = installs.map(|one| (one.name(), of(&census.installs, &one)));
        FleetView {
            begun_at: Time(census.begun_at),
            at: Time(census.ended_at),
            devices: census.devices,
            flags: flags.into(),
            families: families.into(),
            channels: channels.into(),
            commands: commands.collect(),
            installs: installs.collect(),
            groups: census.groups,
            other_groups: census.other_groups,
            channel_days: census.channel_days,
            oldest_queued_at: census.oldest.map(Time),
        }
    }
}

fn of<K: Ord>(counts: &BTreeMap<K, u64>, one: &K) -> u64 {
    counts.get(one).copied().unwrap_or(0)
}

/// `GET /fleet`.
pub(super) async fn census(caller: Caller) -> HandlerResult {
    caller
        .read(move |caller| async move {
            let census = fleet::census(caller.app(), caller.by()).await?;
            Ok(ApiResponse::ok(&FleetView::from(census)))
        })
        .await
}
