//! What an event says of an enrollment: ids, digests and reasons, never a user or a secret.

use serde::{Deserialize, Serialize};

use crate::context::Family;
use crate::time::Timestamp;

/// What is on record of an enrollment, or of a token for one.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct EnrollmentRecord {
    /// The enrollment's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The id of the token that it was made by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// The family of the device.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub family: Option<Family>,
    /// The rule that decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// Why, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The device on record that the enrolled one named itself as.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub other_device: Option<String>,
    /// SHA-256 of the certificate, 64 hexadecimal digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate_sha256: Option<String>,
    /// When the certificate expires.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_after: Option<Timestamp>,
}
