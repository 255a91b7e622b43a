//! Every decision decided again from what the API says of events, and what the log states of
//! the Machine mode against what tablets got.

use modegate_core::audit::event_types::unexplained;
use modegate_core::audit::replay::{Difference, Replay, Totals};
use modegate_core::audit::statement::MachineStatement;
use modegate_core::event::Event;
use modegate_core::kind::Kind;
use modegate_core::policy::{PolicySet, Verdict};
use modegate_core::time::Timestamp;
use modegate_sim::{SessionReport, Tablet, Transport, Trigger};
use serde_json::{Map, Value, json};

use crate::harness::{Server, demo_queue};

/// The number of a command, from its id.
fn number(id: &Value) -> Value {
    let (_, number) = id.as_str().unwrap().rsplit_once('-').unwrap();
    json!(number.parse::<u32>().unwrap())
}

/// A context as events have it.
fn context(shown: &Value) -> Value {
    let platform = match shown["platform"].as_str().unwrap() {
        "other" => "Other",
        platform => platform,
    };
    let login = match shown["login"].as_str().unwrap() {
        "user" => "User",
        "others" => "Others",
        "none" => "None",
        _ => "Absent",
    };
    json!({"mode": shown["mode"], "platform": platform, "login": login})
}

fn listed(shown: &Value, name: &str, of: impl Fn(&Value) -> Value) -> Value {
    shown[name].as_array().unwrap().iter().map(of).collect()
}

fn with_number(shown: &Value) -> Value {
    let mut one = shown.clone();
    one["command"] = number(&shown["command"]);
    one
}

fn outcome(shown: &Value) -> Value {
    let mut one = with_number(shown);
    // The API leaves it to the command.
    one["kind"] = json!("unclassified");
    one
}

fn withheld(shown: &Value) -> Value {
    let command = number(&shown["command"]);
    let touched = shown.get("touched").map(|touched| {
        let mut touched = touched.clone();
        touched["command"] = command.clone();
        touched
    });
    json!({
        "kind": shown["kind"], "rules": shown["rules"], "modes": shown["modes"], "count": 1,
        "commands": [command], "touched": touched.into_iter().collect::<Vec<_>>(),
    })
}

/// An event as the log has it, from what the API says of it.
fn event(shown: &Value) -> Event {
    let mut event = Map::new();
    for name in [
        "v", "seq", "actor", "device", "type", "kind", "touched", "change", "app",
    ] {
        if let Some(value) = shown.get(name) {
            event.insert(name.to_owned(), value.clone());
        }
    }
    event.insert(
        "at".into(),
        json!(Timestamp::parse(shown["at"].as_str().unwrap()).unwrap().0),
    );
    if let Some(id) = shown.get("command").filter(|id| !id.is_null()) {
        event.insert("command".into(), number(id));
    }
    if let Some(ended) = shown.get("commands") {
        event.insert(
            "commands".into(),
            ended.as_array().unwrap().iter().map(number).collect(),
        );
    }
    if shown.get("session").is_some() {
        let mut exchange = shown.clone();
        exchange["delivered"] = listed(shown, "delivered", with_number);
        exchange["withheld"] = listed(shown, "withheld", withheld);
        exchange["outcomes"] = listed(shown, "outcomes", outcome);
        if shown["type"] == "exchange" {
            exchange["contexts"] = listed(shown, "contexts", context);
            let own = context(shown);
            exchange["platform"] = own["platform"].clone();
            exchange["login"] = own["login"].clone();
        }
        let name = match shown["type"] == "exchange" {
            true => "exchange",
            false => "more",
        };
        event.insert(name.into(), exchange);
    }
    serde_json::from_value(Value::Object(event)).unwrap_or_else(|error| panic!("{error}: {shown}"))
}

/// The whole log, page by page.
pub async fn log_of(server: &Server) -> Vec<Event> {
    let (mut events, mut after) = (Vec::new(), String::new());
    loop {
        let page = server.get(&format!("/events?limit=200{after}")).await;
        events.extend(page["items"].as_array().unwrap().iter().map(event));
        match page["next"].as_str().map(str::to_owned) {
            Some(next) => after = format!("&after={next}"),
            None => return events,
        }
    }
}

/// The set that decides, from its files.
async fn in_force(server: &Server) -> Vec<(String, String)> {
    let set = server.get("/policies").await;
    let text = |file: &Value, name: &str| file[name].as_str().unwrap().to_owned();
    let files = set["files"].as_array().unwrap().iter();
    files
        .map(|file| (text(file, "name"), text(file, "text")))
        .collect()
}

fn replayed(mut replay: Replay, log: &[Event]) -> (Totals, Vec<Difference>) {
    let mut differences = Vec::new();
    for event in log {
        replay.take(event, &mut |difference| differences.push(difference));
    }
    (replay.finish(), differences)
}

