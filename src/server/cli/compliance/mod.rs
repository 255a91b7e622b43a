//! `modegate compliance …`.

mod explain;

use std::fmt::Write as _;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::Subcommand;

use super::diff::{Comparison, DiffArgs};
use super::output::{CommandOutput, print, to_json};
use crate::clock::Clock;
use crate::policy_files::read_dir;
use explain::ExplainArgs;
use modegate_core::compliance::check::{Report, check};
use modegate_core::compliance::{BaselineSet, diff};
use modegate_core::policy::Fault;
use modegate_core::time::Timestamp;

/// The `compliance` commands.
#[derive(Debug, Subcommand)]
pub enum ComplianceCommand {
    /// Check a directory of baselines (the shipped ones when none is named): every fault at
    /// once, with file, line and column; its cases are run too.
    /// Exits with 1 when something is wrong
    Check {
        /// The directory
        dir: Option<PathBuf>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Show what another set of baselines asks otherwise. Exits with 0 if nothing,
    /// 1 if something, 2 if one of them is invalid
    Diff(DiffArgs),
    /// Show what a control asks, where it can be read, and what it makes of a device
    Explain(ExplainArgs),
}

/// Runs the command; the exit code.
pub(super) fn run(command: &ComplianceCommand, out: &mut dyn Write) -> io::Result<u8> {
    let now = Clock::default().now();
    let (code, text) = match command {
        ComplianceCommand::Check { dir, json } => describe(&check_dir(dir.as_deref(), now), *json)?,
        ComplianceCommand::Diff(args) => Comparison {
            load: &|dir| set_of(dir, now),
            digest: BaselineSet::digest,
            diff: diff::diff,
            text: diff::text,
        }
        .run(args)?,
        ComplianceCommand::Explain(args) => explain::run(args, now)?,
    };
    print(out, code, &text)
}

fn check_dir(dir: Option<&Path>, now: Timestamp) -> Report {
    let Some(dir) = dir else {
        return check(BaselineSet::builtin_texts(), &[], now);
    };
    match read_dir(dir) {
        Ok(files) => {
            let cases = read_dir(&dir.join("cases")).unwrap_or_default();
            check(files, &cases, now)
        }
        Err(fault) => Report::unreadable(fault),
    }
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
    if report.ok {
        let _ = writeln!(text, "ok: {} cases", report.cases);
        for one in &report.baselines {
            let (id, controls, exemptions) = (&one.id, one.controls, one.exemptions);
            let digest = &one.digest;
            let _ = writeln!(
                text,
                "{id}: {controls} controls, {exemptions} exemptions, digest {digest}"
            );
        }
    }
    Ok((code, text))
}

/// The set of a directory, or the shipped one.
fn set_of(dir: Option<&Path>, now: Timestamp) -> Result<BaselineSet, Vec<Fault>> {
    match dir {
        Some(dir) => {
            let files = read_dir(dir).map_err(|fault| vec![fault])?;
            BaselineSet::from_texts(files, now)
        }
        None => BaselineSet::builtin(),
    }
}

#[cfg(test)]
mod tests;
