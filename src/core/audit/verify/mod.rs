//! The verifier of a whole log: the checkpoint and its signatures, every entry, every tile
//! of every level, what the entries say, and that the log goes on from older checkpoints.
//!
//! It reads the log once, from its first entry to its last, and keeps one tile per level,
//! one bundle, a number per device, and what concerns redacted entries and epochs; of a
//! database, also where the events of each device end.

mod checkpoints;
mod compliance;
mod epochs;
mod events;
mod finding;
mod index;
mod proofs;
mod recorded_keys;
mod redactions;
mod sequences;
mod source;
#[cfg(test)]
mod tests;
mod walk;

pub use finding::{Finding, FindingKind, Outcome};
pub use proofs::{Proved, verify_device, verify_proofs};
pub use source::{
    IndexEnd, IndexRow, KeptCheckpoint, LogSource, ManifestParts, RecordedKey, Rest, SourceFault,
};

use serde::Serialize;

use crate::audit::manifest::{MANIFEST, Manifest};
use crate::tlog::entry::{self, Entry};
use crate::tlog::note::{VerifierKey, VerifyEd25519};
use crate::tlog::tile::{TILE_WIDTH, bundle_path};
use crate::tlog::{Checkpoint, TileId, TrustPolicy};
use events::EventChecks;
use finding::Findings;
use recorded_keys::LoggedKeys;
use walk::Walk;

/// Who cosigned, by the names of the trust file, and when (seconds since 1970).
pub type Witnesses = Vec<(String, u64)>;

/// What a log is verified by.
pub struct Question<'a> {
    /// Keys of the log that are trusted. One of an earlier epoch does for a later one.
    pub keys: Vec<VerifierKey>,
    /// A trust file: its keys of logs are trusted too, its quorum is asked for.
    pub policy: Option<TrustPolicy>,
    /// Older checkpoints (signed notes) that the log has to go on from.
    pub older: Vec<Vec<u8>>,
    /// What may be lacking without being a finding.
    pub accepted: Accepted,
    /// Verifies Ed25519.
    pub ed25519: VerifyEd25519<'a>,
}

/// What may be lacking.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Accepted {
    /// Entries before this number.
    pub first: u64,
    /// So many redacted entries.
    pub redacted: u64,
    /// So many entries behind the checkpoint.
    pub unsealed: u64,
}

/// How far a verification is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Entries that are done.
    pub done: u64,
    /// Entries of the log.
    pub size: u64,
}

/// What came out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// What it comes to.
    pub outcome: Outcome,
    /// The log; `None` where there is no checkpoint that a trusted key signs.
    pub origin: Option<String>,
    /// Entries of its tree.
    pub size: u64,
    /// Its root, in base64.
    pub root: Option<String>,
    /// The number of the first entry that is there.
    pub first: u64,
    /// Entries that were checked.
    pub checked: u64,
    /// Devices that they concern.
    pub devices: u64,
    /// Entries that are redacted.
    pub redacted: u64,
    /// Entries behind the checkpoint.
    pub unsealed: u64,
    /// Epochs that began in what was checked.
    pub epochs: u64,
    /// Keys that the log says began to sign it.
    pub keys: Vec<String>,
    /// Who cosigned the checkpoint, of those in the trust file.
    pub witnesses: Witnesses,
    /// What was found, the worst first; the first place of each kind.
    pub findings: Vec<Finding>,
}

impl Question<'_> {
    fn log_keys(&self) -> impl Iterator<Item = &VerifierKey> {
        let trusted = self.policy.iter().flat_map(TrustPolicy::logs);
        self.keys.iter().chain(trusted)
    }
}

impl Report {
    fn empty() -> Self {
        Report {
            outcome: Outcome::Good,
            origin: None,
            size: 0,
            root: None,
            first: 0,
            checked: 0,
            devices: 0,
            redacted: 0,
            unsealed: 0,
            epochs: 0,
            keys: Vec::new(),
            witnesses: Witnesses::new(),
            findings: Vec::new(),
        }
    }

    fn of(mut self, findings: Findings) -> Self {
        self.findings = findings.sorted();
        let outcomes = self.findings.iter().map(|finding| finding.kind.outcome());
        self.outcome = outcomes.max().unwrap_or(Outcome::Good);
        self
    }
}

