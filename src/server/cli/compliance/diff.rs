//! `compliance diff`.

use std::io;
use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;

use super::set_of;
use crate::cli::output::{CommandOutput, faulty, to_json};
use modegate_core::compliance::diff::{Difference, diff, text};
use modegate_core::time::Timestamp;

/// What to compare.
#[derive(Debug, Args)]
pub struct DiffArgs {
    /// A directory of baselines, or the word builtin for the shipped ones
    old: PathBuf,
    /// What to compare it with: a directory or builtin
    new: PathBuf,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// The word for the shipped set.
const BUILTIN: &str = "builtin";

/// The diff as JSON.
#[derive(Serialize)]
struct Whole<'a> {
    old: &'a str,
    new: &'a str,
    differences: &'a [Difference],
}

pub(super) fn run(args: &DiffArgs, now: Timestamp) -> io::Result<CommandOutput> {
    let load = |dir: &Path| set_of((dir != Path::new(BUILTIN)).then_some(dir), now);
    let (old, new) = match (load(&args.old), load(&args.new)) {
        (Ok(old), Ok(new)) => (old, new),
        (old, new) => {
            let faults = [old.err(), new.err()].into_iter().flatten();
            return faulty(&faults.flatten().collect::<Vec<_>>(), args.json, 2);
        }
    };
    let differences = diff(&old, &new);
    let code = u8::from(!differences.is_empty());
    if !args.json {
        return Ok((code, text(&differences)));
    }
    let whole = Whole {
        old: old.digest(),
        new: new.digest(),
        differences: &differences,
    };
    Ok((code, to_json(&whole)?))
}
