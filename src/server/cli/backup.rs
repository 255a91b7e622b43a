//! `modegate backup` and `modegate restore`.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clap::Args;
use serde::Serialize;

use super::flags::given;
use crate::config::{Fault, Loaded, Settings, environment};
use crate::serve::data_dir::DataDir;
use crate::serve::{KeySource, ServeError};
use modegate_store::sqlite::backup::{self, BackupError, Progress};

/// How often a long operation reports its progress.
const INTERVAL: Duration = Duration::from_secs(1);

/// Where the data is: flags, the environment and the configuration file say it
/// as they do to `serve`.
#[derive(Debug, Args, Serialize)]
pub(crate) struct DataArgs {
    /// The configuration file (TOML)
    #[serde(skip)]
    #[arg(long, value_name = "FILE", env = "MODEGATE_CONFIG")]
    config: Option<PathBuf>,
    /// The data directory [default: ./data]
    #[arg(long, value_name = "DIR")]
    data: Option<String>,
    /// Where the database is: sqlite:PATH [default: modegate.db in the data directory]
    #[arg(long, value_name = "URL")]
    database: Option<String>,
    /// A file with the main key, 64 hexadecimal digits, instead of 'key' in the data
    /// directory
    #[arg(long, value_name = "FILE")]
    key_file: Option<String>,
}

/// The same, found out.
pub(super) struct Places {
    pub(super) settings: Settings,
    pub(super) data: PathBuf,
    pub(super) database: PathBuf,
    pub(super) key: KeySource,
}

impl DataArgs {
    /// The same with this data directory.
    pub(super) fn places_in(&self, data: &Path) -> Result<Places, DataError> {
        let with = DataArgs {
            config: self.config.clone(),
            data: Some(data.to_string_lossy().into_owned()),
            database: self.database.clone(),
            key_file: self.key_file.clone(),
        };
        with.places()
    }

    pub(super) fn places(&self) -> Result<Places, DataError> {
        let loaded = Loaded::read(self.config.as_deref(), &environment(), &given(self));
        let settings = loaded.settled().map_err(DataError::Settings)?;
        Ok(Places {
            database: settings.database_path(),
            key: KeySource::from_settings(&settings),
            data: settings.data.clone(),
            settings,
        })
    }
}

/// Flags of `backup`.
#[derive(Debug, Args)]
pub struct BackupArgs {
    /// The file to create
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Replace the file if it exists
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    at: DataArgs,
}

/// Flags of `restore`.
#[derive(Debug, Args)]
pub struct RestoreArgs {
    /// The backup to put in place
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Replace the .before-restore file of an earlier restore
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    at: DataArgs,
}

/// Why a command on the data fails.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DataError {
    /// The data directory or the key.
    #[error(transparent)]
    Serve(#[from] ServeError),
    /// The copy.
    #[error(transparent)]
    Backup(#[from] BackupError),
    /// The settings.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Settings(Vec<Fault>),
    /// A copy would be sealed with two keys.
    #[error(
        "a rotation of the main key is in progress, and a backup would need two keys: finish it first (modegate key rotate)"
    )]
    Changing,
}

/// Copies the database; the exit code.
pub(super) fn backup(args: &BackupArgs) -> u8 {
    super::log::to_stderr("warn");
    report("modegate backup", copy(args))
}

fn copy(args: &BackupArgs) -> Result<String, DataError> {
    let at = args.at.places()?;
    if at.key.is_changing(&at.data) {
        return Err(DataError::Changing);
    }
    let mut reporter = ProgressReporter::new("copied", "pages");
    let mut progress = |done| reporter.report(done);
    let bytes = backup::backup(&at.database, &args.file, args.force, &mut progress)?;
    Ok(format!(
        "{} contains {bytes} bytes; back up the main key too, in another place: the backup cannot be used without it",
        args.file.display()
    ))
}

/// Puts a backup in place; the exit code.
pub(super) fn restore(args: &RestoreArgs) -> u8 {
    super::log::to_stderr("warn");
    report("modegate restore", put_in_place(args))
}

fn put_in_place(args: &RestoreArgs) -> Result<String, DataError> {
    let at = args.at.places()?;
    let dir = DataDir::open(&at.data)?;
    let keys = at.key.existing(dir.path())?;
    let now = crate::clock::Clock::default().now();
    let kept = backup::restore(&args.file, &at.database, keys, args.force, now)?;
    Ok(format!(
        "{} was restored from the backup; the previous database is now {}",
        at.database.display(),
        kept.display()
    ))
}

/// Reports the result on standard error; the exit code.
pub(super) fn report(who: &str, ended: Result<String, DataError>) -> u8 {
    match ended {
        Ok(what) => {
            eprintln!("{what}");
            0
        }
        Err(error) => {
            eprintln!("{who}: {error}");
            1
        }
    }
}

/// Reports the progress of a long operation on standard error.
pub(super) struct ProgressReporter {
    verb: &'static str,
    of_what: &'static str,
    last: Instant,
}

impl ProgressReporter {
    pub(super) fn new(verb: &'static str, of_what: &'static str) -> Self {
        ProgressReporter {
            verb,
            of_what,
            last: Instant::now(),
        }
    }

    pub(super) fn report(&mut self, Progress { done, of }: Progress) {
        if self.last.elapsed() >= INTERVAL {
            self.last = Instant::now();
            eprintln!("{} {done} of {of} {}", self.verb, self.of_what);
        }
    }
}
