//! What a witness has seen: of each log the checkpoint that it cosigned last, in a file of
//! its own. It is read anew for each request, so that what counts is what is durable.

use std::fs;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::PathBuf;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use modegate_core::tlog::{LogHead, Note};
use modegate_store::private_file;

/// What stands in the name of a file as it is.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_');
/// Longest name of a file, bytes.
const NAME_BYTES: usize = 200;

/// The directory of checkpoints.
#[derive(Debug, Clone)]
pub(super) struct Memory(PathBuf);

impl Memory {
    /// In that directory, which is made when it is not there.
    pub(super) fn open(directory: PathBuf) -> io::Result<Self> {
        let mut maker = fs::DirBuilder::new();
        maker.recursive(true).mode(0o700).create(&directory)?;
        private_file::sync_directory(&directory)?;
        Ok(Memory(directory))
    }

    /// The newest tree of this log that was cosigned; `None` where none was.
    pub(super) fn newest(&self, origin: &str) -> io::Result<Option<LogHead>> {
        let path = self.file(origin, "checkpoint")?;
        let wrong = |why: String| {
            let why = format!("the file {}: {why}", path.display());
            io::Error::new(io::ErrorKind::InvalidData, why)
        };
        let text = match fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(wrong(error.to_string())),
        };
        let note = Note::parse(&text).map_err(|fault| wrong(fault.to_string()))?;
        let head = LogHead::parse(note.text()).map_err(|fault| wrong(fault.to_string()))?;
        match head.origin == origin {
            true => Ok(Some(head)),
            false => Err(wrong(format!("expected a checkpoint of {origin}"))),
        }
    }

    /// Makes a checkpoint the newest, durably.
    pub(super) fn keep(&self, origin: &str, note: &Note) -> io::Result<()> {
        let path = self.file(origin, "checkpoint")?;
        private_file::write(&path, note.to_string().as_bytes())
    }

    /// Keeps a checkpoint that proves a fork: the log signed another root for that size.
    /// The first one stays; the file that it is in.
    pub(super) fn keep_fork(&self, origin: &str, note: &Note) -> io::Result<PathBuf> {
        let path = self.file(origin, "fork")?;
        if !path.exists() {
            private_file::write(&path, note.to_string().as_bytes())?;
        }
        Ok(path)
    }

    fn file(&self, origin: &str, what: &str) -> io::Result<PathBuf> {
        let name = utf8_percent_encode(origin, PLAIN).to_string();
        match name.len() <= NAME_BYTES {
            true => Ok(self.0.join(format!("{name}.{what}"))),
            false => Err(io::Error::other("the log's origin is too long")),
        }
    }
}
