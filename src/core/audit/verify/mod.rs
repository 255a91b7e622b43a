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
mod state;
#[cfg(test)]
mod tests;
mod walk;

pub use finding::{Finding, FindingKind, Outcome};
pub use proofs::{Proved, verify_device, verify_proofs};
pub use source::{
    IndexEnd, IndexRow, KeptCheckpoint, LogSource, ManifestParts, RecordedKey, Rest, SourceFault,
};
pub use state::VerifiedState;

use serde::Serialize;

use crate::audit::manifest::{MANIFEST, Manifest};
use crate::tlog::entry::{self, Entry};
use crate::tlog::note::{VerifierKey, VerifyEd25519};
use crate::tlog::tile::{TILE_WIDTH, bundle_path};
use crate::tlog::{Checkpoint, Frontier, TileId, TrustPolicy};
use events::EventChecks;
use finding::Findings;
use recorded_keys::LoggedKeys;
use walk::Walk;

/// Who cosigned, by the names of the trust file, and when (seconds since 1970).
pub type Witnesses = Vec<(String, u64)>;

/// What a log is verified by.
pub struct Question<'a> {
    /// The checkpoint that the log is verified up to, a signed note; the source's newest
    /// where none is named.
    pub checkpoint: Option<Vec<u8>>,
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
    /// How many entries had been verified before and were not checked again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resumed: Option<u64>,
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
            resumed: None,
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
pub fn verify<S: LogSource + ?Sized>(
    source: &mut S,
    question: &Question<'_>,
    progress: &mut dyn FnMut(Progress),
) -> Report {
    verify_from(source, question, None, progress).0
}

/// Verifies a log from where an earlier verification of it ended: its entries from there on,
/// and that they go on from what was verified then. Where more was deleted since, all that is
/// left is verified. The second answer is where the next one may go on; `None` unless the log
/// is good.
pub fn verify_from<S: LogSource + ?Sized>(
    source: &mut S,
    question: &Question<'_>,
    from: Option<VerifiedState>,
    progress: &mut dyn FnMut(Progress),
) -> (Report, Option<VerifiedState>) {
    let (mut report, mut findings) = (Report::empty(), Findings::default());
    let verified = Verification {
        source,
        question,
        report: &mut report,
        findings: &mut findings,
        begins: 0,
    }
    .run(from, progress);
    let state = verified.map_err(|finding| findings.add(finding)).ok();
    let report = report.of(findings);
    let is_good = matches!(report.outcome, Outcome::Good | Outcome::Limited);
    (report, state.filter(|_| is_good))
}

/// A verification as far as it is. An error ends it; other findings do not.
struct Verification<'a, 'q, S: ?Sized> {
    source: &'a mut S,
    question: &'a Question<'q>,
    report: &'a mut Report,
    findings: &'a mut Findings,
    /// The first entry that was checked, now or by what this goes on from.
    begins: u64,
}

impl<S: LogSource + ?Sized> Verification<'_, '_, S> {
    fn run(
        &mut self,
        from: Option<VerifiedState>,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<VerifiedState, Finding> {
        let known = self.question.checkpoint.clone();
        let note = known.map_or_else(|| self.source.checkpoint(), Ok);
        let note = note.map_err(|fault| match fault {
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
        let from = self.first(&checkpoint, from)?;
        let (mut events, edge) = self.walk(&checkpoint, from, progress)?;
        let sealed_keys = events.keys.len();
        self.rest(&checkpoint, &mut events)?;
        self.close(&checkpoint, &events);
        events.compliance.close(self.source, self.findings)?;
        self.kept_checkpoints(&checkpoint, &events)?;
        self.files(&checkpoint)?;
        events.keys.truncate(sealed_keys);
        Ok(VerifiedState::new(&checkpoint, &edge, self.begins, events))
    }

    /// Where the entries begin, and what is gone on from.
    fn first(
        &mut self,
        checkpoint: &Checkpoint,
        from: Option<VerifiedState>,
    ) -> Result<Option<VerifiedState>, Finding> {
        let (first, size) = (self.source.first()?, checkpoint.size);
        self.report.first = first;
        if first > size || !first.is_multiple_of(TILE_WIDTH) {
            let what = format!("entry {first} cannot be the first of {size}");
            return Err(Finding::new(FindingKind::Manifest, MANIFEST, what));
        }
        if let Some(state) = &from {
            state.is_beginning_of(checkpoint, self.source)?;
        }
        // Else entries were deleted that nobody verified.
        let from = from.filter(|state| first <= state.size());
        self.report.resumed = from.as_ref().map(VerifiedState::size);
        self.begins = from.as_ref().map_or(first, VerifiedState::first);
        if self.begins > self.question.accepted.first {
            let what = "the entries before it were deleted or left out";
            self.findings
                .add(Finding::at(self.begins, FindingKind::Pruned, what));
        }
        Ok(from)
    }

    /// Goes over every entry and every tile from there on.
    fn walk(
        &mut self,
        checkpoint: &Checkpoint,
        from: Option<VerifiedState>,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<(EventChecks, Frontier), Finding> {
        let (first, size) = (self.report.first, checkpoint.size);
        let (mut walk, mut events) = match from {
            Some(state) => state.resume(size),
            None => (Walk::new(size), EventChecks::default()),
        };
        if self.report.resumed.is_none() && first > 0 {
            events.sequences.allow_any_first();
            walk.skip_to(first, self.source)?;
        }
        let begun = walk.at();
        for index in begun / TILE_WIDTH..size.div_ceil(TILE_WIDTH) {
            let width = TileId::width_in(size, 0, index);
            let bundle = self.source.bundle(index, width)?;
            self.bundle(index, width, &bundle, &mut walk, &mut events)?;
            self.report.checked = walk.at() - begun;
            progress(Progress {
                done: walk.at(),
                size,
            });
        }
        match walk.root() == checkpoint.root {
            true => Ok((events, walk.into_frontier())),
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
        let mut done = begin;
        for (entry, number) in entry::entries(bundle).zip(begin..) {
            let form = |fault| Finding::at(number, FindingKind::EntryForm, fault);
            if number == end {
                let what = format!("it has more than {width} entries");
                let path = bundle_path(index, width);
                return Err(Finding::new(FindingKind::EntryForm, path, what));
            }
            let entry = entry.map_err(form)?;
            let parsed = Entry::parse(entry).map_err(form)?;
            let leaf = entry::hash_of(entry).map_err(form)?;
            done = number + 1;
            if number < walk.at() {
                // It was verified before, and shares a tile with what is new.
                walk.compare(number, leaf, self.source)?;
                continue;
            }
            walk.push(leaf, self.source)?;
            if let Some(view) = self.source.differing_view(number, parsed)? {
                let what = format!("it has something else for entry {number}");
                self.findings
                    .add(Finding::new(FindingKind::View, view, what));
            }
            let numbered = events.take(number, parsed, self.source, self.findings);
            // At most 255.
            if let Some(row) = listed.get((number - begin) as usize) {
                self.findings
                    .add_all(events.listed(number, row, numbered).err());
            }
        }
        if done == end {
            return Ok(());
        }
        let what = format!("it ends before entry {done}: expected {width} entries");
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
                whole: self.begins == 0,
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
        let whole = self.begins == 0;
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
