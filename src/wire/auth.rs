//! SyncML credentials (OMA DM Security 1.2.1, 5.3; B64 is standard base64, H is MD5):
//!
//! * Basic: `B64(user ":" password)`
//! * MD5: `B64(H(B64(H(user ":" password)) ":" nonce))`, the nonce as raw bytes.
//!
//! The third form, `syncml:auth-MAC`, is in [`super::mac`].

use std::fmt;

use base64::Engine as _;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};
use md5::{Digest, Md5};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;

use super::message::Chal;
use crate::limits;

/// Padding is there by the book and not always in the field.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Base64 without the white space that is ignored in it: encoders fold it into
/// lines (RFC 2045, 6.8).
pub(super) fn unfolded(text: &[u8]) -> Vec<u8> {
    let is_data = |byte: &u8| !byte.is_ascii_whitespace();
    text.iter().copied().filter(is_data).collect()
}

/// The bytes that base64 stands for, folded or not, padded or not; `None` where it
/// is no base64.
pub(super) fn from_base64(text: &str) -> Option<Vec<u8>> {
    LENIENT.decode(unfolded(text.as_bytes())).ok()
}

/// MD5 of `user:password`: all that is kept of a password, and a secret itself.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PasswordDigest(pub [u8; 16]);

impl PasswordDigest {
    /// The digest of these credentials.
    pub fn new(username: &str, password: &str) -> Self {
        let mut hasher = Md5::new();
        hasher.update(username);
        hasher.update(b":");
        hasher.update(password);
        PasswordDigest(hasher.finalize().into())
    }
}

impl fmt::Debug for PasswordDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// The types of credentials, as `Meta/Type` of Cred and Chal names them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum AuthType {
    /// `syncml:auth-basic`.
    Basic,
    /// `syncml:auth-md5`.
    Md5,
    /// `syncml:auth-MAC`, in an HTTP header instead of Cred.
    Mac,
}

impl AuthType {
    /// The name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            AuthType::Basic => "syncml:auth-basic",
            AuthType::Md5 => "syncml:auth-md5",
            AuthType::Mac => "syncml:auth-MAC",
        }
    }

    /// The type of that name, in any case, with white space around it.
    pub fn from_name(name: &str) -> Option<AuthType> {
        [AuthType::Basic, AuthType::Md5, AuthType::Mac]
            .into_iter()
            .find(|known| known.name().eq_ignore_ascii_case(name.trim()))
    }
}

/// The nonce that a challenge hands out, as raw bytes: `NextNonce` is base64
/// (Format `b64`, which some leave out), with padding or without. What is no
/// base64 is taken as it stands: public enrolment samples hand out `nonce`.
/// `None` where there is none, or it is longer than [`limits::NONCE_BYTES`].
pub fn next_nonce(chal: &Chal) -> Option<Vec<u8>> {
    let text = chal.next_nonce.as_deref()?.trim();
    let bytes = from_base64(text).unwrap_or_else(|| text.as_bytes().to_vec());
    (bytes.len() <= limits::NONCE_BYTES).then_some(bytes)
}

/// Basic credentials.
pub fn basic_cred(username: &str, password: &str) -> String {
    STANDARD.encode(format!("{username}:{password}"))
}

/// Whether Basic `data` is that user with the password of `digest`.
pub fn basic_matches(data: &str, username: &str, digest: &PasswordDigest) -> bool {
    let Some(plain) = from_base64(data) else {
        return false;
    };
    let name_fits = plain.split(|&byte| byte == b':').next() == Some(username.as_bytes());
    let came: [u8; 16] = Md5::digest(&plain).into();
    bool::from(came.ct_eq(&digest.0)) && name_fits
}

/// The MD5 digest that proves knowledge of the password for `nonce`.
pub fn md5_cred(digest: &PasswordDigest, nonce: &[u8]) -> String {
    STANDARD.encode(proof(digest, nonce))
}

/// Whether MD5 `data` is that proof.
pub fn md5_matches(data: &str, digest: &PasswordDigest, nonce: &[u8]) -> bool {
    from_base64(data).is_some_and(|came| bool::from(came.ct_eq(&proof(digest, nonce))))
}

