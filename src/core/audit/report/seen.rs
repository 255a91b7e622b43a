//! Devices by the modes that they were ever seen in.

use super::device::{DeviceFacts, Standing};
use super::value::{Listed, Section, columns, whole};
use crate::ids::DeviceId;

/// Audit 6: which devices have only ever been seen in Machine, without a mode, or never.
pub(super) fn section<'a>(devices: impl Iterator<Item = (DeviceId, &'a DeviceFacts)>) -> Section {
    let mut found = Listed::default();
    let mut counts = [0_u64; Standing::ALL.len()];
    for (id, facts) in devices.filter(|(_, facts)| facts.retired_at.is_none()) {
        let standing = facts.standing();
        counts[standing as usize] += 1;
        if standing != Standing::Usual {
            found.push((id, standing, facts.registered_at, facts.last_session));
        }
    }
    let columns = columns! { standing "Seen", devices "Devices" };
    let rows = Standing::ALL.map(|one| vec![one.name().into(), counts[one as usize].into()]);
    Section::new(
        "seen",
        "6. Devices that were never seen with a user",
        "Devices that only ever named Machine, never named a mode that is known, or never had a session, since the log began. Machine carries three kinds of commands only: such devices get no settings, and what needs the user's profile can never be read from them.",
        "That a device does not exist or is not in use. Retired devices are not listed.",
    )
    .headline("unusual", found.total() > 0)
        .fact("devices", "Devices that are not retired", counts.iter().sum::<u64>())
    .fact("unusual", "Of them never seen in Maintenance or Apps", found.total())
    .table(whole("seen_counts", "Devices by how they were seen", columns, rows))
    .table(found.table(
        "seen_devices",
        "Devices never seen in Maintenance or Apps",
        columns! {
            device "Device",
            standing "Seen",
            registered_at "Registered",
            last_session_at "Last exchange",
        },
        |(device, standing, registered, last)| {
            vec![
                (*device).into(),
                standing.name().into(),
                (*registered).into(),
                last.map(|(at, _)| at).into(),
            ]
        },
    ))
}
