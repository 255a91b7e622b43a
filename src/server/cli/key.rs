//! `modegate key rotate`.

use std::path::Path;

use clap::{Args, Subcommand};

use super::backup::{DataArgs, DataError, ProgressReporter, report};
use crate::serve::data_dir::DataDir;
use crate::serve::{KeySource, ServeError};
use modegate_store::sqlite::reseal::Reseal;

/// What to do with the main key.
#[derive(Debug, Subcommand)]
pub enum KeyCommand {
    /// Rotate the main key, with no server running: everything that is encrypted with it
    /// is encrypted with a new one. Run it again if it was interrupted
    Rotate(RotateArgs),
}

/// Flags of `key rotate`.
#[derive(Debug, Args)]
pub struct RotateArgs {
    #[command(flatten)]
    at: DataArgs,
}

/// Runs it; the exit code.
pub(super) fn run(command: &KeyCommand) -> u8 {
    super::log::to_stderr("warn");
    let KeyCommand::Rotate(args) = command;
    report("modegate key rotate", rotate(args))
}

fn rotate(args: &RotateArgs) -> Result<String, DataError> {
    let at = args.at.places()?;
    if !at.database.exists() {
        let missing = std::io::Error::from(std::io::ErrorKind::NotFound);
        return Err(ServeError::File(at.database, missing).into());
    }
    let dir = DataDir::open(&at.data)?;
    reseal(&at.key, dir.path(), &at.database)?;
    Ok(match at.key.changed(dir.path())? {
        Some(path) => format!(
            "the main key was rotated; {} contains the new key. Earlier backups need the old key",
            path.display()
        ),
        None => "the main key was rotated: set MODEGATE_KEY to the value of MODEGATE_KEY_NEXT. \
                 Earlier backups need the old key"
            .to_owned(),
    })
}

fn reseal(source: &KeySource, data: &Path, database: &Path) -> Result<(), ServeError> {
    let keys = source.changing(data)?;
    let mut work = Reseal::open(database, keys)?;
    let mut reporter = ProgressReporter::new("re-encrypted", "rows");
    while let Some(progress) = work.step()? {
        reporter.report(progress);
    }
    work.finish(crate::clock::Clock::default().now())?;
    Ok(())
}
