//! `POST /devices/import`: many devices, all or none.

use actix_web::{HttpResponse, web};
use schemars::JsonSchema;
use serde::Serialize;

use super::answer::Answer;
use super::body::body;
use super::caller::Caller;
use crate::app::import::{self, Import, Report};
use crate::app::word::{Word, Words};
use crate::http::problem::Problem;
use crate::http::shared::Shared;
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

impl Words for Outcome {
    const ALL: &'static [Self] = &[Outcome::Created, Outcome::Updated, Outcome::Skipped];

    fn word(self) -> &'static str {
        match self {
            Outcome::Created => "created",
            Outcome::Updated => "updated",
            Outcome::Skipped => "skipped",
        }
    }
}

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
pub(super) async fn import(
    caller: Caller,
    payload: web::Payload,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    let import: Import = body(payload).await?;
    let render = |report: &Report| Answer::ok(&ReportView::from(report));
    let write = async |by, options| import::import(&shared.app, &by, import, options).await;
    caller.write(&shared, render, write).await
}
