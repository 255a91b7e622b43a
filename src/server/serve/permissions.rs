//! Who else on this machine can write where the server keeps what it relies on, or read
//! its secrets.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// Who but the owner can put files into a directory, in place of those that are there or
/// will be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Writers {
    /// Everybody; with the mode bit `t` before the files are made.
    Everybody,
    /// A group.
    Group,
}

impl Writers {
    /// Those of a directory; `None` where there are none, or no directory.
    pub(crate) fn of(directory: &Path) -> Option<Writers> {
        let mode = fs::metadata(directory).ok()?.mode();
        if mode & 0o002 != 0 {
            Some(Writers::Everybody)
        } else if mode & 0o020 != 0 {
            Some(Writers::Group)
        } else {
            None
        }
    }
}

/// Whether everybody can replace the files of a directory. With the mode bit `t`, as in
/// `/tmp`, nobody but their owners can.
pub(crate) fn everybody_replaces(directory: &Path) -> bool {
    fs::metadata(directory).is_ok_and(|meta| meta.mode() & 0o1002 == 0o002)
}

/// Whether others than the owner can read a file.
pub(crate) fn others_can_read(file: &Path) -> bool {
    fs::metadata(file).is_ok_and(|meta| meta.mode() & 0o077 != 0)
}
