//! The bytes of a request, bounded in size. Their time is bounded by the connection
//! ([`BodyPatience`](super::BodyPatience)).

use std::future::poll_fn;
use std::pin::Pin;

use actix_web::error::PayloadError;
use actix_web::web;
use futures_core::Stream;

use super::bodies::Share;
use super::connections::arrival::Late;
use super::problem::{Problem, ProblemCode};

/// What a body begins with room for, where its length is not known, bytes.
const FIRST: usize = 4 * 1024;

/// Reads a payload of at most `limit` bytes; `what` names it in problem details.
pub(super) async fn read(
    payload: web::Payload,
    what: &str,
    limit: usize,
) -> Result<web::Bytes, Problem> {
    match payload.to_bytes_limited(limit).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Err(_) => Err(Problem::new(
            ProblemCode::BodyTooLarge,
            format!("the {what} is larger than {limit} bytes"),
        )),
        Ok(Err(error)) => Err(match error.as_error::<PayloadError>() {
            Some(error) => unreadable(what, error),
            None => malformed(what, &error),
        }),
    }
}

/// A body, or of a longer one the beginning.
pub(super) struct Beginning {
    pub(super) bytes: Vec<u8>,
    /// Whether that is all of it.
    pub(super) is_whole: bool,
    /// What it takes of the bound on bodies, until it is answered.
    pub(super) _share: Share,
}

/// Reads the first `limit` bytes of a payload that says to be `length` bytes long.
/// Each byte has its room in `share` before it has it in memory. What comes behind
/// the limit is passed over, as much again, so that the peer reads the answer.
pub(super) async fn read_beginning(
    mut payload: web::Payload,
    length: Option<usize>,
    limit: usize,
    mut share: Share,
) -> Result<Beginning, Problem> {
    let (mut bytes, mut is_whole) = (Vec::new(), true);
    let mut passed_over = 0_usize;
    let first = length.unwrap_or(FIRST).min(FIRST.max(limit / 64));
    while let Some(chunk) = poll_fn(|context| Pin::new(&mut payload).poll_next(context)).await {
        let chunk = chunk.map_err(|error| unreadable("message", &error))?;
        let (kept, rest) = chunk.split_at(chunk.len().min(limit - bytes.len()));
        let needed = bytes.len() + kept.len();
        if needed > bytes.capacity() {
            let room = needed.max(bytes.capacity() * 2).max(first).min(limit);
            share.grow_to(room)?;
            bytes.reserve_exact(room - bytes.len());
        }
        bytes.extend_from_slice(kept);
        is_whole &= rest.is_empty();
        passed_over += rest.len();
        if passed_over > limit {
            break;
        }
    }
    Ok(Beginning {
        bytes,
        is_whole,
        _share: share,
    })
}

fn unreadable(what: &str, error: &PayloadError) -> Problem {
    let Some(late) = Late::from_error(error) else {
        return malformed(what, error);
    };
    let detail = format!("the {what} is not waited for any longer: {late}");
    Problem::new(ProblemCode::BodyTimeout, detail)
}

fn malformed(what: &str, error: &dyn std::fmt::Display) -> Problem {
    let detail = format!("could not read the {what}: {error}");
    Problem::new(ProblemCode::MalformedBody, detail)
}
