//! What a device shows of its family. It proves nothing and decides nothing: the record
//! says what a device is, and an operator changes that.

use serde::{Deserialize, Serialize};

use crate::context::Family;
use crate::named::named;
use crate::time::Timestamp;

named! {
    /// By what a family shows.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
    pub enum FamilyEvidence {
        /// The HTTP header `UserAgentOrigin`, which Windows 10 and later send and 8.1 does
        /// not (MS-MDM 3.1.7).
        UserAgentOrigin = "user_agent_origin",
        /// The version of the system, `./DevDetail/SwV`.
        SystemVersion = "system_version",
    }
}

/// The family that a device shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShownFamily {
    /// Which.
    pub family: Family,
    /// By what it was seen last.
    pub by: FamilyEvidence,
    /// Since when.
    pub since: Timestamp,
}

/// The family whose systems have versions like that: `6.3.9600`, `8.10.14219.0` or
/// `10.0.18363.1016`.
pub(crate) fn family_of_version(version: &str) -> Option<Family> {
    let mut parts = version.trim().split('.');
    match (parts.next()?, parts.next()?) {
        ("6", "3") => Some(Family::Windows81),
        ("8", "10") => Some(Family::WindowsPhone81),
        ("10", "0") => Some(Family::Windows10),
        _ => None,
    }
}

impl ShownFamily {
    /// What is known once this was seen too: `None` where that is nothing new.
    pub(crate) fn news(
        known: Option<ShownFamily>,
        family: Family,
        by: FamilyEvidence,
        now: Timestamp,
    ) -> Option<ShownFamily> {
        let is_new = known.is_none_or(|known| known.family != family);
        is_new.then_some(ShownFamily {
            family,
            by,
            since: now,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_of_one_family_or_of_none() {
        for (version, expected) in [
            ("6.3.9600", Some(Family::Windows81)),
            ("6.3", Some(Family::Windows81)),
            ("8.10.14219.0", Some(Family::WindowsPhone81)),
            (" 10.0.18363.1016", Some(Family::Windows10)),
            ("6.2.9200", None),
            ("8.0.10211.0", None),
            ("10", None),
            ("10.1.1", None),
            ("x10.0.1", None),
            ("", None),
        ] {
            assert_eq!(family_of_version(version), expected, "{version}");
        }
    }
}
