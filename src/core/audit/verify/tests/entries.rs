//! Checks of what the entries say: events, policy sets, numbers, redactions.

use serde_json::{Value, json};

use super::memory_log::{MemoryLog, device};
use super::{Case, SIZE};
use crate::audit::verify::Accepted;
use crate::audit::verify::FindingKind::{
    Baseline, EventForm, EventVersion, List, PolicySet, Redacted, RedactionUnnamed, RedactionWrong,
    Sequence, Unsalted,
};
use crate::tlog::entry;

/// The last entry, behind which no number shows a gap.
const LAST: usize = SIZE - 1;
/// Three events of a device of its own are appended: entries 300 to 302.
const OWN: usize = 9;

/// SHA-256 of the only baseline.
const BASELINE: &str = "017ae58381ff7172881040c5c82d436a9ac6accdc2881fca713fe3f9e8ed522c";

/// That a list of devices with that root was made, by a baseline of that digest.
fn listed(digest: &str, root: &str) -> Value {
    let counts = json!({
        "compliant": 0, "exempt": 0, "in_grace": 0, "unknown": 0, "not_compliant": 0,
    });
    json!({
        "v": 2, "at": 1, "actor": "server", "type": "compliance.snapshot",
        "snapshot": {
            "baseline": { "id": "a", "digest": digest }, "at": 1, "devices": 0, "lines": 0,
            "counts": counts, "root": format!("{root}="),
        },
    })
}

