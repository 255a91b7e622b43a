//! `modegate key rotate`.

use std::path::Path;

use clap::{Args, Subcommand};

use super::backup::{DataArgs, DataError, ProgressReporter, told_of};
use crate::serve::data_dir::DataDir;
use crate::serve::{KeySource, ServeError};
use modegate_store::sqlite::reseal::Reseal;

/// What to do with the main key.
#[derive(Debug, Subcommand)]
pub enum KeyCommand {
    /// Change the main key, with no server running: everything that is sealed is sealed
    /// with a new one. Run it again if it was broken off
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
    told_of("modegate key rotate", rotate(args))
}

fn rotate(args: &RotateArgs) -> Result<String, DataError> {
    let at = args.at.places()?;
    if !at.database.exists() {
        let missing = std::io::Error::from(std::io::ErrorKind::NotFound);
        return Err(ServeError::File(at.database, missing).into());
    }
    let dir = DataDir::open(&at.data)?;
    reseal(&at.key, &dir, &at.database)?;
    Ok(match at.key.changed(&dir)? {
        Some(path) => format!(
            "the main key is changed; {} holds the new one. Backups made before need the old one",
            path.display()
        ),
        None => {
            "the main key is changed: what was in MODEGATE_KEY_NEXT goes into MODEGATE_KEY now. \
                 Backups made before need the old one"
                .to_owned()
        }
    })
}

fn reseal(source: &KeySource, dir: &DataDir, database: &Path) -> Result<(), ServeError> {
    let keys = source.changing(dir)?;
    let mut work = Reseal::open(database, keys)?;
    let mut told = ProgressReporter::new("sealed anew", "rows");
    while let Some(progress) = work.step()? {
        told.tell(progress);
    }
    work.finish(crate::clock::Clock::default().now())?;
    Ok(())
}
