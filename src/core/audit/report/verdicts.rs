//! The latest verdicts on a device, as a report keeps them.

use std::collections::BTreeMap;

use crate::compliance::{ComplianceState, Reason};
use crate::event::ControlRecord;
use crate::time::Timestamp;

/// A control by its place in the list of those that were seen.
pub(super) type ControlNumber = u32;

/// The latest verdicts on a device.
pub(super) type Verdicts = BTreeMap<ControlNumber, Standing>;

/// The latest verdict on a device by one control.
#[derive(Debug, Clone)]
pub(super) struct Standing {
    pub(super) state: ComplianceState,
    pub(super) beneath: Option<ComplianceState>,
    pub(super) reason: Option<Reason>,
    pub(super) since: Timestamp,
    pub(super) until: Option<Timestamp>,
    pub(super) read_at: Option<Timestamp>,
    pub(super) command: Option<u32>,
    /// The event of the exchange that brought the evidence, and the one of the verdict.
    pub(super) event: Option<u64>,
    pub(super) stated: u64,
    /// What was read, of a control that is not met.
    pub(super) value: Option<Box<str>>,
}

impl Standing {
    /// As it is on record, in the device's event of that number.
    pub(super) fn new(record: &ControlRecord, stated: u64) -> Self {
        let value = record.value.as_ref().map(|value| match value.as_str() {
            Some(text) => text.to_owned(),
            None => value.to_string(),
        });
        let digest = record
            .value_sha256
            .as_ref()
            .map(|digest| format!("sha256:{digest}"));
        let is_met = record.state == ComplianceState::Compliant;
        Standing {
            state: record.state,
            beneath: record.beneath,
            reason: record.reason,
            since: record.since,
            until: record.until,
            read_at: record.read_at,
            command: record.command,
            event: record.event,
            stated,
            value: value.or(digest).filter(|_| !is_met).map(Into::into),
        }
    }
}
