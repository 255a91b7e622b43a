//! A witness (<https://c2sp.org/tlog-witness>), to be run by somebody else than who runs the
//! log: it cosigns a log's checkpoint only where that goes on from the one that it cosigned
//! last, which it never forgets.

mod memory;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use super::ed25519;
use super::error::OpenError;
use super::key::{KeyFile, SigningKey};
use crate::clock::Clock;
use crate::key_file::is_there;
use memory::Memory;
use modegate_core::tlog::note::{KeyFault, NoteSignature, SignatureType};
use modegate_core::tlog::witness::{AddFault, HeadFault, WitnessRefusal};
use modegate_core::tlog::{AddCheckpoint, LogHead, Note, VerifierKey};
use modegate_store::private_file;

/// The file of its key in its directory.
const KEY_FILE: &str = "witness-key";
/// The file of its verifier key: with the name that it was made for.
const VKEY_FILE: &str = "witness.vkey";
/// The directory of what it has seen.
const LOGS: &str = "logs";

/// A witness. Nobody else may use its directory meanwhile.
#[derive(Debug)]
pub(crate) struct Witness {
    key: SigningKey,
    verifier: VerifierKey,
    /// The keys of known logs, by their origins.
    logs: BTreeMap<String, Vec<VerifierKey>>,
    memory: Memory,
    clock: Clock,
    /// Held from looking at what is known to keeping what is new.
    deciding: Mutex<()>,
}

/// Why there is no witness.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WitnessError {
    /// A file cannot be read or written.
    #[error("could not use the file {0}: {1}")]
    File(PathBuf, io::Error),
    /// A file contains something else.
    #[error("the file {0}: expected the verifier key of a witness")]
    BadFile(PathBuf),
    /// Its key.
    #[error(transparent)]
    Key(#[from] OpenError),
    /// The key is gone, and the witness is known by it.
    #[error(
        "the witness's key {0} is missing: put the file back from its backup. To begin as another witness, name \
         another directory with --data"
    )]
    MissingKey(PathBuf),
    /// The key is not the one of the verifier key.
    #[error("the file {0} is not the key of {1}: put the right file there")]
    OtherKey(PathBuf, VerifierKey),
    /// A name that cannot be one.
    #[error("--name '{0}': {1}")]
    Name(String, KeyFault),
    /// Another name than the one that it was made with.
    #[error(
        "--name '{0}': the witness in this directory is '{1}', and others know it by that name: leave --name out, or \
         name another directory with --data"
    )]
    Renamed(String, String),
    /// A key that no log has.
    #[error(
        "--log {0}: expected the key of a log (type 0x01), found that of a witness (type 0x04)"
    )]
    NoLog(VerifierKey),
    /// What it has seen cannot be read or written.
    #[error(
        "could not use what the witness has seen, and without it nothing may be cosigned: {0}. Put the file back from \
         its backup, or begin as another witness in another directory"
    )]
    Memory(io::Error),
}

