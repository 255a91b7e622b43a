//! `compliance check`: everything that is wrong with files of baselines, and what in them has
//! no effect.

use serde::Serialize;

use super::{Baseline, BaselineSet, cases};
use crate::time::Timestamp;
use crate::toml_file::Fault;

/// What a check found.
#[derive(Debug, Serialize)]
pub struct Report {
    /// Whether the baselines may come into force.
    pub ok: bool,
    /// The digest of the set, if it loads.
    pub digest: Option<String>,
    /// The baselines.
    pub baselines: Vec<BaselineSummary>,
    /// How many cases ran.
    pub cases: usize,
    /// What is wrong with the files.
    pub faults: Vec<Fault>,
    /// Cases that did not come out.
    pub failed_cases: Vec<String>,
    /// What has no effect, or soon has none, with its place.
    pub warnings: Vec<String>,
}

/// A baseline in a report.
#[derive(Debug, Serialize)]
pub struct BaselineSummary {
    /// Its id.
    pub id: String,
    /// SHA-256 of its file.
    pub digest: String,
    /// Its file.
    pub file: String,
    /// How many controls it has.
    pub controls: usize,
    /// How many exemptions.
    pub exemptions: usize,
}

impl Report {
    /// The report of files that cannot be read at all.
    pub fn unreadable(fault: Fault) -> Self {
        Report::faulty(vec![fault])
    }

    fn faulty(faults: Vec<Fault>) -> Self {
        Report {
            ok: false,
            digest: None,
            baselines: Vec::new(),
            cases: 0,
            faults,
            failed_cases: Vec::new(),
            warnings: Vec::new(),
        }
    }
}

/// Checks files of baselines (name and text) as of `now`, and runs the cases that lie beside
/// them.
pub fn check(
    files: Vec<(String, String)>,
    case_files: &[(String, String)],
    now: Timestamp,
) -> Report {
    let set = match BaselineSet::from_texts(files, now) {
        Ok(set) => set,
        Err(faults) => return Report::faulty(faults),
    };
    let (mut ran, mut failed_cases) = (0, Vec::new());
    for (name, text) in case_files {
        let (count, failed) = cases::run(&set, &format!("cases/{name}"), text, now);
        ran += count;
        failed_cases.extend(failed);
    }
    let summary = |one: &Baseline| BaselineSummary {
        id: one.id.to_string(),
        digest: one.digest.to_string(),
        file: one.file.clone(),
        controls: one.controls.len(),
        exemptions: one.exemptions.len(),
    };
    Report {
        ok: failed_cases.is_empty(),
        digest: Some(set.digest.clone()),
        baselines: set.baselines.iter().map(summary).collect(),
        cases: ran,
        faults: Vec::new(),
        failed_cases,
        warnings: set
            .baselines
            .iter()
            .flat_map(|one| over(one, now))
            .collect(),
    }
}

/// The exemptions of a baseline that are over.
fn over(baseline: &Baseline, now: Timestamp) -> impl Iterator<Item = String> {
    let over = baseline
        .exemptions
        .iter()
        .filter(move |one| one.until <= now);
    over.map(|one| {
        let (file, line, control) = (&baseline.file, one.line, &one.control);
        format!("{file}:{line}: the exemption of '{control}' is over: it has no effect")
    })
}
