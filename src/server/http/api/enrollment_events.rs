//! What events say of enrollments, as the API shows it.

use schemars::JsonSchema;
use serde::Serialize;

use crate::app::input::Time;
use crate::app::word::Word;
use modegate_core::context::Family;
use modegate_core::event::EnrollmentRecord;

/// What is on record of an enrollment, or of a token for one.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
pub(super) struct EnrollmentEventView {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    /// The id of the token that it was made by.
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    family: Option<Word<Family>>,
    /// The rule that decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// The device on record that the enrolled one named itself as.
    #[serde(skip_serializing_if = "Option::is_none")]
    other_device: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    certificate_sha256: Option<String>,
    /// When that certificate expires.
    #[serde(skip_serializing_if = "Option::is_none")]
    not_after: Option<Time>,
}

impl From<&EnrollmentRecord> for EnrollmentEventView {
    fn from(record: &EnrollmentRecord) -> Self {
        EnrollmentEventView {
            id: record.id.clone(),
            token: record.token.clone(),
            family: record.family.map(Word),
            rule: record.rule.clone(),
            reason: record.reason.clone(),
            other_device: record.other_device.clone(),
            certificate_sha256: record.certificate_sha256.clone(),
            not_after: record.not_after.map(Time),
        }
    }
}
