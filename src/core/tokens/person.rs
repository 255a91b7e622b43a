//! The person that a token acts for: one user, on that user's devices.

use std::fmt;

use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::device::DeviceRecord;
use crate::fleet::fold;
use crate::ids::DeviceId;

/// Most devices that are named of one person.
pub const DEVICES: usize = 64;
/// Installs that one person has under way on all devices together.
pub const OPEN_INSTALLS: u64 = 20;

/// A person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// The user, as device records name it; letter case does not matter.
    pub user: String,
    /// The devices that are this person's.
    pub devices: Vec<DeviceId>,
}

/// Who a person is among the installs of a device: a digest of the user's name. It
/// stays the same from one token to the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PersonId([u8; 16]);

impl PersonId {
    /// Its bytes.
    pub fn to_bytes(self) -> [u8; 16] {
        self.0
    }
}

impl From<[u8; 16]> for PersonId {
    fn from(bytes: [u8; 16]) -> Self {
        PersonId(bytes)
    }
}

impl fmt::Display for PersonId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&HEXLOWER.encode(&self.0))
    }
}

impl Person {
    /// Whether a device is this person's. One that has been given to another user since
    /// is not.
    pub fn has(&self, id: DeviceId, record: &DeviceRecord) -> bool {
        let user = record.user.as_deref();
        self.devices.contains(&id) && user.is_none_or(|user| self.is(user))
    }

    /// Who it is among the installs of a device.
    pub fn id(&self) -> PersonId {
        let digest = Sha256::digest(fold(&self.user));
        let mut id = [0; 16];
        id.copy_from_slice(&digest[..16]);
        PersonId(id)
    }

    fn is(&self, user: &str) -> bool {
        fold(&self.user) == fold(user)
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::context::Family;
    use crate::ids::Source;
    use crate::time::Timestamp;

    fn record(user: Option<&str>) -> DeviceRecord {
        DeviceRecord {
            user: user.map(str::to_owned),
            ..DeviceRecord::new(Source("d".into()), Family::Windows81, Timestamp(0))
        }
    }

    #[test]
    fn a_person_has_the_devices_that_are_named_unless_they_are_anothers_now() {
        let (one, other) = (DeviceId(Uuid::nil()), DeviceId(Uuid::max()));
        let person = |devices: &[DeviceId]| Person {
            user: "Ann@contoso.test".to_owned(),
            devices: devices.to_vec(),
        };
        let (anns, bobs, nobodys) = (
            record(Some("ann@Contoso.test")),
            record(Some("bob@contoso.test")),
            record(None),
        );
        for (devices, id, of, expected) in [
            (&[][..], one, &anns, false),
            (&[one], one, &anns, true),
            (&[one], one, &nobodys, true),
            (&[one], one, &bobs, false),
            (&[one], other, &anns, false),
        ] {
            assert_eq!(person(devices).has(id, of), expected, "{devices:?} {of:?}");
        }
    }

    #[test]
    fn a_person_is_the_same_whatever_the_token_and_the_letter_case() {
        let of = |user: &str| Person {
            user: user.to_owned(),
            devices: Vec::new(),
        };
        assert_eq!(of("Ann").id(), of("ann").id());
        assert_ne!(of("ann").id(), of("anna").id());
    }
}
