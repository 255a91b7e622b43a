//! What a session in some context would carry now, and what sessions would make of a command
//! that is not queued yet. Consumes nothing.

use serde::Serialize;

use super::availability::{Availability, Circumstances};
use super::event_recorder::EventRecorder;
use super::offer::{self, Candidate};
use super::{queue, settle};
use crate::change::Refusal;
use crate::command::CommandBody;
use crate::context::{Context, ContextSet, Login, Mode, Platform};
use crate::device::{Device, DeviceState};
use crate::ids::CommandSeq;
use crate::kind::Kind;
use crate::policy::PolicySet;
use crate::time::Timestamp;

/// The three lists of a preview: what would go in that order, the rest the oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Preview {
    /// What would go.
    pub deliver: Vec<PreviewDeliver>,
    /// What would stay, and why.
    pub withhold: Vec<PreviewHold>,
    /// What would be refused for good.
    pub refuse: Vec<PreviewHold>,
}

/// A command that would go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PreviewDeliver {
    /// Its number.
    pub command: CommandSeq,
    /// Its kind.
    pub kind: Kind,
    /// The rules that let it go.
    pub rules: Vec<String>,
}

/// A command that would not go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PreviewHold {
    /// Its number.
    pub command: CommandSeq,
    /// Its kind.
    pub kind: Kind,
    /// The rules that determined it; never empty.
    pub rules: Vec<String>,
    /// The modes of Machine, Maintenance and Apps that would let it go, login aside.
    pub modes: Vec<Mode>,
    /// When it can go, in words.
    pub next: Option<String>,
}

/// What a session of `device` in `context` would carry at `now`: a new one,
/// so what an older session left unanswered counts as queued again.
pub fn preview(device: &Device, context: Context, policies: &PolicySet, now: Timestamp) -> Preview {
    preview_within(device, ContextSet::only(context), policies, now)
}

/// The same of a session that names all of these contexts.
pub(crate) fn preview_within(
    device: &Device,
    contexts: ContextSet,
    policies: &PolicySet,
    now: Timestamp,
) -> Preview {
    let mut state = device.state.clone();
    let mut recorder = EventRecorder::new(now);
    settle::settle(&mut state, &mut recorder);
    settle::end_session(&mut state, &mut recorder, "a new session began");
    let here = Circumstances {
        record: &device.record,
        policies,
        contexts,
        session: None,
        set_pause: state.set_pause,
        now,
    };
    let mut preview = Preview {
        deliver: Vec::new(),
        withhold: Vec::new(),
        refuse: Vec::new(),
    };
    let candidates = offer::candidates(&state, None, &here);
    let announced = state
        .session
        .as_ref()
        .and_then(|session| session.max_msg_size);
    let budget = offer::budget(announced);
    for command in offer::in_order_of_replies(&candidates, budget) {
        preview.deliver.push(PreviewDeliver {
            command: command.seq,
            kind: command.kind,
            rules: command.availability.rule_names(),
        });
    }
    let stays = |command: &&Candidate| !command.availability.goes();
    for command in candidates.iter().filter(stays) {
        if command.availability.is_refused() {
            preview.refuse.push(hold(command, None));
        } else {
            let next = next(&state, command);
            preview.withhold.push(hold(command, next));
        }
    }
    preview.withhold.sort_by_key(|held| held.command);
    preview
}

/// What sessions would make of a command, were it queued now.
#[derive(Debug, Clone)]
pub struct Draft {
    /// The device as it would be.
    pub device: Device,
    /// The number that the command would get.
    pub command: CommandSeq,
    /// Its kind.
    pub kind: Kind,
    /// What a session in each mode would do with it: with nobody logged on in Machine, the
    /// enrolled user in Maintenance and Apps, and no login status where no mode is named.
    pub modes: Vec<(Mode, DraftVerdict)>,
    /// The commands that wait now and that it would take the place of.
    pub replaces: Vec<CommandSeq>,
}

/// What a session would do with a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DraftVerdict {
    /// It would go, by these rules.
    Deliver(Vec<String>),
    /// It would stay.
    Withhold(PreviewHold),
    /// It would be refused for good.
    Refuse(PreviewHold),
}

/// Queues a command for a device on paper only, and looks at what sessions would make of it.
///
/// # Errors
/// The device's queue does not take the command.
pub fn draft(
    device: &Device,
    body: CommandBody,
    policies: &PolicySet,
    now: Timestamp,
) -> Result<Draft, Refusal> {
    let (change, command) = queue::queue(device, body)?;
    let waited = device.state.open.iter().map(|open| open.seq);
    let replaces = waited.filter(|seq| change.state.open(*seq).is_none());
    let replaces = replaces.collect();
    let device = Device {
        state: change.state,
        ..device.clone()
    };
    let (mut kind, mut modes) = (Kind::Unclassified, Vec::new());
    for mode in Mode::ALL {
        let context = Context {
            mode,
            platform: Platform::WoA,
            login: match mode {
                Mode::Machine => Login::None,
                Mode::Maintenance | Mode::Apps => Login::User,
                Mode::Unspecified => Login::Absent,
            },
        };
        let found = preview(&device, context, policies, now);
        let (of, verdict) = found.verdict(command);
        kind = of.unwrap_or(kind);
        modes.extend(verdict.map(|verdict| (mode, verdict)));
    }
    Ok(Draft {
        device,
        command,
        kind,
        modes,
        replaces,
    })
}

