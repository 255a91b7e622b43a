//! The log that a command reads: an export, or the database of a data directory.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::audit::database::DatabaseLog;
use crate::audit::folder::ExportFolder;
use crate::cli::backup::{DataArgs, DataError, Places};
use modegate_core::audit::device_part::DEVICE_PART;
use modegate_core::audit::manifest::{CHECKPOINT, MANIFEST};
use modegate_core::audit::verify::LogSource;
use modegate_store::StoreError;
use modegate_store::sqlite::log_reader::LogReader;

/// Where the log is.
#[derive(Debug, Args)]
pub(super) struct SourceArgs {
    /// An export, or a data directory [default: the data directory]
    #[arg(value_name = "DIR or EXPORT")]
    path: Option<PathBuf>,
    #[command(flatten)]
    at: DataArgs,
}

/// Why the log cannot be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SourceError {
    /// The settings.
    #[error(transparent)]
    Data(#[from] DataError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Proofs, where a log is expected.
    #[error(
        "{0} has proofs of single entries, not a log: `modegate audit verify --proof` verifies them"
    )]
    Proofs(PathBuf),
    /// Neither an export nor a data directory.
    #[error("{0}: expected an export (with a file `{CHECKPOINT}`) or a data directory")]
    Neither(PathBuf),
}

/// The log.
pub(super) enum Source {
    /// Of an export, in this directory.
    Export(PathBuf),
    /// Of a database, in a data directory.
    Data(Box<Places>),
}

impl SourceArgs {
    /// The path that was given.
    pub(super) fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    pub(super) fn find(&self) -> Result<Source, SourceError> {
        let Some(path) = &self.path else {
            return Ok(Source::Data(Box::new(self.at.places()?)));
        };
        if path.is_file() || (path.join(DEVICE_PART).exists() && !path.join(MANIFEST).exists()) {
            return Err(SourceError::Proofs(path.clone()));
        }
        if path.join(CHECKPOINT).exists() {
            return Ok(Source::Export(path.clone()));
        }
        let at = self.at.places_in(path)?;
        match at.database.exists() {
            true => Ok(Source::Data(Box::new(at))),
            false => Err(SourceError::Neither(path.clone())),
        }
    }
}

impl Source {
    /// The database; `None` for an export.
    pub(super) fn database(&self) -> Result<Option<LogReader>, SourceError> {
        match self {
            Source::Export(_) => Ok(None),
            Source::Data(at) => Ok(Some(LogReader::open(&at.database)?)),
        }
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        match self {
            Source::Export(path) => path,
            Source::Data(at) => &at.data,
        }
    }
}

/// What reads a log, wherever it is.
pub(super) enum Reader<'a> {
    Export(ExportFolder),
    Database(DatabaseLog<'a>),
}

impl<'a> Reader<'a> {
    /// Of this source, whose database is open already.
    pub(super) fn new(source: &Source, database: Option<&'a LogReader>) -> Self {
        match database {
            Some(log) => Reader::Database(DatabaseLog(log)),
            None => Reader::Export(ExportFolder::new(source.path())),
        }
    }

    pub(super) fn as_source(&mut self) -> &mut dyn LogSource {
        match self {
            Reader::Export(folder) => folder,
            Reader::Database(database) => database,
        }
    }
}
