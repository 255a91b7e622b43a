//! The names of an app package: full name, family name, Package SID.
//!
//! How a SID follows from a name is in no Microsoft document. It was worked out
//! from public pairs of both, so a mismatch is worth a warning, never a refusal.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The alphabet of publisher ids: base32 without i, l, o and u.
const BASE32: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
/// Characters of a publisher id: 64 bits and a zero, five at a time.
const PUBLISHER_ID: usize = 13;
/// Longest package name, characters (the package manifest's schema).
const NAME: usize = 50;
/// What a Package SID begins with: that of any app container.
const SID_PREFIX: &str = "S-1-15-2-";
/// The scheme that the token service wants before it.
const SID_SCHEME: &str = "ms-app://";

/// Why a name of a package is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProfileError {
    /// Not `Name_PublisherId`.
    #[error(
        "expected a package family name, Name_PublisherId with 13 characters after the underscore, got {0:?}"
    )]
    FamilyName(String),
    /// A full name where the family name belongs.
    #[error("expected a package family name (first and last part), got the full name {0:?}")]
    FullNameGiven(String),
    /// Not `Name_Version_Architecture_ResourceId_PublisherId`.
    #[error(
        "expected a package full name, Name_Version_Architecture_ResourceId_PublisherId, got {0:?}"
    )]
    FullName(String),
    /// Not `ms-app://S-1-15-2-…` with seven numbers.
    #[error("expected a Package SID, ms-app://S-1-15-2- and seven numbers of 32 bits, got {0:?}")]
    Sid(String),
}

fn shown(text: &str) -> String {
    text.chars().take(100).collect()
}

/// A package family name (PFN), in the case in which it was registered. Two
/// that differ in case only are equal.
#[derive(Debug, Clone, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Pfn(String);

impl Pfn {
    /// Reads `Name_PublisherId`.
    ///
    /// # Errors
    /// It is something else; a full name is told apart, since the two are
    /// mixed up even in a Microsoft article.
    pub fn parse(text: &str) -> Result<Self, ProfileError> {
        if text.matches('_').count() == 4 {
            return Err(ProfileError::FullNameGiven(shown(text)));
        }
        match text.split_once('_') {
            Some((name, publisher)) if is_name(name) && is_publisher_id(publisher) => {
                Ok(Pfn(text.to_owned()))
            }
            _ => Err(ProfileError::FamilyName(shown(text))),
        }
    }

    /// The family of a package full name: its first and last part. The
    /// resource id may be empty.
    ///
    /// # Errors
    /// It has no five parts, or one of them is no such part.
    pub fn from_full_name(text: &str) -> Result<Self, ProfileError> {
        let wrong = || ProfileError::FullName(shown(text));
        let parts: Vec<&str> = text.split('_').collect();
        let [name, version, architecture, _, publisher] = parts[..] else {
            return Err(wrong());
        };
        let numbers: Vec<_> = version.split('.').map(str::parse::<u16>).collect();
        if numbers.len() != 4 || numbers.iter().any(Result::is_err) || architecture.is_empty() {
            return Err(wrong());
        }
        Pfn::parse(&format!("{name}_{publisher}")).map_err(|_| wrong())
    }

    /// As registered.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// In lower case, as Windows Phone 8.1 wants it.
    pub fn lower(&self) -> String {
        self.0.to_ascii_lowercase()
    }
}

impl PartialEq for Pfn {
    fn eq(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }
}

impl fmt::Display for Pfn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for Pfn {
    type Error = ProfileError;

    fn try_from(text: String) -> Result<Self, ProfileError> {
        Pfn::parse(&text)
    }
}

impl From<Pfn> for String {
    fn from(pfn: Pfn) -> String {
        pfn.0
    }
}

fn is_name(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-');
    (1..=NAME).contains(&text.len()) && text.bytes().all(allowed)
}

fn is_publisher_id(text: &str) -> bool {
    let known = |byte: u8| BASE32.contains(&byte.to_ascii_lowercase());
    text.len() == PUBLISHER_ID && text.bytes().all(known)
}

fn sha256_utf16(text: &str) -> [u8; 32] {
    let bytes: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    Sha256::digest(&bytes).into()
}

/// A Package SID, which the legacy token service takes as the client id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PackageSid([u32; 7]);

