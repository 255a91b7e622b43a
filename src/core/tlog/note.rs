//! Signed notes (<https://c2sp.org/signed-note>): a text, an empty line, and a line per
//! signature. The signature of a log is Ed25519 (type 0x01), that of a witness a
//! timestamped cosignature (type 0x04, <https://c2sp.org/tlog-cosignature>).
//!
//! Nothing is signed or verified here: both are handed in.

use std::fmt;
use std::str::FromStr;

use sha2::{Digest as _, Sha256};

use super::base64;

/// Most bytes of a note.
pub const NOTE_BYTES: usize = 64 * 1024;
/// Most signatures of a note.
pub const SIGNATURES: usize = 64;
/// Bytes of an Ed25519 public key.
pub const PUBLIC_KEY_BYTES: usize = 32;
/// Bytes of an Ed25519 signature.
pub const SIGNATURE_BYTES: usize = 64;

const SEPARATOR: &str = "\n\n";
/// Before the name on a line with a signature: an em dash and a space.
const SIGNED_BY: &str = "\u{2014} ";

/// Whether the message has this Ed25519 signature by the key (RFC 8032).
pub type VerifyEd25519<'a> =
    &'a dyn Fn(&[u8; PUBLIC_KEY_BYTES], &[u8], &[u8; SIGNATURE_BYTES]) -> bool;

/// What a key's signatures are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SignatureType {
    /// Of the note's text: a log's.
    Ed25519 = 0x01,
    /// Of the note's text and a time: a witness's.
    Cosignature = 0x04,
}

/// A public key with its name, as notes are verified by it. Its text (a *vkey*) is
/// `NAME+KEYID+BASE64(type ‖ key)`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VerifierKey {
    name: String,
    kind: SignatureType,
    public: [u8; PUBLIC_KEY_BYTES],
}

/// Tells keys of one name apart: the first bytes of a digest, not a proof of anything.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(pub [u8; 4]);

/// A note, taken apart; none of its signatures is verified yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    text: String,
    signatures: Vec<NoteSignature>,
}

/// A line with a signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoteSignature {
    /// The key's name.
    pub name: String,
    /// The key's id.
    pub id: KeyId,
    /// What follows the id: as many bytes as the signature's type has.
    pub signature: Vec<u8>,
}

/// Why bytes are no note.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoteFault {
    /// Longer than [`NOTE_BYTES`].
    #[error("the note has {0} bytes: expected at most {NOTE_BYTES}")]
    Length(usize),
    /// Not UTF-8, or with another control character than the line feed.
    #[error("byte {0} of the note is not text: expected UTF-8 with line feeds (U+000A) only")]
    Text(usize),
    /// No text, no empty line, or no signature behind it.
    #[error("expected a text, an empty line and lines with signatures")]
    Form,
    /// A line that is no signature.
    #[error("signature {0} of the note cannot be read: expected `\u{2014} NAME BASE64`")]
    Signature(usize),
    /// More than [`SIGNATURES`].
    #[error("the note has more than {SIGNATURES} signatures")]
    Signatures,
}

/// Why a text is no verifier key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyFault {
    /// Not in three parts.
    #[error("expected a verifier key: NAME+KEYID+BASE64")]
    Form,
    /// Empty, or with a space, a plus or a control character.
    #[error("the key's name is empty or has a space, a plus or a control character")]
    Name,
    /// Not in canonical base64, or of another length.
    #[error("the key is not {} bytes in canonical base64", PUBLIC_KEY_BYTES + 1)]
    Key,
    /// Another type of signatures.
    #[error("signatures of type 0x{0:02x}: expected 0x01 (Ed25519) or 0x04 (cosignature)")]
    Type(u8),
    /// The id is not that of this name and key.
    #[error("the key's id is not {0}, which its name and key have")]
    Id(KeyId),
}

/// Why a note is not signed by a key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignatureFault {
    /// No line of that key.
    #[error("no signature of {name} ({id})")]
    Missing {
        /// The key's name.
        name: String,
        /// The key's id.
        id: KeyId,
    },
    /// More lines than one of that key.
    #[error("more than one signature of {0}")]
    Doubled(String),
    /// The signature is not of this text.
    #[error("the signature of {0} is not of this text")]
    Wrong(String),
}

