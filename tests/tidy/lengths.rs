//! A file has one subject and can be read in one sitting.

use crate::tree::{files, is_test};

/// Most lines of a file of the program.
const LINES: usize = 500;

#[test]
fn no_file_of_the_program_is_longer_than_500_lines() {
    let long: Vec<String> = files("src", &["rs"])
        .into_iter()
        .filter(|(path, _)| !is_test(path))
        .map(|(path, text)| (path, text.lines().count()))
        .filter(|(_, lines)| *lines > LINES)
        .map(|(path, lines)| format!("{path}: {lines}"))
        .collect();
    assert!(long.is_empty(), "split by subject: {long:#?}");
}
