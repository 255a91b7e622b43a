//! Witnesses (<https://c2sp.org/tlog-witness>): what one is asked, how it decides, and what
//! its answer is worth to the log.

use std::fmt;

use super::checkpoint::tree_size;
use super::hash::Hash;
use super::note::{
    NOTE_BYTES, Note, NoteFault, NoteSignature, SignatureFault, VerifierKey, VerifyEd25519,
};
use super::proof::check_consistency;

/// Most hashes of a consistency proof that a witness is sent.
pub const CONSISTENCY_HASHES: usize = 63;
/// Most bytes of what a witness is sent: the size, the proof and the note.
pub const REQUEST_BYTES: usize = NOTE_BYTES + 4 * 1024;
/// The media type of a size, with which a witness answers what does not go on from what it
/// knows.
pub const SIZE_TYPE: &str = "text/x.tlog.size";

/// A checkpoint handed to a witness, with the proof that it goes on from an older one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddCheckpoint {
    /// The size that the witness knows; 0 for none.
    pub old: u64,
    /// The consistency proof from there.
    pub proof: Vec<Hash>,
    /// The checkpoint as its log signed it.
    pub note: Note,
}

/// Which tree a checkpoint of whatever log is of. Unlike a
/// [`Checkpoint`](super::Checkpoint), it has any origin, and extension lines are passed over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogHead {
    /// Which log.
    pub origin: String,
    /// How many entries the tree has.
    pub size: u64,
    /// Its root.
    pub root: Hash,
}

/// Why bytes are no [`AddCheckpoint`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AddFault {
    /// No empty line before the checkpoint.
    #[error("expected `old SIZE`, the lines of a proof, an empty line and a checkpoint")]
    Form,
    /// The first line.
    #[error("line 1: expected `old` and a number without leading zeroes, at most 2^63")]
    Old,
    /// A line of the proof.
    #[error("line {0}: expected 32 bytes in canonical base64")]
    Hash(usize),
    /// Too long a proof.
    #[error("the proof has more than {CONSISTENCY_HASHES} hashes")]
    Hashes,
    /// The checkpoint is no note.
    #[error(transparent)]
    Note(#[from] NoteFault),
}

/// The text of a note is no checkpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected a checkpoint: lines with the origin, the size and the root in base64")]
pub struct HeadFault;

/// Why a witness does not cosign.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WitnessRefusal {
    /// It knows no key of this log.
    #[error("the origin of the checkpoint is not known here")]
    UnknownLog,
    /// No known key of the log signed it.
    #[error("no known key of the log signed the checkpoint")]
    Unsigned,
    /// The older size is the larger one.
    #[error("the old size is larger than the checkpoint's")]
    OldSize,
    /// The proof does not begin at what it knows, or the tree of that size has another root.
    #[error("expected a proof from size {0}, and at that size the root that is known here")]
    Conflict(u64),
    /// The proof does not hold.
    #[error("the proof does not show that the tree goes on from the one that is known here")]
    Inconsistent,
}

impl AddCheckpoint {
    /// Reads what a witness is sent; only the one spelling that its `Display` gives.
    pub fn parse(body: &[u8]) -> Result<Self, AddFault> {
        let end = body.windows(2).position(|pair| pair == b"\n\n");
        let (head, note) = body.split_at(end.ok_or(AddFault::Form)?);
        let head = std::str::from_utf8(head).map_err(|_| AddFault::Form)?;
        let mut lines = head.split('\n');
        let old = lines.next().and_then(|line| line.strip_prefix("old "));
        let old = old.and_then(tree_size).ok_or(AddFault::Old)?;
        let mut proof = Vec::new();
        for (line, number) in lines.zip(2..) {
            if proof.len() == CONSISTENCY_HASHES {
                return Err(AddFault::Hashes);
            }
            proof.push(Hash::from_base64(line).ok_or(AddFault::Hash(number))?);
        }
        // Behind the line feed of the last line and that of the empty one.
        let note = Note::parse(&note[2..])?;
        Ok(AddCheckpoint { old, proof, note })
    }
}

