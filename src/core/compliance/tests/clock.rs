//! Time: what it changes by itself, and a clock that is set back.

use proptest::prelude::*;

use super::evidence::any_device;
use super::*;

/// The baseline with an exemption that ends some days from now.
fn with_exemption() -> BaselineSet {
    set_of(&format!(
        "{BASELINE}[[exempt]]\ncontrol = \"grace\"\nuntil = 2026-09-25\nreason = \"r\"\napproved_by = \"a\"\n\
         [[exempt]]\ncontrol = \"fact.vendor\"\nuntil = 2026-09-23\nreason = \"r\"\napproved_by = \"a\"\n"
    ))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// The device is judged at some times, back and forth, and nothing new comes: wherever
    /// the clock goes back, nothing is better than it was.
    #[test]
    fn a_clock_set_back_makes_no_verdict_better(
        judged in any_device(),
        hours in prop::collection::vec(0_i64..20 * 24, 2..8),
    ) {
        let set = with_exemption();
        let mut before = DeviceCompliance::default();
        let mut latest = None;
        for hour in hours {
            let now = NOW.plus_ms(hour * DAY / 24);
            let after = judged.judge(&set, &before, now).after;
            if latest.is_some_and(|latest| now < latest) {
                for (id, state) in states(&after) {
                    let was = states(&before)[&id];
                    prop_assert!(state >= was, "{id}: {was:?} -> {state:?} at {now}");
                }
            }
            latest = latest.max(Some(now));
            before = after;
        }
    }

    /// Until the time that an evaluation names, nothing changes and nothing is asked for.
    #[test]
    fn nothing_changes_before_the_time_that_is_named(judged in any_device(), part in 0..1_000_i64) {
        let set = with_exemption();
        let first = judged.judge(&set, &DeviceCompliance::default(), NOW);
        let next = first.next_at.unwrap_or(NOW.plus_ms(1_000 * DAY));
        prop_assert!(next > NOW);
        for then in [NOW.plus_ms((next.ms_since(NOW) - 1) / 1_000 * part), next.plus_ms(-1)] {
            let later = judged.judge(&set, &first.after, then);
            prop_assert_eq!(&later.changes, &[]);
            prop_assert_eq!(&later.reads, &Vec::<String>::new());
        }
    }
}

#[test]
fn after_a_clock_that_was_wrong_new_readings_count_and_old_ones_do_not() {
    let set = set_of(BASELINE);
    let mut judged = Judged::new();
    judged.read_all(NOW);
    let none = DeviceCompliance::default();
    let before = judged.judge(&set, &none, NOW).after;
    assert_eq!(said(&before, "grace"), "compliant");
    assert_eq!(said(&before, "fact.session"), "compliant");
    // The clock jumps ten years ahead, and back.
    let before = judged.judge(&set, &before, NOW.plus_ms(3_650 * DAY)).after;
    assert_eq!(said(&before, "grace"), "unknown (stale)");
    let before = judged.judge(&set, &before, NOW.plus_ms(DAY)).after;
    assert_eq!(said(&before, "grace"), "unknown (stale)");
    assert_eq!(said(&before, "fact.session"), "not_compliant");
    // Then the device comes and answers.
    let now = NOW.plus_ms(2 * DAY);
    judged.read(
        "MDM_SecurityStatus",
        "S.1",
        "AntiVirusStatus",
        Value::Integer(0),
        now,
    );
    (judged.facts.sessions, judged.facts.last_session) = (2, Some(now));
    let before = judged.judge(&set, &before, now).after;
    assert_eq!(said(&before, "grace"), "compliant");
    assert_eq!(said(&before, "fact.session"), "compliant");
    assert_eq!(said(&before, "bool"), "unknown (stale)");
    // A clock that is set back once more makes nothing better of these either.
    let before = judged.judge(&set, &before, now.plus_ms(8 * DAY)).after;
    assert_eq!(said(&before, "grace"), "unknown (stale)");
    let before = judged.judge(&set, &before, now).after;
    assert_eq!(said(&before, "grace"), "unknown (stale)");
}

#[test]
fn a_clock_set_back_often_takes_bounded_room() {
    let set = set_of(BASELINE);
    let mut judged = Judged::new();
    judged.read_all(NOW);
    let mut before = DeviceCompliance::default();
    let mut bytes = Vec::new();
    for step in 0..100 {
        judged.facts.sessions += 1;
        let now = NOW.plus_ms(DAY - step * 1_000);
        before = judged.judge(&set, &before, now).after;
        bytes.push(serde_json::to_vec(&before.judged).unwrap().len());
    }
    assert!(bytes[99] <= bytes[9] + 16, "{bytes:?}");
}

#[test]
fn grace_ends_and_does_not_begin_again_by_going_unread() {
    let set = set_of(BASELINE);
    let mut judged = Judged::new();
    let status = "MDM_SecurityStatus";
    let mut before = DeviceCompliance::default();
    let mut at = |day: i64, value: Option<i128>, before: &mut DeviceCompliance| {
        let now = NOW.plus_ms(day * DAY);
        if let Some(value) = value {
            let value = Value::Integer(value);
            judged.read(status, "S.1", "AntiVirusStatus", value, now);
        }
        *before = judged.judge(&set, before, now).after;
        let verdict = verdict(before, "grace");
        let day = |at: Timestamp| at.ms_since(NOW) / DAY;
        (
            said(before, "grace"),
            day(verdict.since),
            verdict.failing_since.map(day),
        )
    };
    let mut expect = |day, value, state: &str, since, failing| {
        let expected = (state.to_owned(), since, failing);
        assert_eq!(at(day, value, &mut before), expected, "on day {day}");
    };
    expect(0, Some(0), "compliant", 0, None);
    expect(1, Some(2), "in_grace", 1, Some(1));
    expect(2, Some(3), "in_grace", 1, Some(1));
    expect(3, None, "in_grace", 1, Some(1));
    expect(4, None, "not_compliant", 4, Some(1));
    expect(12, None, "unknown (stale)", 12, Some(1));
    expect(13, Some(1), "not_compliant", 13, Some(1));
    expect(14, Some(0), "compliant", 14, None);
    expect(15, Some(1), "in_grace", 15, Some(15));
}

#[test]
fn an_exemption_ends_with_its_day_and_shows_what_is_beneath() {
    let set = with_exemption();
    let mut judged = Judged::new();
    judged.read(
        "MDM_SecurityStatus",
        "S.1",
        "AntiVirusStatus",
        Value::Integer(1),
        NOW,
    );
    let none = DeviceCompliance::default();
    let first = judged.judge(&set, &none, NOW);
    let one = verdict(&first.after, "grace");
    let both = (one.state(), one.state_beneath());
    assert_eq!(both, (ComplianceState::Exempt, ComplianceState::InGrace));
    let end = Timestamp::parse("2026-09-26T00:00:00Z").unwrap();
    assert_eq!(one.ends_at(), Some(end));
    let last = judged.judge(&set, &first.after, end.plus_ms(-1)).after;
    assert_eq!(verdict(&last, "grace").state(), ComplianceState::Exempt);
    assert_eq!(
        verdict(&last, "grace").state_beneath(),
        ComplianceState::NotCompliant
    );
    let over = judged.judge(&set, &last, end);
    assert_eq!(
        verdict(&over.after, "grace").state(),
        ComplianceState::NotCompliant
    );
    assert_eq!(over.changes.len(), 1);
}
