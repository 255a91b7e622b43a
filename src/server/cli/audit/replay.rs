//! `modegate audit replay`.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::AuditError;
use super::source::{Reader, SourceArgs};
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
    let of = prover.size();
    prover.events(&mut |number, event| {
        let done = number + 1;
        reporter.report(Progress { done, of });
        statement.take(&event);
        replay.take(&event, &mut |difference| args.differs(&difference));
    })?;
    let totals = replay.finish();
    args.print(&totals, &statement);
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
    fn differs(&self, difference: &Difference) {
        if self.json {
            println!("{}", json!({"difference": difference}));
            return;
        }
        let Difference {
            device,
            event,
            command,
            was,
            would_be,
        } = difference;
        println!(
            "differs    device {device} event {event} command {command}: {:?} by {}, would be {:?} by {}",
            was.verdict,
            was.rules.join(", "),
            would_be.verdict,
            would_be.rules.join(", ")
        );
    }

    fn print(&self, totals: &Totals, statement: &MachineStatement) {
        if self.json {
            let totals = json!({
                "exchanges": totals.exchanges, "decisions": totals.decisions, "agree": totals.agree,
                "differ": totals.differ, "without_inputs": totals.without_inputs,
                "without_policy_set": totals.without_policy_set,
            });
            println!("{}", json!({"totals": totals, "machine": statement}));
            return;
        }
        println!(
            "decisions  {} in {} exchanges: {} agree, {} differ, {} without their inputs, {} without their policy set",
            totals.decisions,
            totals.exchanges,
            totals.agree,
            totals.differ,
            totals.without_inputs,
            totals.without_policy_set
        );
        println!("machine    {statement}");
    }
}
