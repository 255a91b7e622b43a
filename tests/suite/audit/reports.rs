//! Reports: the same log gives the same bytes, a bad one gives none, and nothing that a device
//! or an operator may name gets out of its place.

use std::fs;
use std::path::Path;
use std::process::Output;

use modegate_core::audit::manifest;
use modegate_core::event::Event;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::written_log::{WrittenLog, device, files};
use crate::program::program;

/// What is named so as to do harm.
const HOSTILE: [&str; 8] = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "' onmouseover='x",
    "=HYPERLINK(\"http://evil.example\",\"x\")",
    "+1+1",
    "@SUM(A1)",
    "-1\r\n=2",
    "\u{202e}gnp.exe\u{200b}\t&amp;",
];

fn run(arguments: &[&str], within: &Path) -> Output {
    let mut program = program();
    program.args(arguments).current_dir(within);
    program.output().unwrap()
}

/// The exit code of `audit report` on `./export` with these options, by the log's key.
fn report(log: &WrittenLog, within: &Path, options: &[&str]) -> Option<i32> {
    let key = log.key().to_string();
    let mut arguments = vec!["audit", "report", "export", "--key", &key];
    arguments.extend(options);
    run(&arguments, within).status.code()
}

const ALL: [&str; 6] = [
    "--html",
    "page.html",
    "--json",
    "all.json",
    "--csv",
    "tables",
];

/// Every file of a report, by its path.
fn written(within: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found: Vec<(String, Vec<u8>)> = ["page.html", "all.json"]
        .map(|name| (name.to_owned(), fs::read(within.join(name)).unwrap()))
        .into();
    let tables = within.join("tables");
    for name in files(&tables) {
        found.push((name.clone(), fs::read(tables.join(name)).unwrap()));
    }
    found
}

fn exported(log: &WrittenLog) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    log.write(&dir.path().join("export"));
    dir
}

/// A log in which everything that has a name has a hostile one.
fn hostile() -> WrittenLog {
    let mut log = WrittenLog::of(40);
    for (number, name) in HOSTILE.into_iter().enumerate() {
        let (at, id) = (1_700_000_100_000_u64 + number as u64, device(number % 5));
        let mut event = |what: &str, fields: Value| {
            let actor = format!("api:{name}");
            let mut event = json!({ "v": 2, "at": at, "actor": actor, "type": what });
            for (field, value) in fields.as_object().unwrap() {
                event[field] = value.clone();
            }
            log.push(event);
        };
        let change = json!({ "fields": ["groups"], "groups": [name], "groups_were": [] });
        event("device.changed", json!({ "device": id, "change": change }));
        event("policy.refused", json!({ "actor": name, "detail": name }));
        event(
            "audit.exported",
            json!({ "actor": name, "detail": name,
            "log": { "export": { "size": 1, "root": name } } }),
        );
        let refusals = json!([{ "reason": name, "count": 1 }]);
        event(
            "device.refused",
            json!({ "device": id, "refusals": refusals, "count": 1 }),
        );
        event("wake.ended", json!({ "device": id, "detail": name }));
        let set = log.sets[0].digest();
        let exchange = json!({
            "session": 1_000 + number, "session_id": name, "message": 1,
            "query": format!("mode=Apps&mode=Machine&x={name}"), "mode": "Unspecified",
            "platform": "Other", "login": "None", "policy_set": set, "status": 200,
            "withheld": [{ "kind": "setting", "rules": [name], "modes": [], "count": 1,
                "commands": [number + 1] }],
        });
        let mut event = json!({ "v": 2, "at": at, "actor": "device", "type": "exchange" });
        event["device"] = json!(id);
        event["exchange"] = exchange;
        log.push(event);
    }
    log
}

#[test]
fn the_same_log_gives_the_same_bytes_wherever_it_is() {
    let log = WrittenLog::of(700);
    let (one, other) = (exported(&log), exported(&log));
    let period = ["--period", "2023-11-14..2023-11-14"];
    for within in [one.path(), other.path()] {
        assert_eq!(report(&log, within, &[&period[..], &ALL].concat()), Some(0));
    }
    let first = written(one.path());
    assert!(first == written(other.path()));
    let again = one.path().join("again");
    fs::create_dir(&again).unwrap();
    fs::rename(one.path().join("export"), again.join("export")).unwrap();
    assert_eq!(report(&log, &again, &[&period[..], &ALL].concat()), Some(0));
    assert!(first == written(&again));
    let names: Vec<&str> = first.iter().map(|(name, _)| name.as_str()).collect();
    assert!(
        names.contains(&"devices.csv") && names.contains(&"withheld.csv"),
        "{names:?}"
    );
    let (user, host) = (std::env::var("USER"), std::env::var("HOSTNAME"));
    for name in [user, host]
        .into_iter()
        .flatten()
        .filter(|name| name.len() > 4)
    {
        let is_in = |(_, bytes): &(String, Vec<u8>)| String::from_utf8_lossy(bytes).contains(&name);
        assert!(!first.iter().any(is_in), "{name}");
    }
}

