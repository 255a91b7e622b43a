#![allow(clippy::unwrap_used)]

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::class::{Class, Classified};
use super::{LineFormat, OCSF_VERSION, SYSLOG_BYTES, SentEntry};
use crate::alert::{Alert, AlertId, AlertKind, Finding, Subject};
use crate::event::{Event, EventType};
use crate::ids::DeviceId;
use crate::time::Timestamp;
use crate::tlog::Origin;

const DEVICE: DeviceId = DeviceId(Uuid::from_u128(0xD));

fn origin() -> Origin {
    Origin::new("mdm.test", Uuid::from_u128(7), 1).unwrap()
}

fn line(event: &Value, format: LineFormat) -> String {
    SentEntry::new(&origin(), 41, event.to_string().as_bytes()).line(format)
}

fn ocsf(event: &Value) -> Value {
    serde_json::from_str(&line(event, LineFormat::Ocsf)).unwrap()
}

fn event(what: EventType, actor: &str, device: Option<DeviceId>) -> Value {
    let event = Event::new(Timestamp(1_700_000_000_000), actor, device, what).detail("words");
    serde_json::from_slice(&event.to_bytes()).unwrap()
}

/// What version 1.6.0 of the schema requires of the four classes, and of what stands in them.
fn is_valid(object: &Value) {
    let number = |of: &Value, name: &str| {
        let value = of[name].as_u64();
        value.unwrap_or_else(|| panic!("no {name} in {object}"))
    };
    let text = |of: &Value, name: &str| {
        let value = of[name].as_str().filter(|text| !text.is_empty());
        value
            .unwrap_or_else(|| panic!("no {name} in {object}"))
            .to_owned()
    };
    let (class, activity) = (number(object, "class_uid"), number(object, "activity_id"));
    assert_eq!(number(object, "type_uid"), class * 100 + activity);
    assert_eq!(number(object, "category_uid"), class / 1000);
    assert!(
        object["time"].is_i64() || object["time"].is_u64(),
        "{object}"
    );
    assert!((1..=5).contains(&number(object, "severity_id")), "{object}");
    let metadata = &object["metadata"];
    assert_eq!(text(metadata, "version"), OCSF_VERSION);
    text(&metadata["product"], "name");
    text(&metadata["product"], "vendor_name");
    let sequence = number(metadata, "sequence");
    let uid = text(metadata, "uid");
    assert_eq!(uid, format!("{}/{sequence}", text(metadata, "log_name")));
    let actor = &object["actor"];
    assert!(
        actor["app_name"].is_string() || actor["user"]["name"].is_string(),
        "{object}"
    );
    let activities: &[u64] = match class {
        2003 => {
            text(&object["finding_info"], "uid");
            text(&object["finding_info"], "title");
            assert!(object["compliance"]["standards"][0].is_string(), "{object}");
            assert!([0, 1, 2, 3, 99].contains(&number(&object["compliance"], "status_id")));
            &[2]
        }
        2004 => {
            text(&object["finding_info"], "uid");
            text(&object["finding_info"], "title");
            &[1, 3]
        }
        3004 => {
            text(&object["entity"], "uid");
            assert_eq!(number(&object["entity"], "type_id"), 1);
            &[3, 6, 7]
        }
        6003 => {
            text(&object["api"], "operation");
            let source = &object["src_endpoint"];
            assert!(
                source["uid"].is_string() || source["name"].is_string(),
                "{object}"
            );
            &[1, 3, 4, 99]
        }
        other => panic!("class {other}"),
    };
    assert!(activities.contains(&activity), "{object}");
}

#[test]
fn every_type_of_event_is_a_valid_object_and_a_bounded_message() {
    for what in EventType::ALL {
        for (actor, device) in [
            ("device", Some(DEVICE)),
            ("api:admin", Some(DEVICE)),
            ("server", None),
            ("redacted", None),
            ("api:", None),
        ] {
            let event = event(what, actor, device);
            let object = ocsf(&event);
            is_valid(&object);
            assert_eq!(object["unmapped"], event);
            assert_eq!(object["metadata"]["event_code"], what.name());
            for format in LineFormat::ALL {
                is_a_frame(
                    &SentEntry::new(&origin(), 1, event.to_string().as_bytes()).frame(format),
                );
            }
        }
    }
}

