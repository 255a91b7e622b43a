//! Who proves what: the tablet by Basic, MD5 or MAC, the server by MD5
//! (OMA DM Security 1.2.1, 5).

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest, Md5};

use super::message::ServerCred;

/// SyncML credentials of a tablet.
#[derive(Clone)]
pub struct Credentials {
    /// The user name.
    pub username: String,
    /// The password.
    pub password: String,
    /// MD5 with nonces; otherwise Basic.
    pub md5: bool,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("username", &self.username)
            .field("password", &"***")
            .field("md5", &self.md5)
            .finish()
    }
}

/// What a server must know to prove itself to a tablet.
#[derive(Debug, Clone)]
pub struct ServerCredentials {
    /// The name that it gives as `Source/LocName`.
    pub name: String,
    /// The password, printed nowhere.
    pub password: crate::secret::Secret,
    /// Whether nothing is done before the server has proved itself: commands
    /// are answered 407 (or 401) until then and must come again. Otherwise
    /// they are done, and the server is asked for the next message.
    pub strict: bool,
}

/// MD5 in base64.
fn digest(text: impl AsRef<[u8]>) -> String {
    STANDARD.encode(Md5::digest(text))
}

/// `B64(H(B64(H(user:password)):nonce))`, the nonce as raw bytes.
pub(super) fn md5(name: &str, password: &str, nonce: &[u8]) -> String {
    let inner = digest(format!("{name}:{password}"));
    digest([inner.as_bytes(), b":", nonce].concat())
}

/// Type and Data of a tablet's Cred.
pub(super) fn cred(credentials: &Credentials, nonce: &[u8]) -> (String, String) {
    let (name, password) = (&credentials.username, &credentials.password);
    if credentials.md5 {
        return ("syncml:auth-md5".to_owned(), md5(name, password, nonce));
    }
    (
        "syncml:auth-basic".to_owned(),
        STANDARD.encode(format!("{name}:{password}")),
    )
}

/// The header `x-syncml-hmac` over the exact bytes of a body.
pub(super) fn mac_header(credentials: &Credentials, nonce: &[u8], body: &[u8]) -> String {
    let (name, password) = (&credentials.username, &credentials.password);
    let inner = digest(format!("{name}:{password}"));
    let mac = digest([inner.as_bytes(), b":", nonce, b":", digest(body).as_bytes()].concat());
    format!("algorithm=MD5, username=\"{name}\", mac={mac}")
}

/// Whether a server's Cred is right for the nonce that it was given.
pub(super) fn is_right(cred: &ServerCred, server: &ServerCredentials, nonce: &[u8]) -> bool {
    let expected = md5(&server.name, server.password.reveal(), nonce);
    cred.kind.eq_ignore_ascii_case("syncml:auth-md5")
        && cred.name == server.name
        && cred.data == expected
}

/// A new nonce of 16 bytes.
pub(super) fn fresh_nonce() -> Vec<u8> {
    uuid::Uuid::new_v4().as_bytes().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_known_answers_come_out() {
        assert_eq!(
            md5("Bruce2", "OhBehave", b"Nonce"),
            "Zz6EivR3yeaaENcRN6lpAQ=="
        );
        let nonce: Vec<u8> = (0xF0..=0xFF).collect();
        assert_eq!(md5("user", "pass", &nonce), "7q4KsKm+ht3nePdF+x5f2Q==");
        let credentials = Credentials {
            username: "Robert Jordan".into(),
            password: "secret".into(),
            md5: true,
        };
        assert_eq!(
            mac_header(&credentials, b"Nonce", b"<SyncML/>"),
            "algorithm=MD5, username=\"Robert Jordan\", mac=tUijKcGEgS6t+IkYImTYSQ=="
        );
    }
}
