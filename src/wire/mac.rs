//! `syncml:auth-MAC` (OMA DM Security 1.2.1, 5): the proof goes beside the message,
//! in the HTTP header `x-syncml-hmac: algorithm=MD5, username="…", mac=…`, and
//! covers the whole HTTP entity. With H = MD5 and B64 = standard base64:
//!
//! `mac = B64(H(B64(H(user ":" password)) ":" nonce ":" B64(H(entity))))`
//!
//! It is called HMAC there and is not the one of RFC 2104.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest, Md5};
use subtle::ConstantTimeEq;

use super::auth::{PasswordDigest, from_base64};

/// The HTTP header that carries a mac, in either direction.
pub const HEADER: &str = "x-syncml-hmac";
/// Longest header that is read, bytes: a name, 24 characters of mac, and room.
const HEADER_BYTES: usize = 1024;

/// MD5 of an HTTP entity, exactly the bytes that were sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EntityDigest([u8; 16]);

impl EntityDigest {
    /// The digest of `entity`.
    pub fn from_entity(entity: &[u8]) -> Self {
        EntityDigest(Md5::digest(entity).into())
    }
}

/// What one header says. The mac is good once, and prints as `***` all the same.
#[derive(Clone, PartialEq, Eq)]
pub struct Mac {
    /// `username`, the LocName of whoever sent it.
    pub username: String,
    /// `mac`, decoded.
    pub mac: Vec<u8>,
}

impl fmt::Debug for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mac")
            .field("username", &self.username)
            .field("mac", &"***")
            .finish()
    }
}

/// Why a header is no mac; it never shows what came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MacFault {
    /// Too long to be read.
    #[error("{HEADER}: expected at most {HEADER_BYTES} bytes, found {0}")]
    TooLong(usize),
    /// Not a list of parameters.
    #[error("{HEADER}: expected name=value, separated by commas")]
    Malformed,
    /// A parameter stands there twice.
    #[error("{HEADER}: expected each parameter once")]
    Twice,
    /// Another algorithm than MD5, the one that there is.
    #[error("{HEADER}: expected algorithm=MD5")]
    Algorithm,
    /// `username` or `mac` is not there.
    #[error("{HEADER}: expected username and mac")]
    Missing,
    /// The mac is not 16 bytes in base64.
    #[error("{HEADER}: expected mac to be 16 bytes in base64")]
    NotMac,
}

impl Mac {
    /// Reads a header's value: parameters in any order, quoted or not. `algorithm`
    /// may be left out and is MD5 then; what else stands there is ignored.
    pub fn parse(value: &str) -> Result<Mac, MacFault> {
        if value.len() > HEADER_BYTES {
            return Err(MacFault::TooLong(value.len()));
        }
        let (mut algorithm, mut username, mut mac) = (None, None, None);
        for (name, value) in parameters(value)? {
            let slot = match name.to_ascii_lowercase().as_str() {
                "algorithm" => &mut algorithm,
                "username" => &mut username,
                "mac" => &mut mac,
                _ => continue,
            };
            if slot.replace(value).is_some() {
                return Err(MacFault::Twice);
            }
        }
        if algorithm.is_some_and(|name| !name.eq_ignore_ascii_case("MD5")) {
            return Err(MacFault::Algorithm);
        }
        let (Some(username), Some(mac)) = (username, mac) else {
            return Err(MacFault::Missing);
        };
        let mac = from_base64(&mac).ok_or(MacFault::NotMac)?;
        if mac.len() != 16 {
            return Err(MacFault::NotMac);
        }
        Ok(Mac { username, mac })
    }

    /// Whether it proves knowledge of the password for `nonce` and this entity.
    /// Takes equally long wherever it differs.
    pub fn proves(&self, digest: &PasswordDigest, nonce: &[u8], entity: EntityDigest) -> bool {
        bool::from(self.mac.ct_eq(&mac(digest, nonce, entity)))
    }
}

/// The header's value by which `username` proves itself for this entity.
pub fn header(
    username: &str,
    digest: &PasswordDigest,
    nonce: &[u8],
    entity: EntityDigest,
) -> String {
    let name = username.replace('\\', "\\\\").replace('"', "\\\"");
    let mac = STANDARD.encode(mac(digest, nonce, entity));
    format!("algorithm=MD5, username=\"{name}\", mac={mac}")
}

fn mac(digest: &PasswordDigest, nonce: &[u8], entity: EntityDigest) -> [u8; 16] {
    let mut hasher = Md5::new();
    hasher.update(STANDARD.encode(digest.0));
    hasher.update(b":");
    hasher.update(nonce);
    hasher.update(b":");
    hasher.update(STANDARD.encode(entity.0));
    hasher.finalize().into()
}

/// `name=value` by commas, values quoted (with `\` before what is meant as
/// itself) or bare. A bare value may hold `=`, as base64 does.
fn parameters(mut text: &str) -> Result<Vec<(&str, String)>, MacFault> {
    let mut found = Vec::new();
    loop {
        text = text.trim_start_matches([' ', '\t', ',']);
        if text.is_empty() {
            return Ok(found);
        }
        let (name, rest) = text.split_once('=').ok_or(MacFault::Malformed)?;
        let rest = rest.trim_start();
        let (value, rest) = if let Some(quoted) = rest.strip_prefix('"') {
            unquote(quoted)?
        } else {
            let (value, rest) = rest.split_once(',').unwrap_or((rest, ""));
            (value.trim().to_owned(), rest)
        };
        found.push((name.trim(), value));
        text = rest;
    }
}

