//! The push channel in a session: what the device's answers and the session
//! itself mean for it, and the commands that follow. What is to be done is
//! decided in [`crate::push::channel`]; whether a command may go is decided by
//! the policy engine, as for every other.

mod open_commands;
mod pause;
mod recover;
mod report;
mod sends;
mod subject;
mod work;

use super::Request;
use super::bodies::Bodies;
use super::channel_report::ChannelReport;
use super::event_recorder::EventRecorder;
use super::exchange::Exchange;
use crate::command::{CommandState, ServerPurpose};
use crate::context::Family;
use crate::device::DeviceState;
use crate::device::outbox;
use crate::event::EventType;
use crate::push::active_profiles::{Notes, Target};
use crate::push::{channel, wake};

pub(super) use open_commands::{open_set, open_sets};
pub(super) use pause::answered;
pub(super) use subject::{ChannelChanges, DeviceContext};

use open_commands::{ACTOR, close};
use work::Work;

/// Takes in what this message means for the channel and the wake.
pub(super) fn take(
    state: &mut DeviceState,
    subject: &DeviceContext<'_>,
    report: &ChannelReport,
    request: &Request<'_>,
    bodies: &mut Bodies<'_>,
    recorder: &mut EventRecorder,
) -> ChannelChanges {
    if subject.begins {
        answer_wake(state, subject, request, recorder);
    }
    let Some(target) = target(state, subject, request) else {
        return forget(state, "no push profile is for this device", recorder);
    };
    let mut work = Work {
        channel: state.channel.take().unwrap_or_default(),
        state,
        subject,
        target,
        request,
        recorder,
        effects: Vec::new(),
        changes: ChannelChanges::default(),
    };
    let before = work.channel.state;
    work.mine();
    work.set_answered();
    work.others_answered(bodies);
    if !report.is_empty() {
        let values = report.at(&work.reads());
        work.take_report(&values);
    }
    if subject.begins {
        work.session();
    }
    work.act(bodies);
    work.end_recovery();
    let (channel, changes) = (work.channel, work.changes);
    if channel.state != before {
        let detail = format!("{} to {}", before.name(), channel.state.name());
        let changed = recorder.event(ACTOR, subject.id, EventType::ChannelChanged);
        recorder.events.push(changed.detail(detail));
    }
    state.channel = Some(channel);
    changes
}

/// The profile that the device is set up for.
fn target<'a>(
    state: &DeviceState,
    subject: &DeviceContext<'_>,
    request: &Request<'a>,
) -> Option<&'a Target> {
    let (push, record) = (request.push, subject.record);
    push.current(record.family, &record.groups, state.push.owner.as_ref())
}

/// The device has no channel any more: it is unenrolled, or no profile is for it.
pub(super) fn forget(
    state: &mut DeviceState,
    why: &str,
    recorder: &mut EventRecorder,
) -> ChannelChanges {
    let Some(channel) = state.channel.take() else {
        return ChannelChanges::default();
    };
    state.push = Notes::default();
    state.recovery = None;
    for serves in [ServerPurpose::ChannelSet, ServerPurpose::ChannelRead] {
        close(
            state,
            serves,
            |_| true,
            CommandState::Cancelled,
            why,
            recorder,
        );
    }
    ChannelChanges {
        uri: channel.uri.map(|_| None),
        ..ChannelChanges::default()
    }
}

/// Tells the channel that its set is in the reply; a set of anybody's begins the pause.
pub(super) fn delivered(exchange: &mut Exchange, family: Family, now: crate::time::Timestamp) {
    pause::delivered(&mut exchange.state, &exchange.carried, now);
    let set = open_set(&exchange.state);
    let carried = exchange.carried.iter().any(|one| Some(one.seq) == set);
    if let (true, Some(channel)) = (carried, &exchange.state.channel) {
        let done = channel::next(channel, channel::Event::SetDelivered, family, now);
        exchange.state.channel = Some(done.channel);
        recover::attempted(&mut exchange.state, now);
    }
}

/// A session answers the wake, if it is one that a push could have brought or
/// that carries as much.
fn answer_wake(
    state: &mut DeviceState,
    subject: &DeviceContext<'_>,
    request: &Request<'_>,
    recorder: &mut EventRecorder,
) {
    let mode = request.query.mode;
    let Some(before) = state.wake.as_ref().filter(|wake| !wake.state.is_final()) else {
        return;
    };
    if request.query.may_be_machine || !outbox::answers(subject.record.family, mode) {
        return;
    }
    let event = wake::Event::Session {
        began: recorder.now,
    };
    let sent_at = before.sent_at;
    state.wake = wake::next(Some(before), event, recorder.now, 0).wake;
    if state
        .wake
        .as_ref()
        .is_some_and(|wake| wake.state.is_final())
    {
        let after = match sent_at {
            Some(at) => format!(
                "{} s after the notification",
                recorder.now.ms_since(at) / 1000
            ),
            None => "before a notification was sent".to_owned(),
        };
        let ended = recorder.event("device", subject.id, EventType::WakeEnded);
        let detail = format!("answered by a session in {}, {after}", mode.name());
        recorder.events.push(ended.detail(detail));
    }
}