#[test]
fn a_log_that_is_not_good_gives_no_report() {
    let log = WrittenLog::of(300);
    let dir = exported(&log);
    let nothing = |dir: &Path| {
        !["page.html", "all.json", "tables"]
            .iter()
            .any(|name| dir.join(name).exists())
    };
    let bundle = dir.path().join("export/tile/entries/000");
    let good = fs::read(&bundle).unwrap();
    let mut bad = good.clone();
    bad[5_000] ^= 1;
    fs::write(&bundle, &bad).unwrap();
    assert_eq!(report(&log, dir.path(), &ALL), Some(1));
    assert!(nothing(dir.path()));
    fs::write(&bundle, &good[..5_000]).unwrap();
    assert_eq!(report(&log, dir.path(), &ALL), Some(1));
    fs::write(&bundle, &good).unwrap();
    let without_key = run(
        &["audit", "report", "export", "--html", "page.html"],
        dir.path(),
    );
    assert_eq!(without_key.status.code(), Some(2));
    let mut other = WrittenLog::of(0);
    other.seed = [8; 32];
    assert_eq!(report(&other, dir.path(), &ALL), Some(2));
    assert_eq!(
        report(
            &log,
            dir.path(),
            &["--period", "2026..", "--html", "page.html"]
        ),
        Some(2)
    );
    assert_eq!(report(&log, dir.path(), &[]), Some(2));
    assert!(nothing(dir.path()));
    assert_eq!(report(&log, dir.path(), &ALL), Some(0));
    let before = written(dir.path());
    assert_ne!(report(&log, dir.path(), &["--html", "page.html"]), Some(0));
    assert!(before == written(dir.path()));
}

#[test]
fn a_log_with_less_than_was_asked_says_so_on_the_first_page() {
    let mut log = WrittenLog::of(300);
    log.redact(30);
    let dir = exported(&log);
    assert_eq!(report(&log, dir.path(), &ALL), Some(3));
    let json: Value =
        serde_json::from_slice(&fs::read(dir.path().join("all.json")).unwrap()).unwrap();
    assert_eq!(json["verification"]["outcome"], "limited");
    assert_eq!(json["verification"]["redacted"], 1);
    assert_eq!(json["summary"]["attention"], true);
    assert_eq!(json["checkpoint"], log.checkpoint(log.entries.len()));
    let page = fs::read_to_string(dir.path().join("page.html")).unwrap();
    let (first, _) = page.split_once("id=\"overview\"").unwrap();
    assert!(first.contains("good, but less than was asked"), "{first}");
    assert!(first.contains("1 entries were redacted"), "{first}");
}

#[test]
fn a_print_is_a_witness() {
    let mut log = WrittenLog::of(300);
    let dir = exported(&log);
    assert_eq!(report(&log, dir.path(), &ALL), Some(0));
    let page = fs::read_to_string(dir.path().join("page.html")).unwrap();
    let (_, printed) = page.split_once("<pre>").unwrap();
    let (printed, _) = printed.split_once("</pre>").unwrap();
    assert_eq!(printed, log.checkpoint(300));
    log.change(100, |event| event["actor"] = json!("api:clerk"));
    log.push(json!({ "v": 2, "at": 1, "actor": "a", "type": "server.started" }));
    let rewritten = exported(&log);
    fs::write(rewritten.path().join("filed"), printed).unwrap();
    let against = [&ALL[..], &["--against", "filed"]].concat();
    assert_eq!(report(&log, rewritten.path(), &against), Some(1));
    fs::write(dir.path().join("filed"), printed).unwrap();
    let held = ["--json", "held.json", "--against", "filed"];
    assert_eq!(report(&log, dir.path(), &held), Some(0));
    let held = fs::read_to_string(dir.path().join("held.json")).unwrap();
    assert!(held.contains("a checkpoint that the reader of this report holds"));
}

