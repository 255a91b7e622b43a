//! What each audit finds.

use super::*;

fn withheld(kind: &str, rule: &str, commands: &[u32]) -> Json {
    json!({ "kind": kind, "rules": [rule], "modes": ["Maintenance"],
        "count": commands.len(), "commands": commands })
}

fn delivered(command: u32, kind: &str) -> Json {
    json!({ "command": command, "kind": kind, "rules": ["81.x"] })
}

fn outcome(command: u32, kind: &str, state: &str) -> Json {
    json!({ "command": command, "kind": kind, "state": state, "status": 200 })
}

#[test]
fn machine_carries_three_kinds_and_a_fourth_is_a_breach() {
    let mut story = Story::new();
    let carried = [(1, "inventory"), (2, "password_reset"), (3, "unenroll")];
    let carried = carried.map(|(command, kind)| delivered(command, kind));
    story.exchange(1, (1, "Machine"), json!({ "delivered": carried }));
    let good = story.report("..");
    assert_eq!(good.fact("machine", "holds"), true);
    assert!(!good.section("machine").attention);
    story.exchange(
        1,
        (2, "Machine"),
        json!({ "delivered": [delivered(4, "setting")] }),
    );
    story.event(
        Some(1),
        "guard.refused",
        json!({ "command": 5, "kind": "lock" }),
    );
    let report = story.report("..");
    let wanted = [
        "sessions",
        "inventory",
        "password_reset",
        "unenroll",
        "others",
        "guard_stops",
    ];
    let found = wanted.map(|fact| report.fact("machine", fact));
    assert_eq!(found, [2, 1, 1, 1, 1, 1].map(Json::from));
    assert_eq!(report.fact("machine", "holds"), false);
    assert!(report.section("machine").attention);
    assert_eq!(report.rows("machine_breaches")[0]["command"], 4);
    // Nothing says what the commands touch, and which rules there were.
    assert_eq!(report.fact("machine", "decisions"), 4);
    assert_eq!(report.fact("machine", "without_inputs"), 4);
}

#[test]
fn update_configuration_is_counted_by_mode() {
    let mut story = Story::new();
    let wns = |command| json!({ "delivered": [delivered(command, "wns_configuration")] });
    story.exchange(1, (1, "Maintenance"), wns(1));
    assert!(!story.report("..").section("update_configuration").attention);
    story.exchange(1, (2, "Apps"), wns(2));
    let report = story.report("..");
    let wanted = [
        ("update_configuration", "maintenance"),
        ("update_configuration", "elsewhere"),
    ];
    assert_eq!(facts(&report, &wanted), [1, 1]);
    assert!(report.section("update_configuration").attention);
    assert_eq!(
        report.rows("update_configuration_elsewhere")[0]["what"],
        "command 2 in Apps: 81.x"
    );
}

#[test]
fn a_session_that_contradicts_itself_counts_once() {
    let mut story = Story::new();
    story.exchange(1, (1, "Maintenance"), json!({ "login": "None" }));
    story.exchange(
        1,
        (1, "Maintenance"),
        json!({ "login": "None", "message": 2 }),
    );
    story.exchange(2, (1, "Machine"), json!({ "login": "User" }));
    story.exchange(3, (1, "Machine"), json!({ "login": "None" }));
    story.exchange(3, (2, "Maintenance"), json!({ "login": "User" }));
    let report = story.report("..");
    let wanted = ["sessions", "nobody", "somebody"].map(|fact| ("login_claims", fact));
    assert_eq!(facts(&report, &wanted), [4, 1, 1]);
    let claims = report.rows("claims");
    let row = |mode: &str| claims.iter().find(|row| row["mode"] == mode).unwrap();
    assert_eq!(
        (&row("Maintenance")["none"], &row("Maintenance")["user"]),
        (&json!(1), &json!(1))
    );
    assert_eq!(
        (&row("Machine")["none"], &row("Machine")["user"]),
        (&json!(1), &json!(1))
    );
}

