//! The newest checkpoint of each origin, outside the database: an older database that is
//! put in its place is noticed by it.
//!
//! A mark is written after the checkpoint is durable, so it is never ahead of the database
//! that it was written beside.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use modegate_core::tlog::{Checkpoint, Origin};
use modegate_store::private_file;

/// The file of marks: a JSON object with a signed note for each origin.
#[derive(Debug, Clone)]
pub struct MarkFile(PathBuf);

impl MarkFile {
    /// That of a data directory.
    pub fn of(data: &Path) -> Self {
        MarkFile(data.join("audit").join("last-checkpoint"))
    }

    /// The checkpoints of one log, whatever their epochs. Nothing where there is no file.
    ///
    /// # Errors
    /// The file cannot be read, or is something else.
    pub fn of_log(&self, origin: &Origin) -> io::Result<Vec<Checkpoint>> {
        let of_log = |note: &String| match Checkpoint::from_note(note.as_bytes()) {
            Ok((checkpoint, _)) if checkpoint.origin.same_log(origin) => Some(Ok(checkpoint)),
            Ok(_) => None,
            Err(fault) => Some(Err(io::Error::other(fault))),
        };
        self.read()?.values().filter_map(of_log).collect()
    }

    /// Puts a checkpoint's note in, in place of an older one of the same origin.
    pub fn put(&self, origin: &Origin, note: &str) -> io::Result<()> {
        // What cannot be read is replaced: whether it says something was looked at when the
        // log was opened.
        let mut notes = self.read().unwrap_or_default();
        notes.insert(origin.to_string(), note.to_owned());
        let mut maker = fs::DirBuilder::new();
        maker
            .recursive(true)
            .mode(0o700)
            .create(private_file::directory(&self.0))?;
        private_file::write(&self.0, &serde_json::to_vec_pretty(&notes)?)
    }

    fn read(&self) -> io::Result<BTreeMap<String, String>> {
        match fs::read(&self.0) {
            Ok(text) => Ok(serde_json::from_slice(&text)?),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(BTreeMap::new()),
            Err(error) => Err(error),
        }
    }
}
