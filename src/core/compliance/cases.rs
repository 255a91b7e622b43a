//! Cases beside the baselines: what they are meant to say of a device, written down and run.

use serde::Deserialize;

use super::scenario::Scenario;
use super::verdict::{ComplianceState, NOT_COVERED, Reason};
use super::{Baseline, BaselineSet, Control};
use crate::context::{Family, Mode};
use crate::inventory::Value;
use crate::time::Timestamp;

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
    baseline: String,
    control: String,
    family: Option<String>,
    #[serde(default)]
    groups: Vec<String>,
    on: Option<toml::value::Datetime>,
    value: Option<toml::Value>,
    values: Option<Vec<toml::Value>>,
    answer: Option<String>,
    age_days: Option<u32>,
    modes: Option<Vec<String>>,
    last_session_days: Option<u32>,
    last_maintenance_days: Option<u32>,
    same_for_days: Option<u32>,
    expect: String,
    reason: Option<String>,
}

/// Runs a file of cases against a set: how many it holds, and what did not come out as
/// expected (or could not be read), in words. A case without a day is judged `now`.
pub fn run(set: &BaselineSet, file: &str, text: &str, now: Timestamp) -> (usize, Vec<String>) {
    match toml::from_str::<File>(text) {
        Err(error) => (0, vec![format!("{file}: {error}")]),
        Ok(cases) => {
            let failed = cases.case.iter().filter_map(|case| {
                let why = failure(set, case, now).err()?;
                Some(format!("{file}: case '{}': {why}", case.name))
            });
            (cases.case.len(), failed.collect())
        }
    }
}

fn failure(set: &BaselineSet, case: &Case, now: Timestamp) -> Result<(), String> {
    let (baseline, control) = find(set, Some(&case.baseline), &case.control)?;
    if case.expect != NOT_COVERED && ComplianceState::from_name(&case.expect).is_none() {
        let names = ComplianceState::ALL.map(ComplianceState::name).join(", ");
        return Err(format!(
            "expected one of {names}, {NOT_COVERED}, found '{}'",
            case.expect
        ));
    }
    let names = Reason::ALL.map(Reason::name);
    if let Some(reason) = case.reason.as_deref().filter(|name| !names.contains(name)) {
        return Err(format!(
            "expected a reason of {}, found '{reason}'",
            names.join(", ")
        ));
    }
    let verdict = scenario(case, now)?.verdict(baseline, control);
    let state = verdict
        .as_ref()
        .map_or(NOT_COVERED, |verdict| verdict.state().name());
    let reason = verdict
        .and_then(|verdict| verdict.reason())
        .map(Reason::name);
    let is_expected =
        state == case.expect && (case.reason.is_none() || case.reason.as_deref() == reason);
    match is_expected {
        true => Ok(()),
        false => Err(format!(
            "expected {}, found {}",
            said(&case.expect, case.reason.as_deref()),
            said(state, reason)
        )),
    }
}

fn said(state: &str, reason: Option<&str>) -> String {
    reason.map_or(state.to_owned(), |reason| format!("{state} ({reason})"))
}

fn scenario(case: &Case, now: Timestamp) -> Result<Scenario, String> {
    let day = case
        .on
        .map(|on| start_of_day(&on).ok_or("expected a date for 'on'"));
    let defaults = Scenario::new(day.transpose()?.unwrap_or(now));
    let family = case.family.as_deref().unwrap_or(Family::Windows81.name());
    let family = Family::from_name(family).ok_or_else(|| format!("no family '{family}'"))?;
    let modes = case.modes.as_ref().map(|names| {
        let mode = |name: &String| Mode::from_name(name).ok_or_else(|| format!("no mode '{name}'"));
        names
            .iter()
            .map(mode)
            .collect::<Result<Vec<Mode>, String>>()
    });
    Ok(Scenario {
        family,
        groups: case.groups.clone(),
        answers: answers(case)?,
        age_days: case.age_days.unwrap_or(0),
        modes: modes.transpose()?.unwrap_or(defaults.modes.clone()),
        last_session_days: case.last_session_days.unwrap_or(0),
        last_maintenance_days: case.last_maintenance_days.unwrap_or(0),
        same_for_days: case.same_for_days.unwrap_or(0),
        ..defaults
    })
}

fn answers(case: &Case) -> Result<Vec<Value>, String> {
    match (&case.value, &case.values, case.answer.as_deref()) {
        (None, None, None) => Ok(Vec::new()),
        (Some(value), None, None) => Ok(vec![answered(value)?]),
        (None, Some(values), None) => values.iter().map(answered).collect(),
        (None, None, Some(word)) => no_value(word).map(|value| vec![value]),
        _ => Err("expected one of value, values and answer".to_owned()),
    }
}

/// What a device answers that has no value.
pub fn no_value(word: &str) -> Result<Value, String> {
    match word {
        "null" => Ok(Value::Null),
        "absent" => Ok(Value::Absent),
        other => Err(format!("expected null or absent, found '{other}'")),
    }
}

fn answered(value: &toml::Value) -> Result<Value, String> {
    match value {
        toml::Value::Boolean(truth) => Ok(Value::Bool(*truth)),
        toml::Value::Integer(number) => Ok(Value::Integer((*number).into())),
        toml::Value::String(text) => Ok(Value::Text(text.clone())),
        toml::Value::Datetime(at) => Timestamp::parse(&at.to_string())
            .map(Value::Time)
            .ok_or_else(|| format!("expected a time with an offset, found {at}")),
        other => Err(format!("expected a value, found {}", other.type_str())),
    }
}

fn start_of_day(on: &toml::value::Datetime) -> Option<Timestamp> {
    let day = on.date.filter(|_| on.time.is_none())?;
    Timestamp::parse(&format!("{day}T00:00:00Z"))
}

/// The control of that id, of that baseline or of the only one that has it.
pub fn find<'a>(
    set: &'a BaselineSet,
    baseline: Option<&str>,
    control: &str,
) -> Result<(&'a Baseline, &'a Control), String> {
    let baselines = set.baselines.iter();
    let mut named = baselines
        .filter(|one| baseline.is_none_or(|id| one.id.0 == id))
        .peekable();
    if let (Some(id), None) = (baseline, named.peek()) {
        let all: Vec<&str> = set.baselines.iter().map(|one| one.id.0.as_str()).collect();
        return Err(format!("no baseline '{id}'; there are: {}", all.join(", ")));
    }
    let controls = named.flat_map(|one| one.controls.iter().map(move |control| (one, control)));
    let controls: Vec<(&Baseline, &Control)> = controls.collect();
    let mut fitting = controls.iter().filter(|(_, one)| one.id.0 == control);
    match (fitting.next(), fitting.next()) {
        (Some(found), None) => Ok(*found),
        (Some(_), Some(_)) => Err(format!("several baselines have a control '{control}'")),
        (None, _) => {
            let ids: Vec<&str> = controls.iter().map(|(_, one)| one.id.0.as_str()).collect();
            Err(format!(
                "no control '{control}'; there are: {}",
                ids.join(", ")
            ))
        }
    }
}
