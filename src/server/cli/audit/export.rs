//! `modegate audit export`.

use std::io;
use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::writer::{WriteError, WriterArgs};
use super::{AuditError, print, wait};
use crate::audit::export::record::Record;
use crate::audit::export::{ExportRequest, Exported, View, export, export_device};
use crate::audit::lists::Lists;
use crate::cli::backup::{Places, ProgressReporter};
use crate::clock::Clock;
use modegate_core::ids::DeviceId;
use modegate_store::sqlite::backup::Progress;
use modegate_store::sqlite::log_reader::LogReader;

/// Flags of `audit export`.
#[derive(Debug, Args)]
pub struct ExportArgs {
    /// The directory: new or empty, or an earlier export of this log, to which what is new is
    /// added
    #[arg(value_name = "OUT")]
    out: PathBuf,
    /// Only the entries from this one on, or from the first of the 256 that it is among
    #[arg(long, value_name = "SIZE", conflicts_with = "device")]
    since: Option<u64>,
    /// Only the entries of this device, each with its proof
    #[arg(long, value_name = "ID")]
    device: Option<DeviceId>,
    /// Also as NDJSON: one event per line
    #[arg(long)]
    jsonl: bool,
    /// Also as CSV, for spreadsheets
    #[arg(long)]
    csv: bool,
    /// Print what was done as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    log: WriterArgs,
}

/// Runs it; the exit code.
pub(super) fn run(args: &ExportArgs) -> Result<u8, AuditError> {
    let at = args.log.places()?;
    wait(async {
        let writer = args.log.open(&at).await;
        let sealed = match &writer {
            Ok(writer) => writer.seal().await,
            Err(_) => Ok(()),
        };
        if let Err(error) = sealed {
            eprintln!("modegate audit export: what is new is not sealed yet: {error}");
        }
        let exported = args.write(&at);
        let recorded = match (writer, &exported) {
            (Ok(writer), Ok(exported)) => {
                let recorded = writer.record(&args.record(exported)).await;
                writer.close().await;
                recorded
            }
            (Ok(writer), Err(_)) => {
                writer.close().await;
                Ok(false)
            }
            (Err(error), _) => Err(error),
        };
        args.report(&exported?, recorded)?;
        Ok(0)
    })
}

impl ExportArgs {
    fn write(&self, at: &Places) -> Result<Exported, AuditError> {
        let log = LogReader::open(&at.database)?;
        let now = Clock::default().now();
        let mut reporter = ProgressReporter::new("exported", "entries");
        let mut progress = |done, of| reporter.report(Progress { done, of });
        let views = [(self.jsonl, View::Jsonl), (self.csv, View::Csv)];
        let views = views.into_iter().filter(|(wanted, _)| *wanted);
        let views: Vec<View> = views.map(|(_, view)| view).collect();
        Ok(match self.device {
            Some(device) => export_device(&log, &self.out, device, &views, now, &mut progress)?,
            None => {
                let request = ExportRequest {
                    out: self.out.clone(),
                    since: self.since,
                    views,
                    lists: Some(Lists::of(&at.data)),
                };
                export(&log, &request, now, &mut progress)?
            }
        })
    }

    fn record(&self, exported: &Exported) -> Record {
        Record {
            size: exported.checkpoint.size,
            root: exported.checkpoint.root,
            first: exported.first,
            device: self.device.map(|device| device.to_string()),
        }
    }

    fn report(&self, exported: &Exported, recorded: Result<bool, WriteError>) -> io::Result<()> {
        let Exported {
            checkpoint,
            first,
            deleted,
            added,
        } = exported;
        let out = self.out.display();
        let (size, root) = (checkpoint.size, checkpoint.root.base64());
        eprintln!(
            "{added} entries were added to {out}, which has the log {} up to its size {size} and root {root}",
            checkpoint.origin
        );
        if *deleted > 0 {
            eprintln!(
                "the entries before {deleted} were deleted by the retention and are not in it"
            );
        }
        let (counts, why) = match recorded {
            Ok(true) => (true, None),
            Ok(false) if self.device.is_some() => (false, None),
            Ok(false) => (
                false,
                Some(format!(
                    "it begins with entry {first}, and those before it are in no export"
                )),
            ),
            Err(error) => (false, Some(format!("it is not on record: {error}"))),
        };
        if let Some(why) = &why {
            eprintln!("retention does not count this export: {why}");
        }
        if self.json {
            let printed = json!({
                "origin": checkpoint.origin.to_string(), "size": size, "root": root,
                "first": first, "added": added, "counts": counts, "why": why,
            });
            print(format_args!("{printed}\n"))?;
        }
        Ok(())
    }
}
