//! To come.

/// To come.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct PasswordDigest(pub [u8; 16]);
