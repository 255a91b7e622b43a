//! Secrets at rest: AES-256-GCM-SIV, bound to where they lie.
//!
//! SIV, because nonces are random and there is no bound on how many rows one
//! key seals: a repeated nonce reveals no more than that two texts are equal.

use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM_SIV, Aad, Nonce, RandomizedNonceKey};
use aws_lc_rs::hmac;

/// The number of the first key that a database is made with. The first byte of
/// everything sealed is the number of its key; 0 is never one.
const FIRST: u8 = 1;
const NONCE: usize = 12;

/// What is sealed, and where it lies: a row moved elsewhere does not open.
#[derive(Debug, Clone, Copy)]
pub enum SealContext {
    /// A device's record.
    Record(u64),
    /// A device's kept reply.
    Reply(u64),
    /// A part of a command: device, number, part.
    Command(u64, u32, u32),
    /// The check of the key.
    KeyCheck,
    /// The kept answer to a write, by its number.
    StoredResponse(u64),
    /// A part of a device's inventory: device, number.
    Inventory(u64, u32),
    /// The URI of a device's push channel.
    ChannelUri(u64),
    /// A push profile, by its number.
    PushProfile(u64),
    /// A change of it: device, number.
    InventoryChange(u64, u32),
    /// A batch, by its place.
    Batch(u64),
    /// An app of the catalogue, by its number.
    App(u64),
    /// A webhook, by its number.
    Webhook(u64),
    /// A session in a browser, by its number.
    WebSession(u64),
    /// A one-time link to the portal, by its number.
    PortalLink(u64),
    /// An enrollment, by its number.
    Enrollment(u64),
    /// A one-time token for an enrollment, by its number.
    EnrollmentToken(u64),
    /// A certification authority of enrollment, by its number.
    EnrollmentAuthority(u64),
    /// The secrets of a form that was not sent for good yet, for the session with this id.
    Form(u128),
    /// A sign-in under way, in what the identity provider passes back.
    SignIn,
    /// A place in a list, for the token with this id.
    Cursor(CursorList, u128),
}

/// A list whose places count what not everybody may see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CursorList {
    /// The devices.
    Devices,
    /// The events of all devices.
    Events,
    /// The batches.
    Batches,
    /// The alerts.
    Alerts,
    /// The devices in the order of their names.
    DeviceNames,
}

