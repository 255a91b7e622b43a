//! Cases beside the rules: what they are meant to decide, written down and run.

use serde::{Deserialize, Serialize};

use super::{Admission, Applicant, EnrollmentRules};
use crate::context::Family;
use crate::toml_file::Fault;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    case: Vec<Case>,
}

/// One case.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    user: String,
    #[serde(default)]
    claimed_groups: Vec<String>,
    family: String,
    proof: String,
    #[serde(default)]
    devices: u64,
    expect: String,
    /// The rule that is to decide, `none` for none; not looked at where it is left out.
    rule: Option<String>,
    /// The groups that the device is to get; not looked at where they are left out.
    groups: Option<Vec<String>>,
}

/// Runs the cases of a file: how many there are, and what is wrong.
pub fn run(rules: &EnrollmentRules, name: &str, text: &str) -> (usize, Vec<String>) {
    let file: File = match toml::from_str(text) {
        Ok(file) => file,
        Err(error) => return (0, vec![format!("{name}: {}", error.message())]),
    };
    let failed = file.case.iter().filter_map(|case| {
        let why = failure(rules, case)?;
        Some(format!("{name}: {}: {why}", case.name))
    });
    (file.case.len(), failed.collect())
}

fn failure(rules: &EnrollmentRules, case: &Case) -> Option<String> {
    let Some(family) = Family::from_name(&case.family) else {
        return Some(format!("there is no family '{}'", case.family));
    };
    let Some(admission) = Admission::from_name(&case.proof) else {
        return Some(format!("there is no proof '{}'", case.proof));
    };
    let decision = rules.decide(&Applicant {
        user: case.user.clone(),
        claimed_groups: case.claimed_groups.clone(),
        family,
        admission,
        devices: case.devices,
    });
    let found = match decision.outcome {
        Ok(_) => "allow",
        Err(_) => "deny",
    };
    if case.expect != found {
        let why = decision.reasons.join("; ");
        return Some(format!("expected {}, found {found}: {why}", case.expect));
    }
    let rule = decision.rule.as_deref().unwrap_or("none");
    if let Some(expected) = case.rule.as_deref().filter(|expected| *expected != rule) {
        return Some(format!("expected the rule {expected}, found {rule}"));
    }
    let groups = decision.outcome.map(|grant| grant.groups);
    let groups = groups.unwrap_or_default();
    let expected = case.groups.as_ref();
    expected
        .filter(|expected| **expected != groups)
        .map(|expected| format!("expected the groups {expected:?}, found {groups:?}"))
}

/// What a check of rules found.
#[derive(Debug, Serialize)]
pub struct EnrollmentReport {
    /// Whether the rules may come into force.
    pub ok: bool,
    /// Their digest, if they load.
    pub digest: Option<String>,
    /// How many they are.
    pub rules: usize,
    /// How many cases ran.
    pub cases: usize,
    /// What is wrong with the files.
    pub faults: Vec<Fault>,
    /// Cases that did not come out.
    pub failed_cases: Vec<String>,
}

/// Checks files of rules (name and text) and runs the cases that lie beside them.
pub fn check(files: Vec<(String, String)>, case_files: &[(String, String)]) -> EnrollmentReport {
    let rules = match EnrollmentRules::from_texts(files) {
        Ok(rules) => rules,
        Err(faults) => {
            return EnrollmentReport {
                ok: false,
                digest: None,
                rules: 0,
                cases: 0,
                faults,
                failed_cases: Vec::new(),
            };
        }
    };
    let (mut cases, mut failed_cases) = (0, Vec::new());
    for (name, text) in case_files {
        let (count, failed) = run(&rules, &format!("cases/{name}"), text);
        cases += count;
        failed_cases.extend(failed);
    }
    EnrollmentReport {
        ok: failed_cases.is_empty(),
        digest: Some(rules.digest().to_owned()),
        rules: rules.count(),
        cases,
        faults: Vec::new(),
        failed_cases,
    }
}
