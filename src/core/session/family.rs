//! The family of a device: what it shows of it, and the change of it by an operator.

use super::closing;
use super::event_recorder::EventRecorder;
use super::request::ClientEvidence;
use super::result_collector::ResultCollector;
use crate::change::DeviceChange;
use crate::command::CommandState;
use crate::context::Family;
use crate::device::{Device, DeviceState, FamilyEvidence, ShownFamily, family_of_version};
use crate::event::EventType;
use crate::time::Timestamp;

/// Takes in what this message shows of the device's family. That it shows another one than
/// before, and than its record says, is logged.
pub(super) fn look(
    device: &Device,
    state: &mut DeviceState,
    evidence: &ClientEvidence,
    collected: &ResultCollector,
    recorder: &mut EventRecorder,
) {
    // What every message has comes first: the answer to a question says more.
    let by_header = evidence
        .names_origin
        .then_some((Family::Windows10, FamilyEvidence::UserAgentOrigin));
    let by_version = collected.system_version().and_then(family_of_version);
    let by_version = by_version.map(|family| (family, FamilyEvidence::SystemVersion));
    let Some((family, by)) = by_version.or(by_header) else {
        return;
    };
    let Some(shown) = ShownFamily::news(state.shown_family, family, by, recorder.now) else {
        return;
    };
    state.shown_family = Some(shown);
    if family != device.record.family {
        let words = format!(
            "shows {} ({}), its record says {}",
            family.name(),
            by.name(),
            device.record.family.name()
        );
        let event = recorder.event("device", device.id, EventType::FamilyShown);
        recorder.events.push(event.detail(words));
    }
}

/// Why a device's family does not change.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{count} open commands were made for {}", .family.name())]
pub struct FamilyInUse {
    /// How many commands of callers are open.
    pub count: usize,
    /// The family that they were made for.
    pub family: Family,
}

/// What follows when a device leaves the family of its record: what the server asked it
/// itself is cancelled, and its channel, which was set in that family's way, is forgotten.
///
/// # Errors
/// Where callers' commands are open: each was made for that family, and says nothing to
/// another.
pub fn leave_family(device: &Device, now: Timestamp) -> Result<DeviceChange, FamilyInUse> {
    let open = device.state.open.iter();
    let count = open.filter(|open| open.options.purpose.is_none()).count();
    let family = device.record.family;
    if count > 0 {
        return Err(FamilyInUse { count, family });
    }
    let (mut state, mut recorder) = (device.state.clone(), EventRecorder::new(now));
    for command in &mut state.open {
        let why = format!("the device is no {} any more", family.name());
        recorder.set_state(command, CommandState::Cancelled, why);
    }
    closing::close_finished(&mut state, &mut recorder);
    (state.channel, state.push, state.polling) = Default::default();
    Ok(DeviceChange {
        parts: recorder.parts,
        ..DeviceChange::new(device, state)
    })
}
