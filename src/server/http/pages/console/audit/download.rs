//! What the filters of the log show, as files.

use std::io;

use actix_web::http::header::CONTENT_DISPOSITION;
use actix_web::{HttpResponse, web};
use serde_json::json;

use super::query::AuditQuery;
use crate::app::log::{self, LoggedEvent};
use crate::app::{AppError, Listed};
use crate::audit::export::csv as lines;
use crate::http::api::shown_event;
use crate::http::pages::{Page, Visitor};
use crate::http::problem::Problem;
use modegate_store::StoreError;

/// Most events of a download.
pub(super) const EVENTS: usize = 5_000;
/// A download ends behind the event with which it has so many bytes.
const BYTES: usize = 8 * 1024 * 1024;
/// Events that are read at once.
const CHUNK: usize = 500;
/// How often is read at most: the filters may take few of what is looked at.
const READS: usize = 30;

/// A form of a download.
#[derive(Debug, Clone, Copy)]
enum Form {
    /// A line of cells for each event.
    Csv,
    /// An event of the API on each line.
    Jsonl,
}

impl Form {
    fn name(self) -> &'static str {
        match self {
            Form::Csv => "events.csv",
            Form::Jsonl => "events.jsonl",
        }
    }

    fn media_type(self) -> &'static str {
        match self {
            Form::Csv => "text/csv; charset=utf-8",
            Form::Jsonl => "application/jsonl; charset=utf-8",
        }
    }

    fn event(self, text: &mut Vec<u8>, logged: &LoggedEvent) -> io::Result<()> {
        match self {
            Form::Csv => {
                let mut event = logged.stored.event.clone();
                if let Some(exchange) = &mut event.exchange {
                    exchange.withheld.clone_from(&logged.withheld);
                }
                lines::event_line(text, logged.entry, &event)
            }
            Form::Jsonl => line(text, &shown_event(logged)),
        }
    }

    /// That the log goes on, and where.
    fn more(self, text: &mut Vec<u8>, entry: u64, at: &str) -> io::Result<()> {
        match self {
            Form::Csv => lines::more_line(text, entry, at),
            Form::Jsonl => line(text, &json!({"more": at})),
        }
    }
}

fn line(text: &mut Vec<u8>, value: &serde_json::Value) -> io::Result<()> {
    serde_json::to_writer(&mut *text, value)?;
    text.push(b'\n');
    Ok(())
}

/// `GET /console/audit/events.csv`, with the filters of the log's page.
pub(in crate::http::pages) async fn csv(visitor: Visitor, query: web::Query<AuditQuery>) -> Page {
    download(visitor, query.into_inner(), Form::Csv).await
}

/// `GET /console/audit/events.jsonl`, the same.
pub(in crate::http::pages) async fn jsonl(visitor: Visitor, query: web::Query<AuditQuery>) -> Page {
    download(visitor, query.into_inner(), Form::Jsonl).await
}

async fn download(visitor: Visitor, query: AuditQuery, form: Form) -> Page {
    let looker = visitor.clone();
    let text = visitor
        .off_workers(move || async move { written(&looker, &query, form).await })
        .await??;
    let name = format!("attachment; filename=\"{}\"", form.name());
    Ok(HttpResponse::Ok()
        .content_type(form.media_type())
        .insert_header((CONTENT_DISPOSITION, name))
        .body(text))
}

async fn written(visitor: &Visitor, query: &AuditQuery, form: Form) -> Result<Vec<u8>, Problem> {
    let filter = query.filter()?;
    let (mut page, mut text) = (query.page(visitor, CHUNK), Vec::new());
    let failed = |error: io::Error| AppError::from(StoreError::Failed(error.to_string().into()));
    if let Form::Csv = form {
        lines::header(&mut text).map_err(failed)?;
    }
    let (mut count, mut last) = (0, 0);
    for _ in 0..READS {
        let found = log::all(visitor.app(), visitor.by(), &filter, page).await?;
        let Listed { items, next } = found;
        for logged in &items {
            form.event(&mut text, logged).map_err(failed)?;
            last = logged.entry;
        }
        count += items.len();
        let Some(next) = next else {
            return Ok(text);
        };
        page.after = Some(next);
        if count >= EVENTS || text.len() >= BYTES {
            break;
        }
    }
    let before = page.after.map(|place| query.cursor(visitor, place));
    let path = format!("/console/audit/{}", form.name());
    let at = query.address(&path, "", before.as_deref());
    form.more(&mut text, last, &at).map_err(failed)?;
    Ok(text)
}
