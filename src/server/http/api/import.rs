//! `POST /devices/import`: many devices, all or none.

use schemars::JsonSchema;
use serde::Serialize;

use super::{ApiResponse, Body, Caller, HandlerResult};
use crate::app::import::{self, Import, Report};
use crate::app::word::{Word, words};
use modegate_store::api::Imported;

/// What an import came to.
#[derive(Debug, Default, Serialize, JsonSchema)]
#[schemars(rename = "ImportReport")]
pub(super) struct ReportView {
    created: u32,
    updated: u32,
    skipped: u32,
    /// In the order of the request.
    items: Vec<EntryView>,
}

/// What became of one entry.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct EntryView {
    source: String,
    id: String,
    outcome: Word<Outcome>,
}

#[derive(Debug, Clone, Copy)]
enum Outcome {
    Created,
    Updated,
    Skipped,
}

words!(Outcome {
    Created => "created",
    Updated => "updated",
    Skipped => "skipped",
});

impl From<&Report> for ReportView {
    fn from(report: &Report) -> Self {
        let mut view = ReportView::default();
        for (source, imported) in report {
            let (id, outcome, count) = match imported {
                Imported::Created(id) => (id, Outcome::Created, &mut view.created),
                Imported::Updated(id) => (id, Outcome::Updated, &mut view.updated),
                Imported::Skipped(id) => (id, Outcome::Skipped, &mut view.skipped),
            };
            *count += 1;
            view.items.push(EntryView {
                source: source.0.clone(),
                id: id.to_string(),
                outcome: Word(outcome),
            });
        }
        view
    }
}

/// `POST /devices/import`.
pub(super) async fn import(caller: Caller, Body(import): Body<Import>) -> HandlerResult {
    let render = |report: &Report| ApiResponse::ok(&ReportView::from(report));
    caller
        .write(render, async |app, by, options| {
            import::import(app, by, import, options).await
        })
        .await
}
