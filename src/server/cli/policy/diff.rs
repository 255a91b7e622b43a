//! `policy diff`.

use std::io;
use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;

use super::set_of;
use crate::cli::output::{CommandOutput, faulty, to_json};
use modegate_core::policy::diff::{CellDiff, diff, text};

/// What to compare.
#[derive(Debug, Args)]
pub struct DiffArgs {
    /// A directory of policy files, or the word builtin for the shipped ones
    old: PathBuf,
    /// The set to compare it with: a directory or builtin
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
    differences: &'a [CellDiff],
}

pub(super) fn run(args: &DiffArgs) -> io::Result<CommandOutput> {
    let load = |dir: &PathBuf| set_of((dir != Path::new(BUILTIN)).then_some(dir));
    let (old, new) = match (load(&args.old), load(&args.new)) {
        (Ok(old), Ok(new)) => (old, new),
        (old, new) => {
            let faults = [old.err(), new.err()].into_iter().flatten();
            return faulty(&faults.flatten().collect::<Vec<_>>(), args.json, 2);
        }
    };
    let cells = diff(&old, &new);
    let code = u8::from(!cells.is_empty());
    if !args.json {
        return Ok((code, text(&cells)));
    }
    let whole = Whole {
        old: old.digest(),
        new: new.digest(),
        differences: &cells,
    };
    Ok((code, to_json(&whole)?))
}
