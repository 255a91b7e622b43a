//! `GET /console/audit/exports`: what was exported, when, and how.

use actix_web::web;
use serde::Deserialize;

use crate::app;
use crate::app::log::{self, EventFilter, LoggedEvent};
use crate::http::pages::{Page, Visitor};
use modegate_core::event::EventType;
use modegate_core::log_record::LogRecord;
use modegate_pages::console::audit::exports::{ExportRow, ExportsPage};
use modegate_pages::pager::Pager;
use modegate_store::seal::CursorList;

const ROWS: usize = 50;
const PATH: &str = "/console/audit/exports";

/// Where the list goes on.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::http::pages) struct ExportsQuery {
    before: String,
}

/// `GET /console/audit/exports?before=`.
pub(in crate::http::pages) async fn show(
    visitor: Visitor,
    query: web::Query<ExportsQuery>,
) -> Page {
    visitor
        .read(move |visitor| async move {
            let (app, by) = (visitor.app(), visitor.by());
            // What is no place begins anew.
            let after = app.place(by, CursorList::Events, &query.before);
            let filter = EventFilter {
                what: Some(EventType::AuditExported),
                newest_first: true,
                ..EventFilter::default()
            };
            let page = app::Page { after, limit: ROWS };
            let listed = log::all(app, by, &filter, page).await?;
            let next = listed
                .next
                .map(|place| app.cursor(by, CursorList::Events, place));
            let shell = visitor.shell("Exports of the log");
            Ok(ExportsPage {
                shell: shell.below("/console/audit", "Audit log"),
                rows: listed.items.into_iter().map(row).collect(),
                pager: Pager {
                    first: after.map(|_| PATH.to_owned()),
                    next: next.map(|next| format!("{PATH}?before={next}")),
                    next_text: "Earlier".to_owned(),
                },
            })
        })
        .await
}

fn row(logged: LoggedEvent) -> ExportRow {
    let event = logged.stored.event;
    ExportRow {
        place: logged.stored.place,
        at: event.at,
        actor: event.actor,
        head: event.log.and_then(|record| match *record {
            LogRecord::Export(head) => Some((head.size, head.root)),
            _ => None,
        }),
        detail: event.detail,
    }
}
