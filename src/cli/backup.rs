//! `modegate backup` and `modegate restore`.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::Args;

use crate::clock::Timestamp;
use crate::serve::data_dir::DataDir;
use crate::serve::{KeySource, ServeError};
use crate::store::sqlite::backup::{self, BackupError, Progress};

/// How often a long piece of work says how far it is.
const TELL: Duration = Duration::from_secs(1);

/// Where the data is.
#[derive(Debug, Args)]
pub struct DataArgs {
    /// The data folder
    #[arg(
        long,
        value_name = "DIR",
        default_value = "./data",
        env = "MODEGATE_DATA"
    )]
    pub(super) data: PathBuf,
    /// Where the database is: sqlite:PATH (default: modegate.db in the data folder)
    #[arg(long, value_name = "URL", value_parser = sqlite_path, env = "MODEGATE_DATABASE")]
    database: Option<PathBuf>,
    /// A file with the main key (default: MODEGATE_KEY, MODEGATE_KEY_FILE, or the data folder's own)
    #[arg(long, value_name = "FILE")]
    key_file: Option<PathBuf>,
}

impl DataArgs {
    pub(super) fn database(&self) -> PathBuf {
        let own = || self.data.join("modegate.db");
        self.database.clone().unwrap_or_else(own)
    }

    pub(super) fn key(&self) -> KeySource {
        match &self.key_file {
            Some(path) => KeySource::File(path.clone()),
            None => KeySource::from_environment(),
        }
    }
}

fn sqlite_path(url: &str) -> Result<PathBuf, String> {
    match url.strip_prefix("sqlite:") {
        Some(path) if !path.is_empty() => Ok(path.into()),
        _ => Err("expected sqlite:PATH".to_owned()),
    }
}

/// Flags of `backup`.
#[derive(Debug, Args)]
pub struct BackupArgs {
    /// The file to make
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Replace the file if it is there
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
    /// Replace what an earlier restore kept as .before-restore
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    at: DataArgs,
}

/// Why a command on the data fails.
#[derive(Debug, thiserror::Error)]
pub enum DataError {
    /// The data folder or the key.
    #[error(transparent)]
    Folder(#[from] ServeError),
    /// The copy.
    #[error(transparent)]
    Backup(#[from] BackupError),
}

/// Copies the database; the exit code.
pub(super) fn backup(args: &BackupArgs) -> u8 {
    super::log::to_stderr("warn");
    if args.at.key().is_changing(&args.at.data) {
        eprintln!(
            "modegate backup: the main key is being changed, and the copy would need two keys: \
             end that first (modegate key rotate)"
        );
        return 1;
    }
    let mut told = Told::new("copied", "pages");
    let made = backup::backup(
        &args.at.database(),
        &args.file,
        args.force,
        &mut |progress| told.tell(progress),
    );
    told_of("modegate backup", made.map_err(DataError::from).map(|bytes| {
        format!(
            "{} holds {bytes} bytes; keep the main key with it, without which it cannot be used, but not in the same place",
            args.file.display()
        )
    }))
}

/// Puts a backup in place; the exit code.
pub(super) fn restore(args: &RestoreArgs) -> u8 {
    super::log::to_stderr("warn");
    told_of(
        "modegate restore",
        put_in_place(args).map(|()| {
            let database = args.at.database();
            let database = database.display();
            format!(
                "{database} is the backup now; what was there is kept as {database}.before-restore"
            )
        }),
    )
}

fn put_in_place(args: &RestoreArgs) -> Result<(), DataError> {
    let dir = DataDir::open(&args.at.data)?;
    let keys = args.at.key().existing(&dir)?;
    let now = Timestamp::now();
    backup::restore(&args.file, &args.at.database(), keys, args.force, now)?;
    Ok(())
}

/// Says how it ended; the exit code.
pub(super) fn told_of(who: &str, ended: Result<String, DataError>) -> u8 {
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

/// Says on standard error how far a long piece of work has come, now and then.
pub(super) struct Told {
    verb: &'static str,
    of_what: &'static str,
    last: Instant,
}

impl Told {
    pub(super) fn new(verb: &'static str, of_what: &'static str) -> Self {
        Told {
            verb,
            of_what,
            last: Instant::now(),
        }
    }

    pub(super) fn tell(&mut self, Progress { done, of }: Progress) {
        if self.last.elapsed() >= TELL {
            self.last = Instant::now();
            eprintln!("{} {done} of {of} {}", self.verb, self.of_what);
        }
    }
}
