//! To which session a message belongs, and the state brought up to it.
//!
//! Both the choice of what to load and the step itself begin here, so that
//! they look at the same thing.

use super::event_recorder::EventRecorder;
use super::keep_alive::ends_package;
use super::{Request, enrollment, settle};
use crate::activity;
use crate::context::{Context, ContextSet, Login, Mode};
use crate::device::{DeviceState, Session};
use crate::ids::SessionNo;
use crate::limits;
use modegate_wire::message::{Item, Message};

/// How a message stands to its session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MessagePosition {
    /// It opens one or carries it on: commands may go.
    Current,
    /// Its session is over, or it is out of order: answered, without commands.
    Stray,
}

/// The state with the message's session in it.
pub(super) fn open(
    state: &DeviceState,
    request: &Request<'_>,
    recorder: &mut EventRecorder,
) -> (DeviceState, MessagePosition) {
    let mut state = state.clone();
    settle::settle(&mut state, recorder);
    let message = request.message;
    let place = if begins(&state, request) {
        begin(&mut state, request, recorder);
        MessagePosition::Current
    } else {
        carry_on(&mut state, message, recorder)
    };
    if let Some(session) = &mut state.session {
        // Also what is out of order was named in the session.
        if place == MessagePosition::Current
            || session.is_open && session.id == message.header.session_id
        {
            let before = session.contexts;
            narrow(session, request);
            state.nobody_logged_on =
                in_a_row(state.nobody_logged_on, before, session.contexts, recorder);
        }
        if place == MessagePosition::Current {
            session.login = login_of(message).unwrap_or(session.login);
            session.last_at = recorder.now;
            session.client_message = message.header.msg_id;
            session.awaits_final = !ends_package(message);
            session.max_msg_size = message.header.max_msg_size.or(session.max_msg_size);
            state.next_message = session.first_message + message.header.msg_id;
        }
    }
    state.seen[request.query.mode as usize] = Some(recorder.now);
    (state, place)
}

/// Takes in the context that a message names.
fn narrow(session: &mut Session, request: &Request<'_>) {
    let context = Context {
        mode: request.query.mode,
        platform: request.query.platform,
        login: login_of(request.message).unwrap_or(session.login),
    };
    session.contexts = session.contexts.with(context);
    if request.query.may_be_machine {
        session.contexts = session.contexts.with(Context {
            mode: Mode::Machine,
            ..context
        });
    }
}

/// How many sessions in a row contradict themselves once this one has gone from the
/// contexts `before` to `after`. One that names no login status leaves the row as it is.
fn in_a_row(row: u8, before: ContextSet, after: ContextSet, recorder: &mut EventRecorder) -> u8 {
    let contradiction =
        |contexts: ContextSet| contexts.iter().find(|context| context.is_contradiction());
    let is_there = |context: Context| {
        matches!(context.mode, Mode::Maintenance | Mode::Apps)
            && matches!(context.login, Login::User | Login::Others)
    };
    match (contradiction(before), contradiction(after)) {
        (None, Some(context)) => {
            recorder.note(format!(
                "it names {}, which runs while its user is logged on, and says that nobody is (LoginStatus none): a contradiction",
                context.mode.name()
            ));
            row.saturating_add(1)
        }
        (None, None) if after.iter().any(is_there) => 0,
        _ => row,
    }
}

/// MsgID 1 opens a session. So does a package 1 that repeats itself after a
/// challenge: the challenge itself was not recorded (a stranger costs no write).
fn begins(state: &DeviceState, request: &Request<'_>) -> bool {
    let header = &request.message.header;
    if header.msg_id == 1 {
        return true;
    }
    let continues = state.session.as_ref().is_some_and(|session| {
        session.is_open && session.id == header.session_id && header.msg_id > session.client_message
    });
    let proves = header.cred.is_some() || request.evidence.mac.is_some();
    let answers_challenge =
        proves && header.msg_id <= u32::from(limits::CHALLENGES) && is_package_one(request.message);
    !continues && answers_challenge
}

fn begin(state: &mut DeviceState, request: &Request<'_>, recorder: &mut EventRecorder) {
    settle::end_session(state, recorder, "a new session began");
    enrollment::came_back(state, recorder);
    if state.next_message > limits::NUMBERS_WRAP || state.next_id > limits::NUMBERS_WRAP {
        state.next_message = 1;
        state.next_id = 1;
    }
    state.sessions += 1;
    state.session = Some(Session {
        no: SessionNo(state.sessions),
        id: request.message.header.session_id.clone(),
        opened_at: recorder.now,
        last_at: recorder.now,
        client_message: request.message.header.msg_id,
        messages: 1,
        first_message: state.next_message.max(1),
        contexts: ContextSet::default(),
        login: Login::Absent,
        max_msg_size: None,
        is_open: true,
        awaits_final: false,
        proof_on_record: 0,
    });
    state.next_id = state.next_id.max(1);
    let which = (SessionNo(state.sessions), request.query.mode);
    activity::begin(&mut state.activity, &state.seen, which, recorder.now);
}

fn carry_on(
    state: &mut DeviceState,
    message: &Message,
    recorder: &mut EventRecorder,
) -> MessagePosition {
    let header = &message.header;
    let Some(session) = &mut state.session else {
        recorder.note("a message of no session");
        return MessagePosition::Stray;
    };
    if session.id != header.session_id || !session.is_open {
        recorder.note("a message of a session that is over");
        return MessagePosition::Stray;
    }
    if header.msg_id <= session.client_message {
        recorder.note(format!(
            "MsgID {} after {}",
            header.msg_id, session.client_message
        ));
        return MessagePosition::Stray;
    }
    if header.msg_id > limits::SESSION_MESSAGES || session.messages >= limits::SESSION_MESSAGES {
        recorder.note(format!(
            "more than {} messages: the session is ended",
            limits::SESSION_MESSAGES
        ));
        settle::end_session(state, recorder, "the session was too long");
        return MessagePosition::Stray;
    }
    if header.msg_id != session.client_message + 1 {
        recorder.note(format!(
            "MsgID {} after {}: one was skipped",
            header.msg_id, session.client_message
        ));
    }
    session.messages += 1;
    MessagePosition::Current
}

/// LoginStatus by its alert type (MS-MDM 4).
pub(super) fn is_login_status(item: &Item) -> bool {
    item.meta.kind.as_deref().is_some_and(|kind| {
        kind.trim()
            .eq_ignore_ascii_case("com.microsoft/MDM/LoginStatus")
    })
}

/// The login status that a message names, if it does: the narrowest, should it
/// name several; [`Login::Absent`] for a value that is not known.
fn login_of(message: &Message) -> Option<Login> {
    let mut named = message
        .alerts()
        .filter(|alert| alert.code == 1224 && alert.items.iter().any(is_login_status))
        .flat_map(|alert| &alert.items)
        .map(|item| {
            let data = item.data.as_deref().unwrap_or("").trim();
            Login::from_name(data).unwrap_or(Login::Absent)
        });
    let first = named.next()?;
    Some(named.fold(first, |login, next| match (login, next) {
        (same, next) if same == next => same,
        (Login::None, _) | (_, Login::None) => Login::None,
        _ => Login::Absent,
    }))
}

/// Whether a message is package 1: it says who started the session.
fn is_package_one(message: &Message) -> bool {
    message
        .alerts()
        .any(|alert| matches!(alert.code, 1200 | 1201))
}
