//! What events make of a wake.

use crate::push::answer::{Action, Retry, RetryKind};
use crate::push::rate::Bucket;
use crate::time::Timestamp;

use super::{LIFE_MS, RATE, SESSION_WAIT_MS, Wake, WakeState, Why, next_attempt};

/// How long an attempt may take before it counts as lost, milliseconds: with
/// a process that died while sending, nobody else tells.
const SENDING_MS: i64 = 2 * 60 * 1000;

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// Somebody wants a session.
    Request,
    /// An attempt begins.
    Send,
    /// WNS answered, or the token service did.
    Said(Action),
    /// No request reached WNS: no token, or no connection.
    NotSent,
    /// The request left and no answer came: WNS may have taken it.
    NoAnswer,
    /// It cannot be sent: no channel, or a profile that may not.
    Cannot(Why),
    /// A session began in which what waits can go. On Windows 8.1 a push
    /// brings mode Apps; a session in mode Machine answers nothing.
    Session {
        /// When it began.
        began: Timestamp,
    },
    /// Nothing but time.
    Time,
}

/// What became of a wake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transition {
    /// The wake from now on; `None` while there never was one.
    pub wake: Option<Wake>,
    /// When to look again, if nothing happens before.
    pub look_at: Option<Timestamp>,
}

/// What `event` makes of the latest wake of a device. `random` is any number,
/// for the pauses between attempts.
pub fn next(wake: Option<&Wake>, event: Event, now: Timestamp, random: u32) -> Transition {
    let wake = match (wake, event) {
        (None, Event::Request) => Some(Wake::new(now, now, Bucket::full())),
        (None, _) => None,
        (Some(last), Event::Request) if last.state.is_final() => {
            Some(Wake::new(now, last.earliest(now), last.bucket))
        }
        (Some(wake), event) => {
            let mut wake = wake.clone();
            wake.take(event, now, random);
            Some(wake)
        }
    };
    let open = wake.as_ref().filter(|wake| !wake.state.is_final());
    Transition {
        look_at: open.map(|wake| wake.due_at),
        wake,
    }
}

impl Wake {
    fn new(now: Timestamp, due_at: Timestamp, bucket: Bucket) -> Self {
        Wake {
            state: WakeState::Wanted,
            wanted_at: now,
            requests: 1,
            attempts: 0,
            due_at,
            sent_at: None,
            why: None,
            bucket,
            taken: false,
            asked: false,
        }
    }

    /// When a wake after this one may be sent: within the device's rate, and
    /// after an unanswered one not before WNS dropped it.
    fn earliest(&self, now: Timestamp) -> Timestamp {
        let rated = self.bucket.take(RATE, now).err().unwrap_or(now);
        if self.state != WakeState::Unanswered {
            return rated;
        }
        let dropped = self.sent_at.map_or(now, |at| at.plus_ms(SESSION_WAIT_MS));
        // A clock that jumped back must not hold a device for longer.
        rated.max(dropped.min(now.plus_ms(SESSION_WAIT_MS)))
    }

    fn take(&mut self, event: Event, now: Timestamp, random: u32) {
        match (self.state, event) {
            // The session came before WNS's answer.
            (WakeState::Answered, Event::Said(Action::Done)) => self.taken = true,
            (state, _) if state.is_final() => {}
            // The session to come serves this wish too.
            (_, Event::Request) => self.requests = self.requests.saturating_add(1),
            (_, Event::Session { began }) if began >= self.wanted_at => {
                self.end(WakeState::Answered);
            }
            (_, Event::Session { .. }) => {}
            (WakeState::Wanted, Event::Send) => self.begin(now),
            (WakeState::Wanted | WakeState::Sending, Event::Cannot(why)) => self.fail(why),
            (WakeState::Sending, Event::Said(action)) => self.apply_action(action, now, random),
            (WakeState::Sending, Event::NotSent) => self.retry(NETWORK, now, random),
            // One wish is one notification: what may have been taken is not sent again.
            (WakeState::Sending, Event::NoAnswer) => {
                self.wait_for_session(WakeState::Unconfirmed, now);
            }
            (_, Event::Time) => self.time(now),
            (
                WakeState::Accepted | WakeState::Unconfirmed,
                Event::Send | Event::Said(_) | Event::NotSent | Event::NoAnswer | Event::Cannot(_),
            )
            | (WakeState::Sending, Event::Send)
            | (WakeState::Wanted, Event::Said(_) | Event::NotSent | Event::NoAnswer)
            | (WakeState::Answered | WakeState::Unanswered | WakeState::Failed, _) => {}
        }
    }

    fn begin(&mut self, now: Timestamp) {
        self.state = WakeState::Sending;
        self.attempts = self.attempts.saturating_add(1);
        self.bucket = self.bucket.take(RATE, now).unwrap_or(self.bucket);
        self.sent_at = Some(now);
        self.taken = false;
        self.due_at = now.plus_ms(SENDING_MS);
    }

    /// WNS has it (`Accepted`), or may have (`Unconfirmed`).
    fn wait_for_session(&mut self, state: WakeState, since: Timestamp) {
        self.state = state;
        self.due_at = since.plus_ms(SESSION_WAIT_MS);
    }

    fn apply_action(&mut self, action: Action, now: Timestamp, random: u32) {
        match action {
            Action::Done => {
                self.taken = true;
                self.wait_for_session(WakeState::Accepted, now);
            }
            Action::Retry(retry) => self.retry(retry, now, random),
            // The client has sent it with a new token already.
            Action::RefreshToken => self.retry(TOKEN, now, random),
            Action::ChannelDead => self.fail(Why::NoChannel),
            Action::ChannelRefused => self.fail(Why::ChannelRefused),
            Action::StopProfile => self.fail(Why::Profile),
            Action::LeaveToPoll => self.fail(Why::Dropped),
            Action::Fault => self.fail(Why::Fault),
        }
    }

    fn retry(&mut self, retry: Retry, now: Timestamp, random: u32) {
        let end = self.wanted_at.plus_ms(LIFE_MS);
        let at = next_attempt(retry.kind, self.attempts, retry.asked_ms, now, random);
        match at.filter(|at| *at < end) {
            Some(at) => {
                self.state = WakeState::Wanted;
                self.due_at = at;
            }
            None => self.fail(Why::GaveUp),
        }
    }

    fn time(&mut self, now: Timestamp) {
        match self.state {
            WakeState::Wanted if now >= self.wanted_at.plus_ms(LIFE_MS) => self.fail(Why::GaveUp),
            // Who sent it died before the answer: it may be out, and one wish is
            // one notification.
            WakeState::Sending if now >= self.due_at => {
                let sent = self.sent_at.unwrap_or(self.wanted_at);
                self.wait_for_session(WakeState::Unconfirmed, sent);
            }
            WakeState::Accepted | WakeState::Unconfirmed if now >= self.due_at => {
                self.end(WakeState::Unanswered);
            }
            _ => {}
        }
    }

    fn fail(&mut self, why: Why) {
        self.why = Some(why);
        self.end(WakeState::Failed);
    }

    fn end(&mut self, state: WakeState) {
        self.state = state;
    }
}

const NETWORK: Retry = Retry {
    kind: RetryKind::Network,
    asked_ms: None,
};

const TOKEN: Retry = Retry {
    kind: RetryKind::Token,
    asked_ms: None,
};
