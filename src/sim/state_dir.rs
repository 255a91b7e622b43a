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
        let Some(bytes) = read(&path)? else {
            return Ok(());
        };
        let saved: SavedTablet =
            serde_json::from_slice(&bytes).map_err(|error| failed(&path, &error))?;
        tablet.restore(saved);
        Ok(())
    }

    /// Keeps a tablet as it is now, whole or not at all.
    pub(crate) fn keep(&self, tablet: &Tablet) -> Result<(), SimError> {
        let path = self.file(&tablet.source);
        let bytes = serde_json::to_vec(&tablet.saved()).map_err(|error| failed(&path, &error))?;
        write(&path, &bytes)
    }

    /// The enrollment of a device, if it has one.
    pub(crate) fn enrollment(&self, source: &str) -> Result<Option<Vec<u8>>, SimError> {
        read(&self.enrollment_file(source))
    }

    /// Keeps the enrollment of a device. The file holds its private key.
    pub(crate) fn keep_enrollment(&self, source: &str, json: &[u8]) -> Result<(), SimError> {
        write(&self.enrollment_file(source), json)
    }

    /// Removes all that is kept of a device.
    pub(crate) fn forget(&self, source: &str) -> Result<(), SimError> {
        for path in [self.file(source), self.enrollment_file(source)] {
            match std::fs::remove_file(&path) {
                Ok(()) => {}
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                Err(error) => return Err(failed(&path, &error)),
            }
        }
        Ok(())
    }

    fn file(&self, source: &str) -> PathBuf {
        let name = utf8_percent_encode(source, NON_ALPHANUMERIC);
        self.0.join(format!("{name}.json"))
    }

    fn enrollment_file(&self, source: &str) -> PathBuf {
        let name = utf8_percent_encode(source, NON_ALPHANUMERIC);
        self.0.join(format!("{name}.enrollment.json"))
    }
}

/// What is in a file, if it is there.
fn read(path: &Path) -> Result<Option<Vec<u8>>, SimError> {
    match std::fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed(path, &error)),
    }
}

/// Writes a file for its owner only, whole or not at all.
fn write(path: &Path, bytes: &[u8]) -> Result<(), SimError> {
    let unfinished = path.with_extension("json.new");
    let written = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&unfinished)
        .and_then(|mut file| file.write_all(bytes))
        .and_then(|()| std::fs::rename(&unfinished, path));
    written.map_err(|error| failed(path, &error))
}

fn failed(path: &Path, error: &dyn std::fmt::Display) -> SimError {
    SimError::File(path.display().to_string(), error.to_string())
}
