//! Who is signed in. A session's key is 32 random bytes in a cookie; the server keeps its
//! digest. What forms must send back is worked out of the key, which no other site can read.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use crate::config::WebSettings;
use modegate_core::time::Timestamp;
use modegate_core::tokens::Token;
use modegate_pages::shell::Site;
use modegate_pages::words::Language;

/// Most sessions at once.
const MOST: usize = 10_000;
const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;

/// When sessions of a site end, milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ends {
    console_idle: i64,
    console: i64,
    portal_idle: i64,
    portal: i64,
}

impl Ends {
    /// As the settings have them.
    pub fn from_settings(settings: &WebSettings) -> Self {
        Ends {
            console_idle: i64::from(settings.console_idle_minutes) * MINUTE,
            console: i64::from(settings.console_hours) * HOUR,
            portal_idle: i64::from(settings.portal_idle_hours) * HOUR,
            portal: i64::from(settings.portal_days) * 24 * HOUR,
        }
    }
}

/// The key of a session or of a sign-in under way, as its cookie holds it.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct SessionKey(String);

impl SessionKey {
    /// This text, if it has the form of a key.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        (text.len() == 64 && text.bytes().all(is_digit)).then(|| SessionKey(text.to_owned()))
    }

    /// A new one: 32 random bytes from the system.
    pub(crate) fn random() -> Self {
        let mut bytes = [0_u8; 32];
        // The system's generator does not fail once the machine is up.
        aws_lc_rs::rand::fill(&mut bytes).expect("the system's random numbers");
        SessionKey(data_encoding::HEXLOWER.encode(&bytes))
    }

    /// That of nobody: no session has it.
    pub(crate) fn none() -> Self {
        SessionKey(String::new())
    }

    /// Its text, for the cookie.
    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }

    fn digest(&self) -> [u8; 32] {
        Sha256::digest(&self.0).into()
    }

    /// What forms of this session send back.
    pub(crate) fn csrf(&self) -> String {
        let digest = Sha256::digest(format!("form of {}", self.0));
        data_encoding::HEXLOWER.encode(&digest[..16])
    }

    /// Whether a form sent that back, in a time that does not tell how much of it is right.
    pub(crate) fn is_csrf(&self, sent: &str) -> bool {
        bool::from(self.csrf().as_bytes().ct_eq(sent.as_bytes()))
    }
}

impl std::fmt::Debug for SessionKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SessionKey(***)")
    }
}

/// Somebody who is signed in.
#[derive(Debug, Clone)]
pub(crate) struct Session {
    /// Its id, which the log may name.
    pub(crate) id: uuid::Uuid,
    /// The site.
    pub(crate) site: Site,
    /// What it may do.
    pub(crate) token: Arc<Token>,
    /// Whether the token is one of the API, whose revocation ends the session.
    pub(crate) by_token: bool,
    /// How the log names it.
    pub(crate) actor: String,
    /// How pages name it.
    pub(crate) name: String,
    /// The language that was chosen.
    pub(crate) language: Option<Language>,
    /// When it began.
    pub(crate) made_at: Timestamp,
    /// When it was last used.
    pub(crate) seen_at: Timestamp,
}

/// All sessions of one server.
pub struct Sessions {
    ends: Ends,
    table: RwLock<HashMap<[u8; 32], Session>>,
}

impl Sessions {
    /// None yet.
    pub fn new(ends: Ends) -> Self {
        Sessions {
            ends,
            table: RwLock::default(),
        }
    }

    /// Keeps a session; `false` where there are too many.
    pub(crate) fn begin(&self, key: &SessionKey, session: Session) -> bool {
        let now = session.made_at;
        let mut table = self.table.write().unwrap_or_else(PoisonError::into_inner);
        if table.len() >= MOST {
            table.retain(|_, session| !self.has_ended(session, now));
        }
        let has_place = table.len() < MOST;
        if has_place {
            table.insert(key.digest(), session);
        }
        has_place
    }

    /// The session with this key, if it has not ended.
    pub(crate) fn find(&self, key: &SessionKey, now: Timestamp) -> Option<Session> {
        let table = self.table.read().unwrap_or_else(PoisonError::into_inner);
        let session = table.get(&key.digest())?;
        (!self.has_ended(session, now)).then(|| session.clone())
    }

    /// The session was used: by a person, not by a page that looks for news.
    pub(crate) fn used(&self, key: &SessionKey, now: Timestamp) {
        let mut table = self.table.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(session) = table.get_mut(&key.digest()) {
            session.seen_at = now;
        }
    }

    /// The person chose a language.
    pub(crate) fn speak(&self, key: &SessionKey, language: Language) {
        let mut table = self.table.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(session) = table.get_mut(&key.digest()) {
            session.language = Some(language);
        }
    }

    /// Ends a session.
    pub(crate) fn end(&self, key: &SessionKey) {
        let mut table = self.table.write().unwrap_or_else(PoisonError::into_inner);
        table.remove(&key.digest());
    }

    fn has_ended(&self, session: &Session, now: Timestamp) -> bool {
        let (idle, whole) = match session.site {
            Site::Console => (self.ends.console_idle, self.ends.console),
            Site::Portal => (self.ends.portal_idle, self.ends.portal),
        };
        now.ms_since(session.seen_at) >= idle || now.ms_since(session.made_at) >= whole
    }
}
