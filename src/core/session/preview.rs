//! What a session in some context would carry now. Consumes nothing.

use serde::Serialize;

use super::availability::{Availability, Circumstances};
use super::event_recorder::EventRecorder;
use super::offer::{self, Candidate};
use super::settle;
use crate::context::{Context, ContextSet, Mode};
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
    let mut state = device.state.clone();
    let mut recorder = EventRecorder::new(now);
    settle::settle(&mut state, &mut recorder);
    settle::end_session(&mut state, &mut recorder, "a new session began");
    let here = Circumstances {
        record: &device.record,
        policies,
        contexts: ContextSet::only(context),
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