impl SealContext {
    fn aad(self) -> [u8; 17] {
        let part = |id: u128, shift: u32| (id >> shift) as u32;
        let (kind, a, b, c) = match self {
            SealContext::Record(device) => (1, device, 0, 0),
            SealContext::Reply(device) => (2, device, 0, 0),
            SealContext::Command(device, seq, part) => (3, device, seq, part),
            SealContext::KeyCheck => (4, 0, 0, 0),
            SealContext::StoredResponse(number) => (7, number, 0, 0),
            SealContext::Inventory(device, part) => (5, device, part, 0),
            SealContext::InventoryChange(device, number) => (6, device, number, 0),
            SealContext::ChannelUri(device) => (9, device, 0, 0),
            SealContext::PushProfile(number) => (10, number, 0, 0),
            SealContext::Batch(place) => (8, place, 0, 0),
            SealContext::App(number) => (20, number, 0, 0),
            SealContext::Webhook(number) => (21, number, 0, 0),
            SealContext::WebSession(number) => (26, number, 0, 0),
            SealContext::PortalLink(number) => (27, number, 0, 0),
            SealContext::Enrollment(number) => (41, number, 0, 0),
            SealContext::EnrollmentToken(number) => (42, number, 0, 0),
            SealContext::EnrollmentAuthority(number) => (43, number, 0, 0),
            SealContext::Cursor(list, token) => {
                let kind = match list {
                    CursorList::Devices => 22,
                    CursorList::Events => 23,
                    CursorList::Batches => 24,
                    CursorList::Alerts => 25,
                    CursorList::DeviceNames => 30,
                };
                (kind, (token >> 64) as u64, part(token, 32), part(token, 0))
            }
            SealContext::SignIn => (31, 0, 0, 0),
            SealContext::Form(session) => {
                let first = (session >> 64) as u64;
                (28, first, part(session, 32), part(session, 0))
            }
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
#[error("could not decrypt: sealed with another key, or modified since")]
pub struct SealError;

/// The keys, all from the 32 bytes of `DIR/key`; two of them while the key is changed.
///
/// Which number a key has is known from the database ([`Keys::numbered`]): a key
/// file holds no number.
pub struct Keys {
    current: Key,
    /// The key that takes over: what is sealed from now on is sealed with it.
    next: Option<Key>,
}

struct Key {
    number: u8,
    seal: RandomizedNonceKey,
    nonces: hmac::Key,
    names: hmac::Key,
}

fn first_half(tag: &hmac::Tag) -> [u8; 16] {
    let mut half = [0; 16];
    half.copy_from_slice(&tag.as_ref()[..16]);
    half
}

/// The number of the key that follows the one of this number: never 0.
fn following(number: u8) -> u8 {
    number.checked_add(1).unwrap_or(FIRST)
}

/// The number of the key that this one follows.
fn preceding(number: u8) -> u8 {
    if number <= FIRST { u8::MAX } else { number - 1 }
}

impl Key {
    fn new(main: &[u8; 32], number: u8) -> Result<Self, SealError> {
        let main = hmac::Key::new(hmac::HMAC_SHA256, main);
        let derived = |label: &[u8]| hmac::sign(&main, label);
        let seal = derived(b"modegate seal 1");
        let seal =
            RandomizedNonceKey::new(&AES_256_GCM_SIV, seal.as_ref()).map_err(|_| SealError)?;
        let nonces = hmac::Key::new(hmac::HMAC_SHA256, derived(b"modegate nonces 1").as_ref());
        let names = hmac::Key::new(hmac::HMAC_SHA256, derived(b"modegate names 1").as_ref());
        Ok(Key {
            number,
            seal,
            nonces,
            names,
        })
    }

    fn name_tag(&self, name: &str) -> [u8; 16] {
        first_half(&hmac::sign(&self.names, name.as_bytes()))
    }

    /// Opens what this key sealed, whatever number it was sealed under.
    fn open(&self, place: SealContext, sealed: &[u8]) -> Result<Vec<u8>, SealError> {
        let (nonce, text) = sealed
            .get(1..)
            .and_then(|rest| rest.split_at_checked(NONCE))
            .ok_or(SealError)?;
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
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keys(***)")
    }
}

impl Keys {
    /// The keys of this main key.
    pub fn from_bytes(main: &[u8; 32]) -> Result<Self, SealError> {
        Ok(Keys {
            current: Key::new(main, FIRST)?,
            next: None,
        })
    }

    /// The same with the main key that takes over: both open, the next one seals.
    pub fn with_next(main: &[u8; 32], next: &[u8; 32]) -> Result<Self, SealError> {
        Ok(Keys {
            current: Key::new(main, FIRST)?,
            next: Some(Key::new(next, following(FIRST))?),
        })
    }

    /// The same, numbered as in the database whose check of the key this is.
    /// An error where neither key is the one that it was sealed with.
    pub fn numbered(mut self, check: &[u8]) -> Result<Self, SealError> {
        let number = *check
            .first()
            .filter(|number| **number != 0)
            .ok_or(SealError)?;
        if self.current.open(SealContext::KeyCheck, check).is_ok() {
            self.current.number = number;
            if let Some(next) = &mut self.next {
                next.number = following(number);
            }
            return Ok(self);
        }
        let next = self.next.as_mut().ok_or(SealError)?;
        next.open(SealContext::KeyCheck, check)?;
        next.number = number;
        self.current.number = preceding(number);
        Ok(self)
    }

    /// The number of the key that seals from now on.
    pub fn number(&self) -> u8 {
        self.sealing().number
    }

    /// Whether the check of the key was sealed with the key that takes over:
    /// then nothing is sealed with the old one any more.
    pub fn is_taken_over(&self, check: &[u8]) -> bool {
        self.next
            .as_ref()
            .is_some_and(|next| next.open(SealContext::KeyCheck, check).is_ok())
    }

    fn sealing(&self) -> &Key {
        self.next.as_ref().unwrap_or(&self.current)
    }

    /// Seals `plain` for `place`.
    pub fn seal(&self, place: SealContext, plain: &[u8]) -> Result<Vec<u8>, SealError> {
        // A new database is made with the current key: that one must stay with it.
        let key = match place {
            SealContext::KeyCheck => &self.current,
            _ => self.sealing(),
        };
        Self::seal_with(key, place, plain)
    }

    /// Seals the check of the key with the key that takes over.
    pub fn seal_take_over(&self, plain: &[u8]) -> Result<Vec<u8>, SealError> {
        Self::seal_with(self.sealing(), SealContext::KeyCheck, plain)
    }

    fn seal_with(key: &Key, place: SealContext, plain: &[u8]) -> Result<Vec<u8>, SealError> {
        let mut sealed = plain.to_vec();
        let nonce = key
            .seal
            .seal_in_place_append_tag(Aad::from(place.aad()), &mut sealed)
            .map_err(|_| SealError)?;
        let mut out = Vec::with_capacity(1 + NONCE + sealed.len());
        out.push(key.number);
        out.extend_from_slice(nonce.as_ref());
        out.extend_from_slice(&sealed);
        Ok(out)
    }

    /// Opens what was sealed for `place`.
    pub fn open(&self, place: SealContext, sealed: &[u8]) -> Result<Vec<u8>, SealError> {
        let number = *sealed.first().ok_or(SealError)?;
        let key = [Some(&self.current), self.next.as_ref()]
            .into_iter()
            .flatten()
            .find(|key| key.number == number)
            .ok_or(SealError)?;
        key.open(place, sealed)
    }

    /// The nonce of a SyncML challenge: derived, so that a challenge costs no
    /// write. After a change of the key it is another one: a device that answers
    /// to the old one is challenged once more.
    pub fn nonce(&self, device: u64, count: u64) -> [u8; 16] {
        let mut input = [0; 16];
        input[..8].copy_from_slice(&device.to_be_bytes());
        input[8..].copy_from_slice(&count.to_be_bytes());
        first_half(&hmac::sign(&self.sealing().nonces, &input))
    }

    /// What a name is found by where it is not kept in clear: equal names have the same, and
    /// nobody without the key can tell from it which name it is.
    pub fn name_tag(&self, name: &str) -> [u8; 16] {
        self.sealing().name_tag(name)
    }

    /// The same by each key: while the key is changed, what was written before has the tag
    /// of the old one.
    pub fn name_tags(&self, name: &str) -> Vec<[u8; 16]> {
        let keys = [Some(&self.current), self.next.as_ref()];
        keys.into_iter()
            .flatten()
            .map(|key| key.name_tag(name))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn what_is_sealed_opens_in_its_place_only() {
        let keys = Keys::from_bytes(&[7; 32]).unwrap();
        let sealed = keys.seal(SealContext::Command(1, 2, 3), b"secret").unwrap();
        assert_eq!(
            keys.open(SealContext::Command(1, 2, 3), &sealed).unwrap(),
            b"secret"
        );
        assert_eq!(
            keys.open(SealContext::Command(1, 2, 4), &sealed),
            Err(SealError)
        );
        assert_eq!(
            Keys::from_bytes(&[8; 32])
                .unwrap()
                .open(SealContext::Command(1, 2, 3), &sealed),
            Err(SealError)
        );
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert_eq!(
                keys.open(SealContext::Command(1, 2, 3), &changed),
                Err(SealError),
                "byte {at}"
            );
            assert!(
                keys.open(SealContext::Command(1, 2, 3), &sealed[..at])
                    .is_err()
            );
        }
        assert_ne!(keys.nonce(1, 1), keys.nonce(1, 2));
    }

    #[test]
    fn a_key_that_takes_over_opens_both_and_the_old_one_nothing_new() {
        let (old, new) = ([7; 32], [8; 32]);
        let place = SealContext::Record(3);
        for number in [FIRST, 2, 254, 255] {
            let single = Keys::from_bytes(&old).unwrap();
            let mut check = single.seal(SealContext::KeyCheck, b"modegate").unwrap();
            check[0] = number;
            let single = single.numbered(&check).unwrap();
            let before = single.seal(place, b"before").unwrap();

            let both = Keys::with_next(&old, &new)
                .unwrap()
                .numbered(&check)
                .unwrap();
            assert_eq!(both.open(place, &before).unwrap(), b"before");
            assert!(!both.is_taken_over(&check));
            let after = both.seal(place, b"after").unwrap();
            assert_eq!(both.open(place, &after).unwrap(), b"after");
            assert!(after[0] != before[0] && after[0] != 0);
            assert_eq!(single.open(place, &after), Err(SealError));

            // Taken over: the new key alone, numbered by its check.
            let check = both.seal_take_over(b"modegate").unwrap();
            let both = Keys::with_next(&old, &new)
                .unwrap()
                .numbered(&check)
                .unwrap();
            assert!(both.is_taken_over(&check));
            assert_eq!(both.open(place, &before).unwrap(), b"before");
            let alone = Keys::from_bytes(&new).unwrap().numbered(&check).unwrap();
            assert_eq!(alone.open(place, &after).unwrap(), b"after");
            assert!(alone.open(place, &before).is_err());
            assert!(Keys::from_bytes(&old).unwrap().numbered(&check).is_err());
        }
    }
}