/// The page without its first line is well-formed XML too, so that a parser of its own says
/// what is markup in it.
#[test]
fn the_page_has_no_markup_but_its_own_and_loads_nothing() {
    let log = hostile();
    let dir = exported(&log);
    assert_eq!(report(&log, dir.path(), &ALL), Some(0));
    let page = fs::read_to_string(dir.path().join("page.html")).unwrap();
    let (doctype, rest) = page.split_once('\n').unwrap();
    assert_eq!(doctype, "<!DOCTYPE html>");
    let document = roxmltree::Document::parse(rest).unwrap();
    assert_eq!(document.root_element().attribute("lang"), Some("en"));
    const ELEMENTS: &str = "html head meta title style body header section p h1 h2 h3 b strong code \
         bdi dl dt dd table thead tbody tr th td a pre";
    for node in document.descendants().filter(roxmltree::Node::is_element) {
        let name = node.tag_name().name();
        assert!(ELEMENTS.split_whitespace().any(|one| one == name), "{name}");
        for attribute in node.attributes() {
            let is_own = matches!(
                attribute.name(),
                "lang" | "charset" | "http-equiv" | "content" | "name" | "class" | "id" | "colspan"
            );
            let is_anchor = attribute.name() == "href" && attribute.value().starts_with('#');
            assert!(is_own || is_anchor, "{attribute:?}");
        }
    }
    let style = document
        .descendants()
        .find(|node| node.has_tag_name("style"))
        .unwrap();
    let style = style.text().unwrap();
    assert!(!style.contains("url(") && !style.contains("@import"));
    let text: String = document
        .descendants()
        .filter_map(|node| node.text())
        .collect();
    for name in &HOSTILE[..6] {
        assert!(text.contains(name), "{name}");
    }
    assert!(text.contains("\\u{202e}gnp.exe\\u{200b}\\u{9}&amp;"));
    assert!(text.contains("-1\\u{d}\\u{a}=2"));
}

#[test]
fn no_cell_of_a_table_is_a_formula() {
    let log = hostile();
    let dir = exported(&log);
    assert_eq!(report(&log, dir.path(), &ALL), Some(0));
    let (mut seen, tables) = (0, dir.path().join("tables"));
    for name in files(&tables).iter().filter(|name| name.ends_with(".csv")) {
        let text = fs::read_to_string(tables.join(name)).unwrap();
        let lines = cells(&text);
        for line in &lines {
            assert_eq!(line.len(), lines[0].len(), "{name}: {line:?}");
        }
        for cell in lines.iter().flatten() {
            let is_number = cell.parse::<i64>().is_ok();
            let is_formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']);
            assert!(is_number || !is_formula, "{name}: {cell:?}");
            seen += usize::from(cell.starts_with("'=HYPERLINK"));
        }
    }
    assert!(seen > 0);
}

/// The cells of RFC 4180.
fn cells(text: &str) -> Vec<Vec<String>> {
    let (mut lines, mut line, mut cell) = (Vec::new(), Vec::new(), String::new());
    let mut is_quoted = false;
    let mut left = text.chars().peekable();
    while let Some(c) = left.next() {
        match (c, is_quoted) {
            ('"', true) if left.peek() == Some(&'"') => {
                left.next();
                cell.push('"');
            }
            ('"', _) => is_quoted = !is_quoted,
            (',', false) => line.push(std::mem::take(&mut cell)),
            ('\r', false) => {}
            ('\n', false) => {
                line.push(std::mem::take(&mut cell));
                lines.push(std::mem::take(&mut line));
            }
            (c, _) => cell.push(c),
        }
    }
    lines
}

