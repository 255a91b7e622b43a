//! What one entry of the log is, and how 256 of them stand in a bundle.
//!
//! * `0x10 ‖ salt[16] ‖ json`: an event with the salt that keeps its hash from being
//!   guessed once its text was redacted.
//! * `0x00 ‖ json`: an event from before there were salts.
//! * `0xFF ‖ leaf hash[32]`: an event whose text and salt were redacted. Its place in the
//!   tree is the hash that it had.
//!
//! A bundle (`tile/entries/…`) holds entries one behind another, each behind its length
//! in two bytes, most significant first.

use super::hash::{Hash, leaf_hash};

/// Most bytes of one entry: its length has two bytes in a bundle.
pub const ENTRY_BYTES: usize = u16::MAX as usize;
/// Bytes of a salt.
pub const SALT_BYTES: usize = 16;
/// Most bytes of an event: what stands in front of it in an entry leaves so many.
pub const EVENT_BYTES: usize = ENTRY_BYTES - 1 - SALT_BYTES;

const UNSALTED: u8 = 0x00;
const SALTED: u8 = 0x10;
const REDACTED: u8 = 0xFF;

/// An entry, taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entry<'a> {
    /// An event behind its salt.
    Salted {
        /// Random bytes.
        salt: &'a [u8; SALT_BYTES],
        /// The event's canonical bytes.
        json: &'a [u8],
    },
    /// An event from before there were salts.
    Unsalted {
        /// The event's canonical bytes.
        json: &'a [u8],
    },
    /// An event whose text was redacted.
    Redacted {
        /// The hash of the leaf that it was.
        leaf: Hash,
    },
}

/// Why bytes are no entry or no bundle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EntryFault {
    /// Nothing at all.
    #[error("an entry is empty: expected 0x10, 0x00 or 0xff and what follows it")]
    Empty,
    /// Not a known first byte.
    #[error("an entry begins with 0x{0:02x}: expected 0x10, 0x00 or 0xff")]
    Unknown(u8),
    /// Cut off within the salt, or a redacted entry of another length.
    #[error("an entry that begins with 0x{first:02x} has {found} bytes: expected {expected}")]
    Length {
        /// Its first byte.
        first: u8,
        /// Its bytes.
        found: usize,
        /// How many there should be, in words.
        expected: &'static str,
    },
    /// A bundle that ends within an entry.
    #[error("the bundle ends within entry {0} of it")]
    Cut(usize),
}

impl<'a> Entry<'a> {
    /// Takes an entry apart.
    pub fn parse(entry: &'a [u8]) -> Result<Self, EntryFault> {
        let (&first, rest) = entry.split_first().ok_or(EntryFault::Empty)?;
        let length = |expected| EntryFault::Length {
            first,
            found: entry.len(),
            expected,
        };
        match first {
            UNSALTED => Ok(Entry::Unsalted { json: rest }),
            SALTED => {
                let (salt, json) = rest.split_first_chunk().ok_or(length("17 and an event"))?;
                Ok(Entry::Salted { salt, json })
            }
            REDACTED => {
                let leaf = Hash::from_slice(rest).ok_or(length("33"))?;
                Ok(Entry::Redacted { leaf })
            }
            other => Err(EntryFault::Unknown(other)),
        }
    }

    /// The event's canonical bytes; `None` where they were redacted.
    pub fn json(&self) -> Option<&'a [u8]> {
        match *self {
            Entry::Salted { json, .. } | Entry::Unsalted { json } => Some(json),
            Entry::Redacted { .. } => None,
        }
    }
}

/// The entry of an event that gets this salt.
pub fn salted(salt: &[u8; SALT_BYTES], json: &[u8]) -> Vec<u8> {
    let mut entry = Vec::with_capacity(1 + SALT_BYTES + json.len());
    begin_salted(salt, &mut entry);
    entry.extend_from_slice(json);
    entry
}

/// Begins the entry of an event that gets this salt: its JSON is to be appended.
pub fn begin_salted(salt: &[u8; SALT_BYTES], entry: &mut Vec<u8>) {
    entry.push(SALTED);
    entry.extend_from_slice(salt);
}

/// The entry of an event from before there were salts.
pub fn unsalted(json: &[u8]) -> Vec<u8> {
    [&[UNSALTED], json].concat()
}

/// The entry that remains where an event was redacted.
pub fn redacted(leaf: &Hash) -> Vec<u8> {
    [&[REDACTED], leaf.0.as_slice()].concat()
}

/// The hash of the leaf that this entry is; that of a redacted one is the hash it had.
pub fn hash_of(entry: &[u8]) -> Result<Hash, EntryFault> {
    match Entry::parse(entry)? {
        Entry::Redacted { leaf } => Ok(leaf),
        _ => Ok(leaf_hash(entry)),
    }
}

/// Adds an entry to a bundle. `None` where it is longer than [`ENTRY_BYTES`].
pub fn push_to_bundle(bundle: &mut Vec<u8>, entry: &[u8]) -> Option<()> {
    let length = u16::try_from(entry.len()).ok()?;
    bundle.extend_from_slice(&length.to_be_bytes());
    bundle.extend_from_slice(entry);
    Some(())
}

/// The entries of a bundle, in order; an error ends them.
pub fn entries(mut bundle: &[u8]) -> impl Iterator<Item = Result<&[u8], EntryFault>> {
    let mut number = 0;
    std::iter::from_fn(move || {
        if bundle.is_empty() {
            return None;
        }
        let taken = bundle.split_first_chunk().and_then(|(length, rest)| {
            let length = usize::from(u16::from_be_bytes(*length));
            rest.split_at_checked(length)
        });
        let Some((entry, rest)) = taken else {
            bundle = &[];
            return Some(Err(EntryFault::Cut(number)));
        };
        (bundle, number) = (rest, number + 1);
        Some(Ok(entry))
    })
}
