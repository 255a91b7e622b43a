//! Notes, keys, checkpoints, proof files and trust files: read strictly.
#![allow(clippy::unwrap_used)]

use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::checkpoint::{Checkpoint, CheckpointFault, Origin};
use super::note::{KeyFault, Note, NoteFault, SignatureFault, SignatureType, VerifierKey};
use super::policy::{PolicyLineFault, TrustPolicy};
use super::proof::ProofPlan;
use super::proof_file::{ProofFile, ProofFileFault};
use super::{Frontier, entry, leaf_hash};

/// Stands for Ed25519, which the core does not have: a digest of key and message.
fn signature(public: &[u8; 32], message: &[u8]) -> [u8; 64] {
    let half: [u8; 32] = Sha256::new()
        .chain_update(public)
        .chain_update(message)
        .finalize()
        .into();
    [half, half].concat().try_into().unwrap()
}

fn verifies(public: &[u8; 32], message: &[u8], found: &[u8; 64]) -> bool {
    signature(public, message) == *found
}

fn origin() -> Origin {
    let log = Uuid::from_u128(0x0197_0000_0000_7000_8000_0000_0000_0001);
    Origin::new("tablets.example.com", log, 2).unwrap()
}

fn log_key() -> VerifierKey {
    origin().key([1; 32]).unwrap()
}

fn witness(number: u8) -> VerifierKey {
    let name = format!("witness.example/w{number}");
    VerifierKey::new(name, SignatureType::Cosignature, [number; 32]).unwrap()
}

fn signed(key: &VerifierKey, text: &str) -> super::NoteSignature {
    key.sign(text, |message| signature(key.public(), message))
}

fn cosigned(key: &VerifierKey, text: &str, time: u64) -> super::NoteSignature {
    key.cosign(text, time, |message| signature(key.public(), message))
}

fn checkpoint() -> Checkpoint {
    let (origin, size, root) = (origin(), 20_852_163, leaf_hash(b"root"));
    Checkpoint { origin, size, root }
}

fn checkpoint_note() -> Note {
    let text = checkpoint().text();
    Note::new(&*text, vec![signed(&log_key(), &text)]).unwrap()
}

#[test]
fn published_keys_are_read_and_written_alike() {
    let published = [
        "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
        "example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx",
    ];
    for text in published {
        let key: VerifierKey = text.parse().unwrap();
        assert_eq!(key.kind(), SignatureType::Ed25519);
        assert_eq!(key.to_string(), text);
    }
    let cosigner = witness(3);
    assert_eq!(cosigner.to_string().parse(), Ok(cosigner));
}

#[test]
fn a_key_that_is_not_right_says_why() {
    let key = |text: &str| text.parse::<VerifierKey>().unwrap_err();
    let right = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    assert_eq!(key("PeterNeumann"), KeyFault::Form);
    assert_eq!(
        key("+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"),
        KeyFault::Name
    );
    assert!(matches!(
        key(&right.replace("c74f", "C74f")),
        KeyFault::Id(_)
    ));
    assert!(matches!(
        key(&right.replace("c74f", "c74e")),
        KeyFault::Id(_)
    ));
    assert!(matches!(
        key(&right.replace("Peter", "Pater")),
        KeyFault::Id(_)
    ));
    assert_eq!(key(&format!("{right}=")), KeyFault::Key);
    assert_eq!(key(&right[..right.len() - 4]), KeyFault::Key);
    assert_eq!(key(&right.replace("+ARpc", "+BRpc")), KeyFault::Type(5));
}

#[test]
fn a_checkpoint_reads_as_the_specification_prints_it() {
    let text = checkpoint().text();
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(
        lines[..2],
        [
            "tablets.example.com/01970000-0000-7000-8000-000000000001/2",
            "20852163"
        ]
    );
    let note = checkpoint_note().to_string();
    let (read, parsed) = Checkpoint::from_note(note.as_bytes()).unwrap();
    assert_eq!((read, parsed), (checkpoint(), checkpoint_note()));
    assert!(note.contains("\n\n\u{2014} tablets.example.com/"));
    let verified = log_key().verify(&checkpoint_note(), &verifies).unwrap();
    assert_eq!(verified.time, None);
}

