//! A report is about its period, and what was before it counts as what was there.

use super::*;

/// A command that is withheld before noon, and goes out after it.
fn story() -> Story {
    let mut story = Story::new();
    story.event(Some(1), "device.registered", json!({}));
    let held =
        json!({ "kind": "setting", "rules": ["r"], "modes": [], "count": 1, "commands": [1] });
    story.exchange(1, (1, "Machine"), json!({ "withheld": [held] }));
    story.wait(24 * 60);
    let carried = json!([{ "command": 1, "kind": "setting", "rules": ["r"] }]);
    story.exchange(1, (2, "Maintenance"), json!({ "delivered": carried }));
    story
        .wait(24 * 60)
        .event(Some(2), "device.registered", json!({}));
    story
}

#[test]
fn what_began_before_the_period_is_known_in_it() {
    let report = story().report("2023-11-15..2023-11-15");
    let row = &report.rows("withheld")[0];
    assert_eq!(
        (&row["maintenance"], &row["longest_ms"]),
        (&json!(1), &json!(24 * 60 * MINUTE))
    );
    let wanted = [
        ("summary", "devices"),
        ("summary", "events"),
        ("machine", "sessions"),
    ];
    assert_eq!(facts(&report, &wanted), [1, 1, 0]);
    assert_eq!(report.fact("summary", "from"), "2023-11-15T00:00:00.000Z");
}

#[test]
fn what_ends_after_the_period_lasts_in_it() {
    let report = story().report("..2023-11-14");
    let row = &report.rows("withheld")[0];
    assert_eq!((&row["open"], &row["maintenance"]), (&json!(1), &json!(0)));
    assert_eq!(report.fact("machine", "sessions"), 1);
    let day = story().report("2023-11-16..");
    assert_eq!(day.fact("summary", "devices"), 2);
    assert_eq!(day.rows("withheld"), [Json::Null; 0]);
}

#[test]
fn parts_add_up_to_the_whole() {
    let (story, mut sums) = (story(), [0; 4]);
    let wanted = [
        ("summary", "events"),
        ("summary", "exchanges"),
        ("machine", "sessions"),
        ("machine", "decisions"),
    ];
    for part in ["..2023-11-14", "2023-11-15..2023-11-15", "2023-11-16.."] {
        let found = facts(&story.report(part), &wanted);
        sums.iter_mut()
            .zip(found)
            .for_each(|(sum, one)| *sum += one.as_u64().unwrap());
    }
    let whole: Vec<u64> = facts(&story.report(".."), &wanted)
        .iter()
        .map(|one| one.as_u64().unwrap())
        .collect();
    assert_eq!(sums.to_vec(), whole);
}
