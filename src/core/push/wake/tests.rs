#![allow(clippy::unwrap_used)]

use proptest::prelude::*;

use super::*;
use crate::push::answer::{Action, Retry};

const KINDS: [RetryKind; 4] = [
    RetryKind::Network,
    RetryKind::Server,
    RetryKind::Throttled,
    RetryKind::Token,
];

fn at(minutes: i64) -> Timestamp {
    Timestamp(1_000 * 24 * 60 * MINUTE_MS + minutes * MINUTE_MS)
}

fn in_state(state: WakeState) -> Wake {
    Wake {
        state,
        wanted_at: at(0),
        requests: 1,
        attempts: u32::from(state != WakeState::Wanted),
        due_at: at(0),
        sent_at: (state != WakeState::Wanted).then(|| at(0)),
        why: None,
        bucket: crate::push::rate::Bucket::full(),
        taken: state == WakeState::Accepted,
        asked: false,
    }
}

fn throttled() -> Action {
    Action::Retry(Retry {
        kind: RetryKind::Throttled,
        asked_ms: Some(10 * MINUTE_MS),
    })
}

#[test]
fn every_cell_of_the_table() {
    use WakeState::*;
    let session = |minutes| Event::Session { began: at(minutes) };
    // Two hours after the wish, in the order of State::ALL.
    let rows = [
        (
            Event::Send,
            [
                Sending,
                Sending,
                Accepted,
                Answered,
                Unanswered,
                Failed,
                Unconfirmed,
            ],
        ),
        (
            Event::Said(Action::Done),
            [
                Wanted,
                Accepted,
                Accepted,
                Answered,
                Unanswered,
                Failed,
                Unconfirmed,
            ],
        ),
        (
            Event::Said(throttled()),
            [
                Wanted,
                Wanted,
                Accepted,
                Answered,
                Unanswered,
                Failed,
                Unconfirmed,
            ],
        ),
        (
            Event::Said(Action::RefreshToken),
            [
                Wanted,
                Wanted,
                Accepted,
                Answered,
                Unanswered,
                Failed,
                Unconfirmed,
            ],
        ),
        (
            Event::Said(Action::ChannelDead),
            [
                Wanted,
                Failed,
                Accepted,
                Answered,
                Unanswered,
                Failed,
                Unconfirmed,
            ],
        ),
        (
            Event::Said(Action::ChannelRefused),
            [
                Wanted,
                Failed,
                Accepted,
                Answered,
                Unanswered,
                Failed,
                Unconfirmed,
            ],
        ),
        (
            Event::Said(Action::StopProfile),
            [
                Wanted,
                Failed,
                Accepted,
                Answered,
                Unanswered,
                Failed,
                Unconfirmed,
            ],
        ),
        (
            Event::Said(Action::LeaveToPoll),
            [
                Wanted,
                Failed,
                Accepted,
                Answered,
                Unanswered,
                Failed,
                Unconfirmed,
            ],
        ),
        (
            Event::Said(Action::Fault),
            [
                Wanted,
                Failed,
                Accepted,
                Answered,
                Unanswered,
                Failed,
                Unconfirmed,
            ],
        ),
        (
            Event::NotSent,
            [
                Wanted,
                Wanted,
                Accepted,
                Answered,
                Unanswered,
                Failed,
                Unconfirmed,
            ],
        ),
        (
            Event::NoAnswer,
            [
                Wanted,
                Unconfirmed,
                Accepted,
                Answered,
                Unanswered,
                Failed,
                Unconfirmed,
            ],
        ),
        (
            Event::Cannot(Why::NoChannel),
            [
                Failed,
                Failed,
                Accepted,
                Answered,
                Unanswered,
                Failed,
                Unconfirmed,
            ],
        ),
        (
            session(1),
            [
                Answered, Answered, Answered, Answered, Unanswered, Failed, Answered,
            ],
        ),
        (
            session(-1),
            [
                Wanted,
                Sending,
                Accepted,
                Answered,
                Unanswered,
                Failed,
                Unconfirmed,
            ],
        ),
        (
            Event::Time,
            [
                Wanted,
                Unconfirmed,
                Unanswered,
                Answered,
                Unanswered,
                Failed,
                Unanswered,
            ],
        ),
        (
            Event::Request,
            [
                Wanted,
                Sending,
                Accepted,
                Wanted,
                Wanted,
                Wanted,
                Unconfirmed,
            ],
        ),
    ];
    for (event, expected) in rows {
        for (state, expected) in WakeState::ALL.into_iter().zip(expected) {
            let done = next(Some(&in_state(state)), event, at(120), 0);
            assert_eq!(done.wake.unwrap().state, expected, "{state:?} {event:?}");
            assert_eq!(done.look_at.is_some(), !expected.is_final());
        }
    }
    assert!(next(None, Event::Time, at(0), 0).wake.is_none());
    assert_eq!(next(None, Event::Request, at(0), 0).look_at, Some(at(0)));
}