impl PackageSid {
    /// Reads `ms-app://S-1-15-2-…`; the scheme may be missing, and is written
    /// all the same, since the service refuses a bare SID.
    ///
    /// # Errors
    /// It is no such SID.
    pub fn parse(text: &str) -> Result<Self, ProfileError> {
        let wrong = || ProfileError::Sid(shown(text));
        let strip = |text: &str, prefix: &str| {
            let (head, tail) = text.split_at_checked(prefix.len())?;
            head.eq_ignore_ascii_case(prefix).then(|| tail.to_owned())
        };
        let bare = strip(text, SID_SCHEME).unwrap_or_else(|| text.to_owned());
        let numbers = strip(&bare, SID_PREFIX).ok_or_else(wrong)?;
        let plain = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        let numbers: Vec<u32> = numbers
            .split('-')
            .map(|part| part.parse().ok().filter(|_| plain(part)))
            .collect::<Option<_>>()
            .ok_or_else(wrong)?;
        numbers.try_into().map(PackageSid).map_err(|_| wrong())
    }

    /// The SID that belongs to a family: the first 28 bytes of SHA-256 over
    /// the UTF-16LE of its lower case, as seven numbers.
    pub fn from_pfn(pfn: &Pfn) -> Self {
        let digest = sha256_utf16(&pfn.lower());
        let mut numbers = [0; 7];
        for (number, bytes) in numbers.iter_mut().zip(digest.chunks_exact(4)) {
            *number = u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
        }
        PackageSid(numbers)
    }

    /// Whether it is the SID of `pfn`. If not, WNS will most likely answer
    /// 403 for every channel of that PFN: warn before any device is touched.
    pub fn belongs_to(&self, pfn: &Pfn) -> bool {
        *self == PackageSid::from_pfn(pfn)
    }
}

impl fmt::Display for PackageSid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(SID_SCHEME)?;
        f.write_str(SID_PREFIX.trim_end_matches('-'))?;
        self.0.iter().try_for_each(|number| write!(f, "-{number}"))
    }
}

impl TryFrom<String> for PackageSid {
    type Error = ProfileError;

    fn try_from(text: String) -> Result<Self, ProfileError> {
        PackageSid::parse(&text)
    }
}

impl From<PackageSid> for String {
    fn from(sid: PackageSid) -> String {
        sid.to_string()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_family_is_the_first_and_last_part_of_the_full_name() {
        let full = "52314Publisher.TestWNS_1.1.0.0_x86__t6e9vsyjkrw9w";
        let pfn = Pfn::from_full_name(full).unwrap();
        assert_eq!(pfn.as_str(), "52314Publisher.TestWNS_t6e9vsyjkrw9w");
        assert_eq!(pfn.lower(), "52314publisher.testwns_t6e9vsyjkrw9w");
        assert_eq!(
            pfn,
            Pfn::parse("52314publisher.TESTWNS_T6E9VSYJKRW9W").unwrap()
        );
        assert_eq!(
            Pfn::parse(full),
            Err(ProfileError::FullNameGiven(full.to_owned()))
        );
        for wrong in [
            "",
            "_",
            "a_b",
            "a b_t6e9vsyjkrw9w",
            "a_t6e9vsyjkrw9u",
            "a_t6e9vsyjkrw9wx",
            "t6e9vsyjkrw9w",
            "a;b_t6e9vsyjkrw9w",
        ] {
            assert!(Pfn::parse(wrong).is_err(), "{wrong}");
        }
        for wrong in [
            "a_1.0_x86__t6e9vsyjkrw9w",
            "a_1.0.0.x_x86__t6e9vsyjkrw9w",
            "a_1.0.0.0___t6e9vsyjkrw9w",
            "a_t6e9vsyjkrw9w",
        ] {
            assert!(Pfn::from_full_name(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn known_pairs_belong_together() {
        let edge = Pfn::parse("Microsoft.MicrosoftEdge_8wekyb3d8bbwe").unwrap();
        let sid = "ms-app://S-1-15-2-3624051433-2125758914-1423191267-1740899205-1073925389-3782572162-737981194";
        assert_eq!(PackageSid::from_pfn(&edge).to_string(), sid);
        assert!(PackageSid::parse(sid).unwrap().belongs_to(&edge));
        assert!(
            PackageSid::parse(&sid[9..].to_lowercase())
                .unwrap()
                .belongs_to(&edge)
        );
        assert!(!PackageSid([1; 7]).belongs_to(&edge));
    }

    #[test]
    fn other_texts_are_no_package_sid() {
        for wrong in [
            "",
            "S-1-15-2-",
            "S-1-15-2-1-2-3-4-5-6",
            "S-1-15-2-1-2-3-4-5-6-7-8",
            "S-1-15-2-1-2-3-4-5-6-4294967296",
            "S-1-15-2-1-2-3-4-5-6-+7",
            "S-1-5-21-1-2-3-4-5-6-7",
            "http://S-1-15-2-1-2-3-4-5-6-7",
        ] {
            assert!(PackageSid::parse(wrong).is_err(), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn a_sid_is_read_as_it_is_written(numbers: [u32; 7]) {
            let sid = PackageSid(numbers);
            prop_assert_eq!(PackageSid::parse(&sid.to_string()), Ok(sid));
        }
    }
}
