//! `compliance explain`: what a control asks, and what it says of a device.

use serde::Serialize;

use super::scenario::Scenario;
use super::verdict::NOT_COVERED;
use super::{Baseline, Control, Grade, Question};
use crate::context::Mode;
use crate::kind::Kind;
use crate::wmi;

/// A control explained, and the verdict on a device that is made up.
#[derive(Debug, Serialize)]
pub struct Explanation {
    /// The baseline.
    pub baseline: String,
    /// SHA-256 of its file.
    pub digest: String,
    /// The control.
    pub control: String,
    /// File and line.
    pub at: String,
    /// What it asks: a property, or a fact that the server knows.
    pub asks: String,
    /// Which answers are compliant.
    pub expects: String,
    /// Whether every instance must answer so.
    pub every: bool,
    /// After how many days a reading is no evidence any more; `None` for a fact.
    pub max_age_days: Option<u32>,
    /// How many days of grace there are.
    pub grace_days: u32,
    /// The modes in which a command can read it; none are needed for a fact.
    pub read_in: Vec<&'static str>,
    /// Topics of other catalogues.
    pub maps: Vec<String>,
    /// How well the meaning of the values is known.
    pub grade: Option<Grade>,
    /// What the values mean.
    pub says: Option<String>,
    /// The state of the device, or `not_covered`.
    pub state: &'static str,
    /// For one that is exempt: the state beneath.
    pub beneath: Option<&'static str>,
    /// Why nothing is known, where that is so.
    pub reason: Option<&'static str>,
    /// When the grace or the exemption ends.
    pub until: Option<String>,
}

/// Explains a control of a baseline by a device.
pub fn explain(baseline: &Baseline, control: &Control, device: &Scenario) -> Explanation {
    let verdict = device.verdict(baseline, control);
    let verdict = verdict.as_ref();
    let state = verdict.map_or(NOT_COVERED, |one| one.state().name());
    let beneath = verdict.map(|one| one.state_beneath().name());
    let is_fact = matches!(control.question, Question::Fact(_));
    Explanation {
        baseline: baseline.id.to_string(),
        digest: baseline.digest.to_string(),
        control: control.id.to_string(),
        at: format!("{}:{}", baseline.file, control.line),
        asks: control.question.to_string(),
        expects: control.expected.to_string(),
        every: control.every,
        max_age_days: (!is_fact).then_some(baseline.max_age_days),
        grace_days: control.grace_days,
        read_in: read_in(&control.question)
            .iter()
            .map(|mode| mode.name())
            .collect(),
        maps: control.maps.clone(),
        grade: control.grade,
        says: control.says.clone(),
        state,
        beneath: beneath.filter(|beneath| *beneath != state),
        reason: verdict
            .and_then(|one| one.reason())
            .map(|reason| reason.name()),
        until: verdict
            .and_then(|one| one.ends_at())
            .map(|at| at.to_string()),
    }
}

/// The modes in which the shipped policies let a command read what is asked.
fn read_in(question: &Question) -> &'static [Mode] {
    let Question::Reading { class, .. } = question else {
        return &[];
    };
    match wmi::find(class) {
        Some((_, class)) if class.get == Kind::UserRead => &[Mode::Maintenance, Mode::Apps],
        _ => &[Mode::Machine, Mode::Maintenance, Mode::Apps],
    }
}
