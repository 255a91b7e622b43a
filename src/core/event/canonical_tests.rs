//! What the strict reader takes is what any reader would read, and is written as it stood.
#![allow(clippy::unwrap_used)]

use super::Event;
use super::canonical;
use crate::audit::event_types::{self, Record, unexplained};

/// Events that the strict reader takes, with every field that it can.
const TAKEN: [&str; 9] = [
    r#"{"v":2,"seq":18446744073709551615,"at":1774000000123,"actor":"device","device":"01970000-0000-7000-8000-00000000000a","type":"exchange","exchange":{"session":3,"session_id":"77","message":4,"query":"mode=Machine&x=ü","mode":"Machine","platform":"WoA","login":"User","contexts":[{"mode":"Machine","platform":"WoA","login":"User"},{"mode":"Maintenance","platform":"WoA","login":"User"}],"proof":{"by":"certificate","certificate_sha256":"ab"},"subject":{"family":"windows81","groups":["north","south"]},"policy_set":"c0ffee","status":212,"delivered":[{"command":7,"kind":"inventory","rules":["a","b"],"touched":{"leaves":["Get inventory Win32_OperatingSystem","Get inventory"],"unknown":[{"verb":"Get","loc_uri":"./x"}],"partial":true,"app":"reader"}}],"reply_sha256":"cd","withheld":[{"kind":"lock","rules":["w81.machine"],"modes":["Maintenance"],"count":2,"commands":[1,20]}],"withheld_as":5,"outcomes":[{"command":7,"kind":"setting","state":"failed","status":500,"reason":"no","rules":["r"],"touched":{"app":"x"}}],"notes":["one"],"woken":true,"by_hand":true,"ended":true,"trigger":{"likely":"manual","because":"so it looks"}}}"#,
    r#"{"v":2,"seq":0,"at":-5,"actor":"api:admin","type":"command.queued","command":9,"kind":"app_install","detail":"","count":0,"forecast":"soon","steps":[{"verb":"Exec","loc_uri":"./{device}/y"}],"app":"reader","refusals":[{"reason":"no_proof","certificate_sha256":"ef","count":3}],"touched":{"leaves":["Exec app_install MDM_AppInstallJob"]},"commands":[1,2,3]}"#,
    r#"{"v":2,"seq":3,"at":0,"actor":"server","device":"01970000-0000-7000-8000-00000000000a","type":"device.alert","alert":{"code":1226,"type":"t","source":"./s","mark":"m","data":"***"}}"#,
    r#"{"v":2,"seq":4,"at":1,"actor":"a","type":"device.changed","change":{"fields":["groups"],"family":"windows81","family_was":"windows81","groups":["a"],"groups_were":["b"],"certificates_added":["1"],"certificates_removed":["2"],"certificates_revoked":["3"]}}"#,
    r#"{"v":2,"seq":5,"at":1,"actor":"a","type":"exchange.more","more":{"session":1,"message":2,"withheld":[{"kind":"lock","rules":["r"],"modes":["Machine"],"count":1,"commands":[4]}],"delivered":[{"command":7,"kind":"lock","rules":["a"]}],"outcomes":[{"command":7,"kind":"setting","state":"failed"}],"notes":["n"]}}"#,
    r#"{"v":2,"seq":6,"at":1,"actor":"server","type":"baseline.loaded","baselines":[{"id":"a","digest":"ab"}]}"#,
    r#"{"v":2,"seq":7,"at":1,"actor":"server","device":"01970000-0000-7000-8000-00000000000a","type":"compliance.changed","compliance":{"baseline":{"id":"a","digest":"ab"},"controls":[{"control":"b","state":"exempt","since":1,"beneath":"unknown","reason":"stale","until":2,"value_sha256":"cd","read_at":3,"command":4,"event":5}],"ended":["c"]}}"#,
    r#"{"v":2,"seq":8,"at":1,"actor":"server","type":"compliance.snapshot","snapshot":{"baseline":{"id":"a","digest":"ab"},"at":1,"devices":6,"lines":6,"counts":{"compliant":1,"exempt":1,"in_grace":1,"unknown":1,"not_compliant":1},"root":"x"}}"#,
    r#"{"v":2,"seq":9,"at":1,"actor":"server","type":"enrollment.issued","enrollment":{"id":"ab","token":"cd","family":"windows81","rule":"r","reason":"s","other_device":"ef","certificate_sha256":"01","not_after":5}}"#,
];

