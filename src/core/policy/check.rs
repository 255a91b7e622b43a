//! `policy check`: everything that is wrong with a set of policy files, and
//! what in it has no effect.

use serde::Serialize;

use super::load::Fault;
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

impl Report {
    /// The report of files that cannot be read at all.
    pub fn unreadable(fault: Fault) -> Self {
        Report::new(None, vec![fault], 0, Vec::new())
    }

    fn new(
        set: Option<&PolicySet>,
        faults: Vec<Fault>,
        cases: usize,
        failed_cases: Vec<String>,
    ) -> Self {
        Report {
            ok: faults.is_empty() && failed_cases.is_empty(),
            digest: set.map(|set| set.digest().to_owned()),
            rules: set.map_or(0, |set| set.rules().len()),
            classifications: set.map_or(0, |set| set.classifications().len()),
            cases,
            faults,
            failed_cases,
            warnings: set.map_or(Vec::new(), warnings),
        }
    }
}

/// Checks policy files (name and text) and runs the cases that lie beside them.
pub fn check(files: Vec<(String, String)>, case_files: &[(String, String)]) -> Report {
    let set = match PolicySet::from_texts(files) {
        Ok(set) => set,
        Err(faults) => return Report::new(None, faults, 0, Vec::new()),
    };
    let (mut ran, mut failed_cases) = (0, Vec::new());
    for (name, text) in case_files {
        let (count, failed) = cases::run(&set, &format!("cases/{name}"), text);
        ran += count;
        failed_cases.extend(failed);
    }
    Report::new(Some(&set), Vec::new(), ran, failed_cases)
}
