//! Checks of the checkpoint, its cosignatures and of older ones.

use super::memory_log::{KEY, MemoryLog, origin, signature, signed, witness};
use super::{Case, SIZE};
use crate::audit::verify::FindingKind::{
    CheckpointForm, CheckpointUnsigned, EpochOlder, FileUnreadable, Forked, OlderNotChecked,
    Pruned, SignatureWrong, Unwitnessed,
};
use crate::audit::verify::SourceFault;
use crate::tlog::{Checkpoint, Hash, Note, Origin};

const CHECKPOINT: &str = "checkpoint";
const OLDER: &str = "older checkpoint 1";

/// The key of somebody else.
const OTHER: [u8; 32] = [2; 32];

pub(super) const CASES: &[Case] = &[
    ("nothing", |_| {}, &[]),
    (
        "no checkpoint",
        |log| log.note = Some(Err(SourceFault::Missing(CHECKPOINT.into()))),
        &[(CheckpointForm, CHECKPOINT, "there is none")],
    ),
    (
        "a checkpoint that is a link",
        |log| log.note = Some(Err(SourceFault::NotAFile(CHECKPOINT.into()))),
        &[(FileUnreadable, CHECKPOINT, "not a regular file")],
    ),
    (
        "a checkpoint that is no note",
        |log| log.note = Some(Ok(b"size 300\n".to_vec())),
        &[(CheckpointForm, CHECKPOINT, "")],
    ),
    (
        "a key of a later epoch",
        |log| log.keys = vec![origin(2).key(KEY).unwrap()],
        &[(EpochOlder, CHECKPOINT, "the later")],
    ),
    (
        "a signature of another text",
        |log| log.note = Some(Ok(spoilt(&log.head(SIZE)))),
        &[(SignatureWrong, CHECKPOINT, "")],
    ),
    (
        "a key that signs nothing",
        |log| log.keys = vec![origin(1).key(OTHER).unwrap()],
        &[(
            CheckpointUnsigned,
            CHECKPOINT,
            "no key that was given signs it",
        )],
    ),
    (
        "a key of another log",
        |log| log.keys = vec![elsewhere().key(KEY).unwrap()],
        &[(
            CheckpointUnsigned,
            CHECKPOINT,
            "no key that was given is of that log",
        )],
    ),
    (
        "no key",
        |log| log.keys.clear(),
        &[(
            CheckpointUnsigned,
            CHECKPOINT,
            "no key that was given is of that log",
        )],
    ),
    (
        "no witness",
        |log| log.policy = Some(trust_file("w")),
        &[(Unwitnessed, CHECKPOINT, "0 witnesses")],
    ),
    (
        "a witness",
        |log| {
            log.policy = Some(trust_file("w"));
            log.note = Some(Ok(cosigned(&log.head(SIZE), 0)));
        },
        &[],
    ),
    (
        "a witness that nobody asks for, at another time than it says",
        |log| {
            log.policy = Some(trust_file("none"));
            log.note = Some(Ok(cosigned(&log.head(SIZE), 1)));
        },
        &[(SignatureWrong, CHECKPOINT, "")],
    ),
    (
        "an older checkpoint, one of nothing and the same",
        |log| {
            let older = [0, 200, SIZE].map(|size| signed(&log.head(size), KEY));
            log.older.extend(older);
        },
        &[],
    ),
    (
        "an older checkpoint that is none",
        |log| log.older.push(b"200".to_vec()),
        &[(OlderNotChecked, OLDER, "")],
    ),
    (
        "an older checkpoint of another log",
        |log| {
            log.keys.push(elsewhere().key(KEY).unwrap());
            log.older(|older| older.origin = elsewhere());
        },
        &[(OlderNotChecked, OLDER, "it is of the log other.example")],
    ),
    (
        "an older checkpoint of another key",
        |log| log.older.push(signed(&log.head(200), OTHER)),
        &[(OlderNotChecked, OLDER, "no key that was given signs it")],
    ),
    (
        "an older checkpoint with the signature of another text",
        |log| log.older.push(spoilt(&log.head(200))),
        &[(SignatureWrong, OLDER, "")],
    ),
    (
        "an older checkpoint from before the key",
        |log| {
            log.older.push(signed(&log.head(200), KEY));
            log.say_epoch(1, 2, SIZE);
            log.keys = vec![origin(2).key(KEY).unwrap()];
        },
        &[],
    ),
    (
        "an older checkpoint from before the key, of another one",
        |log| {
            log.older.push(signed(&log.head(200), OTHER));
            log.say_epoch(1, 2, SIZE);
            log.keys = vec![origin(2).key(KEY).unwrap()];
        },
        &[(OlderNotChecked, OLDER, "no key that was given signs it")],
    ),
    (
        "an older checkpoint of a later epoch",
        |log| log.older(|older| older.origin = origin(2)),
        &[(Forked, OLDER, "a later epoch")],
    ),
    (
        "an older checkpoint of more than was kept of its epoch",
        |log| {
            log.older(|_| {});
            log.say_epoch(1, 2, 199);
        },
        &[(Forked, OLDER, "says that 199 were kept")],
    ),
    (
        "an older checkpoint of more than was kept of its epoch, before more of another",
        |log| {
            log.older(|_| {});
            log.say_epoch(1, 2, 199);
            log.say_epoch(2, 3, SIZE);
        },
        &[(Forked, OLDER, "says that 199 were kept")],
    ),
    (
        "an older checkpoint of more entries",
        |log| log.older(|older| older.size = 301),
        &[(Forked, OLDER, "it has 301 entries, this log has 300")],
    ),
    (
        "an older checkpoint of other entries",
        |log| log.older(|older| older.root = Hash([0; 32])),
        &[(Forked, OLDER, "have another root")],
    ),
    (
        "an older checkpoint within what was deleted",
        |log| {
            log.older(|_| {});
            log.first = 256;
        },
        &[
            (
                OlderNotChecked,
                OLDER,
                "needs tile/0/000, which is not there",
            ),
            (Pruned, "entry 256", ""),
        ],
    ),
    (
        "an older checkpoint of just what was deleted",
        |log| {
            log.older.push(signed(&log.head(256), KEY));
            log.first = 256;
        },
        &[(Pruned, "entry 256", "")],
    ),
];

