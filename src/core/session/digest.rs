//! Digests that are kept in a device's state, and so must not change with the
//! toolchain: the first eight bytes of SHA-256, little-endian, over an encoding
//! that is defined here.

use sha2::{Digest as _, Sha256};

/// Collects what a digest is over. Every part says where it ends: texts and
/// lists begin with their length, numbers have eight bytes, little-endian.
pub(super) struct StableDigest(Sha256);

impl StableDigest {
    /// Over nothing yet but `domain`, which keeps digests of other things apart.
    pub(super) fn new(domain: &str) -> Self {
        let mut digest = StableDigest(Sha256::new());
        digest.text(domain);
        digest
    }

    /// Adds a text.
    pub(super) fn text(&mut self, text: &str) {
        self.number(text.len() as u64);
        self.0.update(text);
    }

    /// Adds a number.
    pub(super) fn number(&mut self, number: u64) {
        self.0.update(number.to_le_bytes());
    }

    /// Adds a list, with its length.
    pub(super) fn list<T>(&mut self, list: &[T], mut add: impl FnMut(&mut Self, &T)) {
        self.number(list.len() as u64);
        for one in list {
            add(self, one);
        }
    }

    /// Adds what may be missing.
    pub(super) fn optional<T>(&mut self, value: Option<T>, add: impl FnOnce(&mut Self, T)) {
        self.number(u64::from(value.is_some()));
        if let Some(value) = value {
            add(self, value);
        }
    }

    /// The digest.
    pub(super) fn finish(self) -> u64 {
        let bytes: [u8; 32] = self.0.finalize().into();
        let mut first = [0; 8];
        first.copy_from_slice(&bytes[..8]);
        u64::from_le_bytes(first)
    }
}