/// A quoted value behind its first quote, and what follows its last.
fn unquote(text: &str) -> Result<(String, &str), MacFault> {
    let mut value = String::new();
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => {
                let rest = text[at + 1..].trim_start();
                return match rest.strip_prefix(',') {
                    Some(rest) => Ok((value, rest)),
                    None if rest.is_empty() => Ok((value, rest)),
                    None => Err(MacFault::Malformed),
                };
            }
            '\\' => value.push(characters.next().ok_or(MacFault::Malformed)?.1),
            other => value.push(other),
        }
    }
    Err(MacFault::Malformed)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Computed with openssl's md5 from the formula above, not with this code.
    #[test]
    fn known_answers() {
        let raw: Vec<u8> = (0xf0..=0xff).collect();
        for (user, password, nonce, entity, mac) in [
            (
                "Robert Jordan",
                "secret",
                &b"Nonce"[..],
                "<SyncML/>",
                "tUijKcGEgS6t+IkYImTYSQ==",
            ),
            (
                "user",
                "pass",
                &raw[..],
                "<SyncML/>",
                "r2Xkrm2nIlR2Ya60v11uTw==",
            ),
            ("user", "pass", &b""[..], "", "/gvNBglCw/q2cKFpGKyr8w=="),
        ] {
            let digest = PasswordDigest::new(user, password);
            let entity = EntityDigest::from_entity(entity.as_bytes());
            let value = header(user, &digest, nonce, entity);
            assert_eq!(
                value,
                format!("algorithm=MD5, username=\"{user}\", mac={mac}")
            );
            let read = Mac::parse(&value).unwrap();
            assert!(read.proves(&digest, nonce, entity), "{user}");
            assert!(!read.proves(&digest, b"another nonce", entity));
            assert!(!read.proves(&digest, nonce, EntityDigest::from_entity(b"another body")));
            assert!(!read.proves(&PasswordDigest::new(user, "other"), nonce, entity));
        }
    }

    #[test]
    fn a_header_is_read_in_any_order_with_or_without_quotes() {
        const MAC: &str = "tUijKcGEgS6t+IkYImTYSQ";
        for text in [
            format!("algorithm=MD5, username=\"Robert Jordan\", mac={MAC}=="),
            format!("mac=\"{MAC}==\",username=\"Robert Jordan\",algorithm=\"md5\""),
            format!("username=Robert Jordan,mac={MAC}"),
            format!(
                "username=\"Robert Jordan\", mac=\"{} {}\t==\"",
                &MAC[..10],
                &MAC[10..]
            ),
            format!("  MAC = {MAC}== , Username=\"Robert \\Jordan\" , more=things,"),
        ] {
            let read = Mac::parse(&text).expect(&text);
            assert_eq!(
                (read.username.as_str(), read.mac.len()),
                ("Robert Jordan", 16),
                "{text}"
            );
        }
        let quoted = header(
            "a\"b\\c",
            &PasswordDigest::new("a", "b"),
            b"n",
            EntityDigest::from_entity(b""),
        );
        assert_eq!(Mac::parse(&quoted).unwrap().username, "a\"b\\c");
        assert!(!format!("{:?}", Mac::parse(&quoted).unwrap()).contains("mac=["));
    }

    #[test]
    fn what_is_no_mac_says_so() {
        let long = format!("username=a,mac={}", "A".repeat(2000));
        for (text, fault) in [
            ("", MacFault::Missing),
            ("mac=tUijKcGEgS6t+IkYImTYSQ==", MacFault::Missing),
            ("username=\"a\"", MacFault::Missing),
            (
                "username=\"a\" mac=tUijKcGEgS6t+IkYImTYSQ==",
                MacFault::Malformed,
            ),
            ("username=\"a", MacFault::Malformed),
            ("username", MacFault::Malformed),
            (
                "algorithm=SHA1,username=a,mac=tUijKcGEgS6t+IkYImTYSQ==",
                MacFault::Algorithm,
            ),
            ("username=a,mac=tUijKcGEgS6t", MacFault::NotMac),
            ("username=a,mac=***", MacFault::NotMac),
            (
                "username=a,username=b,mac=tUijKcGEgS6t+IkYImTYSQ==",
                MacFault::Twice,
            ),
            (&long, MacFault::TooLong(long.len())),
        ] {
            assert_eq!(Mac::parse(text).unwrap_err(), fault, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_name_comes_back_and_no_text_panics(name in "\\PC{1,40}", text in "\\PC{0,80}") {
            let value = header(&name, &PasswordDigest::new("u", "p"), b"n", EntityDigest::from_entity(b""));
            prop_assert_eq!(Mac::parse(&value).unwrap().username, name);
            let _ = Mac::parse(&text);
        }
    }
}