#[test]
fn wishes_come_together() {
    let wake = next(None, Event::Request, at(0), 0).wake.unwrap();
    let wake = next(Some(&wake), Event::Request, at(1), 0).wake.unwrap();
    assert_eq!(
        (wake.requests, wake.wanted_at, wake.state),
        (2, at(0), WakeState::Wanted)
    );
    let wake = next(Some(&wake), Event::Send, at(1), 0).wake.unwrap();
    let wake = next(Some(&wake), Event::Said(Action::Done), at(1), 0)
        .wake
        .unwrap();
    let wake = next(Some(&wake), Event::Request, at(2), 0).wake.unwrap();
    assert_eq!(
        (wake.requests, wake.state, wake.attempts),
        (3, WakeState::Accepted, 1)
    );
    assert_eq!(wake.due_at, at(1).plus_ms(SESSION_WAIT_MS));
}

#[test]
fn only_an_answer_of_wns_says_that_it_took_the_notification() {
    let sending = next(Some(&in_state(WakeState::Wanted)), Event::Send, at(1), 0)
        .wake
        .unwrap();
    let said = Event::Said(Action::Done);
    let accepted = next(Some(&sending), said, at(2), 0).wake.unwrap();
    assert_eq!(accepted.taken_at(), Some(at(1)));
    let session = Event::Session { began: at(2) };
    let answered = next(Some(&sending), session, at(2), 0).wake.unwrap();
    assert_eq!(
        (answered.state, answered.taken_at()),
        (WakeState::Answered, None)
    );
    let late = next(Some(&answered), said, at(3), 0).wake.unwrap();
    assert_eq!(
        (late.state, late.taken_at()),
        (WakeState::Answered, Some(at(1)))
    );
    let of_0_1_0 = Wake {
        taken: false,
        ..in_state(WakeState::Accepted)
    };
    assert_eq!(of_0_1_0.taken_at(), Some(at(0)));
}

#[test]
fn notifications_to_one_device_are_rated() {
    let after = |last: &Wake, now| next(Some(last), Event::Request, now, 0).wake.unwrap();
    let mut wake = in_state(WakeState::Answered);
    for burst in 0..4 {
        wake = after(&wake, at(0));
        assert_eq!(wake.due_at, at(0), "{burst}");
        wake = next(Some(&wake), Event::Send, at(0), 0).wake.unwrap();
        wake.state = WakeState::Answered;
    }
    assert_eq!(after(&wake, at(0)).due_at, at(1));
    assert_eq!(after(&wake, at(30)).due_at, at(30));
    // The clock jumped back by a year.
    assert!(after(&wake, at(-500_000)).due_at <= at(-500_000 + 4));
    let mut last = in_state(WakeState::Unanswered);
    assert_eq!(after(&last, at(30)).due_at, at(0).plus_ms(SESSION_WAIT_MS));
    last.state = WakeState::Failed;
    assert_eq!(after(&last, at(30)).due_at, at(30));
}

#[test]
fn a_wake_has_an_end() {
    let mut wake = next(None, Event::Request, at(0), 0).wake.unwrap();
    let (mut tries, mut now) = (0, at(0));
    while wake.state != WakeState::Failed {
        now = now.max(wake.due_at);
        wake = next(Some(&wake), Event::Send, now, 0).wake.unwrap();
        wake = next(Some(&wake), Event::NotSent, now, 0).wake.unwrap();
        tries += 1;
    }
    assert_eq!((tries, wake.why), (8, Some(Why::GaveUp)));
    let old = next(
        Some(&in_state(WakeState::Wanted)),
        Event::Time,
        at(6 * 60),
        0,
    );
    assert_eq!(old.wake.unwrap().why, Some(Why::GaveUp));
}

#[test]
fn an_attempt_that_nobody_heard_of_again_is_not_sent_twice_and_not_called_accepted() {
    let wake = next(Some(&in_state(WakeState::Wanted)), Event::Send, at(0), 0)
        .wake
        .unwrap();
    let early = next(Some(&wake), Event::Time, at(1), 0).wake.unwrap();
    assert_eq!(early.state, WakeState::Sending);
    let late = next(Some(&wake), Event::Time, at(2), 0).wake.unwrap();
    assert_eq!((late.state, late.attempts), (WakeState::Unconfirmed, 1));
    assert_eq!(late.taken_at(), None);
    assert_eq!(late.due_at, at(0).plus_ms(SESSION_WAIT_MS));
}

proptest! {
    #[test]
    fn pauses_grow_are_bounded_and_respect_what_was_asked(
        kind in prop::sample::select(KINDS.to_vec()),
        random: u32,
        asked in prop::option::of(0_i64..24 * 60 * MINUTE_MS),
    ) {
        let mut before = 0;
        for attempt in 1..20 {
            let Some(when) = next_attempt(kind, attempt, asked, at(0), random) else { continue };
            let wait = when.ms_since(at(0));
            prop_assert!(wait >= before && wait > 0);
            prop_assert!(asked.is_none_or(|asked| wait >= asked));
            prop_assert!(wait <= 60 * MINUTE_MS || asked.is_some_and(|asked| wait <= asked + asked / 10));
            before = wait;
        }
        prop_assert!(next_attempt(kind, 8, asked, at(0), random).is_none());
        prop_assert!(next_attempt(kind, 1, Some(LIFE_MS + 1), at(0), random).is_none());
    }
}
