//! Proofs of single entries, and the part of the log of one device: each entry is in the log
//! that its checkpoint is of.

use std::collections::BTreeSet;

use super::checkpoints;
use super::events::{self, EventChecks};
use super::finding::{Finding, FindingKind, Findings};
use super::source::{LogSource, SourceFault};
use super::{Question, Report};
use crate::audit::device_part::{DEVICE_PART, DevicePart, proof_name};
use crate::ids::DeviceId;
use crate::tlog::{Checkpoint, Entry, Note, ProofFile};

/// Called with the number of each entry that was proved and the text of its event.
pub type Proved<'a> = &'a mut dyn FnMut(u64, &str);

/// Verifies files with proofs, whatever their entries are. They say nothing of what else the
/// log has.
pub fn verify_proofs<S: LogSource + ?Sized>(
    source: &mut S,
    paths: &[String],
    question: &Question<'_>,
    proved: Proved<'_>,
) -> Report {
    let mut proofs = Proofs::new(source, question, proved);
    for path in paths {
        let checked = proofs.any_entry(path);
        checked.unwrap_or_else(|finding| proofs.findings.add(finding));
    }
    proofs.report()
}

/// Verifies the part of one device: every event of it up to the last one that is there.
pub fn verify_device<S: LogSource + ?Sized>(
    source: &mut S,
    question: &Question<'_>,
    proved: Proved<'_>,
) -> Report {
    let mut proofs = Proofs::new(source, question, proved);
    let checked = proofs.device();
    checked.unwrap_or_else(|finding| proofs.findings.add(finding));
    proofs.report()
}

/// A verification of proofs as far as it is.
struct Proofs<'a, 'q, S: ?Sized> {
    source: &'a mut S,
    question: &'a Question<'q>,
    proved: Proved<'a>,
    report: Report,
    findings: Findings,
    /// The checkpoint with the most entries so far; its signature is good.
    newest: Option<(Checkpoint, Note)>,
    devices: BTreeSet<DeviceId>,
}

impl<'a, 'q, S: LogSource + ?Sized> Proofs<'a, 'q, S> {
    fn new(source: &'a mut S, question: &'a Question<'q>, proved: Proved<'a>) -> Self {
        Proofs {
            source,
            question,
            proved,
            report: Report::empty(),
            findings: Findings::default(),
            newest: None,
            devices: BTreeSet::new(),
        }
    }

    /// A proof of any entry.
    fn any_entry(&mut self, path: &str) -> Result<(), Finding> {
        let (_, proof) = self.proof(path)?;
        let entry = proof.entry.as_deref().unwrap_or_default();
        let entry = Entry::parse(entry).map_err(|fault| wrong(path, fault))?;
        match entry.json() {
            Some(json) => {
                let event = events::parse(proof.index, json, &mut Vec::new())?;
                self.devices.extend(event.device);
                (self.proved)(proof.index, &String::from_utf8_lossy(json));
            }
            None => self.report.redacted += 1,
        }
        Ok(())
    }

    fn device(&mut self) -> Result<(), Finding> {
        let parts = self.source.device_part()?;
        let part: DevicePart = serde_json::from_slice(&parts.text)
            .map_err(|error| Finding::new(FindingKind::FileForm, DEVICE_PART, error))?;
        let note = self.source.checkpoint()?;
        let (checkpoint, _) = checkpoints::signed(&note, self.question)?;
        let mut events = EventChecks::default();
        if part.first_seq > 1 {
            events.sequences.allow_any_first();
            let what = format!("its events before number {} were deleted", part.first_seq);
            self.findings
                .add(Finding::new(FindingKind::Pruned, DEVICE_PART, what));
        }
        for seq in part.first_seq..=part.last_seq {
            let (found, proof) = self.proof(&proof_name(seq))?;
            if found != checkpoint {
                return Err(wrong(&proof_name(seq), "it is of another checkpoint"));
            }
            self.event_of_device(&part, seq, &proof, &mut events)?;
        }
        let numbers = (part.first_seq, part.last_seq);
        let own = DevicePart::new(part.device, numbers, &checkpoint, parts.files);
        if part.last_seq < part.first_seq || own.text().as_bytes() != parts.text {
            let what = "it is not that of these files";
            return Err(Finding::new(FindingKind::Manifest, DEVICE_PART, what));
        }
        Ok(())
    }

