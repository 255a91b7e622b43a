//! Directories of policy files: read here, understood in [`modegate_core::policy`].

use std::path::Path;

use modegate_core::policy::check::{Report, check};
use modegate_core::policy::{Fault, PolicySet};

/// Largest policy file, bytes: some thousand rules, and not a disk image by mistake.
const FILE_BYTES: u64 = 1024 * 1024;

/// The policy set of a directory's `*.toml` files; those in the directories below
/// (`cases/`, `optional/`) are not in force.
///
/// # Errors
/// Every fault of every file.
pub fn load(dir: &Path) -> Result<PolicySet, Vec<Fault>> {
    PolicySet::from_texts(read_dir(dir).map_err(|fault| vec![fault])?)
}

/// Checks a directory, or the shipped set.
pub fn check_dir(dir: Option<&Path>) -> Report {
    let Some(dir) = dir else {
        return check(PolicySet::builtin_texts(), &[]);
    };
    match read_dir(dir) {
        Ok(files) => check(files, &read_dir(&dir.join("cases")).unwrap_or_default()),
        Err(fault) => Report::unreadable(fault),
    }
}

/// Reads a directory's `*.toml` files.
pub fn read_dir(dir: &Path) -> Result<Vec<(String, String)>, Fault> {
    let fault = |path: &Path, expected: &str, found: String| Fault {
        file: path.display().to_string(),
        line: 1,
        column: 1,
        expected: expected.to_owned(),
        found,
    };
    let entries = std::fs::read_dir(dir)
        .map_err(|e| fault(dir, "a directory with policy files", e.to_string()))?;
    let mut files = Vec::new();
    for entry in entries {
        let path = entry
            .map_err(|e| fault(dir, "a readable directory", e.to_string()))?
            .path();
        if path.extension().is_none_or(|ending| ending != "toml") || path.is_dir() {
            continue;
        }
        let size = std::fs::metadata(&path).map_or(0, |meta| meta.len());
        if size > FILE_BYTES {
            return Err(fault(
                &path,
                &format!("at most {FILE_BYTES} bytes"),
                format!("{size} bytes"),
            ));
        }
        let text = std::fs::read_to_string(&path)
            .map_err(|e| fault(&path, "a readable text file", e.to_string()))?;
        files.push((
            path.file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned(),
            text,
        ));
    }
    if files.is_empty() {
        return Err(fault(dir, "at least one file *.toml", "none".to_owned()));
    }
    Ok(files)
}