/// The JSON of a frame's message.
fn is_a_frame(frame: &str) -> Value {
    let (length, message) = frame.split_once(' ').unwrap();
    assert_eq!(length.parse::<usize>().unwrap(), message.len());
    assert!(
        message.len() <= SYSLOG_BYTES,
        "{}: {message}",
        message.len()
    );
    assert!(
        message.bytes().all(|byte| (0x20..0x7F).contains(&byte)),
        "{message}"
    );
    let parts: Vec<&str> = message.splitn(8, ' ').collect();
    let [priority, time, host, app, process, _, data, json] = parts[..] else {
        panic!("{message}");
    };
    let priority = priority
        .strip_prefix('<')
        .unwrap()
        .strip_suffix(">1")
        .unwrap();
    assert_eq!(priority.parse::<u8>().unwrap() / 8, 13);
    assert!(time.ends_with('Z') && time.len() == 24, "{time}");
    assert_eq!(
        (host, app, process, data),
        ("mdm.test", "modegate", "-", "-")
    );
    serde_json::from_str(json).unwrap()
}

/// Golden lines: what receivers were configured for does not change unnoticed.
#[test]
fn lines_are_written_so() {
    let registered = json!({
        "v": 2, "seq": 1, "at": 1_700_000_000_000_i64, "actor": "api:portal",
        "device": "0000000000000000000000000000000d", "type": "device.registered",
    });
    let registered = registered.to_string();
    let origin = origin();
    let entry = SentEntry::new(&origin, 41, registered.as_bytes());
    let of_log = "mdm.test/00000000-0000-0000-0000-000000000007/1";
    let expected = format!(
        "{{\"activity_id\":6,\"activity_name\":\"Enroll\",\"category_uid\":3,\
         \"category_name\":\"Identity & Access Management\",\"class_uid\":3004,\
         \"class_name\":\"Entity Management\",\"type_uid\":300406,\"time\":1700000000000,\
         \"severity_id\":1,\"severity\":\"Informational\",\"metadata\":{{\"version\":\"1.6.0\",\
         \"product\":{{\"name\":\"modegate\",\"vendor_name\":\"modegate\"}},\"uid\":\"{of_log}/41\",\
         \"sequence\":41,\"event_code\":\"device.registered\",\"log_name\":\"{of_log}\"}},\
         \"message\":\"device.registered\",\"actor\":{{\"user\":{{\"name\":\"portal\"}}}},\
         \"entity\":{{\"uid\":\"0000000000000000000000000000000d\",\"type\":\"Device\",\"type_id\":1}},\
         \"unmapped\":{registered}}}"
    );
    assert_eq!(entry.line(LineFormat::Ocsf), expected);
    let jsonl = format!("{{\"uid\":\"{of_log}/41\",\"sequence\":41,\"event\":{registered}}}");
    assert_eq!(entry.line(LineFormat::Jsonl), jsonl);
    let message =
        format!("<110>1 2023-11-14T22:13:20.000Z mdm.test modegate - device.registered - {jsonl}");
    let frame = format!("{} {message}", message.len());
    assert_eq!(entry.frame(LineFormat::Jsonl), frame);
}

#[test]
fn alerts_and_the_guard_are_findings_that_open_and_close() {
    let finding = Finding::new(AlertKind::DiskLow, Subject::Server, "1 byte is free");
    let mut alert = Alert::raised(AlertId(Uuid::from_u128(1)), finding, Timestamp(5));
    let read = |alert: &Alert| {
        let bytes = Event::of_alert(alert).to_bytes();
        ocsf(&serde_json::from_slice(&bytes).unwrap())
    };
    let raised = read(&alert);
    alert.cleared_at = Some(Timestamp(9));
    let cleared = read(&alert);
    assert_eq!(raised["finding_info"], cleared["finding_info"]);
    assert_eq!(raised["finding_info"]["title"], "disk.low");
    let of = |object: &Value| {
        [
            &object["type_uid"],
            &object["severity_id"],
            &object["is_alert"],
        ]
        .map(Clone::clone)
    };
    assert_eq!(of(&raised), [json!(200_401), json!(5), json!(true)]);
    assert_eq!(of(&cleared), [json!(200_403), json!(1), json!(false)]);
    let guard = ocsf(&event(EventType::GuardRefused, "server", Some(DEVICE)));
    assert_eq!(of(&guard), [json!(200_401), json!(5), json!(true)]);
    assert_eq!(guard["finding_info"]["uid"], guard["metadata"]["uid"]);
    assert_eq!(guard["resources"][0]["uid"], DEVICE.0.to_string());
}