/// Why a checkpoint is not cosigned.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotCosigned {
    /// The request cannot be read.
    #[error(transparent)]
    Request(#[from] AddFault),
    /// The checkpoint in it cannot.
    #[error(transparent)]
    Checkpoint(#[from] HeadFault),
    /// It may not be cosigned.
    #[error(transparent)]
    Refused(#[from] WitnessRefusal),
    /// What was seen could not be read or kept.
    #[error("could not keep the checkpoint")]
    Memory(#[from] io::Error),
}

impl Witness {
    /// The witness in this directory; made where there is none. `name` is for a new one.
    /// `logs` are the keys of the logs that it cosigns for.
    ///
    /// # Errors
    /// What stands in its way.
    pub(crate) fn open(
        dir: &Path,
        name: Option<&str>,
        logs: &[VerifierKey],
        clock: Clock,
    ) -> Result<Self, WitnessError> {
        let (key, verifier) = identity(dir, name)?;
        let memory = Memory::open(dir.join(LOGS)).map_err(WitnessError::Memory)?;
        let mut by_origin = BTreeMap::<_, Vec<VerifierKey>>::new();
        for log in logs {
            if log.kind() != SignatureType::Ed25519 {
                return Err(WitnessError::NoLog(log.clone()));
            }
            memory.newest(log.name()).map_err(WitnessError::Memory)?;
            by_origin
                .entry(log.name().to_owned())
                .or_default()
                .push(log.clone());
        }
        Ok(Witness {
            key,
            verifier,
            logs: by_origin,
            memory,
            clock,
            deciding: Mutex::default(),
        })
    }

    /// Its verifier key, by which its cosignatures are known.
    pub(crate) fn verifier(&self) -> &VerifierKey {
        &self.verifier
    }

    /// The logs that it cosigns for, each with the size that it cosigned last.
    ///
    /// # Errors
    /// What was seen cannot be read.
    pub(crate) fn logs(&self) -> io::Result<Vec<(&str, u64)>> {
        let of = |origin| {
            self.memory
                .newest(origin)
                .map(|head| head.map_or(0, |head| head.size))
        };
        let logs = self.logs.keys().map(String::as_str);
        logs.map(|origin| Ok((origin, of(origin)?))).collect()
    }

    /// Cosigns the checkpoint of a request, after it is durable that it was seen. Reads and
    /// writes files. Returns the line of the cosignature.
    ///
    /// # Errors
    /// It is not cosigned.
    pub(crate) fn add(&self, body: &[u8]) -> Result<String, NotCosigned> {
        let request = AddCheckpoint::parse(body)?;
        let head = LogHead::parse(request.note.text())?;
        let origin = head.origin.as_str();
        let keys = self.logs.get(origin).map_or(&[][..], Vec::as_slice);
        if keys.is_empty() {
            return Err(WitnessRefusal::UnknownLog.into());
        }
        let _deciding = self.deciding.lock().unwrap_or_else(PoisonError::into_inner);
        let known = self.memory.newest(origin)?;
        if let Err(refusal) = head.admit(&request, keys, known.as_ref(), &ed25519::verify) {
            self.remember_refusal(&head, &request, known.as_ref(), refusal)?;
            return Err(refusal.into());
        }
        let cosignature = self.cosign(request.note.text());
        if known.as_ref() != Some(&head) {
            let note = kept(&request.note, keys, &cosignature)?;
            self.memory.keep(origin, &note)?;
            tracing::debug!(origin, size = head.size, "cosigned a checkpoint");
        }
        line(cosignature)
    }

    fn cosign(&self, text: &str) -> NoteSignature {
        // A clock before 1970 says nothing of the time.
        let now = u64::try_from(self.clock.now().0 / 1000).unwrap_or(0);
        self.verifier
            .cosign(text, now, |message| self.key.sign(message))
    }

    /// A log that signed two roots for one size has forked, and its signatures prove that.
    fn remember_refusal(
        &self,
        head: &LogHead,
        request: &AddCheckpoint,
        known: Option<&LogHead>,
        refusal: WitnessRefusal,
    ) -> io::Result<()> {
        let (origin, size) = (head.origin.as_str(), head.size);
        let is_fork = known.is_some_and(|known| known.size == size && known.root != head.root);
        match refusal {
            WitnessRefusal::Conflict(_) if is_fork => {
                let file = self.memory.keep_fork(origin, &request.note)?;
                tracing::error!(origin, size, file = %file.display(), "the log has forked: it signed another checkpoint of this size. Both are kept");
            }
            WitnessRefusal::Inconsistent => {
                tracing::warn!(
                    origin,
                    size,
                    "a signed checkpoint does not go on from the one that was cosigned last, by the proof that came with it"
                );
            }
            _ => {}
        }
        Ok(())
    }
}

/// What is kept of a note: the signatures of known keys, and the witness's own.
fn kept(note: &Note, keys: &[VerifierKey], own: &NoteSignature) -> Result<Note, AddFault> {
    let is_known = |line: &&NoteSignature| {
        let mut keys = keys.iter();
        keys.any(|key| key.name() == line.name && key.id() == line.id)
    };
    let lines = note.signatures().iter().filter(is_known).cloned();
    let lines = lines.chain([own.clone()]).collect();
    Note::new(note.text(), lines).ok_or(AddFault::Form)
}

/// A signature as it stands in a note.
fn line(signature: NoteSignature) -> Result<String, NotCosigned> {
    let text = "text\n";
    let note = Note::new(text, vec![signature]).ok_or(AddFault::Form)?;
    Ok(note.to_string()[text.len() + 1..].to_owned())
}

/// Its key and its verifier key.
fn identity(dir: &Path, name: Option<&str>) -> Result<(SigningKey, VerifierKey), WitnessError> {
    let (key_file, vkey_file) = (dir.join(KEY_FILE), dir.join(VKEY_FILE));
    let known = is_there(&vkey_file)
        .then(|| read_vkey(&vkey_file))
        .transpose()?;
    if known.is_some() && !is_there(&key_file) {
        return Err(WitnessError::MissingKey(key_file));
    }
    let key = KeyFile::at(&key_file).open(known.is_none())?;
    if let Some(known) = known {
        if known.public() != key.public() {
            return Err(WitnessError::OtherKey(key_file, known));
        }
        return match name.filter(|name| *name != known.name()) {
            Some(other) => Err(WitnessError::Renamed(
                other.to_owned(),
                known.name().to_owned(),
            )),
            None => Ok((key, known)),
        };
    }
    let name = name.map_or_else(own_name, str::to_owned);
    let verifier = VerifierKey::new(name.as_str(), SignatureType::Cosignature, *key.public())
        .map_err(|fault| WitnessError::Name(name, fault))?;
    private_file::write(&vkey_file, format!("{verifier}\n").as_bytes())
        .map_err(|error| WitnessError::File(vkey_file, error))?;
    Ok((key, verifier))
}

fn read_vkey(path: &Path) -> Result<VerifierKey, WitnessError> {
    let text = std::fs::read_to_string(path);
    let text = text.map_err(|error| WitnessError::File(path.to_owned(), error))?;
    let key = text.trim_end().parse().ok();
    let key = key.filter(|key: &VerifierKey| key.kind() == SignatureType::Cosignature);
    key.ok_or_else(|| WitnessError::BadFile(path.to_owned()))
}

/// The name of a new witness that is given none: this machine's.
fn own_name() -> String {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let host: String = host
        .trim()
        .chars()
        .filter(|c| c.is_ascii_graphic() && *c != '+')
        .collect();
    match host.is_empty() {
        true => "modegate/witness".to_owned(),
        false => format!("{host}/witness"),
    }
}
