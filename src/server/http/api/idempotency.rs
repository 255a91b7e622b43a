//! `Idempotency-Key`: a write that its caller named is done once.
//!
//! The answer is kept in the transaction of the write itself, so a server that
//! is killed between the two has done both or neither. What was refused did
//! nothing, is not kept, and is looked at anew when it comes again.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use sha2::{Digest, Sha256};

use super::answer::Answer;
use crate::http::Shared;
use crate::http::problem::Problem;
use modegate_core::fields::FieldError;
use modegate_core::time::Timestamp;
use modegate_core::tokens::Token;
use modegate_store::api::Once;

/// The header.
pub(super) const HEADER: &str = "Idempotency-Key";
/// Longest key.
const KEY_BYTES: usize = 200;

/// Reads the header's value: 1 to 200 printable ASCII characters.
pub(super) fn key(value: &[u8]) -> Result<String, Problem> {
    let printable = value.iter().all(|byte| (0x20..0x7f).contains(byte));
    if value.is_empty() || value.len() > KEY_BYTES || !printable {
        let expected = format!("1 to {KEY_BYTES} printable ASCII characters");
        return Err(Problem::field(HEADER, expected, "another value"));
    }
    // Checked to be ASCII.
    Ok(String::from_utf8_lossy(value).into_owned())
}

/// The name of a write: whose it is, and what is asked for.
pub(super) fn once(token: &Token, key: String, what: [&[u8]; 4], now: Timestamp) -> Once {
    let mut hasher = Sha256::new();
    for part in what {
        hasher.update((part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
    Once {
        scope: token.id.to_string(),
        key,
        digest: hasher.finalize().into(),
        at: now,
    }
}

/// The answer that is kept under this name, if one is: an error where it was
/// given to another request.
pub(super) async fn kept(
    shared: &Shared,
    once: &Once,
) -> Result<Option<Result<HttpResponse, Problem>>, Problem> {
    let Some(kept) = shared.store.kept(once).await? else {
        return Ok(None);
    };
    if kept.digest != once.digest {
        let expected = "a key that was used for no other request in the last 24 hours";
        return Err(FieldError::new(HEADER, expected, "one that was").into());
    }
    Ok(Some(Answer::read(&kept.answer)))
}

/// Writes with a name that are under way in this process.
#[derive(Debug, Clone, Default)]
pub struct UnderWay(Arc<Mutex<HashSet<[u8; 32]>>>);

/// A place among them; given back when dropped.
#[derive(Debug)]
pub(super) struct Place {
    all: UnderWay,
    id: [u8; 32],
}

impl UnderWay {
    /// Takes the place of this name, or says that another request has it.
    pub(super) fn enter(&self, once: &Once) -> Result<Place, Problem> {
        let id = once.id();
        let free = self
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(id);
        if free {
            return Ok(Place {
                all: self.clone(),
                id,
            });
        }
        let detail =
            format!("{HEADER}: a request with this key is under way; its answer comes there");
        Err(Problem::new(StatusCode::CONFLICT, detail).retry_after(1))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut all = self.all.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.remove(&self.id);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn keys_are_short_printable_ascii() {
        for (value, good) in [
            (b"a".as_slice(), true),
            (&[b'x'; 200], true),
            (&[b'x'; 201], false),
            (b"", false),
            (b"tab\t", false),
            ("\u{e9}".as_bytes(), false),
        ] {
            assert_eq!(key(value).is_ok(), good, "{value:?}");
        }
    }

    #[test]
    fn one_request_of_a_name_is_under_way_at_a_time() {
        let all = UnderWay::default();
        let once = |key: &str| Once {
            scope: "s".into(),
            key: key.into(),
            digest: [0; 32],
            at: Timestamp(0),
        };
        let first = all.enter(&once("a")).unwrap();
        assert_eq!(all.enter(&once("a")).unwrap_err().status, 409);
        let _other = all.enter(&once("b")).unwrap();
        drop(first);
        assert!(all.enter(&once("a")).is_ok());
    }
}
