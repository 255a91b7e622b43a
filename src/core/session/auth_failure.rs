//! Why a request proved nothing.

/// Why a request counts as a stranger's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuthFailure {
    /// Its Source is no registered device.
    Unknown,
    /// It is not the device that it says it is.
    Other,
    /// It was challenged for credentials.
    Unproven,
}

impl AuthFailure {
    /// Every reason.
    pub const ALL: [AuthFailure; 3] = [
        AuthFailure::Unknown,
        AuthFailure::Other,
        AuthFailure::Unproven,
    ];

    /// Its name in metrics.
    pub fn name(self) -> &'static str {
        match self {
            AuthFailure::Unknown => "unknown",
            AuthFailure::Other => "other",
            AuthFailure::Unproven => "unproven",
        }
    }

    /// Why, in words.
    pub fn describe(self) -> &'static str {
        match self {
            AuthFailure::Unknown => "no registered device has that Source",
            AuthFailure::Other => "the request does not prove to be that device",
            AuthFailure::Unproven => "SyncML credentials were missing or wrong",
        }
    }
}
