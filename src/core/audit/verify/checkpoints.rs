//! The checkpoint: whose it is, who cosigned it, and which older ones it goes on from.

use super::epochs::{Epochs, Join};
use super::finding::{Finding, FindingKind};
use super::source::{GrownTiles, KeptCheckpoint, LogSource, SourceFault};
use super::{Question, Witnesses};
use crate::tlog::note::{SignatureFault, SignatureType, VerifierKey, VerifyEd25519};
use crate::tlog::proof::{self, MakeFault};
use crate::tlog::{Checkpoint, Hash, Note, Origin};

/// The checkpoint of the log, signed by one of the keys.
pub(super) fn signed(note: &[u8], question: &Question<'_>) -> Result<(Checkpoint, Note), Finding> {
    let place = "checkpoint";
    let (checkpoint, note) = Checkpoint::from_note(note)
        .map_err(|fault| Finding::new(FindingKind::CheckpointForm, place, fault))?;
    check_signature(place, &checkpoint, &note, question)?;
    Ok((checkpoint, note))
}

/// Whether one of the keys signs it.
pub(super) fn check_signature(
    place: &str,
    checkpoint: &Checkpoint,
    note: &Note,
    question: &Question<'_>,
) -> Result<(), Finding> {
    let origin = &checkpoint.origin;
    let (mut signed, mut of_log) = (false, false);
    for key in question.log_keys() {
        let Some(known) = key
            .name()
            .parse::<Origin>()
            .ok()
            .filter(|known| known.same_log(origin))
        else {
            continue;
        };
        of_log = true;
        if known.epoch() > origin.epoch() {
            let what = format!("it is of {origin}, and the key is of the later {known}");
            return Err(Finding::new(FindingKind::EpochOlder, place, what));
        }
        // A key signs under each origin that the log has in turn.
        match in_epoch(key, origin).map(|key| key.verify(note, question.ed25519)) {
            Some(Ok(_)) => signed = true,
            Some(Err(SignatureFault::Missing { .. })) | None => {}
            Some(Err(wrong)) => {
                return Err(Finding::new(FindingKind::SignatureWrong, place, wrong));
            }
        }
    }
    if signed {
        return Ok(());
    }
    let what = match of_log {
        true => format!("no key that was given signs it; it names {}", names(note)),
        false => format!("it is of the log {origin}, and no key that was given is of that log"),
    };
    Err(Finding::new(FindingKind::CheckpointUnsigned, place, what))
}

fn in_epoch(key: &VerifierKey, origin: &Origin) -> Option<VerifierKey> {
    VerifierKey::new(origin.to_string(), SignatureType::Ed25519, *key.public()).ok()
}

fn names(note: &Note) -> String {
    let names = note.signatures().iter();
    let names: Vec<String> = names
        .map(|line| format!("{} ({})", line.name, line.id))
        .collect();
    names.join(", ")
}

/// Who cosigned the checkpoint, as the trust file asks for it.
pub(super) fn witnessed(
    note: &Note,
    question: &Question<'_>,
) -> Result<(Witnesses, Option<Finding>), Finding> {
    let Some(policy) = &question.policy else {
        return Ok((Witnesses::new(), None));
    };
    let witnessed = policy
        .witnessed(note, question.ed25519)
        .map_err(|fault| Finding::new(FindingKind::SignatureWrong, "checkpoint", fault))?;
    let lacking = (!witnessed.quorum).then(|| {
        let by = witnessed.by.len();
        let what =
            format!("{by} witnesses of the trust file cosigned it: its quorum is not reached");
        Finding::new(FindingKind::Unwitnessed, "checkpoint", what)
    });
    Ok((witnessed.by, lacking))
}

/// What the log is compared with: its newest checkpoint and its epochs.
pub(super) struct Log<'a, S: ?Sized> {
    pub(super) source: &'a mut S,
    pub(super) checkpoint: &'a Checkpoint,
    pub(super) epochs: &'a Epochs,
}

