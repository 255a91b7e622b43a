//! One-time links: an operator gives one to the user of a tablet, who signs in to the portal
//! with it, once. Looking at a link changes nothing, since mail scanners open every link that
//! they see; taking it does. Pure: time and random numbers are arguments.

mod code;
mod rules;

pub use code::ShortCode;
pub use rules::{Presentation, check, check_room, end, look, take};

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::ids::{DeviceId, IdError};
use crate::refusal::Refusal;
use crate::time::Timestamp;
use crate::tokens::person::Person;

/// How long a link can be taken, milliseconds: 30 minutes.
pub const VALID_MS: i64 = 30 * 60 * 1000;
/// How long a link that can no longer be taken is kept, so that whoever comes with it learns
/// why it is not taken, milliseconds: a day.
pub const KEPT_MS: i64 = 24 * 60 * 60 * 1000;
/// Wrong codes after which a link ends. A code's second half is one of 1,048,576.
pub const WRONG_CODES: u8 = 10;
/// Most links of one device that can be taken.
pub const OPEN_LINKS: usize = 10;
/// Most links that are kept in all.
pub const LINKS: u64 = 10_000;

/// A link's public id: what a list shows, what ends one, and how the log names it. It opens
/// nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct PortalLinkId(pub Uuid);

impl fmt::Display for PortalLinkId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.simple())
    }
}

impl FromStr for PortalLinkId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let wrong = |_| IdError::new("a link id (32 hexadecimal digits)");
        Uuid::try_parse(text).map(PortalLinkId).map_err(wrong)
    }
}

/// SHA-256 of what a link says or of its code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct LinkDigest(pub [u8; 32]);

impl LinkDigest {
    /// That of the text behind `/portal/link/`: 32 random bytes, so there is nothing to guess.
    pub fn from_text(text: &str) -> Self {
        LinkDigest(Sha256::digest(text).into())
    }

    /// That of a code. The link's id is in it, so that equal codes have other digests.
    fn from_code(link: PortalLinkId, code: &ShortCode) -> Self {
        let mut hasher = Sha256::new();
        hasher.update(link.0.as_bytes());
        hasher.update(code.as_bytes());
        LinkDigest(hasher.finalize().into())
    }
}

/// What somebody shows to be let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkProof {
    /// The link itself.
    Text(LinkDigest),
    /// Its code.
    Code(ShortCode),
}

/// Why a link can no longer be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum LinkEnd {
    /// Somebody signed in with it.
    Used(Timestamp),
    /// An operator ended it.
    Ended(Timestamp),
    /// Somebody tried too many wrong codes.
    Guessed(Timestamp),
}

/// Why what somebody shows lets nobody in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkFault {
    /// There is no such link, or none any more.
    Unknown,
    /// It was used already.
    Used,
    /// It has expired.
    Expired,
    /// An operator ended it.
    Ended,
    /// Too many wrong codes were tried.
    TooManyTries,
    /// The device was given to another user since the link was made.
    OtherUser,
}

impl LinkFault {
    /// Why, in words.
    pub fn words(self) -> &'static str {
        match self {
            LinkFault::Unknown => "there is no such link",
            LinkFault::Used => "the link was used already",
            LinkFault::Expired => "the link has expired",
            LinkFault::Ended => "the link was ended by an operator",
            LinkFault::TooManyTries => "too many wrong codes were tried",
            LinkFault::OtherUser => "the device was given to another user since",
        }
    }
}

/// A link as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PortalLink {
    /// Its id.
    pub id: PortalLinkId,
    /// The device that it is for.
    pub device: DeviceId,
    /// The device's user when it was made: whom it signs in.
    pub user: String,
    /// The digest of its text.
    pub text: LinkDigest,
    /// The half of its code that finds it.
    pub locator: String,
    /// The digest of its code.
    pub code: LinkDigest,
    /// Who made it, as the log names them.
    pub created_by: String,
    /// When.
    pub created_at: Timestamp,
    /// From when on it is no longer taken.
    pub expires_at: Timestamp,
    /// How many wrong codes were tried.
    pub wrong_codes: u8,
    /// Why it can no longer be taken, apart from its age.
    pub end: Option<LinkEnd>,
}

/// What a link is made of that is random.
#[derive(Debug, Clone, Copy)]
pub struct Drawn {
    /// Its id.
    pub id: PortalLinkId,
    /// The digest of its text.
    pub text: LinkDigest,
    /// Its code.
    pub code: ShortCode,
}

impl PortalLink {
    /// A link for the user of a device.
    ///
    /// # Errors
    /// The device has no user, or its user unenrolled it.
    pub fn new(
        device: &crate::device::Device,
        drawn: Drawn,
        created_by: String,
        now: Timestamp,
    ) -> Result<Self, Refusal> {
        if let Some(at) = device.state.unenrolled_at {
            let why = format!("the device is unenrolled since {at}");
            return Err(Refusal::Conflict(why));
        }
        let Some(user) = device.record.user.clone() else {
            let why = "the device has no user whom a link could sign in: give it one first (PATCH the device with \"user\")";
            return Err(Refusal::Conflict(why.to_owned()));
        };
        Ok(PortalLink {
            id: drawn.id,
            device: device.id,
            user,
            text: drawn.text,
            locator: drawn.code.locator(),
            code: LinkDigest::from_code(drawn.id, &drawn.code),
            created_by,
            created_at: now,
            expires_at: now.plus_ms(VALID_MS),
            wrong_codes: 0,
            end: None,
        })
    }

    /// Whether it can be taken at `now`, whosever the device is by then.
    pub fn is_open(&self, now: Timestamp) -> bool {
        self.end.is_none() && now < self.expires_at
    }

    /// Whom it signs in.
    pub fn person(&self) -> Person {
        Person {
            user: self.user.clone(),
            devices: vec![self.device],
        }
    }
}
