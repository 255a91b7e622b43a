//! Sessions of people in a browser: who is signed in to the console or to the portal, and
//! when that ends. Pure: the time is an argument, and the key of a session never gets here,
//! only its digest.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::ids::IdError;
use crate::named::named;
use crate::refusal::Refusal;
use crate::time::Timestamp;
use crate::tokens::person::{Person, PersonId};
use crate::tokens::{Role, TokenId};

/// Most sessions at once: each costs a row, and a reader of them all sees so many.
pub const SESSIONS: u64 = 10_000;
/// Most sessions of one subject, so that nobody uses up those of all: a further one ends the
/// one that was used longest ago.
pub const SESSIONS_OF_SUBJECT: u64 = 50;
/// How often at most it is written down that a session is in use, milliseconds.
const SEEN_EVERY_MS: i64 = 5 * 60 * 1000;

named! {
    /// What a session is signed in to.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
    pub enum Surface by eq {
        /// The operator's and auditor's console.
        Console = "console",
        /// The portal of a tablet's user.
        Portal = "portal",
    }
}

/// A session's public id: what a list shows and what ends one. It opens nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct WebSessionId(pub Uuid);

impl fmt::Display for WebSessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.simple())
    }
}

impl FromStr for WebSessionId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let wrong = |_| IdError::new("a session id (32 hexadecimal digits)");
        Uuid::try_parse(text).map(WebSessionId).map_err(wrong)
    }
}

/// SHA-256 of a session's key, which the browser alone has. The key is 32 random bytes, so
/// there is nothing to guess and a slow hash would protect nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct SessionDigest(pub [u8; 32]);

impl SessionDigest {
    /// The digest of a key, as the cookie holds it.
    pub fn from_key(key: &str) -> Self {
        SessionDigest(Sha256::digest(key).into())
    }
}

/// Who is signed in, without a name: what all sessions of somebody have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Subject {
    /// Whoever signed in with this token. When it is revoked, so are its sessions.
    Token(TokenId),
    /// A person whom a one-time link, an identity provider or a proxy named.
    Person(PersonId),
}

impl Subject {
    /// What its sessions are found by: a kind and 16 bytes.
    pub fn to_bytes(self) -> [u8; 17] {
        let (kind, id) = match self {
            Subject::Token(id) => (0, *id.0.as_bytes()),
            Subject::Person(id) => (1, id.to_bytes()),
        };
        let mut bytes = [kind; 17];
        bytes[1..].copy_from_slice(&id);
        bytes
    }
}

impl Subject {
    /// Its name in an address: its kind and its id.
    pub fn name(self) -> String {
        match self {
            Subject::Token(id) => format!("token-{id}"),
            Subject::Person(id) => format!("person-{id}"),
        }
    }
}

impl FromStr for Subject {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let wrong = || IdError::new("token- or person- and 32 hexadecimal digits");
        let (kind, id) = text.split_once('-').ok_or_else(wrong)?;
        let id = Uuid::try_parse(id).map_err(|_| wrong())?;
        match kind {
            "token" => Ok(Subject::Token(TokenId(id))),
            "person" => Ok(Subject::Person(PersonId::from(id.into_bytes()))),
            _ => Err(wrong()),
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Subject::Token(id) => id.fmt(f),
            Subject::Person(id) => id.fmt(f),
        }
    }
}

/// A session as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebSession {
    /// Its id.
    pub id: WebSessionId,
    /// The digest of its key.
    pub key: SessionDigest,
    /// What it is signed in to.
    pub surface: Surface,
    /// Who is signed in.
    pub subject: Subject,
    /// How pages name them.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// The groups that they are bound to. Without it, all devices.
    pub groups: Option<Vec<String>>,
    /// The person for whom the session acts, if for one.
    pub person: Option<Person>,
    /// The tag of the language that was chosen, such as `de`, if one was.
    pub language: Option<String>,
    /// When it began.
    pub made_at: Timestamp,
    /// When somebody used it last; a page that looks for news by itself is no use.
    pub seen_at: Timestamp,
    /// When it ends at the latest.
    pub ends_at: Timestamp,
    /// After how long without use it ends before, milliseconds.
    pub idle_ms: i64,
}

impl WebSession {
    /// When it ends if nobody uses it from now on.
    pub fn ends_unused_at(&self) -> Timestamp {
        self.seen_at.plus_ms(self.idle_ms).min(self.ends_at)
    }

    /// Whether it is taken at `now`.
    pub fn is_live(&self, now: Timestamp) -> bool {
        now < self.ends_unused_at()
    }