#[test]
fn a_device_is_asked_what_was_withheld_and_a_day_which_set_was_in_force() {
    let mut log = WrittenLog::of(40);
    let (set, day) = (log.sets[0].digest(), 24 * 60 * 60 * 1_000_u64);
    let start = 1_700_000_000_000 + day;
    let loaded = |at: u64, actor: &str, digest: &str| {
        json!({ "v": 2, "at": at, "actor": actor, "type": "policy.loaded",
            "detail": format!("policy set {digest}") })
    };
    let exchange = |at: u64, session: u32, mode: &str, fields: Value| {
        let mut exchange = json!({ "session": session, "session_id": "1", "message": 1,
            "query": "", "mode": mode, "platform": "WoA", "login": "User", "policy_set": set,
            "status": 200 });
        for (field, value) in fields.as_object().unwrap() {
            exchange[field] = value.clone();
        }
        json!({ "v": 2, "at": at, "actor": "device", "device": device(1), "type": "exchange",
            "exchange": exchange })
    };
    log.push(loaded(start, "server", &set));
    let held = json!([{ "kind": "lock", "rules": ["floor.machine"], "modes": ["Maintenance"],
        "count": 2, "commands": [7, 8] }]);
    log.push(exchange(start, 900, "Machine", json!({ "withheld": held })));
    let carried = json!([{ "command": 7, "kind": "lock", "rules": ["r"] }]);
    log.push(exchange(
        start + 90_000,
        901,
        "Maintenance",
        json!({ "delivered": carried }),
    ));
    log.push(loaded(
        start + 2 * day,
        "operator:SIGHUP",
        &log.sets[1].digest(),
    ));
    let dir = exported(&log);
    let asked = |arguments: &[&str]| {
        let output = run(arguments, dir.path());
        let text = String::from_utf8(output.stdout).unwrap();
        let lines: Vec<Value> = text
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        (output.status.code(), lines)
    };
    let (code, waits) = asked(&[
        "audit",
        "withheld",
        "export",
        "--device",
        &device(1),
        "--json",
    ]);
    assert_eq!((code, waits.len()), (Some(0), 2));
    let of = |wait: &Value| {
        [
            &wait["command"],
            &wait["ended"],
            &wait["withheld_ms"],
            &wait["rules"],
        ]
        .map(Clone::clone)
    };
    assert_eq!(
        of(&waits[0]),
        [
            json!(7),
            json!("released in Maintenance"),
            json!(90_000),
            json!(["floor.machine"])
        ]
    );
    assert_eq!(of(&waits[1])[..2], [json!(8), json!("still withheld")]);
    let stranger = [
        "audit",
        "withheld",
        "export",
        "--device",
        &device(99),
        "--json",
    ];
    assert_eq!(asked(&stranger).0, Some(2));
    let on = |day: &str| asked(&["audit", "policy-sets", "export", "--json", "--on", day]);
    let (code, sets) = on("2023-11-16");
    assert_eq!(
        (code, sets.len(), &sets[0]["policy_set"]),
        (Some(0), 1, &json!(set))
    );
    assert_eq!(on("2023-11-17").1.len(), 2);
    let (_, last) = on("2023-11-18");
    assert_eq!(
        (&last[0]["by"], &last[0]["until"]),
        (&json!("operator:SIGHUP"), &Value::Null)
    );
    assert_eq!(on("2020-01-01").0, Some(2));
}

