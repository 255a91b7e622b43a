//! Interactive runs of the agent (the MDMAgent article): what they show, what
//! becomes of that which failed in one, and when they are over.

use super::bodies::Bodies;
use super::channel_report::ChannelReport;
use super::event_recorder::EventRecorder;
use super::{Meaning, meaning_of};
use crate::activity::{needs_impersonation, was_refused_impersonation};
use crate::classify::classify;
use crate::command::{CommandState, ElementName, Lease, OpenCommand, ServerPurpose};
use crate::context::Mode;
use crate::device::DeviceState;
use crate::ids::{CommandSeq, SessionNo};

/// Why a command that failed in one is back in the queue.
pub(super) const NOT_TRIED: &str = "the agent was run interactively, where what needs the user \
     fails: it counts as not tried and goes again in the next session that may carry it";

/// Takes in what the answers of a message, per delivery, show of the agent's rights,
/// before they are taken for what the commands came to.
pub(super) fn weigh<'a>(
    state: &mut DeviceState,
    bodies: &Bodies<'_>,
    answered: impl Iterator<Item = (CommandSeq, usize, &'a [usize])>,
    recorder: &mut EventRecorder,
) {
    let activity = &mut state.activity;
    let Some(no) = state.session.as_ref().map(|session| session.no) else {
        return;
    };
    if activity.session.no != no || !activity.session.may_be_interactive() {
        return;
    }
    for (seq, at, implied) in answered {
        let Some(command) = state.open.iter().find(|command| command.seq == seq) else {
            continue;
        };
        let lease = &command.leases[at];
        if lease.session != no {
            continue;
        }
        let evidence = &mut activity.session.evidence;
        let codes = lease.statuses.iter().enumerate();
        let mut codes = codes.map(|(index, &code)| match code {
            0 if implied.contains(&index) => (index, 200),
            code => (index, code),
        });
        if !command.leaves.iter().any(needs_impersonation) {
            if codes.any(|(_, code)| code != 0 && meaning_of(code) == Meaning::Done) {
                evidence.rest_worked();
            }
            continue;
        }
        let Some(body) = bodies.get(seq) else {
            continue;
        };
        let placed = body.placed();
        evidence.take(
            codes
                .filter(|&(_, code)| code != 0)
                .filter_map(|(index, code)| {
                    let element = placed.get(index)?;
                    let ElementName::Verb(verb) = element.name else {
                        return None;
                    };
                    Some((classify(verb, element.loc_uri?), code))
                }),
        );
    }
    conclude(state, no, recorder);
}

/// What the evidence comes to by now.
fn conclude(state: &mut DeviceState, no: SessionNo, recorder: &mut EventRecorder) {
    let activity = &mut state.activity;
    let evidence = activity.session.evidence;
    if evidence.has_worked() {
        activity.worked();
        state.manual_at = None;
    } else if evidence.is_interactive() {
        if activity.is_interactive_now() {
            state.manual_at = Some(recorder.now);
            recorder.note(
                "commands that need the user failed while the others succeeded: MDMAgent may have been run manually",
            );
        }
        recorder.excused_in = activity.excuses().then_some(no);
        if recorder.excused_in.is_none() {
            recorder.note("it did so in too many sessions in a row: what failed has failed");
        }
    }
}

/// The session in which `command` failed for want of the agent's rights alone.
pub(super) fn excused_in(
    command: &OpenCommand,
    lease: &Lease,
    recorder: &EventRecorder,
) -> Option<SessionNo> {
    let no = recorder.excused_in.filter(|&no| lease.session == no)?;
    let refused = lease
        .statuses
        .iter()
        .any(|&code| was_refused_impersonation(code));
    (refused && command.leaves.iter().any(needs_impersonation)).then_some(no)
}

/// Puts it back, for a later session than that one.
pub(super) fn put_off(command: &mut OpenCommand, session: SessionNo) {
    command.put_back();
    command.options.later_than = command.options.later_than.max(Some(session));
}

/// What the push channel makes of it: a refusal to read says nothing of the channel, and
/// the server's own set counts as not tried. That it is not paused either is for the pause
/// (`channel::answered`), whoever queued the set.
pub(super) fn settle(
    state: &mut DeviceState,
    report: &mut ChannelReport,
    recorder: &EventRecorder,
) {
    let activity = &state.activity;
    if activity.session.evidence.is_suspicious() && activity.may_excuse() {
        report.forget_refused();
    }
    if recorder.excused_in.is_none() {
        return;
    }
    let outcomes = recorder.outcomes.iter();
    let put_off: Vec<u32> = outcomes
        .filter(|outcome| outcome.state == CommandState::Queued && outcome.status.is_some())
        .map(|outcome| outcome.command)
        .collect();
    let sets = |command: &&OpenCommand| command.sets_channel() && put_off.contains(&command.seq.0);
    let Some(set) = state.open.iter().find(sets) else {
        return;
    };
    let is_own = set.options.purpose == Some(ServerPurpose::ChannelSet);
    if let (true, Some(channel)) = (is_own, &mut state.channel) {
        channel.set_not_tried();
    }
}

/// A session ended because there was nothing more to send: a Maintenance session in which
/// nothing that needs the user failed ends what interactive runs before it left.
pub(super) fn ended_well(state: &mut DeviceState) {
    let session = &state.activity.session;
    if session.mode == Some(Mode::Maintenance) && session.evidence.is_clean() {
        state.activity.worked();
        state.manual_at = None;
    }
}
