//! Checks of what the log says about its epochs. Entry 300 begins one.

use serde_json::json;

use super::memory_log::origin;
use super::{Case, SIZE};
use crate::audit::verify::FindingKind::{EpochJoin, OlderNotChecked, Pruned};
use crate::tlog::Hash;

const ENTRY: &str = "entry 300";

pub(super) const CASES: &[Case] = &[
    ("an epoch that goes on", |log| log.say_epoch(1, 2, 200), &[]),
    (
        "one epoch after another",
        |log| {
            log.say_epoch(1, 2, 200);
            log.say_epoch(2, 4, SIZE);
        },
        &[],
    ),
    (
        "an origin that is none",
        |log| {
            log.say_epoch(1, 2, 200);
            log.restate(SIZE, "epoch", |epoch| epoch["old_origin"] = json!("x"));
        },
        &[(EpochJoin, ENTRY, "the origin `x`")],
    ),
    (
        "a root that is none",
        |log| {
            log.say_epoch(1, 2, 200);
            log.restate(SIZE, "epoch", |epoch| epoch["kept"]["root"] = json!("x"));
        },
        &[(EpochJoin, ENTRY, "is no hash")],
    ),
    (
        "the same epoch",
        |log| log.say_epoch(1, 1, 200),
        &[(EpochJoin, ENTRY, "is no later epoch of")],
    ),
    (
        "an epoch of another log",
        |log| {
            log.say_epoch(1, 2, 200);
            let old = origin(1).to_string().replace("tablets", "elsewhere");
            log.restate(SIZE, "epoch", |epoch| epoch["old_origin"] = json!(old));
        },
        &[(EpochJoin, ENTRY, "is no later epoch of")],
    ),
    (
        "an epoch that goes on from another than the one before",
        |log| {
            log.say_epoch(1, 2, 200);
            log.say_epoch(1, 3, 200);
            // So that nothing but the order is wrong.
            log.origin = origin(2);
        },
        &[(EpochJoin, "entry 301", "the epoch before is")],
    ),
    (
        "more kept than there was",
        |log| {
            log.say_epoch(1, 2, 200);
            log.restate(SIZE, "epoch", |epoch| epoch["kept"]["size"] = json!(301));
        },
        &[(EpochJoin, ENTRY, "it keeps 301 entries, and there are 300")],
    ),
    (
        "other entries kept than those that are there",
        |log| {
            log.say_epoch(1, 2, 200);
            let root = Hash([0; 32]).base64();
            log.restate(SIZE, "epoch", |epoch| epoch["kept"]["root"] = json!(root));
        },
        &[(EpochJoin, ENTRY, "the first 200 entries have another root")],
    ),
    (
        "entries kept that were deleted since",
        |log| {
            log.say_epoch(1, 2, 200);
            log.first = 256;
        },
        &[
            (
                OlderNotChecked,
                ENTRY,
                "needs tile/0/000, which is not there",
            ),
            (Pruned, "entry 256", ""),
        ],
    ),
    (
        "a checkpoint of another epoch than the last that began",
        |log| {
            log.say_epoch(1, 2, 200);
            log.origin = origin(3);
        },
        &[(EpochJoin, "checkpoint", "and entry 300 begins")],
    ),
    (
        "a second epoch that nothing says the beginning of",
        |log| log.origin = origin(2),
        &[(EpochJoin, "checkpoint", "no entry says where")],
    ),
    (
        "a third epoch after a second that nothing says the beginning of",
        |log| log.say_epoch(2, 3, 200),
        &[(EpochJoin, "checkpoint", "/2 began")],
    ),
    (
        "a second epoch that began in what was deleted",
        |log| {
            log.origin = origin(2);
            log.first = 256;
        },
        &[(Pruned, "entry 256", "")],
    ),
];