/// The members that OSCAL 1.1 requires, the forms of its ids and tokens, that each reference
/// leads somewhere, and the closed lists of states and reasons: written here from the public
/// specification, as there is no validator that the tests could use.
#[test]
fn oscal_has_what_it_requires_and_unknown_is_not_satisfied() {
    let mut log = WrittenLog::of(40);
    log.baselines.push("# a baseline\n".to_owned());
    let digest = manifest::digest(log.baselines[0].as_bytes());
    let baseline = json!({ "id": "base", "digest": digest });
    let states = [
        ("av.on", "compliant"),
        ("1st", "unknown"),
        ("fw", "not_compliant"),
        ("os", "exempt"),
    ];
    let controls = states.map(|(control, state)| {
        json!({ "control": control, "state": state, "since": 1_700_000_000_000_u64 })
    });
    log.push(
        json!({ "v": 2, "at": 1_700_000_100_000_u64, "actor": "server", "device": device(1),
        "type": "compliance.changed",
        "compliance": { "baseline": baseline, "controls": controls } }),
    );
    let dir = exported(&log);
    assert_eq!(report(&log, dir.path(), &["--oscal", "oscal"]), Some(0));
    let read = |name: &str| fs::read(dir.path().join("oscal").join(name)).unwrap();
    let json = |name: &str| serde_json::from_slice::<Value>(&read(name)).unwrap();
    let results = json("assessment-results.json");
    let plan = json("assessment-plan.json");
    let (results, plan) = (&results["assessment-results"], &plan["assessment-plan"]);
    for document in [results, plan] {
        for member in ["title", "last-modified", "version", "oscal-version"] {
            assert!(document["metadata"][member].is_string(), "{member}");
        }
    }
    assert_eq!(results["import-ap"]["href"], "assessment-plan.json");
    let resources = |document: &Value| -> Vec<String> {
        let resources = document["back-matter"]["resources"].as_array().unwrap();
        resources
            .iter()
            .map(|one| format!("#{}", one["uuid"].as_str().unwrap()))
            .collect()
    };
    assert!(resources(plan).contains(&plan["import-ssp"]["href"].as_str().unwrap().to_owned()));
    assert!(plan["reviewed-controls"]["control-selections"][0]["include-controls"].is_array());
    let result = &results["results"][0];
    for member in ["title", "description", "start", "end"] {
        assert!(result[member].is_string(), "{member}");
    }
    assert!(result["reviewed-controls"].is_object());
    let observation = &result["observations"][0];
    assert!(observation["collected"].is_string() && observation["methods"] == json!(["EXAMINE"]));
    for evidence in observation["relevant-evidence"].as_array().unwrap() {
        assert!(resources(results).contains(&evidence["href"].as_str().unwrap().to_owned()));
    }
    for resource in results["back-matter"]["resources"].as_array().unwrap() {
        let link = &resource["rlinks"][0];
        let bytes = read(link["href"].as_str().unwrap());
        let digest = modegate_core::audit::manifest::digest(&bytes);
        assert_eq!(
            (&link["hashes"][0]["algorithm"], &link["hashes"][0]["value"]),
            (&json!("SHA-256"), &json!(digest))
        );
    }
    let findings = result["findings"].as_array().unwrap();
    let found: Vec<(&str, &str, &str)> = findings
        .iter()
        .map(|finding| {
            let target = &finding["target"];
            assert_eq!(target["type"], "objective-id");
            assert_eq!(
                finding["related-observations"][0]["observation-uuid"],
                observation["uuid"]
            );
            assert!(finding["title"].is_string() && finding["description"].is_string());
            let text =
                |value: &'_ Value| -> &'static str { value.as_str().unwrap().to_owned().leak() };
            (
                text(&target["target-id"]),
                text(&target["status"]["state"]),
                text(&target["status"]["reason"]),
            )
        })
        .collect();
    for expected in [
        ("av.on", "satisfied", "pass"),
        ("_1st", "not-satisfied", "other"),
        ("fw", "not-satisfied", "fail"),
        ("os", "not-satisfied", "other"),
    ] {
        assert!(found.contains(&expected), "{found:?}");
    }
    let mut ids = std::collections::BTreeSet::new();
    uuids(results, &mut ids);
    uuids(plan, &mut ids);
    assert_eq!(ids.len(), 3 + 1 + 4 + 2 + 1);
    assert_eq!(report(&log, dir.path(), &["--oscal", "again"]), Some(0));
    let again = fs::read(dir.path().join("again/assessment-results.json")).unwrap();
    assert!(again == read("assessment-results.json"));
}

/// Collects every id, each of version 5 and there once.
fn uuids(value: &Value, ids: &mut std::collections::BTreeSet<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| uuids(item, ids)),
        Value::Object(members) => {
            if let Some(id) = members.get("uuid") {
                let id: uuid::Uuid = id.as_str().unwrap().parse().unwrap();
                assert_eq!(id.get_version_num(), 5);
                assert!(ids.insert(id.to_string()));
            }
            members.values().for_each(|member| uuids(member, ids));
        }
        _ => {}
    }
}

/// A large log in a time that can be said: `--ignored`, and `EVENTS=1000000`.
#[test]
#[ignore = "a measurement: docs/performance.md"]
fn a_large_log_is_reported_on_in_constant_memory() {
    let events: usize = std::env::var("EVENTS").map_or(200_000, |text| text.parse().unwrap());
    let mut log = WrittenLog::of(0);
    let set = log.sets[0].digest();
    let mut sequences = vec![0_u64; 1_000];
    for number in 0..events {
        let of = number % sequences.len();
        sequences[of] += 1;
        let session = sequences[of] / 3;
        let mode = ["Machine", "Maintenance", "Apps"][session as usize % 3];
        let event = json!({
            "v": 2, "seq": sequences[of], "at": 1_700_000_000_000_u64 + number as u64 * 100,
            "actor": "device", "device": device(of), "type": "exchange",
            "exchange": {
                "session": session, "session_id": "1", "message": 1 + sequences[of] % 3,
                "query": format!("mode={mode}&Platform=WoA"), "mode": mode, "platform": "WoA",
                "login": "User", "policy_set": set, "status": 200,
                "withheld": [{ "kind": "lock", "rules": ["floor.machine"],
                    "modes": ["Maintenance"], "count": 1, "commands": [session] }],
            },
        });
        let json = serde_json::from_value::<Event>(event).unwrap().to_bytes();
        log.entries
            .push(modegate_core::tlog::entry::salted(&[1; 16], &json));
    }
    let dir = exported(&log);
    drop(log.entries.split_off(1));
    let time = std::time::Instant::now();
    assert_eq!(report(&log, dir.path(), &ALL), Some(0));
    eprintln!("{events} events: {:?}", time.elapsed());
}
