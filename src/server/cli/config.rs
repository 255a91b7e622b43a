//! `modegate config …`.

use std::io::{self, Write};
use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::json;

use super::flags::{SettingFlags, Sources};
use crate::config::Loaded;

/// The `config` commands.
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Check a configuration file, with the environment and the flags: every fault at
    /// once, with file, line and column. Exits with 1 when something is wrong
    Check(CheckArgs),
    /// Show the effective settings, each with its source; secrets as ***
    Show(ShowArgs),
}

#[derive(Debug, Args)]
pub struct CheckArgs {
    /// The configuration file (TOML); without it the environment and the flags alone
    #[arg(value_name = "FILE", env = "MODEGATE_CONFIG")]
    file: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    flags: SettingFlags,
}

#[derive(Debug, Args)]
pub struct ShowArgs {
    #[command(flatten)]
    sources: Sources,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Runs the command; the exit code.
pub(super) fn run(command: &ConfigCommand, out: &mut dyn Write) -> io::Result<u8> {
    match command {
        ConfigCommand::Check(args) => {
            let loaded = args.flags.read(args.file.as_deref());
            if args.json {
                let report = json!({
                    "ok": loaded.faults.is_empty(),
                    "faults": loaded.faults,
                    "warnings": loaded.warnings,
                });
                writeln!(out, "{report:#}")?;
            } else {
                findings(&loaded, out)?;
                if loaded.faults.is_empty() {
                    let all = loaded.entries().len();
                    writeln!(out, "ok: {} of {all} keys set", loaded.origins.len())?;
                }
            }
            Ok(u8::from(!loaded.faults.is_empty()))
        }
        ConfigCommand::Show(args) => {
            let loaded = args.sources.read();
            if args.json {
                let shown = json!({"settings": loaded.entries(), "faults": loaded.faults, "warnings": loaded.warnings});
                writeln!(out, "{shown:#}")?;
            } else {
                for entry in loaded.entries() {
                    writeln!(out, "{}", entry.line())?;
                }
                // Beside the settings, so that they can be written to a file.
                findings(&loaded, &mut io::stderr())?;
            }
            Ok(u8::from(!loaded.faults.is_empty()))
        }
    }
}

fn findings(loaded: &Loaded, out: &mut dyn Write) -> io::Result<()> {
    for fault in &loaded.faults {
        writeln!(out, "{fault}")?;
    }
    for warning in &loaded.warnings {
        writeln!(out, "warning: {warning}")?;
    }
    Ok(())
}
