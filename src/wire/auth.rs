//! SyncML credentials (OMA DM Security 1.2.1, 5.3; B64 is standard base64, H is MD5):
//!
//! * Basic: `B64(user ":" password)`
//! * MD5: `B64(H(B64(H(user ":" password)) ":" nonce))`, the nonce as raw bytes.

use std::fmt;

use base64::Engine as _;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};
use md5::{Digest, Md5};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;

/// Padding is there by the book and not always in the field.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

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

/// Whether Basic `data` is that user with the password of `digest`.
pub fn basic_matches(data: &str, username: &str, digest: &PasswordDigest) -> bool {
    let Ok(plain) = LENIENT.decode(data.trim()) else {
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
    LENIENT
        .decode(data.trim())
        .is_ok_and(|came| bool::from(came.ct_eq(&proof(digest, nonce))))
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

    #[test]
    fn known_answers() {
        let bruce = PasswordDigest::new("Bruce2", "OhBehave");
        assert_eq!(STANDARD.encode(bruce.0), "PtEdr8lBQ45IbT1bZIkrOQ==");
        assert_eq!(
            md5_cred(&bruce, b"Nonce"),
            "Zz6EivR3yeaaENcRN6lpAQ==",
            "OMA DM Protocol 1.2.1, 9.4.2"
        );
        let raw: Vec<u8> = (0xf0..=0xff).collect();
        let user = PasswordDigest::new("user", "pass");
        assert_eq!(
            md5_cred(&user, &raw),
            "7q4KsKm+ht3nePdF+x5f2Q==",
            "a nonce that is no UTF-8"
        );
        assert!(
            md5_matches("7q4KsKm+ht3nePdF+x5f2Q", &user, &raw),
            "padding may be missing"
        );
        assert!(
            !md5_matches("OkH0c2ObhDHHsqe79pxPjA==", &user, &raw),
            "the nonce through a string"
        );
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
