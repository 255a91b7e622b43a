//! `modegate audit verify`.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use clap::Args;

use super::source::{Reader, Source, SourceArgs};
use super::trust::TrustArgs;
use super::{AuditError, print, state_file};
use crate::audit::folder::ExportFolder;
use crate::audit::{KeyFile, database::DatabaseLog};
use crate::cli::backup::{Places, ProgressReporter};
use crate::clock::Clock;
use modegate_core::audit::device_part::DEVICE_PART;
use modegate_core::audit::verify::{Report, verify_device, verify_from, verify_proofs};
use modegate_core::event::Event;
use modegate_core::tlog::{Checkpoint, Entry, Origin, VerifierKey};
use modegate_store::sqlite::backup::Progress;
use modegate_store::sqlite::log_reader::LogReader;

/// Entries that are younger may be unsealed: the server seals every few seconds.
const UNSEALED_MS: i64 = 60_000;
/// Unsealed entries among which one is looked for that has its text.
const ENTRIES: usize = 256;

/// Flags of `audit verify`.
#[derive(Debug, Args)]
pub struct VerifyArgs {
    #[command(flatten)]
    source: SourceArgs,
    #[command(flatten)]
    trust: TrustArgs,
    /// Take it for good that so many entries are not sealed [default: for a data directory
    /// those of the last minute]
    #[arg(long, value_name = "N")]
    accept_unsealed: Option<u64>,
    /// Go on from where an earlier verification of this log ended: check only what is new, and
    /// that the log still begins with what was verified then
    #[arg(long, value_name = "STATE", conflicts_with = "proof")]
    from: Option<PathBuf>,
    /// Where the log is good, write to this file how far it was verified, for --from; it may be
    /// the same file. Keep it where those who run the server cannot write
    #[arg(long, value_name = "STATE", conflicts_with = "proof")]
    save: Option<PathBuf>,
    /// Verify proofs of single entries instead: a `.tlog-proof` file, a directory with such
    /// files, or an export of one device. Prints each event that is proved
    #[arg(long, requires = "path")]
    proof: bool,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
}

/// Verifies a log, or proofs; the exit code.
pub(super) fn run(args: &VerifyArgs) -> Result<u8, AuditError> {
    if let Some(path) = args.source.path().filter(|_| args.proof) {
        return args.proofs(path);
    }
    let source = args.source.find()?;
    // Before the checkpoint: the server may publish a newer one meanwhile.
    let marks = match &source {
        Source::Data(at) => marks(&at.data),
        Source::Export(_) => BTreeMap::new(),
    };
    let database = source.database()?;
    let mut question = args
        .trust
        .question(args.accept_unsealed.unwrap_or_default())?;
    let mut reader = Reader::new(&source, database.as_ref());
    if let (Source::Data(at), Some(log)) = (&source, &database) {
        let note = reader.as_source().checkpoint();
        let parsed = note.ok().and_then(|note| Checkpoint::from_note(&note).ok());
        if let Some((checkpoint, _)) = parsed {
            if question.keys.is_empty() && question.policy.is_none() {
                question.keys = own_keys(at, &checkpoint.origin)?;
            }
            let mark = marks.get(&checkpoint.origin.to_string());
            question
                .older
                .extend(mark.map(|note| note.clone().into_bytes()));
        }
        question.accepted.unsealed = match args.accept_unsealed {
            Some(unsealed) => unsealed,
            None => young(log)?,
        };
    }
    let mut reporter = ProgressReporter::new("verified", "entries");
    let mut progress = |progress: modegate_core::audit::verify::Progress| {
        let (done, of) = (progress.done, progress.size);
        reporter.report(Progress { done, of });
    };
    let from = args.from.as_deref().map(state_file::read).transpose()?;
    let (report, state) = match &database {
        Some(log) => verify_from(&mut DatabaseLog(log), &question, from, &mut progress),
        None => {
            let mut folder = ExportFolder::new(source.path());
            verify_from(&mut folder, &question, from, &mut progress)
        }
    };
    args.report(&report)?;
    match (&args.save, state) {
        (Some(path), Some(state)) => state_file::write(path, &state)?,
        (Some(path), None) => {
            let path = path.display();
            eprintln!("modegate audit verify: {path} is not written: the log is not good");
        }
        (None, _) => {}
    }
    Ok(report.outcome.exit_code())
}

