//! `/console/batches`: one command for many devices.

use actix_web::web;
use serde::Deserialize;

use super::{may_operate, named, path_id};
use crate::app::batches::{self, BatchOutcomes};
use crate::app::commands::state_of;
use crate::http::pages::visitor::page;
use crate::http::pages::{Page, Visitor};
use crate::http::problem::Problem;
use modegate_core::batch::{Batch, BatchId, BatchState, To};
use modegate_core::fields::quoted;
use modegate_pages::console::batches::{
    BatchCommand, BatchCommandsPage, BatchPage, BatchRow, BatchesPage, RefusalRow,
};
use modegate_pages::console::confirm::ConfirmPage;
use modegate_pages::console::state::StateBadge;
use modegate_store::seal::CursorList;

/// Devices of one reason that are named.
const NAMED: usize = 5;
/// Batches, or their commands, of one page.
const PER_PAGE: usize = 50;

/// Where a list goes on.
#[derive(Debug, Deserialize)]
pub(in crate::http::pages) struct After {
    #[serde(default)]
    after: String,
}

/// `GET /console/batches`.
pub(in crate::http::pages) async fn list(visitor: Visitor, query: web::Query<After>) -> Page {
    visitor
        .read(move |visitor| async move {
            let (app, by, after) = (visitor.app(), visitor.by(), &query.after);
            let place = match after.is_empty() {
                true => None,
                false => {
                    let place = app.place(by, CursorList::Batches, after);
                    Some(place.ok_or_else(|| not_shown(after))?)
                }
            };
            let asked = crate::app::Page {
                after: place,
                limit: PER_PAGE,
            };
            let listed = batches::list(app, by, asked).await?;
            let next = listed.next;
            Ok(BatchesPage {
                shell: visitor.shell("Batches"),
                rows: listed.items.iter().map(row).collect(),
                next: next.map(|next| app.cursor(by, CursorList::Batches, next)),
                is_first: after.is_empty(),
                may_operate: may_operate(&visitor),
            })
        })
        .await
}

fn not_shown(after: &str) -> Problem {
    Problem::field("after", "the address behind Next", quoted(after))
}

fn row(batch: &Batch) -> BatchRow {
    BatchRow {
        id: batch.id.to_string(),
        name: batch.name.clone(),
        state: StateBadge::new(batch.state.name()),
        to: match &batch.to {
            To::All => "all devices".to_owned(),
            To::Groups(groups) => format!("groups {}", groups.join(", ")),
            To::Devices(devices) if devices.len() == 1 => "1 device".to_owned(),
            To::Devices(devices) => format!("{} devices", devices.len()),
        },
        actor: batch.actor.clone(),
        created_at: batch.created_at,
        ended_at: batch.ended_at,
        queued: batch.queued,
        refused: batch.refused,
        cancelled: batch.cancelled,
    }
}

/// `GET /console/batches/{batch}`.
pub(in crate::http::pages) async fn show(visitor: Visitor, path: web::Path<String>) -> Page {
    let id: BatchId = path_id(&path, "batch")?;
    let looker = visitor.clone();
    let batch = visitor
        .off_workers(move || async move { batches::one(looker.app(), looker.by(), id).await })
        .await??;
    let revision = revision(&batch);
    if let Some(unchanged) = visitor.unchanged(&revision) {
        return Ok(unchanged);
    }
    visitor
        .read(move |visitor| async move {
            let outcomes = batches::outcomes(visitor.app(), visitor.by(), id).await?;
            Ok(batch_page(&visitor, &batch, outcomes, revision))
        })
        .await
}

/// How far it is, in one word.
fn revision(batch: &Batch) -> String {
    let Batch {
        queued,
        refused,
        cancelled,
        cursor,
        ..
    } = batch;
    let state = batch.state.name();
    format!("{state}.{queued}.{refused}.{cancelled}.{cursor}")
}

fn batch_page(
    visitor: &Visitor,
    batch: &Batch,
    outcomes: BatchOutcomes,
    revision: String,
) -> BatchPage {
    BatchPage {
        shell: visitor
            .shell(format!("Batch {} of {}", batch.name, batch.created_at))
            .below("/console/batches", "Batches"),
        devices: match &batch.to {
            To::Devices(devices) => Some(devices.len() as u64),
            To::All | To::Groups(_) => None,
        },
        refusals: refusals(batch),
        refusals_kept: batch.refusals.len() as u64,
        outcomes: outcomes
            .states
            .into_iter()
            .map(|(state, count)| (StateBadge::new(state.name()), count))
            .collect(),
        looked_at: outcomes.seen,
        revision,
        is_open: batch.state.is_open(),
        may_stop: batch.state == BatchState::Running && may_operate(visitor),
        once: visitor.once(),
        batch: row(batch),
    }
}

