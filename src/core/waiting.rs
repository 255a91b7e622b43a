//! What waits in the queues of many devices, told together by why it waits: the kind of the
//! commands, the rules that hold them back and the modes that would let them go.

use std::collections::BTreeMap;

use crate::context::{Context, ContextSet, Login, Mode, Platform};
use crate::device::Device;
use crate::ids::{CommandSeq, DeviceId};
use crate::kind::Kind;
use crate::policy::PolicySet;
use crate::session::preview::preview_within;
use crate::time::Timestamp;

/// Most reasons that are told apart; commands that wait for others are counted together.
const REASONS: usize = 500;
/// Devices of one reason that are named.
const DEVICES: usize = 50;

/// Why commands wait.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct WaitReason {
    /// Of which kind they are.
    pub kind: Kind,
    /// Whether a session like the latest one of the device carries them: then it is the next
    /// session that they wait for.
    pub goes: bool,
    /// The rules that determined it.
    pub rules: Vec<String>,
    /// The modes that would let them go, where rules hold them back.
    pub modes: Vec<Mode>,
}

/// What waits on one device for one reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WaitingHere {
    /// Why.
    pub reason: WaitReason,
    /// How many commands.
    pub commands: u64,
    /// The one that has waited longest.
    pub oldest: CommandSeq,
}

/// What waits on many devices for one reason.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct WaitingGroup {
    /// How many commands.
    pub commands: u64,
    /// On how many devices.
    pub devices: u64,
    /// When the oldest of them was queued.
    pub oldest: Option<Timestamp>,
    /// The first of the devices, 50 at most.
    pub first: Vec<DeviceId>,
}

/// What waits on the devices that were looked at.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Waiting {
    /// By reason.
    pub groups: BTreeMap<WaitReason, WaitingGroup>,
    /// Commands that wait for yet other reasons than there is room for.
    pub others: u64,
    /// How many devices were looked at.
    pub devices: u64,
}

/// What waits on a device, as decided for a session like its latest one; for one that names
/// nothing, where it never had any. In the order of the reasons.
pub fn waiting_on(device: &Device, policies: &PolicySet, now: Timestamp) -> Vec<WaitingHere> {
    if device.state.open.is_empty() {
        return Vec::new();
    }
    let found = preview_within(device, latest_contexts(device), policies, now);
    let goes = found.deliver.into_iter().map(|entry| {
        let reason = WaitReason {
            kind: entry.kind,
            goes: true,
            rules: entry.rules,
            modes: Vec::new(),
        };
        (reason, entry.command)
    });
    let stays = found.withhold.into_iter().map(|held| {
        let reason = WaitReason {
            kind: held.kind,
            goes: false,
            rules: held.rules,
            modes: held.modes,
        };
        (reason, held.command)
    });
    let mut groups: BTreeMap<WaitReason, (u64, CommandSeq)> = BTreeMap::new();
    for (reason, seq) in goes.chain(stays) {
        let (commands, oldest) = groups.entry(reason).or_insert((0, seq));
        (*commands, *oldest) = (*commands + 1, seq.min(*oldest));
    }
    let here = groups.into_iter();
    here.map(|(reason, (commands, oldest))| WaitingHere {
        reason,
        commands,
        oldest,
    })
    .collect()
}

/// What the latest session of a device said of itself.
fn latest_contexts(device: &Device) -> ContextSet {
    let session = device.state.session.as_ref();
    session.map_or_else(
        || {
            ContextSet::only(Context {
                mode: Mode::Unspecified,
                platform: Platform::WoA,
                login: Login::Absent,
            })
        },
        |session| session.contexts,
    )
}

impl Waiting {
    /// Adds a device without what waits on it.
    pub fn look_at(&mut self) {
        self.devices += 1;
    }

    /// Adds what waits on a device for one reason, of which the oldest was queued at `oldest`.
    pub fn add(&mut self, device: DeviceId, here: WaitingHere, oldest: Option<Timestamp>) {
        let is_known = self.groups.contains_key(&here.reason);
        if !is_known && self.groups.len() >= REASONS {
            self.others += here.commands;
            return;
        }
        let group = self.groups.entry(here.reason).or_default();
        group.commands += here.commands;
        group.devices += 1;
        group.oldest = [group.oldest, oldest].into_iter().flatten().min();
        if group.first.len() < DEVICES {
            group.first.push(device);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use uuid::Uuid;

    fn here(rule: String, commands: u64) -> WaitingHere {
        WaitingHere {
            reason: WaitReason {
                kind: Kind::Lock,
                goes: false,
                rules: vec![rule],
                modes: vec![Mode::Maintenance],
            },
            commands,
            oldest: CommandSeq(1),
        }
    }

    #[test]
    fn devices_that_wait_for_the_same_reason_are_one_group() {
        let mut waiting = Waiting::default();
        let device = |at: u128| DeviceId(Uuid::from_u128(at));
        for at in 0..60 {
            waiting.look_at();
            let queued = Timestamp(i64::try_from(100 - at).unwrap());
            waiting.add(device(at), here("floor.machine".into(), 2), Some(queued));
        }
        waiting.look_at();
        assert_eq!((waiting.devices, waiting.groups.len()), (61, 1));
        let group = waiting.groups.values().next().unwrap();
        assert_eq!((group.commands, group.devices), (120, 60));
        assert_eq!(group.oldest, Some(Timestamp(41)));
        assert_eq!(group.first.len(), DEVICES);
        assert_eq!(group.first[0], device(0));
    }

    #[test]
    fn reasons_beyond_the_bound_are_counted_and_not_kept() {
        let mut waiting = Waiting::default();
        for at in 0..REASONS + 7 {
            let device = DeviceId(Uuid::from_u128(at as u128));
            waiting.add(device, here(format!("r{at}"), 3), None);
        }
        assert_eq!(waiting.groups.len(), REASONS);
        assert_eq!(waiting.others, 21);
    }
}
