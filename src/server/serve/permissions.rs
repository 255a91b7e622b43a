//! Who else on this machine can write where the server keeps what it relies on, or read
//! its secrets.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// Who but the owner can put other files in place of those in a directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Writers {
    /// Everybody.
    Everybody,
    /// Everybody can add files, but not replace those of others (mode bit `t`).
    EverybodyAdds,
    /// A group.
    Group,
}

impl Writers {
    /// Those of a directory; `None` where there are none, or no directory.
    pub(crate) fn of(directory: &Path) -> Option<Writers> {
        let mode = fs::metadata(directory).ok()?.mode();
        if mode & 0o1002 == 0o1002 {
            Some(Writers::EverybodyAdds)
        } else if mode & 0o002 != 0 {
            Some(Writers::Everybody)
        } else if mode & 0o020 != 0 {
            Some(Writers::Group)
        } else {
            None
        }
    }
}

/// Whether others than the owner can read a file.
pub(crate) fn others_can_read(file: &Path) -> bool {
    fs::metadata(file).is_ok_and(|meta| meta.mode() & 0o077 != 0)
}