fn proof(digest: &PasswordDigest, nonce: &[u8]) -> [u8; 16] {
    let mut hasher = Md5::new();
    hasher.update(STANDARD.encode(digest.0));
    hasher.update(b":");
    hasher.update(nonce);
    hasher.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From OMA DM Protocol 1.2.1, 9.4.2 (Bruce2), the others computed with
    /// openssl's md5 from the formula above, not with this code.
    #[test]
    fn known_answers() {
        let bruce = PasswordDigest::new("Bruce2", "OhBehave");
        assert_eq!(STANDARD.encode(bruce.0), "PtEdr8lBQ45IbT1bZIkrOQ==");
        let raw: Vec<u8> = (0xf0..=0xff).collect();
        for (user, password, nonce, answer) in [
            (
                "Bruce2",
                "OhBehave",
                &b"Nonce"[..],
                "Zz6EivR3yeaaENcRN6lpAQ==",
            ),
            (
                "Robert Jordan",
                "secret",
                b"Nonce",
                "/bcVQHHdJ6ujjOlsxBRSjg==",
            ),
            // Nonces that are no UTF-8, hold zeros, a colon, a line break; and none.
            ("user", "pass", &raw, "7q4KsKm+ht3nePdF+x5f2Q=="),
            (
                "user",
                "pass",
                b"\x00\x01:\x00\xff\n\r\"",
                "bO3effvaSno1c5i5HyGbjQ==",
            ),
            ("user", "pass", b"", "ODXSCqjigZg2oO37iz4tCA=="),
            (
                "user",
                "p\u{e4}ssw\u{f6}rd",
                b"Nonce",
                "vxH6XXz2NZL7iNOjMHXvSw==",
            ),
        ] {
            let digest = PasswordDigest::new(user, password);
            assert_eq!(md5_cred(&digest, nonce), answer);
            assert!(md5_matches(answer, &digest, nonce));
            let bare = answer.trim_end_matches('=');
            assert!(md5_matches(bare, &digest, nonce), "padding may be missing");
            let folded = format!("{}\r\n\t{}\n", &answer[..10], &answer[10..]);
            assert!(
                md5_matches(&folded, &digest, nonce),
                "and folded into lines"
            );
            assert!(!md5_matches(answer, &digest, b"stale"));
        }
        let user = PasswordDigest::new("user", "pass");
        assert!(
            !md5_matches("OkH0c2ObhDHHsqe79pxPjA==", &user, &raw),
            "the nonce through a string"
        );
        for (user, password, answer) in [
            ("Bruce2", "OhBehave", "QnJ1Y2UyOk9oQmVoYXZl"),
            ("user", "p\u{e4}ssw\u{f6}rd", "dXNlcjpww6Rzc3fDtnJk"),
        ] {
            assert_eq!(basic_cred(user, password), answer);
            let digest = PasswordDigest::new(user, password);
            assert!(basic_matches(answer, user, &digest));
        }
    }

    #[test]
    fn a_nonce_is_read_however_it_is_written() {
        let long = STANDARD.encode([7; limits::NONCE_BYTES + 1]);
        for (format, text, bytes) in [
            ("b64", "Tm9uY2U=", Some(&b"Nonce"[..])),
            ("b64", " Tm9uY2U ", Some(b"Nonce")),
            ("b64", "Tm9u\r\n  Y2U=\n", Some(b"Nonce")),
            ("", "Tm9uY2U=", Some(b"Nonce")),
            (
                "b64",
                "8PHy8/T19vf4+fr7/P3+/w==",
                Some(&[
                    0xf0, 0xf1, 0xf2, 0xf3, 0xf4, 0xf5, 0xf6, 0xf7, 0xf8, 0xf9, 0xfa, 0xfb, 0xfc,
                    0xfd, 0xfe, 0xff,
                ]),
            ),
            ("b64", "", Some(b"")),
            ("", "nonce", Some(b"nonce")),
            ("b64", &long, None),
        ] {
            let chal = Chal {
                kind: AuthType::Md5.name().to_owned(),
                format: format.to_owned(),
                next_nonce: Some(text.to_owned()),
            };
            assert_eq!(next_nonce(&chal).as_deref(), bytes, "{text}");
        }
    }

    #[test]
    fn basic_is_the_user_and_the_password() {
        let digest = PasswordDigest::new("user", "pa:ss");
        assert!(basic_matches(
            &STANDARD.encode("user:pa:ss"),
            "user",
            &digest
        ));
        for wrong in ["user:pass", "user", "", "other:pa:ss"] {
            assert!(
                !basic_matches(&STANDARD.encode(wrong), "user", &digest),
                "{wrong}"
            );
        }
        assert!(!basic_matches("***", "user", &digest));
    }
}
