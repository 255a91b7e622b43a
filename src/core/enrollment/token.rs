//! One-time tokens: each lets one device enroll, once. The first key that comes with it is the
//! only one; the same request may come again until the token expires, since answers get lost.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::{KeyDigest, RequestDigest};
use crate::context::Family;
use crate::event::{EnrollmentRecord, Event, EventType};
use crate::fields::FieldError;
use crate::ids::{EnrollmentId, IdError};
use crate::limits;
use crate::refusal::Refusal;
use crate::time::Timestamp;

/// Longest that a token is valid, milliseconds: ten minutes.
pub const VALID_MS: i64 = 10 * 60 * 1000;
/// Most tokens that are kept in all.
pub const TOKENS: u64 = 10_000;
/// Refusals that one token puts on record; then it is withdrawn.
const REFUSALS: u8 = 10;

/// A token's public id: what a list shows and how the log names it. It opens nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct EnrollmentTokenId(pub Uuid);

impl fmt::Display for EnrollmentTokenId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.simple())
    }
}

impl FromStr for EnrollmentTokenId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let wrong = |_| IdError::new("the id of an enrollment token (32 hexadecimal digits)");
        Uuid::try_parse(text).map(EnrollmentTokenId).map_err(wrong)
    }
}

/// SHA-256 of a token's text, all that is kept of it. The text has at least 128 random bits, so
/// there is nothing to guess and a slow hash would protect nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct TokenDigest(pub [u8; 32]);

impl TokenDigest {
    /// That of a token as the device sends it.
    pub fn from_text(text: &str) -> Self {
        TokenDigest(Sha256::digest(text).into())
    }
}

/// How somebody came by a token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum TokenOrigin {
    /// An operator made it, which is a permission in itself.
    Operator,
    /// Its user signed in, and the identity provider named these groups.
    SignIn(Vec<String>),
    /// Its user sent name and password.
    Password,
}

/// Whether a token was used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum TokenState {
    /// Not yet.
    Unused,
    /// By this key, with this request, for this enrollment.
    Bound(KeyDigest, RequestDigest, EnrollmentId),
    /// It was withdrawn.
    Withdrawn(Timestamp),
}

/// Why a token lets nobody enroll.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenFault {
    /// There is no such token, or none any more.
    Unknown,
    /// It has expired.
    Expired,
    /// It was withdrawn.
    Withdrawn,
    /// It was used with another key or another request.
    Used,
    /// It is for devices of another family.
    OtherFamily,
}

impl TokenFault {
    /// Why, in words.
    pub fn words(self) -> &'static str {
        match self {
            TokenFault::Unknown => "there is no such token",
            TokenFault::Expired => "the token has expired",
            TokenFault::Withdrawn => "the token was withdrawn",
            TokenFault::Used => "the token was used with another key or another request",
            TokenFault::OtherFamily => "the token is for devices of another family",
        }
    }
}

/// What comes with a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TokenRequest {
    /// The family of the device.
    pub family: Family,
    /// Its key.
    pub key: KeyDigest,
    /// The whole certificate request.
    pub request: RequestDigest,
}

/// What a token is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenUse {
    /// A new enrollment.
    First,
    /// The same request came before: the answer is that of this enrollment.
    Repeated(EnrollmentId),
}

/// A token as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnrollmentToken {
    /// Its id.
    pub id: EnrollmentTokenId,
    /// The digest of its text.
    pub digest: TokenDigest,
    /// Whose device it enrolls.
    pub user: String,
    /// The family of the device; `None` for any.
    pub family: Option<Family>,
    /// Groups that the device gets, besides those of the rules.
    pub groups: Vec<String>,
    /// How somebody came by it.
    pub origin: TokenOrigin,
    /// Who made it, as the log names them.
    pub made_by: String,
    /// When.
    pub made_at: Timestamp,
    /// From when on it is not taken any more.
    pub expires_at: Timestamp,
    /// Whether it was used.
    pub state: TokenState,
    /// How often it was refused, as far as that is counted.
    pub refused: u8,
}

/// What a token is made of that is random.
#[derive(Debug, Clone, Copy)]
pub struct DrawnToken {
    /// Its id.
    pub id: EnrollmentTokenId,
    /// The digest of its text.
    pub digest: TokenDigest,
}

