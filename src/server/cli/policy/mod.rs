//! `modegate policy …`.

mod explain;
mod reload;

use std::fmt::Write as _;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::Subcommand;

use super::diff::{Comparison, DiffArgs};
use super::output::{CommandOutput, print, to_json};
use crate::policy_files;
use explain::ExplainArgs;
use modegate_core::policy::check::Report;
use modegate_core::policy::{Fault, PolicySet, diff};
use reload::ReloadArgs;

/// The `policy` commands.
#[derive(Debug, Subcommand)]
pub enum PolicyCommand {
    /// Check a directory of policy files (the shipped ones when none is named):
    /// every fault at once, with file, line and column; rules and
    /// classifications without effect; its cases are run too.
    /// Exits with 1 when something is wrong
    Check {
        /// The directory
        dir: Option<PathBuf>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Show where two policy sets decide differently. Exits with 0 if nowhere,
    /// 1 if somewhere, 2 if one of them is invalid
    Diff(DiffArgs),
    /// Show the decision on a kind of command in a context, and its rules
    Explain(ExplainArgs),
    /// Have a running server read its policy files again; the log names the token that asked.
    /// Exits with 0 if they are in force, 1 if they are invalid: the set before stays then
    Reload(ReloadArgs),
}

/// Runs the command; the exit code. Who closes the output early has seen
/// enough: that is no error.
pub fn run(command: &PolicyCommand, out: &mut dyn Write) -> io::Result<u8> {
    let (code, text) = match command {
        PolicyCommand::Check { dir, json } => {
            describe(&policy_files::check_dir(dir.as_deref()), *json)?
        }
        PolicyCommand::Diff(args) => Comparison {
            load: &set_of,
            digest: PolicySet::digest,
            diff: diff::diff,
            text: diff::text,
        }
        .run(args)?,
        PolicyCommand::Explain(args) => explain::run(args)?,
        PolicyCommand::Reload(args) => reload::run(args)?,
    };
    print(out, code, &text)
}

fn describe(report: &Report, json: bool) -> io::Result<CommandOutput> {
    let code = u8::from(!report.ok);
    if json {
        return Ok((code, to_json(report)?));
    }
    let mut text = String::new();
    let faults = report.faults.iter().map(ToString::to_string);
    for line in faults.chain(report.failed_cases.iter().cloned()) {
        let _ = writeln!(text, "{line}");
    }
    for warning in &report.warnings {
        let _ = writeln!(text, "warning: {warning}");
    }
    if let (true, Some(digest)) = (report.ok, &report.digest) {
        let _ = write!(text, "ok: {} rules, ", report.rules);
        if report.classifications > 0 {
            let _ = write!(text, "{} classifications, ", report.classifications);
        }
        let _ = writeln!(text, "{} cases, policy set {digest}", report.cases);
    }
    Ok((code, text))
}

/// The set of a directory, or the shipped one.
fn set_of(dir: Option<&Path>) -> Result<PolicySet, Vec<Fault>> {
    match dir {
        Some(dir) => policy_files::load(dir),
        None => PolicySet::builtin(),
    }
}

#[cfg(test)]
mod tests;
