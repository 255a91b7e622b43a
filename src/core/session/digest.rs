//! Digests that are kept in a device's state, and so must not change with the
//! toolchain: the first eight bytes of SHA-256, little-endian, over an encoding
//! that is defined here.

use sha2::{Digest as _, Sha256};

use crate::context::Family;
use crate::event::{ProofRecord, TouchedBy};

/// Collects what a digest is over, so that no two things read the same: behind a
/// text stands 0xff, which no UTF-8 holds; a list begins with its length; numbers
/// have four bytes, little-endian.
pub(super) struct StableDigest(Sha256);

impl StableDigest {
    /// Over nothing yet but `subject`, which keeps digests of other things apart.
    pub(super) fn new(subject: &str) -> Self {
        let mut digest = StableDigest(Sha256::new());
        digest.text(subject);
        digest
    }

    /// Adds a text.
    pub(super) fn text(&mut self, text: &str) {
        self.0.update(text);
        self.0.update([0xff]);
    }

    /// Adds one byte.
    pub(super) fn byte(&mut self, byte: u8) {
        self.0.update([byte]);
    }

    /// Adds a number.
    pub(super) fn number(&mut self, number: u32) {
        self.0.update(number.to_le_bytes());
    }

    /// Adds a list, with its length.
    pub(super) fn list<T>(&mut self, list: &[T], mut add: impl FnMut(&mut Self, &T)) {
        // What is kept of a device has bounds far below this.
        self.number(u32::try_from(list.len()).unwrap_or(u32::MAX));
        for one in list {
            add(self, one);
        }
    }

    /// Adds what a command touched.
    pub(super) fn touched(&mut self, late: &TouchedBy) {
        self.number(late.command);
        self.list(&late.touched.leaves, |digest, leaf| {
            digest.byte(leaf.verb as u8);
            digest.byte(leaf.kind as u8);
            digest.byte(leaf.class.0);
        });
        self.list(&late.touched.unknown, |digest, step| {
            digest.text(&step.verb);
            digest.text(&step.loc_uri);
        });
        self.byte(u8::from(late.touched.partial));
        self.optional(late.touched.app.as_deref(), StableDigest::text);
    }

    /// Adds what may be missing.
    pub(super) fn optional<T>(&mut self, value: Option<T>, add: impl FnOnce(&mut Self, T)) {
        self.byte(u8::from(value.is_some()));
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

/// A digest of how a device proved who it is.
pub(super) fn of_proof(proof: &ProofRecord) -> u64 {
    let mut digest = StableDigest::new("proof");
    digest.text(proof.by.name());
    digest.optional(proof.certificate_sha256.as_deref(), StableDigest::text);
    digest.finish()
}

/// A digest of what of a device's record decides.
pub(super) fn of_subject(family: Family, groups: &[String]) -> u64 {
    let mut digest = StableDigest::new("subject");
    digest.text(family.name());
    digest.list(groups, |digest, group| digest.text(group));
    digest.finish()
}
