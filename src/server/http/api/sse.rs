//! Server-sent events: something as it grows.
//!
//! A task per stream asks its source for what is new whenever something was
//! committed, and hands text over a bounded channel. A reader that does not keep up
//! is let go; it comes back with `Last-Event-ID` and misses nothing.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use actix_web::body::{BodySize, MessageBody};
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse};
use tokio::sync::{mpsc, watch};

use super::{Caller, HandlerResult};
use crate::app::Principal;
use crate::http::problem::{Problem, ProblemCode};
use crate::http::shared::Shared;
use crate::http::stream_places::NoPlace;
use modegate_core::fields::quoted;

/// How often something is sent when nothing happens, so that proxies keep the
/// connection and a dead one is noticed.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// Between two readings of what is new: devices commit some thousand times a second, and
/// each stream reads after a commit.
const PAUSE: Duration = Duration::from_millis(100);
/// How long a full buffer may stay full.
const SLOW: Duration = Duration::from_secs(10);
/// Chunks that wait for the reader.
const BUFFER: usize = 4;
/// The first message: after how many milliseconds the reader reconnects.
const HELLO: &str = "retry: 2000\n\n";

/// What a stream reads from.
pub(super) trait Source: 'static {
    /// Sends what is new; `None` when the stream is over.
    async fn catch_up(&mut self, to: &mut Sink) -> Option<()>;
}

/// The id of the last event that the reader has, as `read` reads it: `Last-Event-ID`, which
/// browsers send when they come back.
pub(super) fn last_event_id<T>(
    request: &HttpRequest,
    read: impl FnOnce(&str) -> Option<T>,
) -> Result<Option<T>, Problem> {
    let Some(value) = request.headers().get("last-event-id") else {
        return Ok(None);
    };
    let text = value.to_str().ok();
    let id = text.and_then(|text| read(text.trim()));
    let expected = "the id of the last event received";
    id.map(Some).ok_or_else(|| {
        let found = String::from_utf8_lossy(value.as_bytes());
        Problem::field("Last-Event-ID", expected, quoted(&found))
    })
}

/// Starts a stream to this caller: until the source ends, the reader goes, the token
/// ends, or the server does.
pub(super) fn stream(caller: Caller, mut source: impl Source) -> HandlerResult {
    let Caller {
        shared, principal, ..
    } = caller;
    let place = shared.streams.enter(principal.token_id());
    let place = place.map_err(no_place)?;
    let (to, from) = mpsc::channel(BUFFER);
    let mut sink = Sink {
        to,
        ending: shared.ending.clone(),
    };
    actix_web::rt::spawn(async move {
        pump(&principal, &shared, &mut source, &mut sink).await;
        drop(place);
    });
    Ok(HttpResponse::Ok()
        .content_type("text/event-stream")
        .insert_header(("cache-control", "no-store"))
        .insert_header(("x-accel-buffering", "no"))
        .body(Body(from)))
}

fn no_place(why: NoPlace) -> Problem {
    let (status, detail) = match why {
        NoPlace::InAll => (
            ProblemCode::ServerBusy,
            "too many event streams are open; retry later".to_owned(),
        ),
        NoPlace::OfToken(count) => (
            ProblemCode::TooManyRequests,
            format!(
                "{count} event streams are open with this token, the most that it may have \
                 (limits.event_streams_per_token); close some"
            ),
        ),
    };
    Problem::new(status, detail).retry_after(5)
}

async fn pump(
    by: &Principal,
    shared: &Shared,
    source: &mut impl Source,
    sink: &mut Sink,
) -> Option<()> {
    let (mut commits, mut ending) = (shared.app.store.commits(), shared.ending.clone());
    sink.send(HELLO.to_owned()).await?;
    while by.is_in_force(&shared.app) && !*ending.borrow() {
        // Seen before the store is read: what comes after wakes again.
        commits.borrow_and_update();
        source.catch_up(sink).await?;
        // Commits that come close together are read together.
        tokio::time::sleep(PAUSE).await;
        tokio::select! {
            woken = commits.changed() => woken.ok()?,
            () = tokio::time::sleep(HEARTBEAT) => sink.send(":\n\n".to_owned()).await?,
            _ = ending.wait_for(|end| *end) => return None,
            () = sink.to.closed() => return None,
        }
    }
    None
}

/// The way to the reader.
pub(super) struct Sink {
    to: mpsc::Sender<Bytes>,
    ending: watch::Receiver<bool>,
}

impl Sink {
    /// Hands text over; `None` when nobody takes it.
    pub(super) async fn send(&mut self, text: String) -> Option<()> {
        if text.is_empty() {
            return Some(());
        }
        tokio::select! {
            sent = tokio::time::timeout(SLOW, self.to.send(Bytes::from(text))) => sent.ok()?.ok(),
            _ = self.ending.wait_for(|end| *end) => None,
        }
    }
}

/// The reader's end.
struct Body(mpsc::Receiver<Bytes>);

impl MessageBody for Body {
    type Error = Infallible;

    fn size(&self) -> BodySize {
        BodySize::Stream
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Infallible>>> {
        self.0.poll_recv(context).map(|chunk| chunk.map(Ok))
    }
}
