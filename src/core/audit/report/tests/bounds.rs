//! What is kept does not grow with the log, and what is not kept is counted.

use super::*;

#[test]
fn lists_are_cut_and_their_totals_are_not() {
    let mut story = Story::new();
    for session in 0..1_500 {
        story.exchange(1, (session, "Maintenance"), json!({ "login": "None" }));
    }
    let report = story.report("..");
    assert_eq!(report.fact("login_claims", "nobody"), 1_500);
    assert_eq!(report.rows("claims_nobody").len(), LISTED);
}

#[test]
fn a_device_keeps_no_more_commands_than_can_be_open() {
    let mut story = Story::new();
    for round in 0..5_u32 {
        let commands: Vec<u32> = (round * 1_000..(round + 1) * 1_000).collect();
        let held = json!({ "kind": "setting", "rules": ["r"], "modes": [], "count": 1_000, "commands": commands });
        story.exchange(1, (round, "Machine"), json!({ "withheld": [held] }));
    }
    let report = story.report("..");
    let open = report.fact("withheld", "open").as_u64().unwrap();
    assert_eq!(open, (2 * crate::limits::OPEN_COMMANDS as u64).min(5_000));
}

#[test]
fn names_that_a_stranger_makes_up_do_not_fill_the_memory() {
    let mut story = Story::new();
    for number in 0..1_200 {
        let policy_set = format!("{number:064}");
        story.exchange(1, (number, "Machine"), json!({ "policy_set": policy_set }));
        story.event(
            None,
            "token.created",
            json!({ "actor": format!("api:{number}") }),
        );
    }
    let report = story.report("..");
    assert_eq!(report.fact("policy_sets", "unlisted"), 200);
    assert_eq!(report.fact("access", "unlisted"), 200);
}
