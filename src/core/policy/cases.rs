//! Cases beside the policies: what a set is meant to decide, written down and run.

use serde::Deserialize;

use super::{PolicySet, Subject};
use crate::context::{Context, ContextSet, Family, Login, Mode, Platform};
use crate::loc_uri::LocUri;
use modegate_wire::message::Verb;

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
    mode: String,
    platform: Option<String>,
    login: Option<String>,
    family: Option<String>,
    #[serde(default)]
    groups: Vec<String>,
    app: Option<String>,
    verb: String,
    loc_uri: LocUri,
    expect: String,
}

/// Runs a file of cases against a set: how many it holds, and what did not
/// come out as expected (or could not be read), in words.
pub fn run(set: &PolicySet, file: &str, text: &str) -> (usize, Vec<String>) {
    match toml::from_str::<File>(text) {
        Err(error) => (0, vec![format!("{file}: {error}")]),
        Ok(cases) => {
            let failed = cases
                .case
                .iter()
                .filter_map(|case| failure(set, case).map(|why| format!("{file}: {why}")));
            (cases.case.len(), failed.collect())
        }
    }
}

fn failure(set: &PolicySet, case: &Case) -> Option<String> {
    let named = || {
        Some((
            Mode::from_name(&case.mode)?,
            Login::from_name(case.login.as_deref().unwrap_or("user"))?,
            Family::from_name(case.family.as_deref().unwrap_or("windows81"))?,
            Verb::from_name(&case.verb)?,
        ))
    };
    let Some((mode, login, family, verb)) = named() else {
        return Some(format!(
            "case '{}' names an unknown mode, login, family or verb",
            case.name
        ));
    };
    let platform = match case.platform.as_deref() {
        None | Some("WoA") => Platform::WoA,
        Some(_) => Platform::Other,
    };
    let leaves = [set.classify(verb, &case.loc_uri)];
    let subject = Subject {
        family,
        groups: &case.groups,
        app: case.app.as_deref(),
        leaves: &leaves,
    };
    let decision = set.decide(
        ContextSet::only(Context {
            mode,
            platform,
            login,
        }),
        &subject,
    );
    let rules: Vec<String> = decision.rules.iter().map(ToString::to_string).collect();
    (decision.verdict.name() != case.expect).then(|| {
        format!(
            "case '{}': expected {}, decided {} by {}",
            case.name,
            case.expect,
            decision.verdict.name(),
            rules.join(", ")
        )
    })
}
