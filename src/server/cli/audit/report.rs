//! `modegate audit report`.

use std::path::PathBuf;

use clap::Args;

use super::AuditError;
use super::source::{Reader, Source, SourceArgs};
use super::trust::{TrustArgs, read};
use super::verify::{in_words, marks, own_keys, young};
use crate::audit::prove::ProveError;
use crate::audit::report::{Form, Reading};
use crate::cli::backup::ProgressReporter;
use modegate_core::audit::manifest::digest;
use modegate_core::audit::report::{Basis, Period, Reporter};
use modegate_core::audit::verify::{FindingKind, Outcome, Question, Report as Verified, verify};
use modegate_core::tlog::Checkpoint;
use modegate_store::sqlite::backup::Progress;

/// Flags of `audit report`.
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("out").required(true).multiple(true))]
pub struct ReportArgs {
    #[command(flatten)]
    source: SourceArgs,
    /// The period: days such as 2026-01-01..2026-01-31 (both included, UTC), or instants; either
    /// side may be left out [default: the whole log]
    #[arg(
        long,
        value_name = "FROM..TO",
        default_value = "..",
        hide_default_value = true
    )]
    period: Period,
    /// Write a page to print, with no script and nothing from elsewhere
    #[arg(long, value_name = "OUT", group = "out")]
    html: Option<PathBuf>,
    /// Make a directory with one CSV file for each table
    #[arg(long, value_name = "OUT", group = "out")]
    csv: Option<PathBuf>,
    /// Write every value as JSON
    #[arg(long, value_name = "OUT", group = "out")]
    json: Option<PathBuf>,
    /// Make a directory with the compliance as OSCAL assessment results, with their plan and
    /// their evidence
    #[arg(long, value_name = "OUT", group = "out")]
    oscal: Option<PathBuf>,
    #[command(flatten)]
    trust: TrustArgs,
}

/// Verifies the log and writes the report; the exit code.
pub(super) fn run(args: &ReportArgs) -> Result<u8, AuditError> {
    let source = args.source.find()?;
    // Before the checkpoint: the server may publish a newer one meanwhile.
    let marks = match &source {
        Source::Data(at) => marks(&at.data),
        Source::Export(_) => std::collections::BTreeMap::new(),
    };
    let database = source.database()?;
    let mut reader = Reader::new(&source, database.as_ref());
    let log = reader.as_source();
    let note = log.checkpoint().map_err(ProveError::from)?;
    let mut question = args.trust.question(0)?;
    question.checkpoint = Some(note.clone());
    if let (Source::Data(at), Some(database)) = (&source, &database) {
        if let Ok((checkpoint, _)) = Checkpoint::from_note(&note) {
            if question.keys.is_empty() && question.policy.is_none() {
                question.keys = own_keys(at, &checkpoint.origin)?;
            }
            let mark = marks.get(&checkpoint.origin.to_string());
            question
                .older
                .extend(mark.map(|note| note.clone().into_bytes()));
        }
        question.accepted.unsealed = young(database)?;
    }
    let mut shown = ProgressReporter::new("verified", "entries");
    let verified = verify(log, &question, &mut |progress| {
        let (done, of) = (progress.done, progress.size);
        shown.report(Progress { done, of });
    });
    let outcome = verified.outcome;
    if matches!(outcome, Outcome::Tampered | Outcome::NotChecked) {
        eprint!(
            "modegate audit report: no report, since the log is not good\n{}",
            in_words(&verified)
        );
        return Ok(outcome.exit_code());
    }
    let older = args.older_sizes(&verified)?;
    let mut reporter = Reporter::new(Basis {
        program: concat!("modegate ", env!("CARGO_PKG_VERSION")).to_owned(),
        command: args.command(&question)?,
        period: args.period,
        verified,
        trusts_witnesses: question.policy.is_some(),
        older,
        checkpoint: String::from_utf8_lossy(&note).into_owned(),
    });
    let mut shown = ProgressReporter::new("reported on", "entries");
    let mut reading = Reading { note: &note, log };
    let is_same = reading.read(&mut reporter, &mut |done, of| {
        shown.report(Progress { done, of });
    })?;
    if !is_same {
        return Err(AuditError::Changed);
    }
    let report = reporter.finish();
    for (form, out) in args.outs() {
        let written = form.write(&report, out);
        written.map_err(|error| AuditError::File(out.clone(), error))?;
    }
    Ok(outcome.exit_code())
}

impl ReportArgs {
    /// The sizes of the older checkpoints that the log goes on from: none where that could
    /// not be checked.
    fn older_sizes(&self, verified: &Verified) -> Result<Vec<u64>, AuditError> {
        let mut findings = verified.findings.iter();
        if findings.any(|found| found.kind == FindingKind::OlderNotChecked) {
            return Ok(Vec::new());
        }
        let notes: Result<Vec<Vec<u8>>, _> =
            self.trust.against.iter().map(|path| read(path)).collect();
        let sizes = notes?.into_iter().filter_map(|note| {
            let (checkpoint, _) = Checkpoint::from_note(&note).ok()?;
            Some(checkpoint.size)
        });
        Ok(sizes.collect())
    }

    fn outs(&self) -> impl Iterator<Item = (Form, &PathBuf)> {
        let outs = [
            (Form::Html, &self.html),
            (Form::Csv, &self.csv),
            (Form::Json, &self.json),
            (Form::Oscal, &self.oscal),
        ];
        outs.into_iter()
            .filter_map(|(form, out)| Some((form, out.as_ref()?)))
    }

    /// The command that makes the report again from an export, whatever the paths.
    fn command(&self, question: &Question<'_>) -> Result<String, AuditError> {
        let mut command = "modegate audit report EXPORT".to_owned();
        if self.period != Period::WHOLE {
            command += &format!(" --period {}", self.period);
        }
        for key in &question.keys {
            command += &format!(" --key {key}");
        }
        if let Some(path) = &self.trust.policy {
            command += &format!(" --policy FILE(sha256:{})", digest(&read(path)?));
        }
        for path in &self.trust.against {
            command += &format!(" --against FILE(sha256:{})", digest(&read(path)?));
        }
        if self.trust.accept_first > 0 {
            command += &format!(" --accept-first {}", self.trust.accept_first);
        }
        if self.trust.accept_redacted > 0 {
            command += &format!(" --accept-redacted {}", self.trust.accept_redacted);
        }
        Ok(command)
    }
}
