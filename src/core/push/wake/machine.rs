//! What events make of a wake.

use crate::push::answer::{Action, Retry, RetryKind};
use crate::push::rate::Bucket;
use crate::time::Timestamp;

use super::{LIFE_MS, RATE, Wake, WakeOptions, WakeState, Why, next_attempt};

/// How long an attempt may take before it counts as lost, milliseconds: with
/// a process that died while sending, nobody else tells.
const SENDING_MS: i64 = 2 * 60 * 1000;

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// Somebody wants a session, by a notification that is sent so.
    Request(WakeOptions),
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
        (None, Event::Request(options)) => Some(Wake::new(now, now, Bucket::full(), options)),
        (None, _) => None,
        (Some(last), Event::Request(options)) if last.state.is_final() => {
            let due_at = last.earliest(now, options);
            Some(Wake::new(now, due_at, last.bucket, options))
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
    fn new(now: Timestamp, due_at: Timestamp, bucket: Bucket, options: WakeOptions) -> Self {
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
            options,
            raised: false,
        }
    }

    /// When a wake after this one may be sent: within the device's rate, and after an
    /// unanswered one of the same priority not before WNS dropped it.
    fn earliest(&self, now: Timestamp, options: WakeOptions) -> Timestamp {
        let rated = self.rated(now);
        if self.state != WakeState::Unanswered || options.is_above(self.options) {
            return rated;
        }
        let wait = self.options.session_wait_ms();
        let dropped = self.sent_at.map_or(now, |at| at.plus_ms(wait));
        // A clock that jumped back must not hold a device for longer.
        rated.max(dropped.min(now.plus_ms(wait)))
    }

    /// When the device's rate has room for one more notification.
    fn rated(&self, now: Timestamp) -> Timestamp {
        self.bucket.take(RATE, now).err().unwrap_or(now)
    }

    /// One more wish. The session to come serves it too, unless the device may sleep
    /// through a notification of the priority that was sent.
    fn join(&mut self, options: WakeOptions, now: Timestamp) {
        self.requests = self.requests.saturating_add(1);
        let is_above = options.is_above(self.options);
        match self.state {
            WakeState::Wanted => {}
            _ if !is_above => return,
            WakeState::Sending => self.raised = true,
            _ => self.send_again(now),
        }
        self.options = self.options.joined(options);
    }

    fn send_again(&mut self, now: Timestamp) {
        self.raised = false;
        self.state = WakeState::Wanted;
        self.due_at = self.rated(now);
    }

    fn take(&mut self, event: Event, now: Timestamp, random: u32) {
        match (self.state, event) {
            // The session came before WNS's answer.
            (WakeState::Answered, Event::Said(Action::Done)) => self.taken = true,
            (state, _) if state.is_final() => {}
            (_, Event::Request(options)) => self.join(options, now),
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
                self.left(WakeState::Unconfirmed, now, now);
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
        self.raised = false;
        self.due_at = now.plus_ms(SENDING_MS);
    }

    /// WNS has it (`Accepted`), or may have (`Unconfirmed`), since then.
    fn left(&mut self, state: WakeState, since: Timestamp, now: Timestamp) {
        self.state = state;
        self.due_at = since.plus_ms(self.options.session_wait_ms());
        if self.raised {
            self.send_again(now);
        }
    }

    fn apply_action(&mut self, action: Action, now: Timestamp, random: u32) {
        match action {
            Action::Done => {
                self.taken = true;
                self.left(WakeState::Accepted, now, now);
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
                self.left(WakeState::Unconfirmed, sent, now);
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
