//! The push channel in a session: what the device's answers and the session
//! itself mean for it, and the commands that follow. What is to be done is
//! decided in [`crate::push::channel`]; whether a command may go is decided by
//! the policy engine, as for every other.

mod open_commands;
mod sends;
mod subject;
mod work;

use super::Request;
use super::bodies::Bodies;
use super::exchange::Exchange;
use super::ledger::Ledger;
use super::told::Told;
use crate::command::{CommandState, Serves};
use crate::context::Family;
use crate::device::State;
use crate::device::outbox;
use crate::event::{Event, EventType};
use crate::push::in_force::{Notes, Target};
use crate::push::{channel, wake};

pub(super) use open_commands::open_set;
pub(super) use subject::{News, Whose};

use open_commands::{ACTOR, close};
use work::Work;

/// Takes in what this message means for the channel and the wake.
pub(super) fn take(
    state: &mut State,
    whose: &Whose<'_>,
    told: &Told,
    request: &Request<'_>,
    bodies: &mut Bodies<'_>,
    ledger: &mut Ledger,
) -> News {
    if whose.begins {
        answer_wake(state, whose, request, ledger);
    }
    let Some(target) = target(state, whose, request) else {
        return forget(state, "no push profile is for this device", ledger);
    };
    let mut work = Work {
        channel: state.channel.take().unwrap_or_default(),
        state,
        whose,
        target,
        request,
        ledger,
        effects: Vec::new(),
        news: News::default(),
    };
    let before = work.channel.state;
    work.mine();
    work.set_answered();
    let says = told.at(&work.nodes());
    work.told(says);
    if whose.begins {
        work.session();
    }
    work.act(bodies);
    let (channel, news) = (work.channel, work.news);
    if channel.state != before {
        let detail = format!("{} to {}", before.name(), channel.state.name());
        let changed = Event::new(ledger.now, ACTOR, Some(whose.id), EventType::ChannelChanged);
        ledger.events.push(changed.detail(detail));
    }
    state.channel = Some(channel);
    news
}

/// The profile that the device is set up for. A phone beyond the 30 days does
/// not renew by itself: where there is another profile for it, it is moved on.
fn target<'a>(state: &State, whose: &Whose<'_>, request: &Request<'a>) -> Option<&'a Target> {
    let (push, record) = (request.push, whose.record);
    let own = state.push.own.as_ref();
    let current = push.current(record.family, &record.groups, own)?;
    let expired = state.channel.as_ref().is_some_and(|channel| {
        channel.state == channel::State::Expired
            || channel.expires_at().is_some_and(|end| end <= request.now)
    });
    let moves = expired && whose.begins && record.family == Family::WindowsPhone81;
    if moves {
        push.another(&record.groups, current)
    } else {
        Some(current)
    }
}

/// The device has no channel any more: it is unenrolled, or no profile is for it.
pub(super) fn forget(state: &mut State, why: &str, ledger: &mut Ledger) -> News {
    let Some(channel) = state.channel.take() else {
        return News::default();
    };
    state.push = Notes::default();
    for serves in [Serves::ChannelSet, Serves::ChannelRead] {
        close(
            state,
            serves,
            |_| true,
            CommandState::Cancelled,
            why,
            ledger,
        );
    }
    News {
        uri: channel.uri.map(|_| None),
        queued: Vec::new(),
    }
}

/// Tells the channel that its set is in the reply.
pub(super) fn delivered(exchange: &mut Exchange, family: Family, now: crate::time::Timestamp) {
    let set = open_set(&exchange.state);
    let carried = exchange.carried.iter().any(|one| Some(one.seq) == set);
    if let (true, Some(channel)) = (carried, &exchange.state.channel) {
        let done = channel::next(channel, channel::Event::SetDelivered, family, now);
        exchange.state.channel = Some(done.channel);
    }
}

/// A session answers the wake, if it is one that a push could have brought or
/// that carries as much.
fn answer_wake(state: &mut State, whose: &Whose<'_>, request: &Request<'_>, ledger: &mut Ledger) {
    let mode = request.query.mode;
    let Some(before) = state.wake.as_ref().filter(|wake| !wake.state.is_final()) else {
        return;
    };
    if request.query.may_be_machine || !outbox::answers(whose.record.family, mode) {
        return;
    }
    let event = wake::Event::Session { began: ledger.now };
    let sent_at = before.sent_at;
    state.wake = wake::next(Some(before), event, ledger.now, 0).wake;
    if state
        .wake
        .as_ref()
        .is_some_and(|wake| wake.state.is_final())
    {
        let after = match sent_at {
            Some(at) => format!(
                "{} s after the notification",
                ledger.now.ms_since(at) / 1000
            ),
            None => "before a notification was sent".to_owned(),
        };
        let ended = Event::new(ledger.now, "device", Some(whose.id), EventType::WakeEnded);
        let detail = format!("answered by a session in {}, {after}", mode.name());
        ledger.events.push(ended.detail(detail));
    }
}