/// Verifies a log. `progress` is called after each 256 entries.
pub fn verify<S: LogSource>(
    source: &mut S,
    question: &Question<'_>,
    progress: &mut dyn FnMut(Progress),
) -> Report {
    let (mut report, mut findings) = (Report::empty(), Findings::default());
    let verified = Verification {
        source,
        question,
        report: &mut report,
        findings: &mut findings,
    }
    .run(progress);
    verified.unwrap_or_else(|finding| findings.add(finding));
    report.of(findings)
}

/// A verification as far as it is. An error ends it; other findings do not.
struct Verification<'a, 'q, S> {
    source: &'a mut S,
    question: &'a Question<'q>,
    report: &'a mut Report,
    findings: &'a mut Findings,
}

impl<S: LogSource> Verification<'_, '_, S> {
    fn run(&mut self, progress: &mut dyn FnMut(Progress)) -> Result<(), Finding> {
        let note = self.source.checkpoint().map_err(|fault| match fault {
            SourceFault::Missing(path) => {
                Finding::new(FindingKind::CheckpointForm, path, "there is none")
            }
            fault => fault.into(),
        })?;
        let (checkpoint, note) = checkpoints::signed(&note, self.question)?;
        self.report.origin = Some(checkpoint.origin.to_string());
        self.report.root = Some(checkpoint.root.base64());
        self.report.size = checkpoint.size;
        match checkpoints::witnessed(&note, self.question) {
            Ok((witnesses, lacking)) => {
                self.report.witnesses = witnesses;
                self.findings.add_all(lacking);
            }
            Err(finding) => self.findings.add(finding),
        }
        self.first(checkpoint.size)?;
        let mut events = self.walk(&checkpoint, progress)?;
        self.rest(&checkpoint, &mut events)?;
        self.close(&checkpoint, &events);
        events.compliance.close(self.source, self.findings)?;
        self.kept_checkpoints(&checkpoint, &events)?;
        self.files(&checkpoint)
    }

    /// Where the entries begin.
    fn first(&mut self, size: u64) -> Result<(), Finding> {
        let first = self.source.first()?;
        self.report.first = first;
        if first > size || !first.is_multiple_of(TILE_WIDTH) {
            let what = format!("entry {first} cannot be the first of {size}");
            return Err(Finding::new(FindingKind::Manifest, MANIFEST, what));
        }
        if first > self.question.accepted.first {
            let what = "the entries before it were deleted or left out";
            self.findings
                .add(Finding::at(first, FindingKind::Pruned, what));
        }
        Ok(())
    }