#[test]
fn apps_sessions_and_wakes_are_matched() {
    let mut story = Story::new();
    let wake = |story: &mut Story, device, what: &str, actor: &str| {
        story.event(
            Some(device),
            what,
            json!({ "actor": actor, "detail": "why" }),
        );
    };
    // Answered, and WNS's own answer came later than the device.
    wake(&mut story, 1, "wake.wanted", "api:a");
    story.exchange(1, (1, "Apps"), json!({ "woken": true }));
    wake(&mut story, 1, "wake.ended", "device");
    wake(&mut story, 1, "wake.sent", "server");
    // No push.
    story.exchange(2, (1, "Apps"), json!({}));
    // No session.
    wake(&mut story, 3, "wake.wanted", "api:a");
    wake(&mut story, 3, "wake.sent", "server");
    wake(&mut story, 3, "wake.ended", "server");
    // Still waited for, after one that WNS did not take.
    wake(&mut story, 4, "wake.wanted", "api:a");
    wake(&mut story, 4, "wake.not_taken", "server");
    wake(&mut story, 4, "wake.sent", "server");
    let report = story.report("..");
    let wanted = [
        "apps",
        "unwoken",
        "wanted",
        "sent",
        "refused",
        "answered",
        "unanswered",
        "waiting",
    ];
    let wanted = wanted.map(|fact| ("wakes", fact));
    assert_eq!(facts(&report, &wanted), [2, 1, 3, 3, 1, 1, 1, 1]);
    assert_eq!(
        report.rows("apps_without_push")[0]["device"],
        format!("{:032x}", 2)
    );
    assert_eq!(
        report.rows("wakes_without_session")[0]["device"],
        format!("{:032x}", 3)
    );
}

#[test]
fn interactive_runs_are_listed_once_a_session() {
    let mut story = Story::new();
    story.exchange(1, (1, "Maintenance"), json!({}));
    let by_hand = json!({ "by_hand": true, "trigger": { "likely": "manual", "because": "x" } });
    story.exchange(1, (2, "Maintenance"), by_hand.clone());
    story.exchange(1, (2, "Maintenance"), by_hand);
    assert_eq!(story.report("..").fact("interactive", "manual"), 1);
}

#[test]
fn devices_are_known_by_the_modes_they_were_seen_in() {
    let mut story = Story::new();
    for device in 1..=5 {
        story.event(Some(device), "device.registered", json!({}));
    }
    story.exchange(2, (1, "Machine"), json!({}));
    story.exchange(2, (2, "Unspecified"), json!({}));
    story.exchange(3, (1, "Unspecified"), json!({}));
    story.exchange(4, (1, "Machine"), json!({}));
    story.exchange(4, (2, "Maintenance"), json!({}));
    story.event(Some(5), "device.retired", json!({}));
    let report = story.report("..");
    let counts = report.rows("seen_counts");
    let counts: Vec<&Json> = counts.iter().map(|row| &row["devices"]).collect();
    assert_eq!(counts, [1, 1, 1, 1]);
    let wanted = [
        ("summary", "devices"),
        ("summary", "retired"),
        ("seen", "unusual"),
    ];
    assert_eq!(facts(&report, &wanted), [5, 1, 3]);
}

#[test]
fn waits_are_counted_by_rule_and_by_how_they_ended() {
    let mut story = Story::new();
    let held = withheld("setting", "floor.machine", &[1, 2, 3, 4, 5]);
    let queue = withheld("lock", "queue.not-before", &[9]);
    story.exchange(1, (1, "Machine"), json!({ "withheld": [held, queue] }));
    // The list is as it was: nothing begins anew.
    story
        .wait(5)
        .exchange(1, (2, "Machine"), json!({ "withheld_as": 1 }));
    story.wait(5).exchange(
        1,
        (3, "Maintenance"),
        json!({
            "delivered": [delivered(1, "setting"), delivered(9, "lock")],
            "withheld": [withheld("setting", "default.withhold", &[2, 3, 4, 5])],
        }),
    );
    story.wait(10).event(
        Some(1),
        "command.cancelled",
        json!({ "command": 2, "kind": "setting" }),
    );
    story.exchange(
        1,
        (4, "Machine"),
        json!({ "outcomes": [outcome(3, "setting", "expired")] }),
    );
    story
        .wait(40)
        .event(Some(1), "device.changed", json!({ "commands": [4] }));
    let report = story.report("..");
    let rows = report.rows("withheld");
    assert_eq!(rows.len(), 1, "{rows:#?}");
    let expected = json!({
        "kind": "setting", "rules": "floor.machine", "waits": 5, "median_ms": 20 * MINUTE,
        "longest_ms": 60 * MINUTE, "maintenance": 1, "apps": 0, "machine": 0, "unspecified": 0,
        "expired": 1, "cancelled": 2, "failed": 0, "device_gone": 0, "open": 1,
    });
    assert_eq!(rows[0], expected);
    story.event(Some(1), "device.retired", json!({}));
    let report = story.report("..");
    assert_eq!(report.rows("withheld")[0]["device_gone"], 1);
    assert_eq!(report.fact("withheld", "open"), 0);
}