/// Events that it leaves to the reader of any JSON, canonical as they are.
const LEFT: [&str; 10] = [
    r#"{"v":2,"seq":1,"at":1,"actor":"a\"b","type":"device.changed"}"#,
    r#"{"v":2,"seq":1,"at":1,"actor":"a","type":"device.changed","change":{"groups":[]}}"#,
    r#"{"v":2,"seq":1,"at":1,"actor":"a","type":"exchange.more","more":{"session":1,"message":2,"withheld":[{"kind":"lock","rules":["r"],"modes":["Machine"],"count":1,"commands":[4],"touched":[{"command":4,"leaves":["Get inventory"],"app":"x"}]}]}}"#,
    r#"{"v":2,"seq":1,"at":1,"actor":"a","type":"audit.redacted","log":{"redaction":{"entry":1,"leaf_hash":"x","device":"01970000-0000-7000-8000-00000000000a","seq":2}}}"#,
    r#"{"v":2,"seq":1,"at":1,"actor":"server","type":"alert.raised","raised":{"id":"00000000000000000000000000000001","kind":"disk.low","subject":"device:0197000000007000800000000000000a","severity":"critical"}}"#,
    r#"{"v":2,"seq":1,"at":1,"actor":"a","type":"audit.exported","log":{"export":{"size":1,"root":"x"}}}"#,
    r#"{"v":2,"seq":1,"at":1,"actor":"a","type":"log.forked","log":{"epoch":{"old_origin":"a","origin":"b","kept":{"size":1,"root":"x"},"known":{"size":2,"root":"y"},"lost":1}}}"#,
    r#"{"v":2,"seq":1,"at":1,"actor":"a","type":"audit.key_changed","log":{"key":{"vkey":"a","both_until":1}}}"#,
    r#"{"v":2,"seq":1,"at":1,"actor":"a","type":"retention.applied","log":{"pruned":{"minimum":1,"sealed":{"size":1,"root":"x"}}}}"#,
    r#"{"v":2,"seq":1,"at":1,"actor":"server","type":"compliance.changed","compliance":{"baseline":{"id":"a","digest":"ab"},"controls":[{"control":"b","state":"compliant","since":1,"value":[1]}]}}"#,
];

/// Put in at every place, and in place of every byte. What is fit for no place is there too.
const PIECES: [&str; 26] = [
    " ",
    "\n",
    "\u{1}",
    "\"",
    "\\",
    "\\u0041",
    "\\/",
    ",",
    ":",
    "{",
    "}",
    "[",
    "]",
    "{}",
    "[]",
    "0",
    "-",
    "-0",
    ".0",
    "e0",
    "null",
    "false",
    "A",
    "_",
    "\"v\":2,",
    ",\"zz\":1",
];

/// Takes it and finds what any reader finds, or does not take it.
fn agrees(text: &str) -> bool {
    let Some(event) = canonical::read::<Event>(text) else {
        return false;
    };
    assert_eq!(
        serde_json::from_str::<Event>(text).unwrap(),
        event,
        "{text}"
    );
    let written = String::from_utf8(event.to_bytes()).unwrap();
    assert_eq!(written, text, "taken, and written otherwise");
    true
}

#[test]
fn events_are_taken_or_left() {
    for text in TAKEN {
        let written = Event::from_bytes(text.as_bytes()).unwrap().to_bytes();
        assert_eq!(String::from_utf8(written).unwrap(), text);
        assert!(agrees(text), "{text}");
        let value = serde_json::from_str(text).unwrap();
        let foreign = |path: &String| path.contains('.');
        assert!(!unexplained(&value).iter().any(foreign), "{text}");
    }
    for text in LEFT {
        assert!(!agrees(text), "{text}");
        let (event, is_canonical) = Event::read(text.as_bytes()).unwrap();
        assert!(!is_canonical);
        assert_eq!(String::from_utf8(event.to_bytes()).unwrap(), text);
    }
}

