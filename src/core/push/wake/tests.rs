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
        options: WakeOptions::default(),
        raised: false,
    }
}

fn throttled() -> Action {
    Action::Retry(Retry {
        kind: RetryKind::Throttled,
        asked_ms: Some(10 * MINUTE_MS),
    })
}

fn letter(state: WakeState) -> &'static str {
    match state {
        WakeState::Wanted => "W",
        WakeState::Sending => "S",
        WakeState::Accepted => "A",
        WakeState::Answered => "+",
        WakeState::Unanswered => "-",
        WakeState::Failed => "F",
        WakeState::Unconfirmed => "?",
    }
}

#[test]
fn every_cell_of_the_table() {
    let session = |minutes| Event::Session { began: at(minutes) };
    let said = Event::Said;
    // Two hours after the wish. Each row: what becomes of a wake in this state.
    //   Wanted Sending Accepted Answered Unanswered Failed Unconfirmed
    let rows = [
        (Event::Send, "S S A + - F ?"),
        (said(Action::Done), "W A A + - F ?"),
        (said(throttled()), "W W A + - F ?"),
        (said(Action::RefreshToken), "W W A + - F ?"),
        (said(Action::ChannelDead), "W F A + - F ?"),
        (said(Action::ChannelRefused), "W F A + - F ?"),
        (said(Action::StopProfile), "W F A + - F ?"),
        (said(Action::LeaveToPoll), "W F A + - F ?"),
        (said(Action::Fault), "W F A + - F ?"),
        (Event::NotSent, "W W A + - F ?"),
        (Event::NoAnswer, "W ? A + - F ?"),
        (Event::Cannot(Why::NoChannel), "F F A + - F ?"),
        (session(1), "+ + + + - F +"),
        (session(-1), "W S A + - F ?"),
        (Event::Time, "W ? - + - F -"),
        (Event::Request(WakeOptions::default()), "W S A W W W ?"),
    ];
    for (event, expected) in rows {
        let mut found = Vec::new();
        for state in WakeState::ALL {
            let done = next(Some(&in_state(state)), event, at(120), 0);
            let state = done.wake.unwrap().state;
            assert_eq!(done.look_at.is_some(), !state.is_final());
            found.push(letter(state));
        }
        assert_eq!(found.join(" "), expected, "{event:?}");
    }
    assert!(next(None, Event::Time, at(0), 0).wake.is_none());
    assert_eq!(
        next(None, Event::Request(WakeOptions::default()), at(0), 0).look_at,
        Some(at(0))
    );
}

#[test]
fn wishes_come_together() {
    let wake = next(None, Event::Request(WakeOptions::default()), at(0), 0)
        .wake
        .unwrap();
    let wake = next(
        Some(&wake),
        Event::Request(WakeOptions::default()),
        at(1),
        0,
    )
    .wake
    .unwrap();
    assert_eq!(
        (wake.requests, wake.wanted_at, wake.state),
        (2, at(0), WakeState::Wanted)
    );
    let wake = next(Some(&wake), Event::Send, at(1), 0).wake.unwrap();
    let wake = next(Some(&wake), Event::Said(Action::Done), at(1), 0)
        .wake
        .unwrap();
    let wake = next(
        Some(&wake),
        Event::Request(WakeOptions::default()),
        at(2),
        0,
    )
    .wake
    .unwrap();
    assert_eq!(
        (wake.requests, wake.state, wake.attempts),
        (3, WakeState::Accepted, 1)
    );
    assert_eq!(
        wake.due_at,
        at(1).plus_ms(WakeOptions::default().session_wait_ms())
    );
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
    let after = |last: &Wake, now| {
        next(Some(last), Event::Request(WakeOptions::default()), now, 0)
            .wake
            .unwrap()
    };
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
    assert_eq!(
        after(&last, at(30)).due_at,
        at(0).plus_ms(WakeOptions::default().session_wait_ms())
    );
    last.state = WakeState::Failed;
    assert_eq!(after(&last, at(30)).due_at, at(30));
}

#[test]
fn a_wake_has_an_end() {
    let mut wake = next(None, Event::Request(WakeOptions::default()), at(0), 0)
        .wake
        .unwrap();
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
    assert_eq!(
        late.due_at,
        at(0).plus_ms(WakeOptions::default().session_wait_ms())
    );
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

#[test]
fn a_wish_of_a_higher_priority_is_sent_again_where_the_device_may_have_slept() {
    let high = WakeOptions {
        kept_s: None,
        priority: Some(Priority::High),
    };
    let after = |wake: &Wake, event| next(Some(wake), event, at(1), 0).wake.unwrap();
    let wanted = after(&in_state(WakeState::Wanted), Event::Request(high));
    assert_eq!(wanted.options.kept_s, Some(TTL_S), "the longer time");
    assert_eq!(wanted.options.priority, Some(Priority::High));
    for state in [WakeState::Accepted, WakeState::Unconfirmed] {
        let again = after(&in_state(state), Event::Request(high));
        assert_eq!((again.state, again.due_at), (WakeState::Wanted, at(1)));
        let low = WakeOptions {
            priority: Some(Priority::Low),
            ..high
        };
        assert_eq!(after(&in_state(state), Event::Request(low)).state, state);
    }
    let raised = after(&in_state(WakeState::Sending), Event::Request(high));
    assert_eq!(raised.state, WakeState::Sending);
    let again = after(&raised, Event::Said(Action::Done));
    assert_eq!(again.state, WakeState::Wanted);
    let sent = after(&after(&again, Event::Send), Event::Said(Action::Done));
    assert_eq!(sent.state, WakeState::Accepted);
    let sooner = after(&in_state(WakeState::Unanswered), Event::Request(high));
    assert_eq!(sooner.due_at, at(1), "WNS may still have the other one");
}

#[test]
fn a_session_is_waited_for_as_long_as_wns_keeps_the_notification() {
    for (kept_s, minutes) in [(None, 5), (Some(60), 6), (Some(24 * 60 * 60), 24 * 60 + 5)] {
        let mut wake = in_state(WakeState::Sending);
        wake.options.kept_s = kept_s;
        let accepted = next(Some(&wake), Event::Said(Action::Done), at(0), 0);
        assert_eq!(accepted.look_at, Some(at(minutes)));
    }
}