/// The refusals that are kept, by reason, the most frequent first.
fn refusals(batch: &Batch) -> Vec<RefusalRow> {
    let mut rows: Vec<RefusalRow> = Vec::new();
    for refused in &batch.refusals {
        let known = rows.iter().position(|row| row.reason == refused.reason);
        let at = known.unwrap_or_else(|| {
            rows.push(RefusalRow {
                reason: refused.reason.clone(),
                count: 0,
                devices: Vec::new(),
            });
            rows.len() - 1
        });
        let row = &mut rows[at];
        row.count += 1;
        if row.devices.len() < NAMED {
            row.devices.push(refused.device.to_string());
        }
    }
    rows.sort_by_key(|row| std::cmp::Reverse(row.count));
    rows
}

/// `GET /console/batches/{batch}/commands`.
pub(in crate::http::pages) async fn commands(
    visitor: Visitor,
    path: web::Path<String>,
    query: web::Query<After>,
) -> Page {
    let id: BatchId = path_id(&path, "batch")?;
    visitor
        .read(move |visitor| async move {
            let (app, after) = (visitor.app(), &query.after);
            let place = match after.is_empty() {
                true => None,
                false => Some(after.parse().map_err(|_| not_shown(after))?),
            };
            let asked = crate::app::Page {
                after: place.filter(|place| i64::try_from(*place).is_ok()),
                limit: PER_PAGE,
            };
            let (listed, now) = (
                batches::commands(app, visitor.by(), id, asked).await?,
                app.now(),
            );
            let rows = listed.items.iter().map(|(command, device)| BatchCommand {
                id: command.id.to_string(),
                number: command.id.seq.0,
                device: named(device),
                state: StateBadge::new(state_of(command, device, now).name()),
            });
            Ok(BatchCommandsPage {
                shell: visitor
                    .shell(format!("Commands of batch {id}"))
                    .below(format!("/console/batches/{id}"), "Batch"),
                id: id.to_string(),
                rows: rows.collect(),
                next: listed.next.map(|next| next.to_string()),
            })
        })
        .await
}

/// `GET /console/batches/{batch}/take-back`: asks once more.
pub(in crate::http::pages) async fn ask_take_back(
    visitor: Visitor,
    path: web::Path<String>,
) -> Page {
    let id: BatchId = path_id(&path, "batch")?;
    let batch = batches::one(visitor.app(), visitor.by(), id).await?;
    let (here, shown) = (format!("/console/batches/{id}"), row(&batch));
    page(&ConfirmPage {
        shell: visitor
            .shell(format!("Take back the batch {id}"))
            .below(&*here, format!("Batch {}", shown.name)),
        heading: format!("Stop {} and take back what waits?", shown.name),
        text:
            "No more devices get the command, and those that have not been sent it lose it. What \
               was sent already stays."
                .to_owned(),
        facts: vec![
            ("For", shown.to),
            ("Queued so far", shown.queued.to_string()),
        ],
        action: format!("{here}/take-back"),
        button: "Stop and take back",
        once: visitor.once(),
        fields: Vec::new(),
        back: here,
    })
}

/// `POST /console/batches/{batch}/stop`.
pub(in crate::http::pages) async fn stop(visitor: Visitor, path: web::Path<String>) -> Page {
    end(visitor, &path, false, "stopped").await
}

/// `POST /console/batches/{batch}/take-back`.
pub(in crate::http::pages) async fn take_back(visitor: Visitor, path: web::Path<String>) -> Page {
    end(visitor, &path, true, "taken-back").await
}

async fn end(visitor: Visitor, id: &str, cancels: bool, notice: &'static str) -> Page {
    let id: BatchId = path_id(id, "batch")?;
    let place = move |_: &Batch| format!("/console/batches/{id}?notice={notice}");
    visitor
        .write(place, async |app, by, options| {
            batches::stop(app, by, id, cancels, options).await
        })
        .await
}
