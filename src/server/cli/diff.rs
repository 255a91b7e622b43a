//! `policy diff` and `compliance diff`: two sets, and where they differ.

use std::io;
use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;

use super::output::{CommandOutput, faulty, to_json};
use modegate_core::policy::Fault;

/// The word for the shipped set.
const BUILTIN: &str = "builtin";

/// What to compare.
#[derive(Debug, Args)]
pub struct DiffArgs {
    /// A directory of files, or the word builtin for the shipped ones
    old: PathBuf,
    /// What to compare it with: a directory or builtin
    new: PathBuf,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// The diff as JSON.
#[derive(Serialize)]
struct Whole<'a, D> {
    old: &'a str,
    new: &'a str,
    differences: &'a [D],
}

/// A set, or every fault of its files.
type Loaded<S> = Result<S, Vec<Fault>>;

/// How sets of one kind are loaded and compared.
pub(super) struct Comparison<'a, S, D> {
    /// The set of a directory, or the shipped one.
    pub(super) load: &'a dyn Fn(Option<&Path>) -> Loaded<S>,
    /// Its digest.
    pub(super) digest: fn(&S) -> &str,
    /// Where the second differs from the first.
    pub(super) diff: fn(&S, &S) -> Vec<D>,
    /// That in words.
    pub(super) text: fn(&[D]) -> String,
}

impl<S, D: Serialize> Comparison<'_, S, D> {
    /// Runs the command: 0 if nothing differs, 1 if something does, 2 if a set is invalid.
    pub(super) fn run(&self, args: &DiffArgs) -> io::Result<CommandOutput> {
        let load = |dir: &Path| (self.load)((dir != Path::new(BUILTIN)).then_some(dir));
        let (old, new) = match (load(&args.old), load(&args.new)) {
            (Ok(old), Ok(new)) => (old, new),
            (old, new) => {
                let faults = [old.err(), new.err()].into_iter().flatten();
                return faulty(&faults.flatten().collect::<Vec<_>>(), args.json, 2);
            }
        };
        let differences = (self.diff)(&old, &new);
        let code = u8::from(!differences.is_empty());
        if !args.json {
            return Ok((code, (self.text)(&differences)));
        }
        let whole = Whole {
            old: (self.digest)(&old),
            new: (self.digest)(&new),
            differences: &differences,
        };
        Ok((code, to_json(&whole)?))
    }
}
