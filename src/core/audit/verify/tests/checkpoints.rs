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
        |told| told.note = Some(Err(SourceFault::Missing(CHECKPOINT.into()))),
        &[(CheckpointForm, CHECKPOINT, "there is none")],
    ),
    (
        "a checkpoint that is a link",
        |told| told.note = Some(Err(SourceFault::NotAFile(CHECKPOINT.into()))),
        &[(FileUnreadable, CHECKPOINT, "not a regular file")],
    ),
    (
        "a checkpoint that is no note",
        |told| told.note = Some(Ok(b"size 300\n".to_vec())),
        &[(CheckpointForm, CHECKPOINT, "")],
    ),
    (
        "a key of a later epoch",
        |told| told.keys = vec![origin(2).key(KEY).unwrap()],
        &[(EpochOlder, CHECKPOINT, "the later")],
    ),
    (
        "a signature of another text",
        |told| told.note = Some(Ok(spoilt(&told.head(SIZE)))),
        &[(SignatureWrong, CHECKPOINT, "")],
    ),
    (
        "a key that signs nothing",
        |told| told.keys = vec![origin(1).key(OTHER).unwrap()],
        &[(
            CheckpointUnsigned,
            CHECKPOINT,
            "no key that was given signs it",
        )],
    ),
    (
        "a key of another log",
        |told| told.keys = vec![elsewhere().key(KEY).unwrap()],
        &[(
            CheckpointUnsigned,
            CHECKPOINT,
            "no key that was given is of that log",
        )],
    ),
    (
        "no key",
        |told| told.keys.clear(),
        &[(
            CheckpointUnsigned,
            CHECKPOINT,
            "no key that was given is of that log",
        )],
    ),
    (
        "no witness",
        |told| told.policy = Some(trust_file("w")),
        &[(Unwitnessed, CHECKPOINT, "0 witnesses")],
    ),
    (
        "a witness",
        |told| {
            told.policy = Some(trust_file("w"));
            told.note = Some(Ok(cosigned(&told.head(SIZE), 0)));
        },
        &[],
    ),
    (
        "a witness that nobody asks for, at another time than it says",
        |told| {
            told.policy = Some(trust_file("none"));
            told.note = Some(Ok(cosigned(&told.head(SIZE), 1)));
        },
        &[(SignatureWrong, CHECKPOINT, "")],
    ),
    (
        "an older checkpoint, one of nothing and the same",
        |told| {
            let older = [0, 200, SIZE].map(|size| signed(&told.head(size), KEY));
            told.older.extend(older);
        },
        &[],
    ),
    (
        "an older checkpoint that is none",
        |told| told.older.push(b"200".to_vec()),
        &[(OlderNotChecked, OLDER, "")],
    ),
    (
        "an older checkpoint of another log",
        |told| {
            told.keys.push(elsewhere().key(KEY).unwrap());
            told.older(|older| older.origin = elsewhere());
        },
        &[(OlderNotChecked, OLDER, "it is of the log other.example")],
    ),
    (
        "an older checkpoint of another key",
        |told| told.older.push(signed(&told.head(200), OTHER)),
        &[(OlderNotChecked, OLDER, "no key that was given signs it")],
    ),
    (
        "an older checkpoint with the signature of another text",
        |told| told.older.push(spoilt(&told.head(200))),
        &[(SignatureWrong, OLDER, "")],
    ),
    (
        "an older checkpoint from before the key",
        |told| {
            told.older.push(signed(&told.head(200), KEY));
            told.say_epoch(1, 2, SIZE);
            told.keys = vec![origin(2).key(KEY).unwrap()];
        },
        &[],
    ),
    (
        "an older checkpoint from before the key, of another one",
        |told| {
            told.older.push(signed(&told.head(200), OTHER));
            told.say_epoch(1, 2, SIZE);
            told.keys = vec![origin(2).key(KEY).unwrap()];
        },
        &[(OlderNotChecked, OLDER, "no key that was given signs it")],
    ),
    (
        "an older checkpoint of a later epoch",
        |told| told.older(|older| older.origin = origin(2)),
        &[(Forked, OLDER, "a later epoch")],
    ),
    (
        "an older checkpoint of more than was kept of its epoch",
        |told| {
            told.older(|_| {});
            told.say_epoch(1, 2, 199);
        },
        &[(Forked, OLDER, "says that 199 were kept")],
    ),
    (
        "an older checkpoint of more than was kept of its epoch, before more of another",
        |told| {
            told.older(|_| {});
            told.say_epoch(1, 2, 199);
            told.say_epoch(2, 3, SIZE);
        },
        &[(Forked, OLDER, "says that 199 were kept")],
    ),
    (
        "an older checkpoint of more entries",
        |told| told.older(|older| older.size = 301),
        &[(Forked, OLDER, "it has 301 entries, this log has 300")],
    ),
    (
        "an older checkpoint of other entries",
        |told| told.older(|older| older.root = Hash([0; 32])),
        &[(Forked, OLDER, "have another root")],
    ),
    (
        "an older checkpoint within what was deleted",
        |told| {
            told.older(|_| {});
            told.first = 256;
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
        |told| {
            told.older.push(signed(&told.head(256), KEY));
            told.first = 256;
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