async fn session(tablet: &mut Tablet, trigger: Trigger) -> SessionReport {
    let report = tablet.trigger(trigger).await.unwrap();
    assert!(report.violations.is_empty(), "{:?}", report.violations);
    report
}

#[tokio::test]
async fn decisions_come_out_again_and_the_statement_is_what_tablets_got() {
    let server = Server::start();
    let mut reports = Vec::new();
    for source in ["tablet-1", "tablet-2"] {
        let (device, _) = demo_queue(&server, source).await;
        let url = format!("{}/sync", server.http);
        let mut tablet = Tablet::new(source, Transport::new(&url, None, None).unwrap());
        reports.push(session(&mut tablet, Trigger::Reboot).await);
        let change = json!({"groups": ["kiosk"]});
        let patched = server
            .api("PATCH", &format!("/devices/{device}"), Some(change))
            .await;
        assert_eq!(patched.0, 200);
        reports.push(session(&mut tablet, Trigger::Logon).await);
        server
            .queue(&device, json!({"type": "inventory", "walk": true}))
            .await;
        let app = json!({"type": "app_install", "job_data": "<Job/>"});
        server.queue(&device, app).await;
        for trigger in [Trigger::Reboot, Trigger::Push, Trigger::Nightly] {
            reports.push(session(&mut tablet, trigger).await);
        }
    }

    let log = log_of(&server).await;
    for event in &log {
        let shown = serde_json::from_slice(&event.to_bytes()).unwrap();
        assert_eq!(unexplained(&shown), [""; 0], "{shown}");
    }
    let files = in_force(&server).await;
    let own = PolicySet::from_texts(files.clone()).unwrap();
    let (totals, differences) = replayed(Replay::by_own([own]), &log);
    assert_eq!(differences, []);
    assert_eq!(
        (totals.agree, totals.without_inputs),
        (totals.decisions, 0),
        "{totals:?}"
    );
    assert!(totals.decisions > 20, "{totals:?}");

    // What the tablets themselves got while they said Machine.
    let in_machine = |report: &&SessionReport| report.query.contains("mode=Machine");
    let got: Vec<&str> = reports
        .iter()
        .filter(in_machine)
        .flat_map(|report| &report.received)
        .map(|received| received.loc_uri.as_str())
        .collect();
    let mut statement = MachineStatement::default();
    log.iter().for_each(|event| statement.take(event));
    assert!(statement.holds(), "{statement}");
    let sessions = reports.iter().filter(in_machine).count() as u64;
    assert!(sessions >= 4);
    assert_eq!(statement.sessions, sessions);
    let resets = got
        .iter()
        .filter(|loc_uri| loc_uri.contains("ResetUserPassword"))
        .count();
    assert_eq!(statement.carried(Kind::PasswordReset), resets as u64);
    assert!(
        resets > 0 && statement.carried(Kind::Inventory) > 0,
        "{statement}"
    );
    assert_eq!(
        (statement.carried(Kind::Unenroll), statement.guard_stops),
        (0, 0)
    );
    let words = statement.to_string();
    assert!(
        words.contains("and nothing else; the second guard stopped 0"),
        "{words}"
    );

    // Without apps for kiosks: exactly the deliveries of apps to them, and what waited.
    let rule = "[[rule]]\nid = \"try.kiosks\"\neffect = \"withhold\"\nkind = [\"app_install\"]\ngroup = [\"kiosk\"]\n";
    let mut other = files;
    other.push(("try.toml".to_owned(), rule.to_owned()));
    let another = PolicySet::from_texts(other).unwrap();
    let (totals, differences) = replayed(Replay::by_another(another), &log);
    assert_eq!(
        (totals.differ, totals.without_inputs),
        (differences.len() as u64, 0)
    );
    let went: Vec<(u64, u32)> = log
        .iter()
        .flat_map(|event| event.delivered().iter().map(|one| (event.seq, one)))
        .filter(|(_, one)| one.kind == Kind::AppInstall)
        .map(|(event, one)| (event, one.command))
        .collect();
    let would_not: Vec<(u64, u32)> = differences
        .iter()
        .filter(|one| one.was.verdict == Verdict::Deliver)
        .map(|one| (one.event, one.command))
        .collect();
    assert!(!went.is_empty());
    assert_eq!(went, would_not);
    for one in &differences {
        assert_eq!(one.would_be.kind, Some(Kind::AppInstall), "{one:?}");
        assert_eq!(one.would_be.verdict, Verdict::Withhold, "{one:?}");
        assert!(one.would_be.modes.is_empty(), "{one:?}");
    }
}
