//! The key of a session: 32 random bytes in a cookie, of which the server keeps the digest. What
//! forms must send back is worked out of the key, which no other site can read.

use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use modegate_core::web_session::SessionDigest;

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

    /// What the server keeps of it.
    pub(crate) fn digest(&self) -> SessionDigest {
        SessionDigest::from_key(&self.0)
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
