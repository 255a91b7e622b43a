//! `/events/stream`, `/devices/{id}/events/stream`: the log as it grows.

use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse, web};

use super::events::EventView;
use super::sse::{Sink, Source, last_event_id, stream};
use super::{Caller, HandlerResult, Id, Paging};
use crate::app::log::{as_seen, visible};
use crate::app::{App, AppError, Principal};
use crate::http::problem::Problem;
use modegate_core::event::StoredEvent;
use modegate_core::ids::DeviceId;
use modegate_store::seal::CursorList;

/// A chunk goes out when it is this long; one event may make it longer by itself.
const CHUNK_BYTES: usize = 32 * 1024;
/// Events read at once.
const BATCH: usize = 32;

/// `GET /events/stream`.
pub(super) async fn all(
    caller: Caller,
    request: HttpRequest,
    paging: web::Query<Paging>,
) -> HandlerResult {
    let list = CursorList::Events;
    let place = |text: &str| caller.app().place(caller.by(), list, text);
    let asked = match last_event_id(&request, place)? {
        Some(last) => Some(last),
        None => paging.after_in(&caller, list)?,
    };
    let after = match asked {
        Some(after) => after,
        None => {
            let last = caller.app().store.last_place().await;
            last.map_err(AppError::from)?
        }
    };
    start(caller, None, after)
}

/// `GET /devices/{id}/events/stream`.
pub(super) async fn of_device(
    caller: Caller,
    Id(id): Id<DeviceId>,
    request: HttpRequest,
    paging: web::Query<Paging>,
) -> HandlerResult {
    caller.principal.device(caller.app(), id).await?;
    // `Last-Event-ID` before `after`.
    let asked = match last_event_id(&request, |text| text.parse().ok())? {
        Some(last) => Some(last),
        None => paging.after()?,
    };
    let after = match asked {
        Some(after) => after,
        None => {
            let latest = caller.app().store.events_before(id, u64::MAX, 1).await;
            let latest = latest.map_err(AppError::from)?;
            latest.first().map_or(0, |stored| stored.event.seq)
        }
    };
    start(caller, Some(id), after)
}

fn start(caller: Caller, device: Option<DeviceId>, after: u64) -> Result<HttpResponse, Problem> {
    let log = LogSource {
        app: Arc::clone(caller.app()),
        by: caller.principal.clone(),
        device,
        after,
    };
    stream(caller, log)
}

/// The log, or a device's part of it, from some event on.
struct LogSource {
    app: Arc<App>,
    by: Principal,
    device: Option<DeviceId>,
    after: u64,
}

impl Source for LogSource {
    async fn catch_up(&mut self, to: &mut Sink) -> Option<()> {
        loop {
            let events = self.read().await.ok()?;
            let Some(last) = events.last() else {
                return Some(());
            };
            let (after, whole) = (self.id(last), events.len() == BATCH);
            self.send(events, to).await?;
            self.after = after;
            if !whole {
                return Some(());
            }
        }
    }
}

impl LogSource {
    async fn read(&self) -> Result<Vec<StoredEvent>, AppError> {
        let store = &self.app.store;
        match self.device {
            None => Ok(store.all_events(self.after, BATCH).await?),
            Some(device) => {
                // The scope is looked at again: the device may have left it.
                self.by.device(&self.app, device).await?;
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

    /// The same as the reader is shown it.
    fn shown_id(&self, stored: &StoredEvent) -> String {
        let id = self.id(stored);
        match self.device {
            None => self.app.cursor(&self.by, CursorList::Events, id),
            Some(_) => id.to_string(),
        }
    }

    /// Sends these events, in chunks of bounded length.
    async fn send(&self, events: Vec<StoredEvent>, to: &mut Sink) -> Option<()> {
        let events = match self.device {
            None => visible(&self.app, &self.by, events).await.ok()?,
            Some(_) => events,
        };
        let mut text = String::new();
        for logged in as_seen(&self.app, &self.by, events).await.ok()? {
            let view = EventView::from(&logged);
            let (id, name) = (self.shown_id(&logged.stored), view.name());
            // JSON in one line: it holds no line break as it is.
            let data = serde_json::to_string(&view).ok()?;
            text += &format!("id: {id}\nevent: {name}\ndata: {data}\n\n");
            if text.len() >= CHUNK_BYTES {
                to.send(std::mem::take(&mut text)).await?;
            }
        }
        to.send(text).await
    }
}
