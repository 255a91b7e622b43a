//! Files that only their owner may read, whatever the umask. None is made through a
//! link: whoever can write to the directory could have it lead elsewhere.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// Reading and writing for the owner, nothing for anybody else.
const OWNER_ONLY: u32 = 0o600;

/// Makes a new, empty file.
///
/// # Errors
/// Something of that name is there already, a link included; or it cannot be made.
pub fn create(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    let options = options.create_new(true).read(true).write(true);
    let file = options.mode(OWNER_ONLY).open(path)?;
    // A umask may have taken away what the owner needs.
    file.set_permissions(Permissions::from_mode(OWNER_ONLY))?;
    Ok(file)
}

/// The same, in place of a file that an interrupted run may have left.
pub fn create_anew(path: &Path) -> io::Result<File> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => create(path),
    }
}

/// Writes a file with this content: whole and durable, or not at all. A file or link of
/// that name is replaced.
pub fn write(path: &Path, content: &[u8]) -> io::Result<()> {
    let unfinished = beside(path, ".new");
    let mut file = create_anew(&unfinished)?;
    file.write_all(content)?;
    file.sync_all()?;
    fs::rename(&unfinished, path)?;
    sync_directory(path)
}

/// Opens the file for a lock, making it when it is not there.
pub fn open_lock(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    let options = options.create(true).truncate(false).write(true);
    let options = options.mode(OWNER_ONLY).custom_flags(libc::O_NOFOLLOW);
    options.open(path)
}

/// Makes durable that the file is in its directory under its name.
pub fn sync_directory(file: &Path) -> io::Result<()> {
    File::open(directory(file))?.sync_all()
}

/// The directory that a file is in.
pub fn directory(file: &Path) -> &Path {
    let parent = file.parent().filter(|path| !path.as_os_str().is_empty());
    parent.unwrap_or(Path::new("."))
}

/// The path with this at the end of its name.
pub fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn a_link_in_the_way_is_not_followed() {
        let dir = tempfile::tempdir().unwrap();
        let (path, victim) = (dir.path().join("key"), dir.path().join("victim"));
        fs::write(&victim, "precious").unwrap();
        for target in [victim.clone(), dir.path().join("not there")] {
            for link in [path.clone(), beside(&path, ".new")] {
                symlink(&target, &link).unwrap();
                assert!(create(&link).is_err());
                assert!(open_lock(&link).is_err());
                write(&path, b"secret").unwrap();
                assert_eq!(fs::read(&path).unwrap(), b"secret");
                assert!(fs::symlink_metadata(&path).unwrap().is_file());
                assert_eq!(fs::read(&victim).unwrap(), b"precious");
                assert!(!dir.path().join("not there").exists());
                fs::remove_file(&path).unwrap();
            }
        }
    }
}