#[test]
fn every_field_stands_in_these_events() {
    fn look(record: &Record) {
        for field in record.fields {
            let name = format!("\"{}\":", field.name);
            let mut texts = TAKEN.iter().chain(&LEFT);
            assert!(texts.any(|text| text.contains(&name)), "{name}");
            field.record.iter().for_each(|record| look(record));
        }
    }
    look(event_types::event());
}

#[test]
fn a_piece_that_is_put_in_or_left_out_anywhere_is_no_other_event() {
    for text in TAKEN.into_iter().chain(LEFT) {
        let places: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
        for &at in &places {
            let (before, behind) = text.split_at(at);
            let rest = &behind[behind.chars().next().unwrap().len_utf8()..];
            agrees(&format!("{before}{rest}"));
            agrees(before);
            for piece in PIECES {
                agrees(&format!("{before}{piece}{behind}"));
                agrees(&format!("{before}{piece}{rest}"));
            }
        }
        for piece in PIECES {
            assert!(!agrees(&format!("{text}{piece}")), "{piece} behind it");
        }
    }
}

#[test]
fn parts_that_are_left_out_doubled_or_changed_with_the_next_are_no_other_event() {
    for text in TAKEN.into_iter().chain(LEFT) {
        let marks = text.char_indices();
        let marks: Vec<usize> = marks
            .filter_map(|(at, char)| ",:{}[]".contains(char).then_some([at, at + 1]))
            .flatten()
            .collect();
        for (number, &one) in marks.iter().enumerate() {
            // A field of any length that a record of these tests has.
            for (more, &two) in marks.iter().enumerate().skip(number + 1).take(24) {
                let (first, part, last) = (&text[..one], &text[one..two], &text[two..]);
                agrees(&format!("{first}{last}"));
                agrees(&format!("{first}{part}{part}{last}"));
                for value in ["null", "false", "[]", "{}", "\"\"", "0", "1.0", "01"] {
                    agrees(&format!("{first}{value}{last}"));
                }
                for &three in marks.iter().skip(more + 1).take(5) {
                    let (next, last) = (&text[two..three], &text[three..]);
                    agrees(&format!("{first}{next}{part}{last}"));
                }
            }
        }
    }
}

#[test]
fn other_spellings_of_the_same_are_left() {
    let id = "01970000-0000-7000-8000-00000000000a";
    let spellings = [
        id.to_uppercase(),
        id.replace('-', ""),
        format!("{{{id}}}"),
        format!("urn:uuid:{id}"),
    ];
    for spelling in spellings {
        let text = TAKEN[0].replace(id, &spelling);
        assert!(serde_json::from_str::<Event>(&text).is_ok(), "{text}");
        assert!(!agrees(&text), "{text}");
    }
    for class in ["WIN32_OperatingSystem", "win32_operatingsystem"] {
        assert!(!agrees(&TAKEN[0].replace("Win32_OperatingSystem", class)));
    }
    let raised = LEFT[4].replace("0197000000007000800000000000000a", id);
    assert!(serde_json::from_str::<Event>(&raised).is_err(), "{raised}");
}

#[test]
fn text_ends_where_it_must_at_any_place() {
    for length in 0..40 {
        for end in ["\"", "\\", "\u{1f}", "\u{0}", "\n"] {
            for plain in ["a", " ", "!", "#", "[", "]", "\u{7f}", "\u{a2}", "\u{dc}"] {
                let text = plain.repeat(length);
                let found = canonical::plain_length(format!("{text}{end}{end}#!").as_bytes());
                assert_eq!(found, text.len(), "{text}{end}");
                assert_eq!(canonical::plain_length(text.as_bytes()), text.len());
            }
        }
    }
}