impl MemoryLog {
    /// Asks about an older checkpoint of 200 entries, changed before it is signed.
    fn older(&mut self, change: impl FnOnce(&mut Checkpoint)) {
        let mut older = self.head(200);
        change(&mut older);
        self.older.push(signed(&older, KEY));
    }
}

fn elsewhere() -> Origin {
    Origin::new("other.example", origin(1).log(), 1).unwrap()
}

fn spoilt(checkpoint: &Checkpoint) -> Vec<u8> {
    let (key, text) = (checkpoint.origin.key(KEY).unwrap(), checkpoint.text());
    let by = key.sign(&text, |_| signature(&KEY, b"another text"));
    Note::new(text, vec![by]).unwrap().to_string().into_bytes()
}

fn trust_file(quorum: &str) -> String {
    let (log, witness) = (origin(1).key(KEY).unwrap(), witness());
    format!("log {log}\nwitness w {witness}\nquorum {quorum}\n")
}

/// Signed by the log, and cosigned at a time that it says wrong by so much.
fn cosigned(checkpoint: &Checkpoint, wrong: u8) -> Vec<u8> {
    let (witness, text) = (witness(), checkpoint.text());
    let sign = |message: &[u8]| signature(witness.public(), message);
    let mut by = witness.cosign(&text, 1_700_000_000, sign);
    by.signature[7] ^= wrong;
    let (_, mut note) = Checkpoint::from_note(&signed(checkpoint, KEY)).unwrap();
    note.add(by);
    note.to_string().into_bytes()
}
