//! Secrets at rest: AES-256-GCM-SIV, bound to where they lie.
//!
//! SIV, because nonces are random and there is no bound on how many rows one
//! key seals: a repeated nonce reveals no more than that two texts are equal.

use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM_SIV, Aad, Nonce, RandomizedNonceKey};
use aws_lc_rs::hmac;

/// The first byte of everything sealed: which key and form.
const VERSION: u8 = 1;
const NONCE: usize = 12;

/// What is sealed, and where it lies: a row moved elsewhere does not open.
#[derive(Debug, Clone, Copy)]
pub enum Place {
    /// A device's record.
    Record(u64),
    /// A device's kept reply.
    Reply(u64),
    /// A part of a command: device, number, part.
    Command(u64, u32, u32),
    /// The check of the key.
    KeyCheck,
    /// The kept answer to a write, by its number.
    Once(u64),
    /// A device's inventory.
    Inventory(u64),
    /// The URI of a device's push channel.
    ChannelUri(u64),
    /// A push profile, by its number.
    PushProfile(u64),
    /// A change of it: device, number.
    InventoryChange(u64, u32),
    /// A batch, by its place.
    Batch(u64),
}

impl Place {
    fn aad(self) -> [u8; 17] {
        let (kind, a, b, c) = match self {
            Place::Record(device) => (1, device, 0, 0),
            Place::Reply(device) => (2, device, 0, 0),
            Place::Command(device, seq, part) => (3, device, seq, part),
            Place::KeyCheck => (4, 0, 0, 0),
            Place::Once(number) => (7, number, 0, 0),
            Place::Inventory(device) => (5, device, 0, 0),
            Place::InventoryChange(device, number) => (6, device, number, 0),
            Place::ChannelUri(device) => (9, device, 0, 0),
            Place::PushProfile(number) => (10, number, 0, 0),
            Place::Batch(place) => (8, place, 0, 0),
        };
        let mut aad = [kind; 17];
        aad[1..9].copy_from_slice(&a.to_be_bytes());
        aad[9..13].copy_from_slice(&b.to_be_bytes());
        aad[13..].copy_from_slice(&c.to_be_bytes());
        aad
    }
}

/// Bytes that were not sealed with this key in this place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("what is sealed here was sealed with another key, or changed since")]
pub struct SealError;

/// The keys, all from the 32 bytes of `DIR/key`.
pub struct Keys {
    seal: RandomizedNonceKey,
    nonces: hmac::Key,
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keys(***)")
    }
}

impl Keys {
    /// The keys of this main key.
    pub fn from_bytes(main: &[u8; 32]) -> Result<Self, SealError> {
        let main = hmac::Key::new(hmac::HMAC_SHA256, main);
        let derived = |label: &[u8]| hmac::sign(&main, label);
        let seal = derived(b"modegate seal 1");
        let seal =
            RandomizedNonceKey::new(&AES_256_GCM_SIV, seal.as_ref()).map_err(|_| SealError)?;
        let nonces = hmac::Key::new(hmac::HMAC_SHA256, derived(b"modegate nonces 1").as_ref());
        Ok(Keys { seal, nonces })
    }

    /// Seals `plain` for `place`.
    pub fn seal(&self, place: Place, plain: &[u8]) -> Result<Vec<u8>, SealError> {
        let mut sealed = plain.to_vec();
        let nonce = self
            .seal
            .seal_in_place_append_tag(Aad::from(place.aad()), &mut sealed)
            .map_err(|_| SealError)?;
        let mut out = Vec::with_capacity(1 + NONCE + sealed.len());
        out.push(VERSION);
        out.extend_from_slice(nonce.as_ref());
        out.extend_from_slice(&sealed);
        Ok(out)
    }

    /// Opens what was sealed for `place`.
    pub fn open(&self, place: Place, sealed: &[u8]) -> Result<Vec<u8>, SealError> {
        let [VERSION, rest @ ..] = sealed else {
            return Err(SealError);
        };
        let (nonce, text) = rest.split_at_checked(NONCE).ok_or(SealError)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| SealError)?;
        let mut buffer = text.to_vec();
        let length = self
            .seal
            .open_in_place(nonce, Aad::from(place.aad()), &mut buffer)
            .map_err(|_| SealError)?
            .len();
        buffer.truncate(length);
        Ok(buffer)
    }

    /// The nonce of a SyncML challenge: derived, so that a challenge costs no write.
    pub fn nonce(&self, device: u64, count: u64) -> [u8; 16] {
        let mut input = [0; 16];
        input[..8].copy_from_slice(&device.to_be_bytes());
        input[8..].copy_from_slice(&count.to_be_bytes());
        let tag = hmac::sign(&self.nonces, &input);
        let mut nonce = [0; 16];
        nonce.copy_from_slice(&tag.as_ref()[..16]);
        nonce
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn what_is_sealed_opens_in_its_place_only() {
        let keys = Keys::from_bytes(&[7; 32]).unwrap();
        let sealed = keys.seal(Place::Command(1, 2, 3), b"secret").unwrap();
        assert_eq!(
            keys.open(Place::Command(1, 2, 3), &sealed).unwrap(),
            b"secret"
        );
        assert_eq!(keys.open(Place::Command(1, 2, 4), &sealed), Err(SealError));
        assert_eq!(
            Keys::from_bytes(&[8; 32])
                .unwrap()
                .open(Place::Command(1, 2, 3), &sealed),
            Err(SealError)
        );
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert_eq!(
                keys.open(Place::Command(1, 2, 3), &changed),
                Err(SealError),
                "byte {at}"
            );
            assert!(keys.open(Place::Command(1, 2, 3), &sealed[..at]).is_err());
        }
        assert_ne!(keys.nonce(1, 1), keys.nonce(1, 2));
    }
}
