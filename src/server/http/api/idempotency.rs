//! `Idempotency-Key`: a write with a key is done once.
//!
//! The response is stored in the transaction of the write itself, so a server that
//! is killed between the two has done both or neither. A rejected write changed
//! nothing: its response is not stored, and a retry is checked anew.

use actix_web::HttpResponse;
use sha2::{Digest, Sha256};

use super::answer::ApiResponse;
use crate::app::AppError;
use crate::http::in_flight::InFlightGuard;
use crate::http::problem::{Problem, ProblemCode};
use crate::http::shared::Shared;
use modegate_core::fields::quoted;
use modegate_core::time::Timestamp;
use modegate_core::tokens::Token;
use modegate_store::api::IdempotencyKey;

/// The header.
pub(super) const HEADER: &str = "Idempotency-Key";
/// Longest key.
const KEY_BYTES: usize = 200;

/// Reads the header's value: 1 to 200 printable ASCII characters.
pub(super) fn key(value: &[u8]) -> Result<String, Problem> {
    let printable = value.iter().all(|byte| (0x20..0x7f).contains(byte));
    if value.is_empty() || value.len() > KEY_BYTES || !printable {
        let expected = format!("1 to {KEY_BYTES} printable ASCII characters");
        let found = quoted(&String::from_utf8_lossy(value));
        return Err(Problem::field(HEADER, expected, found));
    }
    // Checked to be ASCII.
    Ok(String::from_utf8_lossy(value).into_owned())
}

/// The key in the scope of its token, with the digest of the request.
pub(super) fn scoped_key(
    token: &Token,
    key: String,
    what: [&[u8]; 4],
    now: Timestamp,
) -> IdempotencyKey {
    let mut hasher = Sha256::new();
    for part in what {
        hasher.update((part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
    IdempotencyKey {
        scope: token.id.to_string(),
        key,
        digest: hasher.finalize().into(),
        at: now,
    }
}

/// Begins the write with this key; 409 while another request with it is in progress.
pub(super) fn enter(shared: &Shared, key: &IdempotencyKey) -> Result<InFlightGuard, Problem> {
    shared.in_flight.enter(key).ok_or_else(|| {
        let detail =
            format!("{HEADER}: another request with this key is still in progress; retry later");
        Problem::new(ProblemCode::RequestInProgress, detail).retry_after(1)
    })
}

/// The response stored for this key, if there is one; an error if it was stored for
/// a different request.
pub(super) async fn stored_response(
    shared: &Shared,
    key: &IdempotencyKey,
) -> Result<Option<HttpResponse>, Problem> {
    let Some(stored) = shared
        .app
        .store
        .stored_response(key)
        .await
        .map_err(AppError::from)?
    else {
        return Ok(None);
    };
    if stored.digest != key.digest {
        let expected = "a key not used for another request in the last 24 hours";
        let (kind, found) = (ProblemCode::IdempotencyKeyReused, quoted(&key.key));
        return Err(Problem::about(kind, HEADER, expected, found));
    }
    Ok(Some(ApiResponse::read(&stored.answer)?.response()))
}

#[cfg(test)]
mod tests {
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
}