#[test]
fn verdicts_on_devices_are_compliance_findings() {
    let control = |name: &str, state: &str| json!({"control": name, "state": state, "since": 1});
    let unknown = json!({"control": "av", "state": "unknown", "since": 1, "reason": "never_read"});
    let rows = [
        (vec![control("fw", "compliant")], 1, 1),
        (vec![unknown.clone()], 2, 2),
        (vec![control("fw", "not_compliant")], 3, 3),
        (vec![control("fw", "in_grace"), unknown.clone()], 3, 3),
        (vec![control("fw", "compliant"), unknown.clone()], 2, 2),
        (
            vec![control("fw", "exempt"), control("x", "compliant")],
            99,
            1,
        ),
        (vec![], 0, 1),
    ];
    for (controls, status, severity) in rows {
        let object = ocsf(&json!({
            "v": 2, "seq": 3, "at": 5, "actor": "server", "device": DEVICE.to_string(),
            "type": "compliance.changed",
            "compliance": {"baseline": {"id": "w81", "digest": "00"}, "controls": controls},
        }));
        is_valid(&object);
        assert_eq!(object["type_uid"], 200_302);
        assert_eq!(object["severity_id"], severity, "{object}");
        assert_eq!(object["compliance"]["status_id"], status, "{object}");
        assert_eq!(object["finding_info"]["uid"], format!("{DEVICE}/w81"));
        assert_eq!(
            object["compliance"]["checks"].as_array().unwrap().len(),
            controls.len()
        );
    }
    let one = ocsf(&json!({
        "type": "compliance.changed", "device": DEVICE.to_string(),
        "compliance": {"baseline": {"id": "w81"}, "controls": [unknown]},
    }));
    assert_eq!(one["compliance"]["control"], "av");
    assert_eq!(one["compliance"]["status_detail"], "never_read");
    assert_eq!(one["compliance"]["checks"][0]["status"], "Warning");
}

#[test]
fn what_is_not_known_passes_through() {
    for text in [
        r#"{"v":9,"at":5,"actor":"server","type":"moon.rose","new":{"a":[1]}}"#,
        r#"{"type":"compliance.changed"}"#,
        r#"{"type":"device.registered","device":7}"#,
        r#"{"at":"yesterday","type":5,"actor":[]}"#,
        "{}",
        "null",
        "[1]",
        "no JSON",
        "\u{1}",
    ] {
        let origin = origin();
        let entry = SentEntry::new(&origin, 9, text.as_bytes());
        let object: Value = serde_json::from_str(&entry.line(LineFormat::Ocsf)).unwrap();
        is_valid(&object);
        let is_json = serde_json::from_str::<Value>(text).unwrap_or_default();
        assert_eq!(object["unmapped"], is_json);
        let jsonl: Value = serde_json::from_str(&entry.line(LineFormat::Jsonl)).unwrap();
        assert_eq!((&jsonl["sequence"], &jsonl["event"]), (&json!(9), &is_json));
        for format in LineFormat::ALL {
            assert!(!entry.line(format).contains('\n'));
            is_a_frame(&entry.frame(format));
        }
    }
    let unknown = Classified::new("moon.rose", &Value::Null);
    assert_eq!(unknown.class, Class::Api);
}

#[test]
fn a_message_that_is_too_long_says_what_the_whole_line_is_known_by() {
    let long = Event::new(
        Timestamp(5),
        "api:".to_owned() + &"\u{1F600}".repeat(500),
        Some(DEVICE),
        EventType::AppChanged,
    )
    .detail("\u{1F600}\n".repeat(3_000));
    let bytes = long.to_bytes();
    let origin = Origin::new("h".repeat(255), Uuid::from_u128(7), u64::MAX >> 1).unwrap();
    for format in LineFormat::ALL {
        let entry = SentEntry::new(&origin, 1 << 40, &bytes);
        let whole = entry.line(format);
        let frame = entry.frame(format);
        let message = frame.split_once(' ').unwrap().1;
        assert!(message.len() <= SYSLOG_BYTES, "{}", message.len());
        let json: Value =
            serde_json::from_str(&message[message.find(" - {").unwrap() + 3..]).unwrap();
        let (uid, left_out) = match format {
            LineFormat::Ocsf => {
                is_valid(&json);
                (&json["metadata"]["uid"], &json["unmapped"]["shortened"])
            }
            LineFormat::Jsonl => (&json["uid"], &json["shortened"]),
        };
        assert_eq!(*uid, format!("{origin}/{}", 1_u64 << 40));
        let digest = data_encoding::HEXLOWER.encode(&Sha256::digest(&whole));
        assert_eq!(*left_out, json!({"bytes": whole.len(), "sha256": digest}));
    }
    let odd =
        json!({"type": "\u{1F600}".repeat(900), "actor": "\u{1F600}".repeat(900)}).to_string();
    let entry = SentEntry::new(&origin, 1 << 40, odd.as_bytes());
    for format in LineFormat::ALL {
        let frame = entry.frame(format);
        let message = frame.split_once(' ').unwrap().1;
        assert!(message.len() <= SYSLOG_BYTES, "{}", message.len());
    }
    // What is a little too long keeps its words.
    let little =
        Event::new(Timestamp(5), "server", None, EventType::AppChanged).detail("w".repeat(1_900));
    let bytes = little.to_bytes();
    let json =
        is_a_frame(&SentEntry::new(&super::tests::origin(), 1, &bytes).frame(LineFormat::Jsonl));
    assert_eq!(json["event"]["detail"], "w".repeat(256));
}
