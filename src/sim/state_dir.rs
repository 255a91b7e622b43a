//! The directory in which `simulate --state` keeps its tablets, one file each.

use std::fs::{DirBuilder, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::tablet::{SavedTablet, Tablet};
use super::transport::SimError;

/// The directory.
#[derive(Debug, Clone)]
pub(crate) struct StateDir(PathBuf);

impl StateDir {
    /// Makes it if need be, for its owner only: the files hold channel URIs.
    pub(crate) fn open(path: &Path) -> Result<Self, SimError> {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(path)
            .map_err(|error| failed(path, &error))?;
        Ok(StateDir(path.to_owned()))
    }

    /// Lets a tablet go on where an earlier run left it, if there was one.
    pub(crate) fn restore(&self, tablet: &mut Tablet) -> Result<(), SimError> {
        let path = self.file(&tablet.source);
        let bytes = match std::fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(failed(&path, &error)),
        };
        let saved: SavedTablet =
            serde_json::from_slice(&bytes).map_err(|error| failed(&path, &error))?;
        tablet.restore(saved);
        Ok(())
    }

    /// Keeps a tablet as it is now, whole or not at all.
    pub(crate) fn keep(&self, tablet: &Tablet) -> Result<(), SimError> {
        let path = self.file(&tablet.source);
        let unfinished = path.with_extension("json.new");
        let bytes = serde_json::to_vec(&tablet.saved()).map_err(|error| failed(&path, &error))?;
        let written = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&unfinished)
            .and_then(|mut file| file.write_all(&bytes))
            .and_then(|()| std::fs::rename(&unfinished, &path));
        written.map_err(|error| failed(&path, &error))
    }

    fn file(&self, source: &str) -> PathBuf {
        let name = utf8_percent_encode(source, NON_ALPHANUMERIC);
        self.0.join(format!("{name}.json"))
    }
}

fn failed(path: &Path, error: &dyn std::fmt::Display) -> SimError {
    SimError::File(path.display().to_string(), error.to_string())
}
