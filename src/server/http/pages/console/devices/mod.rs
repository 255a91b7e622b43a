//! `/console/devices`: the list, and the pages of one device.

pub(in crate::http::pages) mod access;
pub(in crate::http::pages) mod actions;
pub(in crate::http::pages) mod channel;
pub(in crate::http::pages) mod form;
pub(in crate::http::pages) mod installs;
pub(in crate::http::pages) mod inventory;
pub(in crate::http::pages) mod list;
pub(in crate::http::pages) mod preview;
pub(in crate::http::pages) mod queue;
pub(in crate::http::pages) mod timeline;
mod waits;

use crate::app::device_list;
use crate::http::pages::Visitor;
use crate::http::pages::console::{command_id, may_operate};
use crate::http::problem::Problem;
use modegate_core::device::Device;
use modegate_core::fleet::DeviceFlag;
use modegate_core::ids::DeviceId;
use modegate_pages::Shell;
use modegate_pages::console::devices::{DeviceHead, Flag, PAGES};
use modegate_pages::shell::Tone;

/// The address of a device's first page.
fn address(id: DeviceId) -> String {
    format!("/console/devices/{id}")
}

/// What every page of a device shows first.
pub(super) async fn head(
    visitor: &Visitor,
    device: &Device,
    here: &'static str,
) -> Result<DeviceHead, Problem> {
    let flags = device_list::flags(visitor.app(), std::slice::from_ref(device)).await?;
    let record = &device.record;
    Ok(DeviceHead {
        id: device.id.to_string(),
        source: record.source.0.clone(),
        user: record.user.clone(),
        family: record.family.title(),
        groups: visitor.by().known_groups(&record.groups),
        flags: flags.into_iter().flatten().map(flag).collect(),
        may_operate: may_operate(visitor),
        here,
    })
}

/// The frame of a page of a device: of one that is not its first, with the way back to that.
pub(super) fn shell(visitor: &Visitor, device: &Device, here: &'static str) -> Shell {
    let source = &device.record.source.0;
    let name = PAGES.iter().find(|(end, _)| *end == here);
    match name {
        Some((end, name)) if !end.is_empty() => visitor
            .shell(format!("{name} of {source}"))
            .below(address(device.id), source.clone()),
        _ => visitor
            .shell(source.clone())
            .below("/console/devices", "Devices"),
    }
}

/// A flag as a badge.
pub(super) fn flag(flag: DeviceFlag) -> Flag {
    let tone = match flag {
        DeviceFlag::ChannelDead
        | DeviceFlag::ChannelExpired
        | DeviceFlag::ChannelSetFailed
        | DeviceFlag::ProfileMisconfigured
        | DeviceFlag::NotCompliant => Tone::Bad,
        DeviceFlag::NeverSeen | DeviceFlag::Unenrolled => Tone::Info,
        DeviceFlag::OnlyMachine
        | DeviceFlag::NamesNoMode
        | DeviceFlag::ByHand
        | DeviceFlag::NobodyLoggedOn
        | DeviceFlag::PollingOff
        | DeviceFlag::Silent
        | DeviceFlag::ChannelOld
        | DeviceFlag::Unconfirmed
        | DeviceFlag::Starving => Tone::Warn,
    };
    Flag {
        tone,
        text: flag.words(),
    }
}