#[test]
fn every_bit_of_a_checkpoint_counts() {
    let note = checkpoint_note().to_string().into_bytes();
    let good = |note: &[u8]| {
        let (checkpoint, note) = Checkpoint::from_note(note).ok()?;
        log_key().verify(&note, &verifies).ok()?;
        Some(checkpoint)
    };
    assert_eq!(good(&note), Some(checkpoint()));
    for bit in 0..note.len() * 8 {
        let mut damaged = note.clone();
        damaged[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(good(&damaged), None, "bit {bit}");
    }
    for end in 0..note.len() {
        assert_eq!(good(&note[..end]), None, "cut at {end}");
    }
}

#[test]
fn a_note_has_one_spelling() {
    let note = checkpoint_note().to_string();
    let fault = |note: &str| Note::parse(note.as_bytes()).unwrap_err();
    assert_eq!(fault(&note.replace('\n', "\r\n")), NoteFault::Text(58));
    assert_eq!(
        fault(&note.replace("\u{2014}", "-")),
        NoteFault::Signature(1)
    );
    assert_eq!(fault(&note.replace("\n\n", "\n")), NoteFault::Form);
    assert_eq!(fault(&format!("{note}more")), NoteFault::Form);
    assert_eq!(fault(&format!("{note}more\n")), NoteFault::Signature(2));
    assert_eq!(fault(&format!("{note}\n")), NoteFault::Form);
    assert_eq!(fault("\n\n"), NoteFault::Form);
    let many = "\u{2014} a AAAAAAAA\n".repeat(65);
    assert_eq!(fault(&format!("text\n\n{many}")), NoteFault::Signatures);
    let long = "a".repeat(70_000);
    assert_eq!(fault(&long), NoteFault::Length(70_000));
    // Two encodings one behind another, and bits that mean nothing.
    for base64 in ["AAAAAA==AAAA", "AAAAAB==", "AAAAAA=", "AAAA AAA", "AAAA"] {
        let note = format!("text\n\n\u{2014} a {base64}\n");
        assert_eq!(fault(&note), NoteFault::Signature(1), "{base64}");
    }
    assert_eq!(Note::new("text", vec![]), None);
    assert_eq!(Note::new("text\n", vec![]), None);
}

#[test]
fn a_checkpoint_has_one_spelling() {
    let text = checkpoint().text();
    let fault = |text: &str| Checkpoint::parse(text).unwrap_err();
    assert_eq!(fault(text.trim_end()), CheckpointFault::Form);
    assert_eq!(fault(&format!("{text}extension\n")), CheckpointFault::Form);
    for size in ["020852163", "+20852163", "", "9223372036854775809", "2e7"] {
        assert_eq!(
            fault(&text.replace("20852163", size)),
            CheckpointFault::Size,
            "{size}"
        );
    }
    let root = checkpoint().root.base64();
    let wrong = text.replace(&root, &root.replace('=', ""));
    assert_eq!(fault(&wrong), CheckpointFault::Root);
    for origin in [
        "tablets.example.com",
        "tablets.example.com/01970000-0000-7000-8000-000000000001",
        "tablets.example.com/01970000-0000-7000-8000-000000000001/02",
        "tablets.example.com/01970000-0000-7000-8000-000000000001/2/3",
        "tablets.example.com/01970000000070008000000000000001/2",
        "tablets.example.com/0197000A-0000-7000-8000-000000000001/2",
        "a b/01970000-0000-7000-8000-000000000001/2",
        "/01970000-0000-7000-8000-000000000001/2",
    ] {
        assert!(origin.parse::<Origin>().is_err(), "{origin}");
    }
}

#[test]
fn only_one_right_signature_of_a_key_will_do() {
    let (key, text) = (log_key(), checkpoint().text());
    let verify = |signatures| key.verify(&Note::new(&*text, signatures).unwrap(), &verifies);
    let right = signed(&key, &text);
    let unknown = signed(&origin().key([9; 32]).unwrap(), &text);
    assert!(verify(vec![unknown.clone(), right.clone()]).is_ok());
    assert!(matches!(
        verify(vec![unknown]),
        Err(SignatureFault::Missing { .. })
    ));
    let twice = vec![right.clone(), right.clone()];
    assert_eq!(
        verify(twice),
        Err(SignatureFault::Doubled(key.name().to_owned()))
    );
    let mut wrong = right.clone();
    wrong.signature[63] ^= 1;
    let wrong = vec![wrong];
    assert_eq!(
        verify(wrong),
        Err(SignatureFault::Wrong(key.name().to_owned()))
    );
    let mut longer = right;
    longer.signature.push(0);
    let longer = vec![longer];
    assert_eq!(
        verify(longer),
        Err(SignatureFault::Wrong(key.name().to_owned()))
    );
}

#[test]
fn a_cosignature_is_of_the_text_and_its_time() {
    let (key, text) = (witness(1), checkpoint().text());
    let expected = format!("cosignature/v1\ntime 1679315147\n{text}");
    let line = key.cosign(&text, 1_679_315_147, |message| {
        assert_eq!(message, expected.as_bytes());
        signature(key.public(), message)
    });
    assert_eq!(line.signature[..8], 1_679_315_147u64.to_be_bytes());
    let mut note = checkpoint_note();
    note.add(line.clone());
    let verified = key.verify(&note, &verifies).unwrap();
    assert_eq!(verified.time, Some(1_679_315_147));
    let mut later = line;
    later.signature[7] ^= 1;
    note.add(later);
    assert_eq!(note.signatures().len(), 2);
    let name = key.name().to_owned();
    assert_eq!(
        key.verify(&note, &verifies),
        Err(SignatureFault::Wrong(name))
    );
    note.add(cosigned(&key, &text, 1 << 63));
    assert!(key.verify(&note, &verifies).is_err());
}

/// A log of five entries, and the proof of one of them.
fn proof_file() -> (ProofFile, VerifierKey) {
    let entries: Vec<_> = (0u8..5).map(|n| entry::salted(&[n; 16], b"{}")).collect();
    let leaves: Vec<_> = entries.iter().map(|entry| leaf_hash(entry)).collect();
    let mut tree = Frontier::default();
    leaves.iter().for_each(|&leaf| tree.push(leaf, |_, _| {}));
    struct Leaves(Vec<super::Hash>);
    impl super::proof::TileReader for Leaves {
        type Error = ();
        fn tile(&mut self, _: super::TileId) -> Result<Vec<super::Hash>, ()> {
            Ok(self.0.clone())
        }
    }
    let plan = ProofPlan::inclusion(3, 5).unwrap();
    let hashes = plan.make(&mut Leaves(leaves)).unwrap();
    let (origin, size, root) = (origin(), 5, tree.root());
    let text = Checkpoint { origin, size, root }.text();
    let checkpoint = Note::new(&*text, vec![signed(&log_key(), &text)]).unwrap();
    let file = ProofFile {
        entry: Some(entries[3].clone()),
        index: 3,
        hashes,
        checkpoint,
    };
    (file, log_key())
}

#[test]
fn every_bit_of_a_proof_file_counts() {
    let (file, key) = proof_file();
    let text = file.to_string();
    assert!(text.starts_with("c2sp.org/tlog-proof@v1\nextra EA"));
    let read = ProofFile::parse(text.as_bytes()).unwrap();
    assert_eq!(read, file);
    let (checkpoint, entry) = read.check(&key, &verifies).unwrap();
    assert_eq!((checkpoint.size, Some(entry)), (5, file.entry.as_deref()));
    let text = text.into_bytes();
    for bit in 0..text.len() * 8 {
        let mut damaged = text.clone();
        damaged[bit / 8] ^= 1 << (bit % 8);
        let checked =
            ProofFile::parse(&damaged).and_then(|file| file.check(&key, &verifies).map(drop));
        assert!(checked.is_err(), "bit {bit}");
    }
}

#[test]
fn a_proof_of_something_else_says_what_is_wrong() {
    let (file, key) = proof_file();
    let mut without = file.clone();
    without.entry = None;
    let read = ProofFile::parse(without.to_string().as_bytes()).unwrap();
    assert_eq!(read.check(&key, &verifies), Err(ProofFileFault::NoEntry));
    let mut elsewhere = file.clone();
    elsewhere.index = 5;
    let checked = elsewhere.check(&key, &verifies);
    assert!(matches!(checked, Err(ProofFileFault::Proof(_))));
    let stranger = origin().in_epoch(3).key([1; 32]).unwrap();
    let checked = file.check(&stranger, &verifies);
    assert!(matches!(checked, Err(ProofFileFault::Signature(_))));
    let text = file.to_string();
    for (from, to) in [
        ("index 3", "index 03"),
        ("index 3", "index +3"),
        ("index 3\n", ""),
    ] {
        let read = ProofFile::parse(text.replace(from, to).as_bytes());
        assert!(
            matches!(read, Err(ProofFileFault::Line(3, _))),
            "{to:?} {read:?}"
        );
    }
}

fn trust_file() -> String {
    let (log, w1, w2, w3) = (log_key(), witness(1), witness(2), witness(3));
    format!(
        "# Who is trusted.\n\nlog {log} https://tablets.example.com/\n\
         witness one {w1}\n\twitness  two {w2} https://two.example/\nwitness three {w3}\n\
         group pair 2 one two\ngroup either any pair three\nquorum either\n"
    )
}

#[test]
fn a_quorum_is_counted_over_groups() {
    let policy = TrustPolicy::parse(trust_file().as_bytes()).unwrap();
    assert_eq!(policy.logs(), [log_key()]);
    let text = checkpoint().text();
    let quorum = |by: &[u8]| {
        let mut note = checkpoint_note();
        by.iter()
            .for_each(|&n| note.add(cosigned(&witness(n), &text, 7)));
        let witnessed = policy.witnessed(&note, &verifies).unwrap();
        assert_eq!(witnessed.by.len(), by.iter().filter(|&&n| n < 4).count());
        witnessed.quorum
    };
    let enough = [[1, 2].as_slice(), &[3], &[1, 2, 3]];
    let lacking = [[].as_slice(), &[1], &[2], &[4], &[1, 4]];
    assert!(enough.into_iter().all(quorum));
    assert!(!lacking.into_iter().any(quorum));
    let mut note = checkpoint_note();
    note.add(cosigned(&witness(1), "another text\n", 7));
    assert!(policy.witnessed(&note, &verifies).is_err());
    let none = TrustPolicy::parse(b"quorum none").unwrap();
    assert!(!none.needs_witnesses() && none.logs().is_empty());
    assert!(
        none.witnessed(&checkpoint_note(), &verifies)
            .unwrap()
            .quorum
    );
}

#[test]
fn a_trust_file_that_is_not_right_says_where() {
    let fault = |file: &str| {
        let fault = TrustPolicy::parse(file.as_bytes()).unwrap_err();
        (fault.line, fault.what)
    };
    let right = trust_file();
    let add = |line: &str| right.replace("quorum either\n", line);
    let unknown = |name: &str| PolicyLineFault::Unknown(name.to_owned());
    assert_eq!(fault(""), (1, PolicyLineFault::Quorum));
    assert_eq!(fault(&add("")), (9, PolicyLineFault::Quorum));
    assert_eq!(
        fault(&add("quorum none\nquorum none")),
        (10, PolicyLineFault::Quorum)
    );
    assert_eq!(fault(&add("quorum four")), (9, unknown("four")));
    assert_eq!(fault(&add("group four all three")).0, 9);
    assert_eq!(fault(&add("group four any five")), (9, unknown("five")));
    let doubled = PolicyLineFault::DoubledName("one".to_owned());
    let fourth = format!("witness one {}", witness(4));
    assert_eq!(fault(&add(&fourth)), (9, doubled));
    let fourth = format!("witness four {}", witness(1));
    assert_eq!(fault(&add(&fourth)), (9, PolicyLineFault::DoubledKey));
    let none = PolicyLineFault::DoubledName("none".to_owned());
    assert_eq!(
        fault(&add(&format!("witness none {}", witness(4)))),
        (9, none)
    );
    assert_eq!(
        fault(&add(&format!("log {}", witness(4)))),
        (9, PolicyLineFault::KeyType)
    );
    assert_eq!(
        fault(&add(&format!("log {}", log_key()))),
        (9, PolicyLineFault::DoubledKey)
    );
    for needed in ["0", "2", "+1", "some", ""] {
        let line = format!("group four {needed} either");
        assert_eq!(fault(&add(&line)).0, 9, "{needed}");
    }
    assert_eq!(fault(&add("quorum")), (9, PolicyLineFault::Form));
    assert_eq!(
        fault(&right.replace('\n', "\r\n")),
        (1, PolicyLineFault::Control)
    );
}
