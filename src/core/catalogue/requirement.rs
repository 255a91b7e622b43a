//! What an app asks of the devices that it is installed on.

use serde::{Deserialize, Serialize};

use crate::compliance::{BaselineId, ComplianceState, DeviceCompliance};
use crate::refusal::Refusal;

/// What a device must be for an app to be asked for on it. What is under way already goes on
/// whatever becomes of the device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Requirement {
    /// Compliant, or exempt: by this baseline, or by all that cover it where none is named,
    /// of which there must be one.
    Compliant(Option<BaselineId>),
}

impl Requirement {
    /// Refuses a device of which this is said, and names the controls; `None` where nothing
    /// is said of it yet.
    ///
    /// # Errors
    /// The device is not as required.
    pub fn check(&self, compliance: Option<&DeviceCompliance>) -> Result<(), Refusal> {
        let Requirement::Compliant(baseline) = self;
        let baseline = baseline.as_ref();
        if compliance.is_some_and(|compliance| compliance.is_compliant(baseline)) {
            return Ok(());
        }
        let verdicts = compliance.into_iter().flat_map(DeviceCompliance::verdicts);
        let failing = verdicts.filter(|(id, _, verdict)| {
            let counts = baseline.is_none_or(|own| own == *id);
            counts && verdict.state() > ComplianceState::Exempt
        });
        let named = failing.map(|(id, control, verdict)| {
            let state = verdict.state().name();
            format!("{control} of {id} is {state}")
        });
        let named: Vec<String> = named.collect();
        let why = match (named.is_empty(), baseline) {
            (false, _) => named.join(", "),
            (true, Some(id)) => format!("the baseline {id} has no verdict on it"),
            (true, None) => "no baseline has a verdict on it".to_owned(),
        };
        let why = format!("the app requires a compliant device, and this one is not: {why}");
        Err(Refusal::Conflict(why))
    }
}