    fn event_of_device(
        &mut self,
        part: &DevicePart,
        seq: u64,
        proof: &ProofFile,
        events: &mut EventChecks,
    ) -> Result<(), Finding> {
        let path = proof_name(seq);
        let entry = proof.entry.as_deref().unwrap_or_default();
        let entry = Entry::parse(entry).map_err(|fault| wrong(&path, fault))?;
        let Some(json) = entry.json() else {
            self.report.redacted += 1;
            events.take(proof.index, entry, self.source, &mut self.findings);
            return Ok(());
        };
        let taken = events.take(proof.index, entry, self.source, &mut self.findings);
        let Some((device, number)) = taken else {
            return Ok(());
        };
        if number != seq || device.is_none_or(|id| id.to_string() != part.device) {
            let what = format!("it is not event {seq} of the device {}", part.device);
            return Err(wrong(&path, what));
        }
        self.devices.extend(device);
        (self.proved)(proof.index, &String::from_utf8_lossy(json));
        Ok(())
    }

    /// A proof whose entry is in the tree of its checkpoint, and that checkpoint.
    fn proof(&mut self, path: &str) -> Result<(Checkpoint, ProofFile), Finding> {
        let file = self.source.proof(path).map_err(|fault| match fault {
            SourceFault::Missing(_) => wrong(path, "it is missing"),
            fault => fault.into(),
        })?;
        let proof = ProofFile::parse(&file).map_err(|fault| wrong(path, fault))?;
        let checkpoint = Checkpoint::parse(proof.checkpoint.text());
        let checkpoint = checkpoint.map_err(|fault| wrong(path, fault))?;
        self.checkpoint(path, &checkpoint, &proof.checkpoint)?;
        proof
            .entry_in(&checkpoint)
            .map_err(|fault| wrong(path, fault))?;
        self.report.checked += 1;
        Ok((checkpoint, proof))
    }

    /// The checkpoint of a proof. The same one is checked once.
    fn checkpoint(
        &mut self,
        path: &str,
        checkpoint: &Checkpoint,
        note: &Note,
    ) -> Result<(), Finding> {
        let newest = self.newest.as_ref();
        if newest.is_some_and(|(_, known)| known == note) {
            return Ok(());
        }
        checkpoints::check_signature(path, checkpoint, note, self.question)?;
        let (witnesses, lacking) = checkpoints::witnessed(note, self.question)?;
        lacking
            .into_iter()
            .for_each(|finding| self.findings.add(finding));
        if let Some((known, _)) = newest {
            let is_same_tree = known.origin == checkpoint.origin && known.size == checkpoint.size;
            if is_same_tree && known.root != checkpoint.root {
                let what = format!("another proof has another root of {} entries", known.size);
                return Err(Finding::new(FindingKind::Forked, path, what));
            }
            if known.size >= checkpoint.size {
                return Ok(());
            }
        }
        self.report.witnesses = witnesses;
        self.newest = Some((checkpoint.clone(), note.clone()));
        Ok(())
    }

    fn report(mut self) -> Report {
        if let Some((checkpoint, _)) = &self.newest {
            self.report.origin = Some(checkpoint.origin.to_string());
            self.report.size = checkpoint.size;
            self.report.root = Some(checkpoint.root.base64());
        }
        self.report.devices = self.devices.len() as u64;
        if self.report.redacted > self.question.accepted.redacted {
            let what = format!("{} entries were redacted", self.report.redacted);
            self.findings
                .add(Finding::new(FindingKind::Redacted, "proofs", what));
        }
        for number in 1..=self.question.older.len() {
            let what = "proofs of single entries cannot show that the log goes on from it";
            let place = format!("older checkpoint {number}");
            self.findings
                .add(Finding::new(FindingKind::OlderNotChecked, place, what));
        }
        self.report.of(self.findings)
    }
}

fn wrong(path: &str, what: impl std::fmt::Display) -> Finding {
    Finding::new(FindingKind::Proof, path, what)
}
