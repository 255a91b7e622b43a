//! Which readings are asked for, and how often.

use super::*;

const HOUR: i64 = DAY / 24;

#[test]
fn what_was_never_read_is_asked_for_once_per_pause() {
    let set = set_of(BASELINE);
    let mut judged = Judged::new();
    let first = judged.judge(&set, &DeviceCompliance::default(), NOW);
    let all = [
        "./DevDetail/SwV",
        "MDM_Restrictions",
        "MDM_SecurityStatus",
        "MDM_SecurityStatusUser",
        "Win32_OperatingSystem",
        "Win32_QuickFixEngineering",
    ];
    assert_eq!(first.reads, all);
    assert_eq!(first.next_at, Some(NOW.plus_ms(24 * HOUR)));
    let soon = judged.judge(&set, &first.after, NOW.plus_ms(24 * HOUR - 1));
    assert_eq!(soon.reads, Vec::<String>::new());
    let again = judged.judge(&set, &soon.after, NOW.plus_ms(24 * HOUR));
    assert_eq!(again.reads, all);
    // What was answered is asked for again before it is too old.
    let read_at = NOW.plus_ms(24 * HOUR);
    judged.read_all(read_at);
    let known = judged.judge(&set, &again.after, read_at);
    assert_eq!(known.reads, Vec::<String>::new());
    let due = read_at.plus_ms(7 * DAY / 2);
    assert_eq!(
        judged.judge(&set, &known.after, due.plus_ms(-1)).reads,
        Vec::<String>::new()
    );
    assert_eq!(judged.judge(&set, &known.after, due).reads, all);
}

#[test]
fn nothing_is_asked_of_a_device_that_cannot_answer() {
    let set = set_of(BASELINE);
    let none = DeviceCompliance::default();
    let judged = Judged::new();
    let reads = |judged: &Judged, hours| set.evaluate(&judged.subject(), &none, NOW, hours).reads;
    assert_eq!(reads(&judged, 24).len(), 6);
    assert_eq!(reads(&judged, 0), Vec::<String>::new());
    let mut gone = judged.clone();
    gone.facts.unenrolled_at = Some(NOW);
    assert_eq!(reads(&gone, 24), Vec::<String>::new());
    let mut never = judged.clone();
    never.facts.last_session = None;
    assert_eq!(reads(&never, 24), Vec::<String>::new());
    // What needs the user is not asked of one that was only ever in Machine.
    let mut machine = judged.clone();
    machine.facts.has_met_user = false;
    let asked = reads(&machine, 24);
    assert_eq!(asked.len(), 5);
    assert!(!asked.contains(&"MDM_SecurityStatusUser".to_owned()));
}

#[test]
fn a_clock_set_back_does_not_silence_the_questions() {
    let set = set_of(BASELINE);
    let judged = Judged::new();
    let later = NOW.plus_ms(3_650 * DAY);
    let first = judged.judge(&set, &DeviceCompliance::default(), later);
    assert_eq!(first.reads.len(), 6);
    assert_eq!(judged.judge(&set, &first.after, NOW).reads.len(), 6);
}
