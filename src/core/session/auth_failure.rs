//! Why a request proved nothing.

use crate::named::named;

named! {
    /// Why a request counts as a stranger's.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub enum AuthFailure {
        /// Its Source is no registered device.
        Unknown = "unknown",
        /// It is not the device that it says it is.
        Other = "other",
        /// It was challenged for credentials.
        Unproven = "unproven",
    }
}

impl AuthFailure {
    /// Why, in words.
    pub fn describe(self) -> &'static str {
        match self {
            AuthFailure::Unknown => "no registered device has that Source",
            AuthFailure::Other => "the request does not prove to be that device",
            AuthFailure::Unproven => "SyncML credentials were missing or wrong",
        }
    }
}
