//! `modegate policy …`.

use std::io::{self, Write};
use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::PolicySet;
use super::check::check;
use super::explain::explain;
use crate::context::{Context, Family, Login, Mode, Platform};
use crate::kind::Kind;

/// The `policy` commands.
#[derive(Debug, Subcommand)]
pub enum PolicyCommand {
    /// Check a folder of policy files (the shipped ones when none is named):
    /// every fault at once, with file, line and column; its cases are run too.
    /// Exits with 1 when something is wrong
    Check {
        /// The folder
        dir: Option<PathBuf>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Say what is decided on a kind of command in a context, and by which rules
    Explain(ExplainArgs),
}

/// What to explain.
#[derive(Debug, Args)]
pub struct ExplainArgs {
    /// Machine, Maintenance, Apps or Unspecified
    #[arg(long, value_parser = |text: &str| Mode::from_name(text).ok_or("expected Machine, Maintenance, Apps or Unspecified"))]
    mode: Mode,
    /// The kind, e.g. app_install
    #[arg(long, value_parser = |text: &str| Kind::from_name(text).ok_or_else(kinds))]
    kind: Kind,
    /// windows81, windows_phone81 or windows10
    #[arg(long, default_value = "windows81", value_parser = |text: &str| Family::from_name(text).ok_or("expected windows81, windows_phone81 or windows10"))]
    family: Family,
    /// LoginStatus: user, others, none or absent
    #[arg(long, default_value = "user", value_parser = |text: &str| Login::from_name(text).ok_or("expected user, others, none or absent"))]
    login: Login,
    /// Platform of the query
    #[arg(long, default_value = "WoA")]
    platform: String,
    /// A folder instead of the shipped policies
    #[arg(long)]
    policies: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

fn kinds() -> String {
    format!("expected one of {}", Kind::ALL.map(Kind::name).join(", "))
}

/// Runs the command; the exit code.
pub fn run(command: &PolicyCommand, out: &mut dyn Write) -> io::Result<u8> {
    match command {
        PolicyCommand::Check { dir, json } => {
            let report = check(dir.as_deref());
            if *json {
                writeln!(
                    out,
                    "{}",
                    serde_json::to_string_pretty(&report).map_err(io::Error::other)?
                )?;
            } else {
                for line in report
                    .faults
                    .iter()
                    .map(ToString::to_string)
                    .chain(report.failed_cases.clone())
                {
                    writeln!(out, "{line}")?;
                }
                for warning in &report.warnings {
                    writeln!(out, "warning: {warning}")?;
                }
                if let (true, Some(digest)) = (report.ok, &report.digest) {
                    writeln!(
                        out,
                        "ok: {} rules, {} cases, policy set {digest}",
                        report.rules, report.cases
                    )?;
                }
            }
            Ok(u8::from(!report.ok))
        }
        PolicyCommand::Explain(args) => run_explain(args, out),
    }
}

fn run_explain(args: &ExplainArgs, out: &mut dyn Write) -> io::Result<u8> {
    let set = match &args.policies {
        Some(dir) => PolicySet::from_dir(dir),
        None => PolicySet::builtin(),
    };
    let set = match set {
        Ok(set) => set,
        Err(faults) => {
            for fault in faults {
                writeln!(out, "{fault}")?;
            }
            return Ok(1);
        }
    };
    let platform = if args.platform.eq_ignore_ascii_case("WoA") {
        Platform::WoA
    } else {
        Platform::Other
    };
    let context = Context {
        mode: args.mode,
        platform,
        login: args.login,
    };
    let explained = explain(&set, context, args.kind, args.family);
    if args.json {
        writeln!(
            out,
            "{}",
            serde_json::to_string_pretty(&explained).map_err(io::Error::other)?
        )?;
        return Ok(0);
    }
    writeln!(
        out,
        "{}: {} in {} on {}",
        explained.verdict.name(),
        args.kind.name(),
        args.mode.name(),
        args.family.name()
    )?;
    for rule in &explained.rules {
        writeln!(out, "  by {} ({})", rule.id, rule.at)?;
        if let Some(says) = &rule.says {
            writeln!(out, "     {says}")?;
        }
    }
    if !explained.modes.is_empty() {
        let modes: Vec<&str> = explained.modes.iter().map(|mode| mode.name()).collect();
        writeln!(out, "  it would go in {}", modes.join(", "))?;
    }
    Ok(0)
}