impl fmt::Display for AddCheckpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "old {}", self.old)?;
        for hash in &self.proof {
            writeln!(f, "{}", hash.base64())?;
        }
        write!(f, "\n{}", self.note)
    }
}

impl LogHead {
    /// Reads the text of a note.
    pub fn parse(text: &str) -> Result<Self, HeadFault> {
        let mut lines = text.strip_suffix('\n').ok_or(HeadFault)?.split('\n');
        let (origin, size, root) = (lines.next(), lines.next(), lines.next());
        let origin = origin.filter(|origin| !origin.is_empty());
        if lines.any(str::is_empty) {
            return Err(HeadFault);
        }
        Ok(LogHead {
            origin: origin.ok_or(HeadFault)?.to_owned(),
            size: size.and_then(tree_size).ok_or(HeadFault)?,
            root: root.and_then(Hash::from_base64).ok_or(HeadFault)?,
        })
    }

    /// Whether a witness cosigns this checkpoint, which `request` brings. `keys` are those
    /// that it knows of the log, `known` is what it cosigned of it last.
    ///
    /// # Errors
    /// Why it does not.
    pub fn admit(
        &self,
        request: &AddCheckpoint,
        keys: &[VerifierKey],
        known: Option<&LogHead>,
        ed25519: VerifyEd25519<'_>,
    ) -> Result<(), WitnessRefusal> {
        if keys.is_empty() {
            return Err(WitnessRefusal::UnknownLog);
        }
        let signs = |key: &VerifierKey| key.verify(&request.note, ed25519).is_ok();
        if !keys.iter().any(signs) {
            return Err(WitnessRefusal::Unsigned);
        }
        if request.old > self.size {
            return Err(WitnessRefusal::OldSize);
        }
        let (size, root) = match known {
            Some(known) => (known.size, known.root),
            None => (0, Hash::of_nothing()),
        };
        if request.old != size || self.size == size && self.root != root {
            return Err(WitnessRefusal::Conflict(size));
        }
        check_consistency(size, &root, self.size, &self.root, &request.proof)
            .map_err(|_| WitnessRefusal::Inconsistent)
    }
}

/// The cosignature of a witness out of its answer, with the time that it names, in seconds
/// since 1970. Lines of other keys are passed over.
///
/// # Errors
/// The answer is no lines of signatures, or has none of this key that is right.
pub fn cosignature(
    text: &str,
    answer: &[u8],
    witness: &VerifierKey,
    ed25519: VerifyEd25519<'_>,
) -> Result<(NoteSignature, u64), AnswerFault> {
    let note = Note::parse(&[text.as_bytes(), b"\n", answer].concat())?;
    // An answer with a text of its own would be another note.
    if note.text() != text {
        return Err(AnswerFault::Note(NoteFault::Form));
    }
    let verified = witness.verify(&note, ed25519)?;
    let is_own = |line: &&NoteSignature| line.name == witness.name() && line.id == witness.id();
    let line = note.signatures().iter().find(is_own);
    match (line, verified.time) {
        (Some(line), Some(time)) => Ok((line.clone(), time)),
        _ => Err(AnswerFault::NoCosignature),
    }
}

