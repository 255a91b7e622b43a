//! A file that lines are added to. Others may move or delete it at any time: then the next
//! lines begin a new one.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use super::fault::{SinkFault, off_runtime};

/// A line is looked for in so many bytes at the end of the file: no line is longer.
const LINE_BYTES: u64 = 512 * 1024;

/// The file.
pub(crate) struct LineFile(Arc<Mutex<Opened>>);

struct Opened {
    path: PathBuf,
    file: Option<File>,
}

impl LineFile {
    pub(super) fn new(path: PathBuf) -> Self {
        LineFile(Arc::new(Mutex::new(Opened { path, file: None })))
    }

    /// Adds lines durably.
    pub(super) async fn put(&self, lines: String) -> Result<(), SinkFault> {
        let opened = Arc::clone(&self.0);
        off_runtime(move || {
            let mut opened = opened.lock().unwrap_or_else(PoisonError::into_inner);
            opened.add(lines.as_bytes())
        })
        .await
    }
}

impl Opened {
    /// Writes the lines to the file that has its name, and once more where it lost it
    /// meanwhile: nobody may see what is in a file that was deleted.
    fn add(&mut self, lines: &[u8]) -> io::Result<()> {
        loop {
            let mut file = self.current()?;
            // Where this fails, what is in the file is looked at again.
            file.write_all(lines)?;
            if file.metadata()?.is_file() {
                file.sync_data()?;
            }
            let is_current = is_at(&file, &self.path);
            self.file = Some(file);
            if is_current {
                return Ok(());
            }
        }
    }

    /// The file that has its name now, at the end of a line.
    fn current(&mut self) -> io::Result<File> {
        match self.file.take() {
            Some(file) if is_at(&file, &self.path) => Ok(file),
            _ => open(&self.path),
        }
    }
}

/// Whether the file is the one that has this name.
fn is_at(file: &File, path: &Path) -> bool {
    let named = std::fs::metadata(path);
    let same = file.metadata().and_then(|opened| {
        let named = named?;
        Ok((opened.dev(), opened.ino()) == (named.dev(), named.ino()))
    });
    same.unwrap_or(false)
}

/// Opens the file to add to it, and makes it where there is none.
fn open(path: &Path) -> io::Result<File> {
    let is_new = !path.exists();
    let mut options = OpenOptions::new();
    // A pipe that nobody reads would hold up the thread for ever.
    let nonblocking = i32::try_from(rustix::fs::OFlags::NONBLOCK.bits()).unwrap_or_default();
    options.append(true).create(true).mode(0o600);
    let file = options.custom_flags(nonblocking).open(path)?;
    if is_new && let Some(directory) = path.parent() {
        File::open(directory)?.sync_all()?;
    }
    if file.metadata()?.is_file() {
        cut_unfinished(path, &file)?;
    }
    Ok(file)
}

/// Cuts off a line without an end: the server was killed, or the disk was full, and the line
/// is written again.
fn cut_unfinished(path: &Path, file: &File) -> io::Result<()> {
    let length = file.metadata()?.len();
    let from = length.saturating_sub(LINE_BYTES);
    let mut end = Vec::new();
    let mut reader = File::open(path)?;
    reader.seek(SeekFrom::Start(from))?;
    reader.take(LINE_BYTES).read_to_end(&mut end)?;
    match end.iter().rposition(|&byte| byte == b'\n') {
        _ if end.is_empty() => Ok(()),
        Some(last) => file.set_len(from + last as u64 + 1),
        None if from == 0 => file.set_len(0),
        // Not one of ours.
        None => (&*file).write_all(b"\n"),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn lines_follow_the_name_of_the_file_and_an_unfinished_one_is_cut_off() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("events");
        let read = |path: &Path| std::fs::read_to_string(path).unwrap();
        let mut opened = Opened {
            path: path.clone(),
            file: None,
        };
        opened.add(b"1\n2\n").unwrap();
        opened.add(b"3\n").unwrap();
        assert_eq!(read(&path), "1\n2\n3\n");
        let moved = directory.path().join("events.1");
        std::fs::rename(&path, &moved).unwrap();
        opened.add(b"4\n").unwrap();
        assert_eq!(
            (read(&moved), read(&path)),
            ("1\n2\n3\n".into(), "4\n".into())
        );
        std::fs::remove_file(&path).unwrap();
        opened.add(b"5\n").unwrap();
        assert_eq!(read(&path), "5\n");
        for (found, after) in [("5\n{\"a\":", "5\n6\n"), ("{\"a\":", "6\n"), ("", "6\n")] {
            std::fs::write(&path, found).unwrap();
            opened.file = None;
            opened.add(b"6\n").unwrap();
            assert_eq!(read(&path), after);
        }
    }

    #[test]
    fn a_full_disk_and_a_pipe_without_a_reader_are_faults() {
        let mut full = Opened {
            path: "/dev/full".into(),
            file: None,
        };
        let error = full.add(b"1\n").unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
    }
}