#[test]
fn modes_that_change_or_are_named_twice_are_listed() {
    let mut story = Story::new();
    story.exchange(1, (1, "Maintenance"), json!({}));
    story.exchange(1, (1, "Machine"), json!({}));
    story.exchange(1, (1, "Machine"), json!({}));
    story.exchange(
        2,
        (1, "Unspecified"),
        json!({ "query": "mode=Apps&MODE=Machine" }),
    );
    story.exchange(3, (1, "Apps"), json!({ "query": "mode=Apps&mode=apps" }));
    let report = story.report("..");
    let wanted = [("mode_changes", "changed"), ("mode_changes", "doubled")];
    assert_eq!(facts(&report, &wanted), [1, 1]);
    assert_eq!(
        report.rows("mode_changed")[0]["what"],
        "Machine, Maintenance"
    );
    assert_eq!(
        report.rows("mode_doubled")[0]["what"],
        "mode=Apps&MODE=Machine"
    );
}

#[test]
fn policy_sets_have_times_and_decisions() {
    let (one, two) = ("a".repeat(64), "b".repeat(64));
    let loaded =
        |digest: &str, actor| json!({ "actor": actor, "detail": format!("policy set {digest}") });
    let mut story = Story::new();
    story.event(None, "policy.loaded", loaded(&one, "server"));
    story
        .wait(10)
        .event(None, "policy.loaded", loaded(&one, "server"));
    story.exchange(
        1,
        (1, "Machine"),
        json!({ "withheld": [withheld("setting", "r", &[1, 2])] }),
    );
    story
        .wait(10)
        .event(None, "policy.loaded", loaded(&two, "operator:SIGHUP"));
    story.event(None, "policy.refused", json!({ "detail": "2 faults" }));
    let set = json!({ "policy_set": two, "delivered": [delivered(1, "setting")] });
    story.exchange(1, (2, "Maintenance"), set);
    let report = story.report("..");
    let spans = report.rows("policy_spans");
    assert_eq!(
        (&spans[0]["loads"], &spans[0]["by"]),
        (&json!(2), &json!("server"))
    );
    assert_eq!(spans[0]["until"], spans[1]["from"]);
    assert_eq!(
        (&spans[1]["policy_set"], &spans[1]["until"]),
        (&json!(two), &Json::Null)
    );
    let decided = report.rows("policy_decisions");
    assert_eq!(
        (&decided[0]["withheld"], &decided[1]["delivered"]),
        (&json!(2), &json!(1))
    );
    assert_eq!(report.fact("policy_sets", "refused"), 1);
    let changed = &report.rows("policy_differences")[0]["difference"];
    assert!(
        changed.as_str().unwrap().contains("not in the export"),
        "{changed}"
    );
}

#[test]
fn answers_in_another_mode_and_silence_are_listed() {
    let mut story = Story::new();
    let sent = [
        delivered(1, "setting"),
        delivered(2, "password_reset"),
        delivered(3, "lock"),
    ];
    story.exchange(1, (1, "Maintenance"), json!({ "delivered": sent }));
    story.exchange(
        1,
        (1, "Maintenance"),
        json!({ "outcomes": [outcome(3, "lock", "succeeded")] }),
    );
    let silent = json!({ "command": 2, "kind": "password_reset", "state": "unconfirmed" });
    let late = outcome(1, "setting", "succeeded");
    story
        .wait(1)
        .exchange(1, (2, "Machine"), json!({ "outcomes": [silent, late] }));
    let report = story.report("..");
    let wanted = [
        ("answers", "answered"),
        ("answers", "elsewhere"),
        ("unconfirmed", "left"),
    ];
    assert_eq!(facts(&report, &wanted), [2, 1, 1]);
    let late = &report.rows("answered_elsewhere")[0];
    assert_eq!(
        (&late["sent_mode"], &late["answered_mode"]),
        (&json!("Maintenance"), &json!("Machine"))
    );
    let left = &report.rows("unconfirmed_commands")[0];
    assert_eq!(
        (&left["command"], &left["kind"]),
        (&json!(2), &json!("password_reset"))
    );
    story.event(
        Some(1),
        "command.retried",
        json!({ "command": 2, "kind": "password_reset" }),
    );
    let report = story.report("..");
    let wanted = [("unconfirmed", "became"), ("unconfirmed", "left")];
    assert_eq!(facts(&report, &wanted), [1, 0]);
}
