//! `/events/stream`, `/devices/{id}/events/stream`: the log as it grows, as
//! server-sent events.
//!
//! A task per stream reads the log whenever something was committed and hands
//! text over a bounded channel. A reader that does not keep up is let go; it
//! comes back with `Last-Event-ID` and misses nothing.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use actix_web::body::{BodySize, MessageBody};
use actix_web::http::StatusCode;
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse, web};
use tokio::sync::{OwnedSemaphorePermit, mpsc, watch};

use super::caller::Caller;
use super::events::{views, visible};
use super::{Paging, device_id};
use crate::http::Shared;
use crate::http::problem::Problem;
use modegate_core::event::StoredEvent;
use modegate_core::ids::DeviceId;

/// How often something is sent when nothing happens, so that proxies keep the
/// connection and a dead one is noticed.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// How long a full buffer may stay full.
const SLOW: Duration = Duration::from_secs(10);
/// Pieces that wait for the reader.
const BUFFER: usize = 4;
/// A piece goes out when it is this long; one event may make it longer by itself.
const PIECE_BYTES: usize = 32 * 1024;
/// Events read at once.
const BATCH: usize = 32;
/// What the reader is told first: when to come back after the end, milliseconds.
const HELLO: &str = "retry: 2000\n\n";

/// `GET /events/stream`.
pub(super) async fn all(
    caller: Caller,
    request: HttpRequest,
    paging: web::Query<Paging>,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    let after = match asked(&request, &paging)? {
        Some(after) => after,
        None => shared.store.last_place().await?,
    };
    start(caller, shared, None, after)
}

/// `GET /devices/{id}/events/stream`.
pub(super) async fn of_device(
    caller: Caller,
    path: web::Path<String>,
    request: HttpRequest,
    paging: web::Query<Paging>,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    let id = device_id(&path)?;
    caller.device(&shared, id).await?;
    let after = match asked(&request, &paging)? {
        Some(after) => after,
        None => {
            let latest = shared.store.events_before(id, u64::MAX, 1).await?;
            latest.first().map_or(0, |stored| stored.event.seq)
        }
    };
    start(caller, shared, Some(id), after)
}

/// Where the reader wants to go on: `Last-Event-ID`, which browsers send when they
/// come back, before `after`.
fn asked(request: &HttpRequest, paging: &Paging) -> Result<Option<u64>, Problem> {
    let Some(value) = request.headers().get("last-event-id") else {
        return if paging.after.is_some() {
            paging.after().map(Some)
        } else {
            Ok(None)
        };
    };
    let number = value
        .to_str()
        .ok()
        .and_then(|text| text.trim().parse().ok());
    let expected = "the id of the last event that came";
    number
        .map(Some)
        .ok_or_else(|| Problem::field("Last-Event-ID", expected, "other text"))
}

fn start(
    caller: Caller,
    shared: web::Data<Shared>,
    device: Option<DeviceId>,
    after: u64,
) -> Result<HttpResponse, Problem> {
    let place = shared.rates.stream().ok_or_else(|| {
        let detail = "too many event streams are open";
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, detail)
    })?;
    let (to, from) = mpsc::channel(BUFFER);
    let pump = Pump {
        commits: shared.store.commits(),
        ending: shared.ending.clone(),
        caller,
        shared,
        device,
        after,
        to,
        _place: place,
    };
    actix_web::rt::spawn(pump.run());
    Ok(HttpResponse::Ok()
        .content_type("text/event-stream")
        .insert_header(("cache-control", "no-store"))
        .insert_header(("x-accel-buffering", "no"))
        .body(Body(from)))
}

/// The reader's end.
pub(super) struct Body(mpsc::Receiver<Bytes>);

impl Body {
    /// Of what comes from there.
    pub(super) fn of(from: mpsc::Receiver<Bytes>) -> Self {
        Body(from)
    }
}

impl MessageBody for Body {
    type Error = Infallible;

    fn size(&self) -> BodySize {
        BodySize::Stream
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Infallible>>> {
        self.0.poll_recv(context).map(|piece| piece.map(Ok))
    }
}

/// The log's end.
struct Pump {
    caller: Caller,
    shared: web::Data<Shared>,
    device: Option<DeviceId>,
    after: u64,
    commits: watch::Receiver<u64>,
    ending: watch::Receiver<bool>,
    to: mpsc::Sender<Bytes>,
    _place: OwnedSemaphorePermit,
}

impl Pump {
    /// Until the reader goes, the token ends, or the server does.
    async fn run(mut self) {
        let mut ending = self.ending.clone();
        if self.send(HELLO.to_owned()).await.is_none() {
            return;
        }
        while self.caller.is_in_force(&self.shared) && !*ending.borrow() {
            // Seen before the log is read: what comes after wakes again.
            self.commits.borrow_and_update();
            if self.catch_up().await.is_none() {
                return;
            }
            tokio::select! {
                woken = self.commits.changed() => if woken.is_err() { return },
                () = tokio::time::sleep(HEARTBEAT) => {
                    if self.send(":\n\n".to_owned()).await.is_none() { return }
                }
                _ = ending.wait_for(|end| *end) => return,
                () = self.to.closed() => return,
            }
        }
    }

    /// Sends what is new; `None` when the stream is over.
    async fn catch_up(&mut self) -> Option<()> {
        loop {
            let events = self.read().await.ok()?;
            let Some(last) = events.last() else {
                return Some(());
            };
            let (after, whole) = (self.id(last), events.len() == BATCH);
            self.tell(events).await?;
            self.after = after;
            if !whole {
                return Some(());
            }
        }
    }

    async fn read(&self) -> Result<Vec<StoredEvent>, Problem> {
        let store = &self.shared.store;
        match self.device {
            None => Ok(store.all_events(self.after, BATCH).await?),
            Some(device) => {
                // The scope is looked at again: the device may have left it.
                self.caller.device(&self.shared, device).await?;
                Ok(store.events(device, self.after, BATCH).await?)
            }
        }
    }

    /// An event's id: its number on its device, or its place in the whole log; what
    /// `after` means in either list.
    fn id(&self, stored: &StoredEvent) -> u64 {
        match self.device {
            None => stored.place,
            Some(_) => stored.event.seq,
        }
    }

    /// Sends these events, in pieces of bounded length.
    async fn tell(&mut self, events: Vec<StoredEvent>) -> Option<()> {
        let events = match self.device {
            None => visible(&self.shared, &self.caller, events).await.ok()?,
            Some(_) => events,
        };
        let mut text = String::new();
        for stored in &events {
            let shown = views(&self.shared, std::slice::from_ref(stored))
                .await
                .ok()?;
            for view in shown {
                let what = view["type"].as_str().unwrap_or("event");
                // JSON in one line: it holds no line break as it is.
                text += &format!("id: {}\nevent: {what}\ndata: {view}\n\n", self.id(stored));
            }
            if text.len() >= PIECE_BYTES {
                self.send(std::mem::take(&mut text)).await?;
            }
        }
        if text.is_empty() {
            Some(())
        } else {
            self.send(text).await
        }
    }

    /// Hands a piece over; `None` when nobody takes it.
    async fn send(&mut self, text: String) -> Option<()> {
        tokio::select! {
            sent = tokio::time::timeout(SLOW, self.to.send(Bytes::from(text))) => sent.ok()?.ok(),
            _ = self.ending.wait_for(|end| *end) => None,
        }
    }
}