impl EnrollmentToken {
    /// A token for a device of `user`, valid for so long.
    ///
    /// # Errors
    /// A field is not what it should be.
    pub fn new(
        drawn: DrawnToken,
        (user, family, groups): (String, Option<Family>, Vec<String>),
        (origin, made_by): (TokenOrigin, String),
        (now, valid_ms): (Timestamp, i64),
    ) -> Result<Self, FieldError> {
        if !(1..=VALID_MS).contains(&valid_ms) {
            let expected = format!("1 to {VALID_MS} milliseconds");
            return Err(FieldError::new("valid_ms", expected, valid_ms));
        }
        let is_name = |name: &str| {
            !name.trim().is_empty()
                && name.len() <= limits::NAME_BYTES
                && !name.chars().any(char::is_control)
        };
        let expected = format!("a name of 1 to {} bytes", limits::NAME_BYTES);
        if !is_name(&user) {
            return Err(FieldError::new("user", expected, "another text"));
        }
        if groups.len() > limits::DEVICE_LIST || !groups.iter().all(|group| is_name(group)) {
            let expected = format!("at most {} names", limits::DEVICE_LIST);
            return Err(FieldError::new("groups", expected, "another list"));
        }
        Ok(EnrollmentToken {
            id: drawn.id,
            digest: drawn.digest,
            user,
            family,
            groups,
            origin,
            made_by,
            made_at: now,
            expires_at: now.plus_ms(valid_ms),
            state: TokenState::Unused,
            refused: 0,
        })
    }

    /// Whether a device of that family may ask with it for policies: nothing is used up.
    ///
    /// # Errors
    /// Why not.
    pub fn check(&self, family: Family, now: Timestamp) -> Result<(), TokenFault> {
        if let TokenState::Withdrawn(_) = self.state {
            return Err(TokenFault::Withdrawn);
        }
        // A clock that was set back does not make it valid for longer.
        if now >= self.expires_at || now.ms_since(self.made_at) < -VALID_MS {
            return Err(TokenFault::Expired);
        }
        match self.family {
            Some(own) if own != family => Err(TokenFault::OtherFamily),
            _ => Ok(()),
        }
    }

    /// What a request that brings it gets.
    ///
    /// # Errors
    /// Why nothing.
    pub fn present(&self, asked: &TokenRequest, now: Timestamp) -> Result<TokenUse, TokenFault> {
        self.check(asked.family, now)?;
        match self.state {
            TokenState::Bound(key, request, enrollment) => {
                let is_same = (key, request) == (asked.key, asked.request);
                match is_same {
                    true => Ok(TokenUse::Repeated(enrollment)),
                    false => Err(TokenFault::Used),
                }
            }
            TokenState::Unused | TokenState::Withdrawn(_) => Ok(TokenUse::First),
        }
    }

    /// Binds it to the request that it was used with.
    #[must_use]
    pub(super) fn bound(self, asked: &TokenRequest, enrollment: EnrollmentId) -> Self {
        EnrollmentToken {
            state: TokenState::Bound(asked.key, asked.request, enrollment),
            ..self
        }
    }

    /// Withdraws it for `actor`.
    ///
    /// # Errors
    /// It could not be used any more anyhow.
    pub fn withdraw(self, actor: &str, now: Timestamp) -> Result<(Self, Event), Refusal> {
        let over = match self.state {
            _ if now >= self.expires_at => Some(TokenFault::Expired),
            TokenState::Withdrawn(_) => Some(TokenFault::Withdrawn),
            TokenState::Bound(..) | TokenState::Unused => None,
        };
        if let Some(fault) = over {
            return Err(Refusal::Conflict(fault.words().to_owned()));
        }
        let event = self.event(actor, EventType::EnrollmentTokenWithdrawn, now);
        let state = TokenState::Withdrawn(now);
        Ok((EnrollmentToken { state, ..self }, event))
    }

    /// It was refused for that reason: so often that is put on record, then it is withdrawn,
    /// so that one token cannot fill the log. `None` where it is over already.
    pub(super) fn refuse(
        &self,
        reason: &str,
        family: Family,
        now: Timestamp,
    ) -> Option<(Self, Event)> {
        if self.refused >= REFUSALS || now >= self.expires_at {
            return None;
        }
        let mut token = self.clone();
        token.refused += 1;
        // A token that was used still answers the request that it was used with.
        if token.refused >= REFUSALS && token.state == TokenState::Unused {
            token.state = TokenState::Withdrawn(now);
        }
        let mut event = Event::new(now, "server", None, EventType::EnrollmentRefused);
        event = event.enrollment(EnrollmentRecord {
            token: Some(self.id.to_string()),
            family: Some(family),
            reason: Some(reason.to_owned()),
            ..EnrollmentRecord::default()
        });
        Some((token, event))
    }

    /// What is logged as it is made.
    pub fn made(&self) -> Event {
        let what = match self.origin {
            TokenOrigin::Operator => EventType::EnrollmentTokenMade,
            TokenOrigin::SignIn(_) | TokenOrigin::Password => EventType::EnrollmentSignedIn,
        };
        self.event(&self.made_by, what, self.made_at)
    }

    fn event(&self, actor: &str, what: EventType, at: Timestamp) -> Event {
        Event::new(at, actor, None, what).enrollment(EnrollmentRecord {
            token: Some(self.id.to_string()),
            family: self.family,
            ..EnrollmentRecord::default()
        })
    }
}
