//! `/installs/{id}/events`: the steps of one install as they come, as
//! server-sent events, until it is final.

use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse, web};
use tokio::sync::{OwnedSemaphorePermit, mpsc, watch};

use super::caller::Caller;
use super::installs::{find, step_view};
use super::stream::Body;
use crate::http::Shared;
use crate::http::problem::Problem;
use modegate_core::installs::Install;

/// How often something is sent when nothing happens.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// How long a full buffer may stay full.
const SLOW: Duration = Duration::from_secs(10);
/// Pieces that wait for the reader.
const BUFFER: usize = 8;

/// `GET /installs/{id}/events`.
pub(super) async fn stream(
    caller: Caller,
    path: web::Path<String>,
    request: HttpRequest,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    find(&shared, &caller, &path).await?;
    let sent = asked(&request)?;
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
        install: path.into_inner(),
        sent,
        to,
        _place: place,
    };
    actix_web::rt::spawn(pump.run());
    Ok(HttpResponse::Ok()
        .content_type("text/event-stream")
        .insert_header(("cache-control", "no-store"))
        .insert_header(("x-accel-buffering", "no"))
        .body(Body::of(from)))
}

/// How many steps the reader has: `Last-Event-ID` is the number of the last.
fn asked(request: &HttpRequest) -> Result<usize, Problem> {
    let Some(value) = request.headers().get("last-event-id") else {
        return Ok(0);
    };
    let number = value
        .to_str()
        .ok()
        .and_then(|text| text.trim().parse().ok());
    let expected = "the id of the last event that came";
    number
        .map(|last: u32| last as usize + 1)
        .ok_or_else(|| Problem::field("Last-Event-ID", expected, "other text"))
}

/// The store's end.
struct Pump {
    caller: Caller,
    shared: web::Data<Shared>,
    install: String,
    sent: usize,
    commits: watch::Receiver<u64>,
    ending: watch::Receiver<bool>,
    to: mpsc::Sender<Bytes>,
    _place: OwnedSemaphorePermit,
}

impl Pump {
    /// Until the install is final, or the reader goes, the token ends, or the server does.
    async fn run(mut self) {
        let mut ending = self.ending.clone();
        if self.send("retry: 2000\n\n".to_owned()).await.is_none() {
            return;
        }
        while self.caller.is_in_force(&self.shared) && !*ending.borrow() {
            // Seen before the install is read: what comes after wakes again.
            self.commits.borrow_and_update();
            // The scope is looked at again: the device may have left it.
            let Ok((_, install)) = find(&self.shared, &self.caller, &self.install).await else {
                return;
            };
            if self.catch_up(&install).await.is_none() || install.state.is_final() {
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

    /// Sends the steps that are new; `None` when the stream is over.
    async fn catch_up(&mut self, install: &Install) -> Option<()> {
        let mut text = String::new();
        for (at, step) in install.steps.iter().enumerate().skip(self.sent) {
            let (name, view) = (step.state.name(), step_view(at, step));
            text += &format!("id: {at}\nevent: {name}\ndata: {view}\n\n");
        }
        self.sent = self.sent.max(install.steps.len());
        if text.is_empty() {
            return Some(());
        }
        self.send(text).await
    }

    /// Hands a piece over; `None` when nobody takes it.
    async fn send(&mut self, text: String) -> Option<()> {
        tokio::select! {
            sent = tokio::time::timeout(SLOW, self.to.send(Bytes::from(text))) => sent.ok()?.ok(),
            _ = self.ending.wait_for(|end| *end) => None,
        }
    }
}
