//! Trust files (<https://c2sp.org/tlog-policy>): which logs are known, which witnesses,
//! and how many of these have to have cosigned a checkpoint.

use std::collections::{BTreeMap, BTreeSet};

use super::note::{KeyFault, Note, SignatureFault, SignatureType, VerifierKey, VerifyEd25519};

/// Most bytes of a trust file.
pub const POLICY_BYTES: usize = 256 * 1024;
/// Most logs, and most witnesses and groups together.
const NAMES: usize = 256;
/// The quorum that needs no witness.
const NONE: &str = "none";

/// A trust file, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustPolicy {
    logs: Vec<VerifierKey>,
    /// In the order of the file; a group only has members that stand before it.
    members: Vec<(String, Member)>,
    /// Which of the members is asked for.
    quorum: Option<usize>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Member {
    Witness(VerifierKey),
    Group { needed: usize, members: Vec<usize> },
}

/// A line of a trust file that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line} of the trust file: {what}")]
pub struct PolicyFault {
    /// Which line, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub what: PolicyLineFault,
}

/// What is wrong with a line of a trust file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PolicyLineFault {
    /// The file is too long, or has too many names.
    #[error("larger than {POLICY_BYTES} bytes or {NAMES} logs, or as many witnesses and groups")]
    TooLarge,
    /// A control character.
    #[error("a control character: expected tabs and line feeds only")]
    Control,
    /// No known first word, or not the words behind it.
    #[error(
        "expected `log VKEY [URL]`, `witness NAME VKEY [URL]`, \
         `group NAME all|any|NUMBER NAME…` or `quorum NAME|none`"
    )]
    Form,
    /// A key that is none.
    #[error(transparent)]
    Key(#[from] KeyFault),
    /// A log's key for a witness, or the other way round.
    #[error("a key with signatures of another type than it needs here")]
    KeyType,
    /// One public key twice.
    #[error("the public key stands on an earlier line already")]
    DoubledKey,
    /// A name twice, or `none`.
    #[error("the name `{0}` is taken")]
    DoubledName(String),
    /// A name that stands on no earlier line.
    #[error("`{0}` stands on no earlier line")]
    Unknown(String),
    /// A name that is in a group already.
    #[error("`{0}` is a member of a group already")]
    DoubledMember(String),
    /// More needed than there are, or none at all.
    #[error("expected a number from 1 to that of the members")]
    Threshold,
    /// A second quorum, or none at all.
    #[error("expected exactly one line `quorum`")]
    Quorum,
}

/// What witnesses say of a checkpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Witnessed {
    /// Whether as many cosigned it as the file asks for.
    pub quorum: bool,
    /// Who did, by the names of the file, and when (seconds since 1970).
    pub by: Vec<(String, u64)>,
}

impl TrustPolicy {
    /// Reads a trust file.
    pub fn parse(file: &[u8]) -> Result<Self, PolicyFault> {
        let fault = |line: usize, what| PolicyFault { line, what };
        if file.len() > POLICY_BYTES {
            return Err(fault(1, PolicyLineFault::TooLarge));
        }
        let mut reader = Reader::default();
        let mut last = 0;
        for (number, line) in file.split(|&byte| byte == b'\n').enumerate() {
            last = number + 1;
            reader.line(line).map_err(|what| fault(last, what))?;
        }
        let quorum = reader.quorum.ok_or(fault(last, PolicyLineFault::Quorum))?;
        Ok(TrustPolicy {
            logs: reader.logs,
            members: reader.members,
            quorum,
        })
    }

    /// The keys of known logs.
    pub fn logs(&self) -> &[VerifierKey] {
        &self.logs
    }

    /// Whether the quorum needs a witness at all.
    pub fn needs_witnesses(&self) -> bool {
        self.quorum.is_some()
    }

    /// Which witnesses cosigned the note, and whether they are enough. A cosignature of a
    /// known witness that is wrong is an error.
    pub fn witnessed(
        &self,
        note: &Note,
        ed25519: VerifyEd25519<'_>,
    ) -> Result<Witnessed, SignatureFault> {
        let (mut by, mut agreed) = (Vec::new(), Vec::<bool>::new());
        for (name, member) in &self.members {
            let agrees = match member {
                Member::Witness(key) => match key.verify(note, ed25519) {
                    Ok(verified) => {
                        by.push((name.clone(), verified.time.unwrap_or_default()));
                        true
                    }
                    Err(SignatureFault::Missing { .. }) => false,
                    Err(wrong) => return Err(wrong),
                },
                Member::Group { needed, members } => {
                    let agreeing = members.iter().filter(|&&member| agreed[member]);
                    agreeing.count() >= *needed
                }
            };
            agreed.push(agrees);
        }
        let quorum = self.quorum.is_none_or(|member| agreed[member]);
        Ok(Witnessed { quorum, by })
    }
}