impl VerifyArgs {
    /// Verifies the proofs of this file or directory; the exit code.
    fn proofs(&self, path: &Path) -> Result<u8, AuditError> {
        let question = self
            .trust
            .question(self.accept_unsealed.unwrap_or_default())?;
        let mut printed = Ok(());
        let mut proved = |entry: u64, event: &str| {
            if printed.is_ok() {
                printed = match self.json {
                    true => print(format_args!("{{\"entry\":{entry},\"event\":{event}}}\n")),
                    false => print(format_args!("proved   entry {entry}: {event}\n")),
                };
            }
        };
        let file = |error| AuditError::File(path.to_owned(), error);
        let report = if path.is_dir() {
            let mut folder = ExportFolder::new(path);
            match path.join(DEVICE_PART).exists() {
                true => verify_device(&mut folder, &question, &mut proved),
                false => {
                    let names = folder.proofs().map_err(file)?;
                    if names.is_empty() {
                        return Err(AuditError::NoProofs(path.to_owned()));
                    }
                    verify_proofs(&mut folder, &names, &question, &mut proved)
                }
            }
        } else {
            let path = fs::canonicalize(path).map_err(file)?;
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let directory = path.parent().unwrap_or(&path);
            let mut folder = ExportFolder::new(directory);
            verify_proofs(&mut folder, &[name.into_owned()], &question, &mut proved)
        };
        printed?;
        self.report(&report)?;
        Ok(report.outcome.exit_code())
    }

    fn report(&self, report: &Report) -> io::Result<()> {
        match self.json {
            true => {
                let shown = serde_json::to_string(report).unwrap_or_default();
                print(format_args!("{shown}\n"))
            }
            false => print(in_words(report)),
        }
    }
}

/// What a log is verified by: keys or files with keys, a trust file, older checkpoints.
pub(super) fn in_words(report: &Report) -> String {
    let origin = report.origin.as_deref().unwrap_or("(unknown)");
    let root = report.root.as_deref().unwrap_or("(unknown)");
    let mut lines = vec![
        format!("log      {origin}"),
        format!("size     {}, from entry {}", report.size, report.first),
        format!("root     {root}"),
        format!(
            "checked  {} entries of {} devices, {} redacted, {} not sealed, {} epochs begun",
            report.checked, report.devices, report.redacted, report.unsealed, report.epochs
        ),
    ];
    if let Some(resumed) = report.resumed {
        let line = format!("resumed  from entry {resumed}: those before it were verified earlier");
        lines.push(line);
    }
    for (name, time) in &report.witnesses {
        let at = modegate_core::time::Timestamp(i64::try_from(*time).unwrap_or(0) * 1000);
        lines.push(format!("witness  {name}, {at}"));
    }
    for finding in &report.findings {
        let (kind, place, what) = (finding.kind.name(), &finding.place, &finding.what);
        let more = match finding.count {
            0 | 1 => String::new(),
            count => format!(" (and {} more)", count - 1),
        };
        lines.push(format!("finding  {kind} at {place}: {what}{more}"));
    }
    lines.push(format!("outcome  {}", report.outcome.in_words()));
    lines.join("\n") + "\n"
}

/// The key of the data directory, under the log's origin: from its own file, as whoever
/// changes the database may change what it records.
pub(super) fn own_keys(at: &Places, origin: &Origin) -> Result<Vec<VerifierKey>, AuditError> {
    let file = KeyFile::from_settings(&at.settings);
    let key = file.open(false)?;
    let key = origin.key(*key.public());
    let wrong = |fault: &dyn std::fmt::Display| {
        AuditError::Wrong(file.path().to_owned(), fault.to_string())
    };
    Ok(vec![key.map_err(|fault| wrong(&fault))?])
}

/// The checkpoints that the server published beside the database, by their origins.
pub(super) fn marks(data: &Path) -> BTreeMap<String, String> {
    let text = fs::read(data.join("audit").join("last-checkpoint"));
    text.ok()
        .and_then(|text| serde_json::from_slice(&text).ok())
        .unwrap_or_default()
}

/// How many entries are not sealed, where the first of them is young.
pub(super) fn young(log: &LogReader) -> Result<u64, AuditError> {
    let tree = log.tree()?;
    let event = |entry: &Vec<u8>| {
        let entry = Entry::parse(entry).ok()?;
        Event::from_bytes(entry.json()?).ok()
    };
    let first = log.entries(tree.size(), ENTRIES)?.iter().find_map(event);
    let age = first.map(|event| Clock::default().now().ms_since(event.at));
    match age.is_some_and(|age| age < UNSEALED_MS) {
        true => Ok(tree.entries - tree.size() + u64::from(u16::MAX)),
        false => Ok(0),
    }
}
