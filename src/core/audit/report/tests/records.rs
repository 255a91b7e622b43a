//! Audits of what the log says of itself, of people and of compliance.

use super::*;

#[test]
fn a_clock_that_went_back_is_listed_and_order_within_a_minute_is_not() {
    let mut story = Story::new();
    story.event(None, "server.started", json!({}));
    story.wait(120).event(None, "server.started", json!({}));
    story.at -= MINUTE;
    story.event(None, "server.started", json!({}));
    assert_eq!(story.report("..").fact("clocks", "steps_back"), 0);
    story.wait(-60).event(None, "server.started", json!({}));
    let report = story.report("..");
    let wanted = [("clocks", "steps_back"), ("clocks", "longest_silence")];
    assert_eq!(facts(&report, &wanted), [json!(1), json!(120 * MINUTE)]);
    assert_eq!(report.rows("clock_steps")[0]["back_ms"], 60 * MINUTE);
}

#[test]
fn the_log_says_what_was_done_to_it() {
    let id = Uuid::from_u128(7).simple().to_string();
    let raised = json!({ "raised": {
        "id": id, "kind": "log.unsealed", "subject": "server", "severity": "critical",
    } });
    let head = |size| json!({ "log": { "export": { "size": size, "root": "R" } } });
    let mut story = Story::new();
    story.event(None, "alert.raised", raised.clone());
    story.wait(30).event(None, "alert.cleared", raised.clone());
    story.event(None, "audit.exported", head(2));
    story.wait(60).event(None, "audit.exported", head(5));
    let redaction = json!({ "entry": 1, "leaf_hash": "L", "seq": 1 });
    let redacted =
        json!({ "actor": "api:a", "detail": "a name", "log": { "redaction": redaction } });
    assert!(!story.report("..").section("log").attention);
    story.event(None, "audit.redacted", redacted);
    story.wait(1).event(None, "alert.raised", raised);
    story.wait(45).event(None, "server.started", json!({}));
    let report = story.report("..");
    let wanted =
        ["unsealed", "exports", "longest_unexported", "redactions"].map(|fact| ("log", fact));
    let expected = [json!(45 * MINUTE), json!(2), json!(60 * MINUTE), json!(1)];
    assert_eq!(facts(&report, &wanted), expected);
    assert!(report.section("log").attention);
    assert_eq!(
        report.rows("log_statements")[2]["detail"],
        "a name; entry 1"
    );
    let anchors = report.rows("anchors");
    assert_eq!(
        (&anchors[0]["when"], &anchors[0]["at"]),
        (&Json::Null, &json!("never"))
    );
    assert_eq!(anchors[1]["size"], 5);
    assert_eq!(
        (
            report.fact("alerts", "raised"),
            report.fact("alerts", "open")
        ),
        (json!(2), json!(1))
    );
}

#[test]
fn people_and_refusals_are_counted() {
    let mut story = Story::new();
    story.event(Some(1), "command.queued", json!({ "actor": "api:clerk" }));
    story.event(Some(1), "command.queued", json!({ "actor": "api:clerk" }));
    story.event(None, "token.created", json!({ "actor": "api:admin" }));
    let refusals = json!([{ "reason": "other_certificate", "count": 3 }]);
    story.event(
        Some(1),
        "device.refused",
        json!({ "refusals": refusals, "count": 3 }),
    );
    story.event(None, "stranger.refused", json!({ "count": 40 }));
    let report = story.report("..");
    let actions = report.rows("actions");
    assert_eq!(
        (&actions[1]["actor"], &actions[1]["count"]),
        (&json!("api:clerk"), &json!(2))
    );
    assert_eq!(report.fact("access", "refused"), 43);
}

#[test]
fn compliance_is_as_the_latest_verdicts_say() {
    let baseline = json!({ "id": "base", "digest": "d".repeat(64) });
    let control = |name: &str, state: &str, more: Json| {
        let mut control = json!({ "control": name, "state": state, "since": START });
        merge(&mut control, more);
        control
    };
    let changed = |controls: Json, ended: Json| json!({ "compliance": { "baseline": baseline, "controls": controls, "ended": ended } });
    let mut story = Story::new();
    story.event(None, "baseline.loaded", json!({ "baselines": [baseline] }));
    for device in 1..=4 {
        story.event(Some(device), "device.registered", json!({}));
    }
    let unknown = json!({ "reason": "needs_user" });
    let seen = json!({ "value": 3, "read_at": START, "command": 9, "event": 4 });
    story.event(
        Some(1),
        "compliance.changed",
        changed(
            json!([
                control("av", "compliant", json!({})),
                control("user", "unknown", unknown),
            ]),
            json!([]),
        ),
    );
    story.event(
        Some(2),
        "compliance.changed",
        changed(
            json!([
                control("av", "not_compliant", seen),
                control("user", "compliant", json!({})),
            ]),
            json!([]),
        ),
    );
    story.event(
        Some(3),
        "compliance.changed",
        changed(json!([control("av", "unknown", json!({}))]), json!([])),
    );
    story.event(
        Some(3),
        "compliance.changed",
        changed(
            json!([control("av", "compliant", json!({}))]),
            json!(["old"]),
        ),
    );
    let report = story.report("..");
    let wanted =
        ["compliant", "unknown", "not_compliant", "not_covered"].map(|fact| ("compliance", fact));
    assert_eq!(facts(&report, &wanted), [1, 1, 1, 1]);
    let controls = report.rows("controls");
    assert_eq!(
        (
            &controls[0]["control"],
            &controls[0]["compliant"],
            &controls[0]["changes"]
        ),
        (&json!("av"), &json!(2), &json!(4))
    );
    assert_eq!(
        (&controls[1]["control"], &controls[1]["needs_user"]),
        (&json!("user"), &json!(1))
    );
    let unmet = report.rows("unmet_controls");
    assert_eq!(
        (
            &unmet[1]["value"],
            &unmet[1]["command"],
            &unmet[1]["exchange_event"]
        ),
        (&json!("3"), &json!(9), &json!(4))
    );
    assert_eq!(
        report.rows("digests").last().unwrap()["digest"],
        "d".repeat(64)
    );
}
