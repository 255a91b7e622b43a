//! The files of the checkout.

use std::path::{Path, PathBuf};

/// The workspace members under `src/`, the lowest layer first.
pub(crate) const MEMBERS: [&str; 7] = ["wire", "mde", "core", "store", "pages", "server", "sim"];

/// The root of the checkout.
pub(crate) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Every file below a directory of the checkout with one of these endings, by its
/// path from the root, and its text.
pub(crate) fn files(below: &str, endings: &[&str]) -> Vec<(String, String)> {
    let mut found = Vec::new();
    walk(&root().join(below), endings, &mut found);
    found.sort();
    assert!(!found.is_empty(), "no files below {below}");
    found
}

fn walk(dir: &Path, endings: &[&str], found: &mut Vec<(String, String)>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        let ending = path.extension().unwrap_or_default().to_string_lossy();
        if path.is_dir() {
            walk(&path, endings, found);
        } else if endings.contains(&&*ending) {
            let name = path.strip_prefix(root()).unwrap();
            let name = name.to_string_lossy().into_owned();
            found.push((name, std::fs::read_to_string(&path).unwrap()));
        }
    }
}

/// Whether a file holds tests only.
pub(crate) fn is_test(path: &str) -> bool {
    path.split('/').any(|part| {
        let part = part.trim_end_matches(".rs");
        part == "tests" || part.ends_with("_tests")
    })
}

/// A file's text up to the tests that it ends with.
pub(crate) fn production(text: &str) -> &str {
    let tests = text.find("#[cfg(test)]\nmod tests {");
    let marked = text.find("#[cfg(test)]\n#[allow(clippy::unwrap_used)]\nmod tests {");
    let end = [tests, marked].into_iter().flatten().min();
    &text[..end.unwrap_or(text.len())]
}