pub(super) const CASES: &[Case] = &[
    (
        "an event that is none",
        |log| log.entries[LAST].truncate(40),
        &[(EventForm, "entry 299", "it is no event")],
    ),
    (
        "an event of another form than the canonical one",
        |log| log.entries[LAST].push(b' '),
        &[(EventForm, "entry 299", "canonical form")],
    ),
    (
        "an event of version 1, whose form is free",
        |log| {
            log.change(LAST, |event| event["v"] = json!(1));
            log.entries[LAST].push(b' ');
        },
        &[],
    ),
    (
        "an event that says it stands for another",
        |log| log.change(LAST, |event| event["type"] = json!("redacted")),
        &[(EventForm, "entry 299", "stands for a redacted event")],
    ),
    (
        "an event of a version that is not known",
        |log| log.change(LAST, |event| event["v"] = json!(3)),
        &[(EventVersion, "entry 299", "version 3")],
    ),
    (
        "an event of such a version among others of its device",
        |log| log.change(100, |event| event["v"] = json!(3)),
        &[(EventVersion, "entry 100", "version 3")],
    ),
    (
        "an event that is not there, behind one of such a version",
        |log| {
            log.change(100, |event| event["v"] = json!(3));
            drop(log.entries.remove(106));
        },
        &[
            (Sequence, "entry 111", "behind number"),
            (EventVersion, "entry 100", "version 3"),
        ],
    ),
    (
        "an event of such a version and another form",
        |log| {
            log.entries[LAST].truncate(17);
            log.entries[LAST].extend(br#"{"v":300,"new":[]}"#);
        },
        &[(EventVersion, "entry 299", "version 300")],
    ),
    (
        "no salt behind one",
        |log| drop(log.entries[LAST].splice(..17, [0])),
        &[(Unsalted, "entry 299", "no salt")],
    ),
    (
        "a baseline that is another one",
        |log| log.push(listed(&"0".repeat(64), &"A".repeat(43))),
        &[(Baseline, "entry 300", "")],
    ),
    (
        "a list of devices with no root",
        |log| log.push(listed(BASELINE, "none")),
        &[(List, "entry 300", "no root of a list")],
    ),
    (
        "a policy set by no digest",
        |log| set(log, "../checkpoint"),
        &[(PolicySet, "entry 297", "by no digest")],
    ),
    (
        "a policy set by half a digest",
        |log| set(log, &"0".repeat(32)),
        &[(PolicySet, "entry 297", "by no digest")],
    ),
    (
        "a policy set by a digest in capitals",
        |log| set(log, &"AB".repeat(32)),
        &[(PolicySet, "entry 297", "by no digest")],
    ),
    (
        "a policy set that is not there",
        |log| set(log, &"0".repeat(64)),
        &[(PolicySet, "entry 297", "the policy set that decided: ")],
    ),
    (
        "a policy set that is another one",
        |log| {
            let text = String::from_utf8(log.sets.values().next().unwrap().clone()).unwrap();
            let other = text.replace("# one", "# two").into_bytes();
            log.sets
                .values_mut()
                .for_each(|text| text.clone_from(&other));
        },
        &[(PolicySet, "entry 1", "is another one")],
    ),
    (
        "a policy set that is no text of one",
        |log| log.sets.values_mut().for_each(|text| text.push(b' ')),
        &[(PolicySet, "entry 1", "is another one")],
    ),
    (
        "an event twice",
        |log| log.entries.insert(101, log.entries[100].clone()),
        &[(Sequence, "entry 101", "behind number")],
    ),
    (
        "an event that is not there",
        |log| drop(log.entries.remove(100)),
        &[(Sequence, "entry 105", "behind number")],
    ),
    (
        "the first event of a device that is not there",
        |log| drop(log.entries.remove(0)),
        &[(Sequence, "entry 5", "has number 2 behind number 0")],
    ),
    (
        "events in another order",
        |log| log.entries.swap(100, 106),
        &[(Sequence, "entry 100", "behind number")],
    ),
    (
        "an event of another device",
        |log| log.change(LAST, |event| event["device"] = json!(device(1))),
        &[(Sequence, "entry 299", "behind number")],
    ),
    (
        "an event that is not there, and another one is redacted",
        |log| {
            // The redacted one is its device's last, so that no gap of its own shows.
            let said = own(log, 302);
            log.push(
                json!({"v": 2, "at": 1, "actor": "a", "type": "device.changed",
                "device": device(1), "seq": 52}),
            );
            log.say_redacted(said);
        },
        &[
            (Sequence, "entry 303", "lacks number 51 before it"),
            (Redacted, "log", ""),
        ],
    ),
    (
        "two gaps, and one redacted event",
        |log| {
            drop(own(log, 302));
            for (number, seq) in [(1, 52), (2, 52)] {
                log.push(
                    json!({"v": 2, "at": 1, "actor": "a", "type": "device.changed",
                    "device": device(number), "seq": seq}),
                );
            }
            log.redact(100);
        },
        &[
            (Sequence, "entry 304", "has number 52 behind number 50"),
            (RedactionUnnamed, "entry 100", ""),
            (Redacted, "log", ""),
        ],
    ),
    (
        "a device whose first events were deleted before there were salts",
        |log| {
            log.entries[0] = entry::unsalted(&log.entries[0][17..]);
            log.entries.remove(1);
        },
        &[],
    ),
    (
        "a redacted event",
        |log| {
            let said = log.redact(100);
            log.say_redacted(said);
        },
        &[(Redacted, "log", "1 entries")],
    ),
    (
        "redacted events that are known of, the last ones of a device",
        |log| {
            let (one, two) = (own(log, 301), log.redact(302));
            log.say_redacted(one);
            log.say_redacted(two);
            log.accepted = Accepted {
                redacted: 2,
                ..Accepted::default()
            };
        },
        &[],
    ),
    (
        "a redacted event that nothing names",
        |log| drop(own(log, 302)),
        &[
            (RedactionUnnamed, "entry 302", "no later event says so"),
            (Redacted, "log", ""),
        ],
    ),
    (
        "an event that names a later one as redacted",
        |log| {
            let leaf = entry::hash_of(&log.entries[0]).unwrap().base64();
            log.say_redacted(json!({"entry": SIZE, "leaf_hash": leaf, "seq": 1}));
        },
        &[(RedactionWrong, "entry 300", "which is not before it")],
    ),
    (
        "a redacted event that is named twice",
        |log| {
            let said = own(log, 302);
            log.say_redacted(said.clone());
            log.say_redacted(said);
        },
        &[
            (RedactionWrong, "entry 304", "says once more"),
            (Redacted, "log", ""),
        ],
    ),
    (
        "a redacted event with another hash",
        |log| {
            let mut said = own(log, 302);
            said["leaf_hash"] = json!("A".repeat(43) + "=");
            log.say_redacted(said);
        },
        &[
            (RedactionWrong, "entry 302", "its event says"),
            (Redacted, "log", ""),
        ],
    ),
    (
        "two redacted events of one number",
        |log| {
            let (one, mut two) = (own(log, 301), log.redact(302));
            two["seq"] = json!(2);
            log.say_redacted(one);
            log.say_redacted(two);
        },
        &[
            (RedactionWrong, "entry 302", "the number of another"),
            (Redacted, "log", ""),
        ],
    ),
    (
        "a redacted event with a number that is there",
        |log| says_number(log, 302, 1),
        &[
            (RedactionWrong, "log", "the redacted number 1 of"),
            (Redacted, "log", ""),
        ],
    ),
    (
        "a redacted event with a number that does not follow",
        |log| says_number(log, 302, 4),
        &[
            (RedactionWrong, "log", "the redacted number 4 of"),
            (Redacted, "log", ""),
        ],
    ),
    (
        "the only event of a device, redacted, with another number than 1",
        |log| {
            log.push(
                json!({"v": 2, "at": 1, "actor": "a", "type": "device.changed",
                "device": device(OWN)}),
            );
            let mut said = log.redact(300);
            said["seq"] = json!(2);
            log.say_redacted(said);
        },
        &[
            (RedactionWrong, "log", "the redacted number 2 of"),
            (Redacted, "log", ""),
        ],
    ),
];

/// The last exchange was decided by another policy set.
fn set(log: &mut MemoryLog, digest: &str) {
    log.change(297, |event| event["exchange"]["policy_set"] = json!(digest));
}

/// Appends a device's events and redacts one of them; what has to be said about it.
fn own(log: &mut MemoryLog, redacted: usize) -> Value {
    for _ in 0..3 {
        log.push(
            json!({"v": 2, "at": 1, "actor": "a", "type": "device.changed",
            "device": device(OWN)}),
        );
    }
    log.redact(redacted)
}

fn says_number(log: &mut MemoryLog, redacted: usize, seq: u64) {
    let mut said = own(log, redacted);
    said["seq"] = json!(seq);
    log.say_redacted(said);
}
