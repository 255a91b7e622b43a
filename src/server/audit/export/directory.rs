//! The files of an export: written once, never changed, except those that say how far it
//! goes.

use std::ffi::OsString;
use std::fs::{self, DirEntry, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use super::error::ExportError;
use modegate_core::audit::manifest::{CHECKPOINT, digest_of_stream};
use modegate_store::private_file::{beside, directory, sync_directory};

/// The file that is there while an export is being written.
const UNFINISHED: &str = ".unfinished";
/// A file that has no name yet.
const BEGUN: &str = ".begun";

/// A directory that an export is written to, by nobody else meanwhile.
#[derive(Debug)]
pub(super) struct Directory {
    path: PathBuf,
    /// The directory that was made last.
    made: PathBuf,
    unfinished: File,
    /// Whether no run was broken off here.
    was_whole: bool,
}

impl Directory {
    /// Opens or makes it.
    pub(super) fn open(path: &Path) -> Result<Self, ExportError> {
        let failed = |error| ExportError::File(path.to_owned(), error);
        fs::create_dir_all(path).map_err(failed)?;
        let mark = path.join(UNFINISHED);
        let was_whole = !mark.exists();
        let begins = was_whole && !path.join(CHECKPOINT).exists();
        if begins && is_used(path).map_err(failed)? {
            return Err(ExportError::NotAnExport(path.to_owned()));
        }
        let mut options = OpenOptions::new();
        let options = options.create(true).truncate(false).read(true).write(true);
        let unfinished = options.open(&mark).map_err(failed)?;
        match unfinished.try_lock() {
            Ok(()) => Ok(Directory {
                path: path.to_owned(),
                made: PathBuf::new(),
                unfinished,
                was_whole,
            }),
            Err(TryLockError::WouldBlock) => Err(ExportError::Busy(path.to_owned())),
            Err(TryLockError::Error(error)) => Err(failed(error)),
        }
    }

    /// Leaves it as it was, where nothing was written.
    pub(super) fn leave(&self) {
        if self.was_whole {
            // One that stays does no harm: it says nothing.
            let _ = fs::remove_file(self.path.join(UNFINISHED));
        }
    }

    /// Says what the export is of that begins here. One of the same that was broken off is
    /// completed.
    pub(super) fn claim(&mut self, of: &str) -> Result<(), ExportError> {
        let failed = |error| ExportError::File(self.path.join(UNFINISHED), error);
        let mut before = String::new();
        self.unfinished
            .read_to_string(&mut before)
            .map_err(failed)?;
        if before == of {
            return Ok(());
        }
        // One that was broken off before it said so wrote nothing else.
        if before.is_empty() {
            let said = self.unfinished.write_all(of.as_bytes());
            return said
                .and_then(|()| self.unfinished.sync_all())
                .map_err(failed);
        }
        let why = format!("it was broken off, and is of {}", before.trim());
        let path = self.path.clone();
        Err(ExportError::Other { path, why })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The path of a file in it.
    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Reads a file; `None` where there is none.
    pub(super) fn read(&self, name: &str) -> Result<Option<Vec<u8>>, ExportError> {
        let path = self.file(name);
        match fs::read(&path) {
            Ok(content) => Ok(Some(content)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(ExportError::File(path, error)),
        }
    }

    /// Writes a file that is never changed again; one that is there with this content stays
    /// as it is. It is durable after [`Directory::sync`].
    pub(super) fn put(&mut self, name: &str, content: &[u8]) -> Result<(), ExportError> {
        let path = self.file(name);
        let failed = |error| ExportError::File(path.clone(), error);
        self.make_parent(&path).map_err(failed)?;
        match File::create_new(&path) {
            Ok(mut file) => file.write_all(content).map_err(failed),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                if self.read(name)?.is_some_and(|there| there == content) {
                    return Ok(());
                }
                // A run that was broken off left a part of it.
                replace(&path, content).map_err(failed)
            }
            Err(error) => Err(failed(error)),
        }
    }

    /// Writes a file in place of the one that is there, durably: whole, or not at all.
    pub(super) fn replace(&mut self, name: &str, content: &[u8]) -> Result<(), ExportError> {
        let path = self.file(name);
        let replaced = replace(&path, content).and_then(|()| sync_directory(&path));
        replaced.map_err(|error| ExportError::File(path, error))
    }

    /// A new file to be written piece by piece, before it gets its name.
    pub(super) fn begin(&self) -> Result<File, ExportError> {
        let path = self.file(BEGUN);
        File::create(&path).map_err(|error| ExportError::File(path, error))
    }

    /// Gives the file that was begun its name.
    pub(super) fn end(&mut self, name: &str) -> Result<(), ExportError> {
        let path = self.file(name);
        let named = self
            .make_parent(&path)
            .and_then(|()| fs::rename(self.file(BEGUN), &path));
        named.map_err(|error| ExportError::File(path, error))
    }

    /// Deletes the files of a directory but the one of this name, and the directory where it
    /// is empty then. Nothing where there is no such directory.
    pub(super) fn keep_only(&self, name: &str, kept: Option<&str>) -> Result<(), ExportError> {
        let path = self.file(name);
        let failed = |error| ExportError::File(path.clone(), error);
        let entries = match fs::read_dir(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            entries => entries.map_err(failed)?,
        };
        let entries: Vec<DirEntry> = entries.collect::<Result<_, _>>().map_err(failed)?;
        for entry in entries {
            if Some(entry.file_name()) != kept.map(OsString::from) {
                fs::remove_file(entry.path()).map_err(failed)?;
            }
        }
        match kept {
            Some(_) => Ok(()),
            None => fs::remove_dir(&path).map_err(failed),
        }
    }

    /// Copies a file that is never changed again; its digest, or `None` where there is none.
    pub(super) fn copy(&mut self, name: &str, from: &Path) -> Result<Option<String>, ExportError> {
        let failed = |error| ExportError::File(from.to_owned(), error);
        let mut from_file = match File::open(from) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            file => file.map_err(failed)?,
        };
        let mut to = self.begin()?;
        let digest = digest_of_stream(|buffer| {
            let read = from_file.read(buffer)?;
            to.write_all(&buffer[..read]).map(|()| read)
        });
        let digest = digest.map_err(failed)?;
        self.end(name)?;
        Ok(Some(digest))
    }

    /// Deletes the files of a directory that are not listed by their paths. Nothing where
    /// there is no such directory.
    pub(super) fn keep_listed(
        &self,
        within: &str,
        is_listed: impl Fn(&str) -> bool,
    ) -> Result<(), ExportError> {
        let path = self.file(within);
        let failed = |error| ExportError::File(path.clone(), error);
        let entries = match fs::read_dir(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            entries => entries.map_err(failed)?,
        };
        for entry in entries {
            let entry = entry.map_err(failed)?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if !is_listed(&format!("{within}{name}")) {
                fs::remove_file(entry.path()).map_err(failed)?;
            }
        }
        Ok(())
    }

    /// Makes durable what was put there.
    pub(super) fn sync(&self) -> Result<(), ExportError> {
        // All files of the file system: one by one it would take a thousand times as long.
        let synced = rustix::fs::syncfs(&self.unfinished);
        synced.map_err(|error| ExportError::File(self.path.clone(), error.into()))
    }

    /// Ends: what is there is a whole export. Of the files at the top those go that are not
    /// to be `kept`.
    pub(super) fn finish(self, kept: impl Fn(&str) -> bool) -> Result<(), ExportError> {
        let failed = |error| ExportError::File(self.path.clone(), error);
        for entry in fs::read_dir(&self.path).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if name == BEGUN || !kept(&name) {
                fs::remove_file(entry.path()).map_err(failed)?;
            }
        }
        // Last, as the lock of this run.
        fs::remove_file(self.path.join(UNFINISHED)).map_err(failed)
    }

    fn make_parent(&mut self, path: &Path) -> io::Result<()> {
        let parent = directory(path);
        if parent != self.made {
            fs::create_dir_all(parent)?;
            parent.clone_into(&mut self.made);
        }
        Ok(())
    }
}

/// Whether there is anything in the directory.
fn is_used(path: &Path) -> io::Result<bool> {
    Ok(fs::read_dir(path)?.next().is_some())
}

fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    let unfinished = beside(path, ".new");
    let mut file = File::create(&unfinished)?;
    file.write_all(content)?;
    file.sync_all()?;
    fs::rename(&unfinished, path)
}
