//! `modegate audit replay`.

use std::io;
use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::source::{Reader, SourceArgs};
use super::{AuditError, print};
use crate::audit::prove::Prover;
use crate::cli::backup::ProgressReporter;
use modegate_core::audit::replay::{Difference, Replay, Totals};
use modegate_core::audit::statement::MachineStatement;
use modegate_store::sqlite::backup::Progress;

/// Flags of `audit replay`.
#[derive(Debug, Args)]
pub struct ReplayArgs {
    #[command(flatten)]
    source: SourceArgs,
    /// Decide by the policy files of this directory instead of the sets that decided: what
    /// would come out otherwise
    #[arg(long, value_name = "DIR")]
    policies: Option<PathBuf>,
    /// Print JSON: an object per decision that differs, and one with the totals
    #[arg(long)]
    json: bool,
}

/// Decides again what the log has on record; the exit code.
pub(super) fn run(args: &ReplayArgs) -> Result<u8, AuditError> {
    let source = args.source.find()?;
    let database = source.database()?;
    let mut reader = Reader::new(&source, database.as_ref());
    let mut prover = Prover::open(reader.as_source())?;
    let mut replay = match &args.policies {
        Some(directory) => {
            let set = crate::policy_files::load(directory).map_err(|faults| {
                let faults: Vec<String> = faults.iter().map(ToString::to_string).collect();
                AuditError::Wrong(directory.clone(), faults.join("\n"))
            })?;
            Replay::by_another(set)
        }
        None => Replay::by_own(prover.policy_sets()?),
    };
    let mut statement = MachineStatement::default();
    let mut reporter = ProgressReporter::new("replayed", "entries");
    let (of, mut printed) = (prover.size(), Ok(()));
    prover.events(&mut |number, event| {
        let done = number + 1;
        reporter.report(Progress { done, of });
        statement.take(&event);
        replay.take(&event, &mut |difference| {
            if printed.is_ok() {
                printed = args.differs(&difference);
            }
        });
    })?;
    printed?;
    let totals = replay.finish();
    args.report(&totals, &statement)?;
    Ok(match totals {
        Totals { differ: 1.., .. } => 1,
        _ if !statement.holds() => 1,
        Totals {
            without_inputs: 0,
            without_policy_set: 0,
            ..
        } => 0,
        _ => 3,
    })
}

impl ReplayArgs {
    fn differs(&self, difference: &Difference) -> io::Result<()> {
        if self.json {
            return print(format_args!("{}\n", json!({"difference": difference})));
        }
        let Difference {
            device,
            event,
            command,
            was,
            would_be,
        } = difference;
        print(format_args!(
            "differs    device {device} event {event} command {command}: {was} -> {would_be}\n"
        ))
    }

    fn report(&self, totals: &Totals, statement: &MachineStatement) -> io::Result<()> {
        if self.json {
            let totals = json!({
                "exchanges": totals.exchanges, "decisions": totals.decisions, "agree": totals.agree,
                "differ": totals.differ, "without_inputs": totals.without_inputs,
                "without_policy_set": totals.without_policy_set,
            });
            let shown = json!({"totals": totals, "machine": statement});
            return print(format_args!("{shown}\n"));
        }
        print(format_args!(
            "decisions  {} in {} exchanges: {} agree, {} differ, {} without their inputs, {} without their policy set\n\
             machine    {statement}\n",
            totals.decisions,
            totals.exchanges,
            totals.agree,
            totals.differ,
            totals.without_inputs,
            totals.without_policy_set
        ))
    }
}