/// A trust file as far as it is read.
#[derive(Default)]
struct Reader {
    logs: Vec<VerifierKey>,
    members: Vec<(String, Member)>,
    quorum: Option<Option<usize>>,
    /// Each name and its number among the members.
    names: BTreeMap<String, usize>,
    /// Members that are in a group.
    grouped: BTreeSet<usize>,
}

impl Reader {
    fn line(&mut self, line: &[u8]) -> Result<(), PolicyLineFault> {
        let control = |byte: &u8| byte.is_ascii_control() && *byte != b'\t';
        if line.iter().any(control) {
            return Err(PolicyLineFault::Control);
        }
        // Names are opaque bytes; those that are no UTF-8 are none that we know.
        let line = std::str::from_utf8(line).map_err(|_| PolicyLineFault::Form)?;
        let words = line.split([' ', '\t']).filter(|word| !word.is_empty());
        let words: Vec<&str> = words.collect();
        match words.as_slice() {
            [] => Ok(()),
            [first, ..] if first.starts_with('#') => Ok(()),
            ["log", key] | ["log", key, _] => self.log(key),
            ["witness", name, key] | ["witness", name, key, _] => self.witness(name, key),
            ["group", name, needed, members @ ..] => self.group(name, needed, members),
            ["quorum", name] => self.quorum(name),
            _ => Err(PolicyLineFault::Form),
        }
    }

    fn log(&mut self, key: &str) -> Result<(), PolicyLineFault> {
        let key = key_of(key, SignatureType::Ed25519)?;
        if self.logs.iter().any(|log| log.public() == key.public()) {
            return Err(PolicyLineFault::DoubledKey);
        }
        self.logs.push(key);
        match self.logs.len() > NAMES {
            true => Err(PolicyLineFault::TooLarge),
            false => Ok(()),
        }
    }

    fn witness(&mut self, name: &str, key: &str) -> Result<(), PolicyLineFault> {
        let key = key_of(key, SignatureType::Cosignature)?;
        let same = |(_, member): &(String, Member)| match member {
            Member::Witness(witness) => witness.public() == key.public(),
            Member::Group { .. } => false,
        };
        if self.members.iter().any(same) {
            return Err(PolicyLineFault::DoubledKey);
        }
        self.add(name, Member::Witness(key))
    }

    fn group(&mut self, name: &str, needed: &str, names: &[&str]) -> Result<(), PolicyLineFault> {
        let mut members = Vec::new();
        for member in names {
            let number = self.named(member)?;
            if !self.grouped.insert(number) {
                return Err(PolicyLineFault::DoubledMember((*member).to_owned()));
            }
            members.push(number);
        }
        let needed = match needed {
            "all" => members.len(),
            "any" => 1,
            number => number
                .parse()
                .ok()
                .filter(|_| number.bytes().all(|byte| byte.is_ascii_digit()))
                .ok_or(PolicyLineFault::Threshold)?,
        };
        if !(1..=members.len()).contains(&needed) {
            return Err(PolicyLineFault::Threshold);
        }
        self.add(name, Member::Group { needed, members })
    }

    fn quorum(&mut self, name: &str) -> Result<(), PolicyLineFault> {
        if self.quorum.is_some() {
            return Err(PolicyLineFault::Quorum);
        }
        self.quorum = Some(match name {
            NONE => None,
            name => Some(self.named(name)?),
        });
        Ok(())
    }

    fn named(&self, name: &str) -> Result<usize, PolicyLineFault> {
        let number = self.names.get(name).copied();
        number.ok_or_else(|| PolicyLineFault::Unknown(name.to_owned()))
    }

    fn add(&mut self, name: &str, member: Member) -> Result<(), PolicyLineFault> {
        let number = self.members.len();
        if name == NONE || self.names.insert(name.to_owned(), number).is_some() {
            return Err(PolicyLineFault::DoubledName(name.to_owned()));
        }
        self.members.push((name.to_owned(), member));
        match self.members.len() > NAMES {
            true => Err(PolicyLineFault::TooLarge),
            false => Ok(()),
        }
    }
}

fn key_of(key: &str, kind: SignatureType) -> Result<VerifierKey, PolicyLineFault> {
    let key: VerifierKey = key.parse()?;
    match key.kind() == kind {
        true => Ok(key),
        false => Err(PolicyLineFault::KeyType),
    }
}
