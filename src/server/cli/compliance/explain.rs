//! `compliance explain`.

use std::fmt::Write;
use std::io;
use std::path::PathBuf;

use clap::Args;

use super::set_of;
use crate::cli::output::{CommandOutput, faulty, to_json};
use modegate_core::compliance::Expectation;
use modegate_core::compliance::cases::{find, no_value};
use modegate_core::compliance::explain::{Explanation, explain};
use modegate_core::compliance::scenario::Scenario;
use modegate_core::context::{Family, Mode};
use modegate_core::inventory::Value;
use modegate_core::time::Timestamp;

/// What to explain.
#[derive(Debug, Args)]
pub struct ExplainArgs {
    /// The control, e.g. av.on
    #[arg(long)]
    control: String,
    /// Its baseline, where several have such a control
    #[arg(long)]
    baseline: Option<String>,
    /// What the device answered: true, false, a whole number or a text; once per instance
    #[arg(long, allow_hyphen_values = true)]
    value: Vec<String>,
    /// What the device answered that has no value: null or absent
    #[arg(long, conflicts_with = "value", value_parser = no_value)]
    answer: Option<Value>,
    /// How many days ago it answered
    #[arg(long, default_value_t = 0)]
    age_days: u32,
    /// For how many days it has answered so
    #[arg(long, default_value_t = 0)]
    same_for_days: u32,
    /// A mode in which the device was seen: Machine, Maintenance or Apps; may be given several
    /// times. Machine and Maintenance if none is given
    #[arg(long, value_parser = |text: &str| Mode::from_name(text).ok_or("expected Machine, Maintenance, Apps or Unspecified"))]
    mode: Vec<Mode>,
    /// How many days ago it was last seen
    #[arg(long, default_value_t = 0)]
    last_session_days: u32,
    /// How many days ago it was last in Maintenance
    #[arg(long, default_value_t = 0)]
    last_maintenance_days: u32,
    /// windows81, windows_phone81 or windows10
    #[arg(long, default_value = "windows81", value_parser = |text: &str| Family::from_name(text).ok_or("expected windows81, windows_phone81 or windows10"))]
    family: Family,
    /// A group of the device; may be given several times
    #[arg(long)]
    group: Vec<String>,
    /// The day on which it is judged, such as 2026-12-31; today if left out
    #[arg(long, value_parser = day)]
    on: Option<Timestamp>,
    /// A directory of baselines instead of the shipped ones
    #[arg(long)]
    baselines: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

fn day(text: &str) -> Result<Timestamp, &'static str> {
    let is_date = text.len() == 10;
    let at = Timestamp::parse(&format!("{text}T00:00:00Z")).filter(|_| is_date);
    at.ok_or("expected a date such as 2026-12-31")
}

/// A value as somebody writes it: where the control expects texts, one of them.
fn value(text: &str, expected: &Expectation) -> Value {
    let is_text = match expected {
        Expectation::Holds(_) => true,
        Expectation::Is(values) => values.iter().all(|one| matches!(one, Value::Text(_))),
        Expectation::AtLeast(bound) | Expectation::AtMost(bound) => matches!(bound, Value::Text(_)),
        Expectation::WithinDays(_) => false,
    };
    let truth = || text.parse().ok().map(Value::Bool);
    let number = || text.parse().ok().map(Value::Integer);
    let time = || Timestamp::parse(text).map(Value::Time);
    let typed = match is_text {
        true => None,
        false => truth().or_else(number).or_else(time),
    };
    typed.unwrap_or_else(|| Value::Text(text.to_owned()))
}

pub(super) fn run(args: &ExplainArgs, now: Timestamp) -> io::Result<CommandOutput> {
    let set = match set_of(args.baselines.as_deref(), now) {
        Ok(set) => set,
        Err(faults) => return faulty(&faults, args.json, 1),
    };
    let (baseline, control) = match find(&set, args.baseline.as_deref(), &args.control) {
        Ok(found) => found,
        Err(error) if args.json => {
            return Ok((1, to_json(&serde_json::json!({ "error": error }))?));
        }
        Err(error) => return Ok((1, format!("{error}\n"))),
    };
    let defaults = Scenario::new(args.on.unwrap_or(now));
    let answers = args.value.iter().map(|text| value(text, &control.expected));
    let device = Scenario {
        family: args.family,
        groups: args.group.clone(),
        answers: answers.chain(args.answer.clone()).collect(),
        age_days: args.age_days,
        same_for_days: args.same_for_days,
        modes: match args.mode.is_empty() {
            true => defaults.modes.clone(),
            false => args.mode.clone(),
        },
        last_session_days: args.last_session_days,
        last_maintenance_days: args.last_maintenance_days,
        ..defaults
    };
    let explained = explain(baseline, control, &device);
    match args.json {
        true => Ok((0, to_json(&explained)?)),
        false => Ok((0, describe(&explained))),
    }
}

fn describe(explained: &Explanation) -> String {
    let Explanation {
        baseline,
        control,
        at,
        asks,
        expects,
        state,
        ..
    } = explained;
    let mut text = format!("{control} of {baseline} ({at})\n  complies if {asks} {expects}");
    if !explained.every {
        text += " for one instance at least";
    }
    text.push('\n');
    if let Some(says) = &explained.says {
        let _ = writeln!(text, "  {says}");
    }
    match explained.max_age_days {
        Some(days) => {
            let modes = explained.read_in.join(", ");
            let _ = writeln!(text, "  read in {modes}; evidence for {days} days");
        }
        None => text += "  known to the server itself\n",
    }
    if explained.grace_days > 0 {
        let _ = writeln!(text, "  {} days of grace", explained.grace_days);
    }
    if !explained.maps.is_empty() {
        let _ = writeln!(text, "  topics: {}", explained.maps.join("; "));
    }
    let _ = write!(text, "{state}");
    let because = explained.reason.map(|reason| format!("reason {reason}"));
    let beneath = explained.beneath.map(|state| format!("{state} beneath"));
    let until = explained
        .until
        .as_ref()
        .map(|until| format!("until {until}"));
    for more in [beneath, because, until].into_iter().flatten() {
        let _ = write!(text, ", {more}");
    }
    text.push('\n');
    text
}