impl<S: LogSource + ?Sized> Log<'_, S> {
    /// Whether the log goes on from an older checkpoint.
    pub(super) fn goes_on_from(
        &mut self,
        number: usize,
        note: &[u8],
        question: &Question<'_>,
    ) -> Result<(), Finding> {
        let place = format!("older checkpoint {number}");
        let not_checked = |what: String| Finding::new(FindingKind::OlderNotChecked, &*place, what);
        let (older, note) =
            Checkpoint::from_note(note).map_err(|fault| not_checked(fault.to_string()))?;
        let (origin, size) = (&self.checkpoint.origin, older.size);
        if !older.origin.same_log(origin) {
            return Err(not_checked(format!("it is of the log {}", older.origin)));
        }
        match check_signature(&place, &older, &note, question) {
            // It is older than the key.
            Err(finding) if finding.kind == FindingKind::EpochOlder => {
                signed_then(&older, &note, question.log_keys(), question.ed25519)
                    .ok_or_else(|| not_checked("no key that was given signs it".to_owned()))?;
            }
            Err(finding) if finding.kind == FindingKind::CheckpointUnsigned => {
                return Err(not_checked(finding.what));
            }
            checked => checked?,
        }
        let forked = |what: String| Finding::new(FindingKind::Forked, &*place, what);
        if older.origin.epoch() > origin.epoch() {
            return Err(forked(format!("it is of {}, a later epoch", older.origin)));
        }
        if let Some(Join { entry, kept, .. }) = self.epochs.kept_of(older.origin.epoch())
            && size > *kept
        {
            let what = format!("it has {size} entries; entry {entry} says that {kept} were kept");
            return Err(forked(what));
        }
        if size > self.checkpoint.size {
            let what = format!(
                "it has {size} entries, this log has {}",
                self.checkpoint.size
            );
            return Err(forked(what));
        }
        match self.root_of(size).map_err(not_checked)? == older.root {
            true => Ok(()),
            false => Err(forked(format!(
                "the first {size} entries have another root"
            ))),
        }
    }

    /// Whether a checkpoint that the database keeps is of this log, of which the entries from
    /// `first` on are there. Keys that are not known may have signed it.
    pub(super) fn has_kept(
        &mut self,
        kept: &KeptCheckpoint,
        first: u64,
        question: &Question<'_>,
    ) -> Result<(), Finding> {
        let (place, size) = (format!("kept checkpoint {}", kept.size), kept.size);
        let wrong = |what: &str| Finding::new(FindingKind::KeptCheckpoint, &*place, what);
        let parsed = Checkpoint::from_note(&kept.note);
        let (checkpoint, note) = parsed.map_err(|fault| wrong(&fault.to_string()))?;
        let (origin, newest) = (&checkpoint.origin, &self.checkpoint.origin);
        if !origin.same_log(newest) || origin.epoch() > newest.epoch() {
            return Err(wrong(&format!("it is of {origin}")));
        }
        if checkpoint.size != size || checkpoint.root.0 != *kept.root {
            return Err(wrong("it has another size or root than it is found by"));
        }
        for key in question.log_keys().filter_map(|key| in_epoch(key, origin)) {
            match key.verify(&note, question.ed25519) {
                Ok(_) | Err(SignatureFault::Missing { .. }) => {}
                Err(fault) => return Err(wrong(&fault.to_string())),
            }
        }
        match self.root_of(size) {
            Ok(root) if root == checkpoint.root => Ok(()),
            Ok(_) => Err(wrong(&format!(
                "the first {size} entries have another root"
            ))),
            // What it needs was deleted.
            Err(_) if size < first => Ok(()),
            Err(what) => Err(wrong(&what)),
        }
    }

    /// Whether an epoch goes on from what it says was kept.
    pub(super) fn joins(&mut self, join: &Join) -> Result<(), Finding> {
        let place = format!("entry {}", join.entry);
        let finding = |kind, what: String| Finding::new(kind, &*place, what);
        match self.root_of(join.kept) {
            Ok(root) if root == join.root => Ok(()),
            Ok(_) => {
                let what = format!("the first {} entries have another root", join.kept);
                Err(finding(FindingKind::EpochJoin, what))
            }
            Err(what) => Err(finding(FindingKind::OlderNotChecked, what)),
        }
    }

    /// The root of the first entries, by tiles that were checked.
    fn root_of(&mut self, size: u64) -> Result<Hash, String> {
        let mut tiles = GrownTiles {
            size: self.checkpoint.size,
            source: &mut *self.source,
        };
        proof::root_of(size, &mut tiles).map_err(|fault| match fault {
            MakeFault::Read {
                why: SourceFault::Missing(path),
                ..
            } => format!("the root of the first {size} entries needs {path}, which is not there"),
            fault => fault.to_string(),
        })
    }
}

fn signed_then<'a>(
    older: &Checkpoint,
    note: &Note,
    mut keys: impl Iterator<Item = &'a VerifierKey>,
    ed25519: VerifyEd25519<'_>,
) -> Option<()> {
    let signs = |key: &VerifierKey| {
        in_epoch(key, &older.origin).is_some_and(|key| key.verify(note, ed25519).is_ok())
    };
    keys.any(signs).then_some(())
}