/// A signature that was verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verified {
    /// When it was made, in seconds since 1970: only a cosignature says so.
    pub time: Option<u64>,
}

impl VerifierKey {
    /// Of a public key.
    pub fn new(
        name: impl Into<String>,
        kind: SignatureType,
        public: [u8; PUBLIC_KEY_BYTES],
    ) -> Result<Self, KeyFault> {
        let name = name.into();
        if !is_name(&name) {
            return Err(KeyFault::Name);
        }
        Ok(VerifierKey { name, kind, public })
    }

    /// Its name: the log's origin, or the witness's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What its signatures are.
    pub fn kind(&self) -> SignatureType {
        self.kind
    }

    /// The public key itself.
    pub fn public(&self) -> &[u8; PUBLIC_KEY_BYTES] {
        &self.public
    }

    /// Its id.
    pub fn id(&self) -> KeyId {
        let mut hasher = Sha256::new();
        hasher.update(self.name.as_bytes());
        hasher.update([b'\n', self.kind as u8]);
        hasher.update(self.public);
        let digest: [u8; 32] = hasher.finalize().into();
        KeyId([digest[0], digest[1], digest[2], digest[3]])
    }

    /// The line that a log's key signs the text with. `sign` makes the Ed25519 signature.
    pub fn sign(
        &self,
        text: &str,
        sign: impl FnOnce(&[u8]) -> [u8; SIGNATURE_BYTES],
    ) -> NoteSignature {
        self.line(sign(text.as_bytes()).to_vec())
    }

    /// The line that a witness's key signs the text with. `time` is in seconds since 1970;
    /// `sign` makes the Ed25519 signature.
    pub fn cosign(
        &self,
        text: &str,
        time: u64,
        sign: impl FnOnce(&[u8]) -> [u8; SIGNATURE_BYTES],
    ) -> NoteSignature {
        let signature = sign(cosigned(text, time).as_bytes());
        self.line([time.to_be_bytes().as_slice(), &signature].concat())
    }

    fn line(&self, signature: Vec<u8>) -> NoteSignature {
        NoteSignature {
            name: self.name.clone(),
            id: self.id(),
            signature,
        }
    }

    /// Whether the note has exactly one signature of this key, and it is right.
    pub fn verify(
        &self,
        note: &Note,
        ed25519: VerifyEd25519<'_>,
    ) -> Result<Verified, SignatureFault> {
        let id = self.id();
        let mut own = note
            .signatures
            .iter()
            .filter(|line| line.name == self.name && line.id == id);
        let line = own.next().ok_or_else(|| SignatureFault::Missing {
            name: self.name.clone(),
            id,
        })?;
        if own.next().is_some() {
            return Err(SignatureFault::Doubled(self.name.clone()));
        }
        self.verify_line(&note.text, &line.signature, ed25519)
            .ok_or_else(|| SignatureFault::Wrong(self.name.clone()))
    }

    fn verify_line(
        &self,
        text: &str,
        signature: &[u8],
        ed25519: VerifyEd25519<'_>,
    ) -> Option<Verified> {
        let (time, message, signature) = match self.kind {
            SignatureType::Ed25519 => (None, text.to_owned(), signature),
            SignatureType::Cosignature => {
                let (time, signature) = signature.split_first_chunk()?;
                let time = u64::from_be_bytes(*time);
                i64::try_from(time).ok()?;
                (Some(time), cosigned(text, time), signature)
            }
        };
        let signature = signature.try_into().ok()?;
        ed25519(&self.public, message.as_bytes(), signature).then_some(Verified { time })
    }
}

/// What a cosignature signs.
fn cosigned(text: &str, time: u64) -> String {
    format!("cosignature/v1\ntime {time}\n{text}")
}

fn is_name(name: &str) -> bool {
    let wrong = |c: char| c == '+' || c.is_whitespace() || c.is_control();
    !name.is_empty() && !name.contains(wrong)
}

/// As a vkey.
impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = [&[self.kind as u8], self.public.as_slice()].concat();
        write!(f, "{}+{}+{}", self.name, self.id(), base64::encode(&key))
    }
}