    /// Whether its use at `now` is to be written down. What is kept is behind by five minutes
    /// at most, or by a sixth of a short idle time.
    pub fn is_seen_anew(&self, now: Timestamp) -> bool {
        now.ms_since(self.seen_at) >= SEEN_EVERY_MS.min(self.idle_ms / 6)
    }

    /// How the log names who uses it: events stay for ever, and no name belongs there.
    pub fn actor(&self) -> String {
        format!("{}:{}", self.surface.name(), self.subject)
    }
}

/// Whether there may be one more session besides `count` that have not ended.
///
/// # Errors
/// There are as many as there may be.
pub fn check_room(count: u64) -> Result<(), Refusal> {
    if count < SESSIONS {
        return Ok(());
    }
    let why = format!(
        "{count} people are signed in, the most that may be at once; end sessions that are not in use, or wait until some end by themselves"
    );
    Err(Refusal::Conflict(why))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use super::*;

    const MINUTE: i64 = 60_000;
    const HOUR: i64 = 60 * MINUTE;

    fn session(idle_ms: i64, whole_ms: i64) -> WebSession {
        WebSession {
            id: WebSessionId(Uuid::nil()),
            key: SessionDigest::from_key("key"),
            surface: Surface::Console,
            subject: Subject::Token(TokenId(Uuid::max())),
            name: "Ann".into(),
            role: Role::Operator,
            groups: None,
            person: None,
            language: None,
            made_at: Timestamp(0),
            seen_at: Timestamp(0),
            ends_at: Timestamp(whole_ms),
            idle_ms,
        }
    }

    #[test]
    fn a_subject_is_found_by_its_name() {
        let person = Subject::Person(PersonId::from([7; 16]));
        for subject in [Subject::Token(TokenId(Uuid::max())), person] {
            assert_eq!(subject.name().parse::<Subject>().ok(), Some(subject));
        }
        for wrong in [
            "",
            "token-",
            "person",
            "group-00000000000000000000000000000000",
        ] {
            assert!(wrong.parse::<Subject>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn it_ends_by_rest_or_by_age() {
        let mut console = session(30 * MINUTE, 8 * HOUR);
        assert!(console.is_live(Timestamp(30 * MINUTE - 1)));
        assert!(!console.is_live(Timestamp(30 * MINUTE)));
        console.seen_at = Timestamp(8 * HOUR - MINUTE);
        assert!(console.is_live(Timestamp(8 * HOUR - 1)));
        assert!(!console.is_live(Timestamp(8 * HOUR)));
    }

    #[test]
    fn its_use_is_written_down_every_five_minutes_at_most() {
        for (idle_ms, every_ms) in [
            (12 * HOUR, 5 * MINUTE),
            (30 * MINUTE, 5 * MINUTE),
            (6 * MINUTE, MINUTE),
        ] {
            let session = session(idle_ms, 24 * HOUR);
            assert!(!session.is_seen_anew(Timestamp(every_ms - 1)));
            assert!(session.is_seen_anew(Timestamp(every_ms)));
        }
    }

    #[test]
    fn the_log_names_an_id_and_no_name() {
        let mut session = session(1, 1);
        assert_eq!(session.actor(), "console:ffffffffffffffffffffffffffffffff");
        session.surface = Surface::Portal;
        let ann = Person {
            user: "Ann@contoso.test".into(),
            devices: Vec::new(),
        };
        session.subject = Subject::Person(ann.id());
        let actor = session.actor();
        let digits = actor.strip_prefix("portal:").unwrap();
        assert!(digits.len() == 32 && digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
    }

    #[test]
    fn a_token_and_a_person_are_never_the_same_subject() {
        let person = Person {
            user: "ann".into(),
            devices: Vec::new(),
        };
        let same = TokenId(Uuid::from_bytes(person.id().to_bytes()));
        let (token, person) = (Subject::Token(same), Subject::Person(person.id()));
        assert_ne!(token.to_bytes(), person.to_bytes());
    }

    #[test]
    fn there_is_a_most() {
        assert_eq!(check_room(SESSIONS - 1), Ok(()));
        let refused = check_room(SESSIONS);
        assert!(matches!(refused, Err(Refusal::Conflict(why)) if why.contains("10000")));
    }

    proptest! {
        #[test]
        fn use_only_prolongs_and_never_past_the_end(
            idle in 1..HOUR, whole in 1..24 * HOUR, seen in 0..24 * HOUR, later in 0..24 * HOUR,
        ) {
            let mut session = session(idle, whole);
            session.seen_at = Timestamp(seen.min(later));
            let before = session.ends_unused_at();
            session.seen_at = Timestamp(seen.max(later));
            prop_assert!(before <= session.ends_unused_at());
            prop_assert!(session.ends_unused_at() <= session.ends_at);
            prop_assert!(!session.is_live(session.ends_at));
        }
    }
}