impl Preview {
    /// The kind of this command, and what becomes of it.
    fn verdict(self, command: CommandSeq) -> (Option<Kind>, Option<DraftVerdict>) {
        let mut delivered = self.deliver.into_iter();
        if let Some(entry) = delivered.find(|entry| entry.command == command) {
            return (Some(entry.kind), Some(DraftVerdict::Deliver(entry.rules)));
        }
        let find = |held: Vec<PreviewHold>| held.into_iter().find(|held| held.command == command);
        let withheld = find(self.withhold).map(DraftVerdict::Withhold);
        let verdict = withheld.or_else(|| find(self.refuse).map(DraftVerdict::Refuse));
        let kind = verdict.as_ref().and_then(|verdict| match verdict {
            DraftVerdict::Withhold(held) | DraftVerdict::Refuse(held) => Some(held.kind),
            DraftVerdict::Deliver(_) => None,
        });
        (kind, verdict)
    }
}

fn hold(command: &Candidate, next: Option<String>) -> PreviewHold {
    let (rules, modes) = command.availability.reason();
    PreviewHold {
        command: command.seq,
        kind: command.kind,
        rules,
        modes,
        next,
    }
}

/// When a withheld command can go, in words.
fn next(state: &DeviceState, command: &Candidate) -> Option<String> {
    let Availability { decision, waits } = &command.availability;
    if let Some(at) = waits.until {
        return Some(format!("not before {at}"));
    }
    if waits.commands {
        let others = &state.open(command.seq)?.options.after;
        let others: Vec<String> = others.iter().map(|seq| seq.0.to_string()).collect();
        return Some(format!("after command {} is done", others.join(", ")));
    }
    let sessions: Vec<String> = decision
        .modes
        .iter()
        .map(|&mode| match state.last_seen(mode) {
            Some(at) => format!("{} (last seen {at})", mode.name()),
            None => format!("{} (never seen)", mode.name()),
        })
        .collect();
    (!sessions.is_empty()).then(|| format!("at the next session in {}", sessions.join(" or ")))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::command::Operation;
    use crate::context::Family;
    use crate::fixtures::{NOW, registered};
    use crate::waiting::waiting_on;
    use modegate_wire::message::Verb;

    fn body(target: u64) -> CommandBody {
        let node = "./cimv2/MDM_WNSConfiguration/MDM_WNSConfiguration.AppId=%22x%22/Exec=UpdateConfiguration";
        let operation = Operation::node(Verb::Exec, node, None);
        let mut body = CommandBody::new("raw", "test", NOW, vec![operation]);
        body.options.target = Some(target);
        body
    }

    #[test]
    fn a_draft_says_what_each_mode_would_do_and_queues_nothing() {
        let (mut device, policies) = (
            registered(1, "t", Family::Windows81, NOW),
            PolicySet::builtin().unwrap(),
        );
        let found = draft(&device, body(7), &policies, NOW).unwrap();
        assert_eq!(found.kind, Kind::WnsConfiguration);
        let goes: Vec<(Mode, bool)> = found
            .modes
            .iter()
            .map(|(mode, verdict)| (*mode, matches!(verdict, DraftVerdict::Deliver(_))))
            .collect();
        let expected = Mode::ALL.map(|mode| (mode, mode == Mode::Maintenance));
        assert_eq!(goes, expected);
        assert!(device.state.open.is_empty() && found.replaces.is_empty());
        device.state = queue::queue(&device, body(7)).unwrap().0.state;
        let again = draft(&device, body(7), &policies, NOW).unwrap();
        assert_eq!(again.replaces, [found.command]);
        let other = draft(&device, body(8), &policies, NOW).unwrap();
        assert!(other.replaces.is_empty());
    }

    #[test]
    fn what_waits_is_told_by_its_reason() {
        let policies = PolicySet::builtin().unwrap();
        let mut device = registered(1, "t", Family::Windows81, NOW);
        assert!(waiting_on(&device, &policies, NOW).is_empty());
        let read = Operation::get("./cimv2/Win32_OperatingSystem".into());
        for operations in [vec![read.clone()], vec![read]] {
            let body = CommandBody::new("raw", "test", NOW, operations);
            device.state = queue::queue(&device, body).unwrap().0.state;
        }
        device.state = queue::queue(&device, body(7)).unwrap().0.state;
        let found = waiting_on(&device, &policies, NOW);
        let told: Vec<_> = found
            .iter()
            .map(|here| {
                (
                    here.reason.kind,
                    here.reason.goes,
                    here.commands,
                    here.oldest,
                )
            })
            .collect();
        let expected = [
            (Kind::Inventory, true, 2, CommandSeq(1)),
            (Kind::WnsConfiguration, false, 1, CommandSeq(3)),
        ];
        assert_eq!(told, expected);
        assert_eq!(found[1].reason.modes, [Mode::Maintenance]);
    }
}
