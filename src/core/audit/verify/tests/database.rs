//! Checks of what a database keeps beside the entries.

use super::Case;
use super::memory_log::{KEY, MemoryLog, device, origin, signed};
use crate::audit::verify::FindingKind::{Index, KeptCheckpoint, RecordedKey};
use crate::audit::verify::{IndexEnd, IndexRow, Rest};
use crate::time::Timestamp;

/// Where what is found of keys is.
const PLACE: &str = "recorded keys";
/// The first device.
const FIRST: &str = "device 00000000000000000000000000000002";
/// A key of somebody else.
const OTHER: [u8; 32] = [2; 32];

/// The log in a database, with one row changed.
fn row(told: &mut MemoryLog, number: usize, change: impl FnOnce(&mut IndexRow)) {
    told.in_database();
    let rows = told.index.as_mut().unwrap();
    change(&mut rows[number]);
}

/// The log in a database, with the end of the first device changed.
fn end(told: &mut MemoryLog, change: impl FnOnce(&mut IndexEnd)) {
    told.in_database();
    let ends = told.rest.iter_mut().filter_map(|part| match part {
        Rest::End(end) if end.number == 2 => Some(end),
        _ => None,
    });
    ends.for_each({
        let mut change = Some(change);
        move |end| change.take().unwrap()(end)
    });
}

fn last_key(told: &mut MemoryLog) -> &mut crate::audit::verify::RecordedKey {
    match told.rest.last_mut() {
        Some(Rest::Key(key)) => key,
        other => panic!("{other:?}"),
    }
}

pub(super) const CASES: &[Case] = &[
    ("a database", MemoryLog::in_database, &[]),
    (
        "an event with another number",
        |told| row(told, 100, |row| row.seq += 1),
        &[(Index, "entry 100", "it is listed with number")],
    ),
    (
        "an event of another device",
        |told| row(told, 100, |row| row.device = 3),
        &[(Index, "entry 100", "listed with those of")],
    ),
    (
        "an event that is left out",
        |told| row(told, 100, |row| row.prev -= 6),
        &[(Index, "entry 100", "behind other events")],
    ),
    (
        "an event behind another mark",
        |told| row(told, 298, |row| row.mark = 11),
        &[(Index, "entry 298", "behind other events")],
    ),
    (
        "a first event behind another",
        |told| row(told, 3, |row| row.prev = 12),
        &[(Index, "entry 3", "no event of device")],
    ),
    (
        "a list that ends earlier",
        |told| end(told, |end| end.head -= 6),
        &[(Index, FIRST, "up to the last one")],
    ),
    (
        "a list that is empty",
        |told| end(told, |end| end.number = 77),
        &[(Index, FIRST, "not its own")],
    ),
    (
        "a list of another device",
        |told| end(told, |end| end.device = Some(device(4).parse().unwrap())),
        &[(
            Index,
            "device 00000000000000000000000000000005",
            "another device",
        )],
    ),
    (
        "no list",
        |told| {
            told.in_database();
            told.rest.remove(1);
        },
        &[(Index, FIRST, "does not list its events")],
    ),
    (
        "a stub that says more",
        |told| row(told, 100, |row| row.stub = Some(b"{}".to_vec())),
        &[(Index, "entry 100", "what is shown of it")],
    ),
    (
        "a key of somebody else",
        |told| {
            told.in_database();
            let mut key = last_key(told).clone();
            key.vkey = origin(1).key(OTHER).unwrap().to_string();
            told.rest.push(Rest::Key(key));
        },
        &[(RecordedKey, PLACE, "no event says")],
    ),
    (
        "a key that ends",
        |told| {
            told.in_database();
            last_key(told).until = Some(Timestamp(9));
        },
        &[(RecordedKey, PLACE, "until another time")],
    ),
    (
        "no key",
        |told| {
            told.in_database();
            told.rest.pop();
        },
        &[(RecordedKey, PLACE, "is not recorded")],
    ),
    (
        "a key of another log",
        |told| {
            told.in_database();
            told.rest.push(Rest::Key(crate::audit::verify::RecordedKey {
                vkey: "elsewhere".to_owned(),
                until: None,
            }));
        },
        &[(RecordedKey, PLACE, "no key of this log")],
    ),
    (
        "a kept checkpoint of other entries",
        |told| {
            told.in_database();
            let mut head = told.head(100);
            head.root = told.root(99);
            told.kept[0].root = head.root.0.to_vec();
            told.kept[0].note = signed(&head, KEY);
        },
        &[(KeptCheckpoint, "kept checkpoint 100", "another root")],
    ),
    (
        "a kept checkpoint beside another root",
        |told| {
            told.in_database();
            told.kept[0].root[0] ^= 1;
        },
        &[(KeptCheckpoint, "kept checkpoint 100", "than it is found by")],
    ),
    (
        "a kept checkpoint that is no note",
        |told| {
            told.in_database();
            told.kept[0].note.clear();
        },
        &[(KeptCheckpoint, "kept checkpoint 100", "")],
    ),
];
