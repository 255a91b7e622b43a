//! `policy check`: everything that is wrong with a folder of policies, and
//! what in it has no effect.

use std::path::Path;

use serde::Serialize;

use super::load::{BUILTIN, Fault, read_dir};
use super::warning::{Warning, warnings};
use super::{PolicySet, cases};

/// What a check found.
#[derive(Debug, Serialize)]
pub struct Report {
    /// Whether the set may come into force.
    pub ok: bool,
    /// Its digest, if it loads.
    pub digest: Option<String>,
    /// How many rules it has.
    pub rules: usize,
    /// How many classifications of its own it has.
    pub classifications: usize,
    /// How many cases ran.
    pub cases: usize,
    /// What is wrong with the files.
    pub faults: Vec<Fault>,
    /// Cases that did not come out.
    pub failed_cases: Vec<String>,
    /// What has no effect.
    pub warnings: Vec<Warning>,
}

/// Checks a folder, or the shipped set.
pub fn check(dir: Option<&Path>) -> Report {
    let files = match dir {
        Some(dir) => read_dir(dir),
        None => Ok(BUILTIN
            .iter()
            .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()))
            .collect()),
    };
    let (set, faults) = match files {
        Err(fault) => (None, vec![fault]),
        Ok(files) => match PolicySet::from_texts(files) {
            Ok(set) => (Some(set), Vec::new()),
            Err(faults) => (None, faults),
        },
    };
    let (mut ran, mut failed_cases) = (0, Vec::new());
    if let (Some(set), Some(dir)) = (&set, dir) {
        for (name, text) in read_dir(&dir.join("cases")).unwrap_or_default() {
            let (count, failed) = cases::run(set, &format!("cases/{name}"), &text);
            ran += count;
            failed_cases.extend(failed);
        }
    }
    Report {
        ok: faults.is_empty() && failed_cases.is_empty(),
        digest: set.as_ref().map(|set| set.digest().to_owned()),
        rules: set.as_ref().map_or(0, |set| set.rules().len()),
        classifications: set.as_ref().map_or(0, |set| set.classifications().len()),
        cases: ran,
        faults,
        failed_cases,
        warnings: set.as_ref().map_or(Vec::new(), warnings),
    }
}
