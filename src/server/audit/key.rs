//! The key that signs checkpoints: a seed of its own, so that a rotation of the main key
//! leaves it.
//!
//! While a key is changed the old one lies beside it (`audit-key.old`) and signs too.

use std::fs;
use std::path::{Path, PathBuf};

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};

use super::error::OpenError;
use crate::config::Settings;
use crate::key_file::{KeyFileError, is_there, make_key, read_key};
use modegate_core::tlog::note::{PUBLIC_KEY_BYTES, SIGNATURE_BYTES};
use modegate_store::private_file::{beside, sync_directory};

/// The file of the audit key in a data directory.
pub(crate) const AUDIT_KEY_FILE: &str = "audit-key";

/// An Ed25519 key that signs.
#[derive(Debug)]
pub struct SigningKey {
    pair: Ed25519KeyPair,
    public: [u8; PUBLIC_KEY_BYTES],
}

impl SigningKey {
    /// From its seed; `None` where the library refuses it.
    pub fn from_seed(seed: &[u8; 32]) -> Option<Self> {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed).ok()?;
        let public = pair.public_key().as_ref().try_into().ok()?;
        Some(SigningKey { pair, public })
    }

    /// The public key.
    pub fn public(&self) -> &[u8; PUBLIC_KEY_BYTES] {
        &self.public
    }

    /// The signature of a message.
    pub fn sign(&self, message: &[u8]) -> [u8; SIGNATURE_BYTES] {
        let signature = self.pair.sign(message);
        // Ed25519 signatures have 64 bytes (RFC 8032).
        let bytes = <[u8; SIGNATURE_BYTES]>::try_from(signature.as_ref());
        bytes.expect("an Ed25519 signature has 64 bytes")
    }
}

/// Where the audit key is.
#[derive(Debug, Clone)]
pub struct KeyFile(PathBuf);

impl KeyFile {
    /// The file that the settings name, else that of the data directory.
    pub fn from_settings(settings: &Settings) -> Self {
        let own = || settings.data.join(AUDIT_KEY_FILE);
        KeyFile(settings.audit.key_file.clone().unwrap_or_else(own))
    }

    /// At this path.
    pub fn at(path: impl Into<PathBuf>) -> Self {
        KeyFile(path.into())
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The key; made when it is not there, where `may_make`.
    ///
    /// # Errors
    /// It is missing or no key.
    pub fn open(&self, may_make: bool) -> Result<SigningKey, OpenError> {
        if !is_there(&self.0) {
            if !may_make {
                return Err(OpenError::MissingKey(self.0.clone()));
            }
            make_key(&self.0)?;
        }
        read(&self.0)
    }

    /// The key that was in force before, if it is kept.
    pub(super) fn old(&self) -> Result<Option<SigningKey>, OpenError> {
        let path = beside(&self.0, ".old");
        is_there(&path).then(|| read(&path)).transpose()
    }

    /// Puts a new key in place of the one in force, which is kept beside it. At no time is
    /// there no key. The next start puts the change on record.
    pub fn change(&self) -> Result<(), OpenError> {
        let failed = |error| KeyFileError::File(self.0.clone(), error);
        let (old, next) = (beside(&self.0, ".old"), beside(&self.0, ".next"));
        read(&self.0)?;
        make_key(&next)?;
        if is_there(&old) {
            fs::remove_file(&old).map_err(failed)?;
        }
        fs::hard_link(&self.0, &old).map_err(failed)?;
        fs::rename(&next, &self.0)
            .and_then(|()| sync_directory(&self.0))
            .map_err(failed)?;
        Ok(())
    }
}

fn read(path: &Path) -> Result<SigningKey, OpenError> {
    let seed = read_key(path)?;
    let wrong = || OpenError::Seed(path.to_owned());
    SigningKey::from_seed(&seed).ok_or_else(wrong)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// RFC 8032, section 7.1, test 2.
    #[test]
    fn a_key_signs_as_published() {
        let hex = |text: &str| data_encoding::HEXLOWER.decode(text.as_bytes()).unwrap();
        let seed = hex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb");
        let key = SigningKey::from_seed(&seed.try_into().unwrap()).unwrap();
        let public = "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c";
        assert_eq!(key.public().as_slice(), hex(public));
        let signature = "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da\
                         085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00";
        assert_eq!(key.sign(&[0x72]).as_slice(), hex(signature));
    }

    #[test]
    fn a_key_is_made_once_and_changed_without_a_gap() {
        let dir = tempfile::tempdir().unwrap();
        let file = KeyFile::at(dir.path().join("audit-key"));
        let missing = file.open(false).unwrap_err();
        assert!(matches!(missing, OpenError::MissingKey(_)));
        let first = *file.open(true).unwrap().public();
        assert_eq!(file.open(true).unwrap().public(), &first);
        assert!(file.old().unwrap().is_none());
        for _ in 0..2 {
            let before = *file.open(false).unwrap().public();
            file.change().unwrap();
            assert_ne!(file.open(false).unwrap().public(), &before);
            assert_eq!(file.old().unwrap().unwrap().public(), &before);
        }
    }
}