    /// Goes over every entry and every tile.
    fn walk(
        &mut self,
        checkpoint: &Checkpoint,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<EventChecks, Finding> {
        let (first, size) = (self.report.first, checkpoint.size);
        let (mut walk, mut events) = (Walk::new(size), EventChecks::default());
        if first > 0 {
            events.sequences.allow_any_first();
            walk.skip_to(first, self.source)?;
        }
        for index in first / TILE_WIDTH..size.div_ceil(TILE_WIDTH) {
            let width = TileId::width_in(size, 0, index);
            let bundle = self.source.bundle(index, width)?;
            self.bundle(index, width, &bundle, &mut walk, &mut events)?;
            self.report.checked = walk.at() - first;
            progress(Progress {
                done: walk.at(),
                size,
            });
        }
        match walk.root() == checkpoint.root {
            true => Ok(events),
            false => {
                let what = format!("the root of {size} entries is {}", walk.root().base64());
                Err(Finding::new(FindingKind::Root, "checkpoint", what))
            }
        }
    }

    fn bundle(
        &mut self,
        index: u64,
        width: u16,
        bundle: &[u8],
        walk: &mut Walk,
        events: &mut EventChecks,
    ) -> Result<(), Finding> {
        let (begin, end) = (index * TILE_WIDTH, index * TILE_WIDTH + u64::from(width));
        let listed = self.source.index(index, width)?.unwrap_or_default();
        for entry in entry::entries(bundle) {
            let number = walk.at();
            let form = |fault| Finding::at(number, FindingKind::EntryForm, fault);
            if number == end {
                let what = format!("it has more than {width} entries");
                let path = bundle_path(index, width);
                return Err(Finding::new(FindingKind::EntryForm, path, what));
            }
            let entry = entry.map_err(form)?;
            let parsed = Entry::parse(entry).map_err(form)?;
            walk.push(entry::hash_of(entry).map_err(form)?, self.source)?;
            let event = events.take(number, parsed, self.source, self.findings);
            // At most 255.
            if let Some(row) = listed.get((number - begin) as usize) {
                self.findings
                    .add_all(events.listed(number, row, event.as_ref()).err());
            }
        }
        if walk.at() == end {
            return Ok(());
        }
        let what = format!(
            "it ends before entry {}: expected {width} entries",
            walk.at()
        );
        let path = bundle_path(index, width);
        Err(Finding::new(FindingKind::EntryForm, path, what))
    }

    /// What a database has besides: how it lists the events of devices, and its keys.
    fn rest(&mut self, checkpoint: &Checkpoint, events: &mut EventChecks) -> Result<(), Finding> {
        let (size, mut number) = (checkpoint.size, checkpoint.size);
        let (findings, mut keys, mut is_database) = (&mut *self.findings, Vec::new(), false);
        self.source.visit_rest(size, &mut |part| {
            is_database = true;
            match part {
                Rest::Entry(row, entry) => {
                    findings.add_all(events.unsealed(number, &row, &entry).err());
                    number += 1;
                }
                Rest::End(end) => findings.add_all(events.index.end(&end).err()),
                Rest::Key(key) => keys.push(key),
            }
        })?;
        if is_database {
            let logged = LoggedKeys {
                checkpoint,
                changes: &events.keys,
                whole: self.report.first == 0,
            };
            findings.add_all(events.index.close());
            let trusted = self.question.log_keys();
            findings.add_all(recorded_keys::check(&logged, &keys, trusted));
        }
        Ok(())
    }

    /// Whether the checkpoints that a database keeps are of this log, the newest included: its
    /// row has its root once more.
    fn kept_checkpoints(
        &mut self,
        checkpoint: &Checkpoint,
        events: &EventChecks,
    ) -> Result<(), Finding> {
        let mut below = checkpoint.size.saturating_add(1);
        while let Some(kept) = self.source.kept_checkpoint(below)? {
            if kept.size >= below {
                break;
            }
            below = kept.size;
            let mut log = checkpoints::Log {
                source: &mut *self.source,
                checkpoint,
                epochs: &events.epochs,
            };
            let first = self.report.first;
            let of_log = log.has_kept(&kept, first, self.question);
            self.findings.add_all(of_log.err());
        }
        Ok(())
    }

    /// What can be said when every entry was seen.
    fn close(&mut self, checkpoint: &Checkpoint, events: &EventChecks) {
        let accepted = self.question.accepted;
        let (found, numbers) = events.redactions.close();
        self.findings.add_all(found);
        self.findings.add_all(events.sequences.close(&numbers));
        let whole = self.report.first == 0;
        let joined = events.epochs.close(&checkpoint.origin, whole);
        self.findings.add_all(joined);
        let mut log = checkpoints::Log {
            source: &mut *self.source,
            checkpoint,
            epochs: &events.epochs,
        };
        for join in events.epochs.joins() {
            let joined = log.joins(join);
            joined.unwrap_or_else(|finding| self.findings.add(finding));
        }
        for (number, note) in self.question.older.iter().enumerate() {
            let goes_on = log.goes_on_from(number + 1, note, self.question);
            goes_on.unwrap_or_else(|finding| self.findings.add(finding));
        }
        self.report.devices = events.sequences.devices();
        self.report.redacted = events.redactions.count();
        self.report.epochs = events.epochs.joins().len() as u64;
        let keys = events.keys.iter().map(|(vkey, _)| vkey.clone());
        self.report.keys = keys.collect();
        if self.report.redacted > accepted.redacted {
            let what = format!("{} entries were redacted", self.report.redacted);
            self.findings
                .add(Finding::new(FindingKind::Redacted, "log", what));
        }
    }

    /// What stands beside the entries and tiles.
    fn files(&mut self, checkpoint: &Checkpoint) -> Result<(), Finding> {
        let (size, first) = (checkpoint.size, self.report.first);
        self.report.unsealed = self.source.unsealed()?;
        if self.report.unsealed > self.question.accepted.unsealed {
            let what = format!(
                "{} entries stand behind the checkpoint",
                self.report.unsealed
            );
            self.findings
                .add(Finding::at(size, FindingKind::Unsealed, what));
        }
        if let Some(parts) = self.source.manifest()?
            && Manifest::new(checkpoint, first, parts.files)
                .text()
                .as_bytes()
                != parts.text
        {
            let what = "it is not the manifest of these files";
            self.findings
                .add(Finding::new(FindingKind::Manifest, MANIFEST, what));
        }
        if let Some(path) = self.source.foreign(size, first)? {
            let what = "it does not belong to this export";
            self.findings
                .add(Finding::new(FindingKind::FileForeign, path, what));
        }
        Ok(())
    }
}