impl FromStr for VerifierKey {
    type Err = KeyFault;

    fn from_str(text: &str) -> Result<Self, KeyFault> {
        let (name, rest) = text.split_once('+').ok_or(KeyFault::Form)?;
        // The base64 may contain plus signs of its own.
        let (id, key) = rest.split_once('+').ok_or(KeyFault::Form)?;
        let key = base64::decode(key).ok_or(KeyFault::Key)?;
        let (&kind, public) = key.split_first().ok_or(KeyFault::Key)?;
        let kind = match kind {
            0x01 => SignatureType::Ed25519,
            0x04 => SignatureType::Cosignature,
            other => return Err(KeyFault::Type(other)),
        };
        let public = public.try_into().map_err(|_| KeyFault::Key)?;
        let parsed = VerifierKey::new(name, kind, public)?;
        match id == parsed.id().to_string() {
            true => Ok(parsed),
            false => Err(KeyFault::Id(parsed.id())),
        }
    }
}

/// Eight hexadecimal digits, lower case.
impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&data_encoding::HEXLOWER.encode(&self.0))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Note {
    /// Of a text and its signatures. The text ends with a line feed; `None` where it does
    /// not, or where what would be written could not be read back.
    pub fn new(text: impl Into<String>, signatures: Vec<NoteSignature>) -> Option<Self> {
        let text = text.into();
        let note = Note { text, signatures };
        let written = note.to_string();
        Note::parse(written.as_bytes())
            .is_ok_and(|read| read == note)
            .then_some(note)
    }

    /// What is signed, with the line feed at its end.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The lines with signatures, in order; also those of unknown keys.
    pub fn signatures(&self) -> &[NoteSignature] {
        &self.signatures
    }

    /// With one more signature at the end; one of the same key that was there goes.
    pub fn add(&mut self, signature: NoteSignature) {
        let key = (signature.name.clone(), signature.id);
        self.signatures
            .retain(|line| (&line.name, line.id) != (&key.0, key.1));
        self.signatures.push(signature);
    }

    /// Reads a note; only the one spelling that its `Display` gives.
    pub fn parse(note: &[u8]) -> Result<Self, NoteFault> {
        if note.len() > NOTE_BYTES {
            return Err(NoteFault::Length(note.len()));
        }
        let note = std::str::from_utf8(note).map_err(|e| NoteFault::Text(e.valid_up_to()))?;
        let control = |c: char| c.is_ascii_control() && c != '\n';
        if let Some(at) = note.find(control) {
            return Err(NoteFault::Text(at));
        }
        let end = note.rfind(SEPARATOR).ok_or(NoteFault::Form)?;
        let (text, lines) = (&note[..=end], &note[end + SEPARATOR.len()..]);
        let lines = lines.strip_suffix('\n').ok_or(NoteFault::Form)?;
        if text == "\n" {
            return Err(NoteFault::Form);
        }
        let signatures: Vec<NoteSignature> = lines
            .split('\n')
            .take(SIGNATURES + 1)
            .enumerate()
            .map(|(number, line)| signature_line(line).ok_or(NoteFault::Signature(number + 1)))
            .collect::<Result<_, _>>()?;
        if signatures.len() > SIGNATURES {
            return Err(NoteFault::Signatures);
        }
        let text = text.to_owned();
        Ok(Note { text, signatures })
    }
}

fn signature_line(line: &str) -> Option<NoteSignature> {
    let (name, signature) = line.strip_prefix(SIGNED_BY)?.split_once(' ')?;
    let bytes = base64::decode(signature)?;
    let (id, signature) = bytes.split_first_chunk()?;
    (is_name(name) && !signature.is_empty()).then(|| NoteSignature {
        name: name.to_owned(),
        id: KeyId(*id),
        signature: signature.to_vec(),
    })
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text)?;
        for line in &self.signatures {
            let bytes = [line.id.0.as_slice(), &line.signature].concat();
            writeln!(f, "{SIGNED_BY}{} {}", line.name, base64::encode(&bytes))?;
        }
        Ok(())
    }
}