/// Why an answer of a witness is worth nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AnswerFault {
    /// No lines of signatures.
    #[error("expected lines with signatures: {0}")]
    Note(#[from] NoteFault),
    /// None of the witness, or a wrong one.
    #[error(transparent)]
    Signature(#[from] SignatureFault),
    /// The key is not that of a witness.
    #[error("expected a cosignature (type 0x04)")]
    NoCosignature,
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::tlog::note::SignatureType;
    use crate::tlog::{Frontier, leaf_hash, node_hash};

    /// A signature that anybody can make: it is the beginning of the message, and the key.
    fn sign(public: u8) -> impl Fn(&[u8]) -> [u8; 64] {
        move |message| {
            let mut signature = [public; 64];
            signature[..32].copy_from_slice(&leaf_hash(message).0);
            signature
        }
    }

    fn is_signed(public: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> bool {
        sign(public[0])(message) == *signature
    }

    fn key(name: &str, kind: SignatureType, public: u8) -> VerifierKey {
        VerifierKey::new(name, kind, [public; 32]).unwrap()
    }

    fn log() -> VerifierKey {
        key("example.com/log", SignatureType::Ed25519, 1)
    }

    fn root(size: u8) -> Hash {
        let mut tree = Frontier::default();
        (0..size).for_each(|leaf| tree.push(leaf_hash(&[leaf]), |_, _| {}));
        tree.root()
    }

    fn head(size: u8) -> LogHead {
        LogHead {
            origin: "example.com/log".to_owned(),
            size: size.into(),
            root: root(size),
        }
    }

    fn request(old: u64, proof: Vec<Hash>, head: &LogHead) -> AddCheckpoint {
        let LogHead { origin, size, root } = head;
        let text = format!("{origin}\n{size}\n{}\n", root.base64());
        let line = log().sign(&text, sign(1));
        let note = Note::new(text, vec![line]).unwrap();
        AddCheckpoint { old, proof, note }
    }

    fn decide(
        request: &AddCheckpoint,
        keys: &[VerifierKey],
        known: Option<&LogHead>,
    ) -> Result<(), WitnessRefusal> {
        let head = LogHead::parse(request.note.text()).unwrap();
        head.admit(request, keys, known, &is_signed)
    }

    #[test]
    fn a_request_is_read_in_one_spelling_only() {
        let proof = vec![root(1), root(2)];
        let written = request(2, proof, &head(3)).to_string();
        let read = AddCheckpoint::parse(written.as_bytes()).unwrap();
        assert_eq!(read, request(2, vec![root(1), root(2)], &head(3)));
        assert_eq!(read.to_string(), written);
        let none = request(0, Vec::new(), &head(3));
        let read = AddCheckpoint::parse(none.to_string().as_bytes()).unwrap();
        assert_eq!(read, none);
        let hash = root(1).base64();
        for (from, to, fault) in [
            ("old 2", "old 02", AddFault::Old),
            ("old 2", "old +2", AddFault::Old),
            ("old 2", "old  2", AddFault::Old),
            ("old 2", "Old 2", AddFault::Old),
            ("old 2", "old 9223372036854775809", AddFault::Old),
            ("old 2\n", "", AddFault::Old),
            ("=\n", "\n", AddFault::Hash(2)),
            (hash.as_str(), "AAAA", AddFault::Hash(2)),
            ("\n\n", "\n", AddFault::Hash(4)),
        ] {
            let wrong = written.replacen(from, to, 1);
            assert_eq!(
                AddCheckpoint::parse(wrong.as_bytes()),
                Err(fault),
                "{wrong}"
            );
        }
        for wrong in [&b""[..], b"old 2\n", b"\xff\n\n", b"old 0\n\n"] {
            assert!(AddCheckpoint::parse(wrong).is_err());
        }
        let long = request(2, vec![root(1); 64], &head(3)).to_string();
        let parsed = AddCheckpoint::parse(long.as_bytes());
        assert_eq!(parsed, Err(AddFault::Hashes));
    }

    #[test]
    fn a_head_has_any_origin_and_extension_lines() {
        let text = format!("some log\n3\n{}\n", root(3).base64());
        let read = LogHead::parse(&text).unwrap();
        assert_eq!((read.origin.as_str(), read.size), ("some log", 3));
        assert_eq!(LogHead::parse(&format!("{text}more\n")), Ok(read));
        for wrong in [
            text.replace("some log", ""),
            text.replace("\n3", "\n03"),
            text.replace('=', ""),
            format!("{text}\nmore\n"),
            text.trim_end().to_owned(),
            "some log\n3\n".to_owned(),
        ] {
            assert_eq!(LogHead::parse(&wrong), Err(HeadFault), "{wrong}");
        }
    }

    #[test]
    fn a_witness_cosigns_what_goes_on_from_what_it_knows() {
        let keys = [key("example.com/log", SignatureType::Ed25519, 9), log()];
        let leaf = |number: u8| leaf_hash(&[number]);
        // From 2 to 3 leaves: the root of the two is known, the third leaf is the proof.
        assert_eq!(node_hash(&root(2), &leaf(2)), root(3));
        let known = head(2);
        assert_eq!(decide(&request(0, vec![], &head(3)), &keys, None), Ok(()));
        let next = request(2, vec![leaf(2)], &head(3));
        assert_eq!(decide(&next, &keys, Some(&known)), Ok(()));
        let again = request(2, vec![], &known);
        assert_eq!(decide(&again, &keys, Some(&known)), Ok(()));

        let refused = |request: &AddCheckpoint, known| decide(request, &keys, known).unwrap_err();
        assert_eq!(decide(&next, &[], None), Err(WitnessRefusal::UnknownLog));
        let unsigned = decide(&next, &keys[..1], Some(&known));
        assert_eq!(unsigned, Err(WitnessRefusal::Unsigned));
        let backwards = request(4, vec![], &head(3));
        assert_eq!(refused(&backwards, Some(&known)), WitnessRefusal::OldSize);
        let stale = request(1, vec![leaf(1), leaf(2)], &head(3));
        assert_eq!(refused(&stale, Some(&known)), WitnessRefusal::Conflict(2));
        assert_eq!(refused(&next, None), WitnessRefusal::Conflict(0));
        let smaller = request(1, vec![], &head(1));
        assert_eq!(refused(&smaller, Some(&known)), WitnessRefusal::Conflict(2));
        let other_root = LogHead {
            root: root(3),
            ..head(2)
        };
        let forked = request(2, vec![], &other_root);
        assert_eq!(refused(&forked, Some(&known)), WitnessRefusal::Conflict(2));
        // A first checkpoint of nothing has the root of nothing.
        let empty = LogHead {
            root: root(1),
            ..head(0)
        };
        let empty = request(0, vec![], &empty);
        assert_eq!(refused(&empty, None), WitnessRefusal::Conflict(0));
        for proof in [vec![], vec![leaf(1)], vec![leaf(2), leaf(2)]] {
            let unproved = request(2, proof, &head(3));
            assert_eq!(
                refused(&unproved, Some(&known)),
                WitnessRefusal::Inconsistent
            );
        }
        let superfluous = request(0, vec![leaf(0)], &head(3));
        assert_eq!(refused(&superfluous, None), WitnessRefusal::Inconsistent);
    }

    #[test]
    fn an_answer_counts_by_the_witness_own_line() {
        let (witness, other) = (
            key("w.example/1", SignatureType::Cosignature, 5),
            key("w.example/2", SignatureType::Cosignature, 6),
        );
        let text = request(0, vec![], &head(3)).note.text().to_owned();
        let line = |key: &VerifierKey, text: &str| {
            let line = key.cosign(text, 77, sign(key.public()[0]));
            let note = Note::new("x\n", vec![line]).unwrap().to_string();
            note.strip_prefix("x\n\n").unwrap().to_owned()
        };
        let own = line(&witness, &text);
        let read = |answer: &str| cosignature(&text, answer.as_bytes(), &witness, &is_signed);
        for answer in [own.clone(), line(&other, &text) + &own] {
            let (signature, time) = read(&answer).unwrap();
            assert_eq!((signature.name.as_str(), time), ("w.example/1", 77));
        }
        let wrong = line(&witness, "other\n");
        for answer in [
            String::new(),
            "<html>".to_owned(),
            line(&other, &text),
            wrong,
            format!("{own}{own}"),
            format!("more\n\n{own}"),
            own.trim_end().to_owned(),
        ] {
            assert!(read(&answer).is_err(), "{answer}");
        }
        let log = log();
        let line = log.sign(&text, sign(1));
        let note = Note::new(text.clone(), vec![line]).unwrap().to_string();
        let answer = &note.as_bytes()[text.len() + 1..];
        let read = cosignature(&text, answer, &log, &is_signed);
        assert_eq!(read.unwrap_err(), AnswerFault::NoCosignature);
    }
}
