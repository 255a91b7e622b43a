//! `GET /console/devices/{id}/queue`: its commands.

use actix_web::web;
use serde::Deserialize;

use super::waits::wait;
use super::{address, head, shell};
use crate::app::commands::{self, state_of};
use crate::app::{self, waits};
use crate::http::api::PathId;
use crate::http::pages::{Page, Visitor};
use crate::http::problem::Problem;
use modegate_core::command::{CommandState, StoredCommand};
use modegate_core::device::Device;
use modegate_core::fields::quoted;
use modegate_core::ids::DeviceId;
use modegate_core::time::Timestamp;
use modegate_pages::console::devices::queue::{CommandRow, QueuePage, Shown};
use modegate_pages::console::state::StateBadge;
use modegate_pages::pager::Pager;

/// Commands on one page.
const ROWS: usize = 50;
/// The name of the list of those that are not final.
const OPEN: &str = "open";
/// The name of the list of all.
const ALL: &str = "all";

/// Which commands.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::http::pages) struct QueueQuery {
    state: String,
    after: String,
}

/// `GET /console/devices/{id}/queue`.
pub(in crate::http::pages) async fn show(
    visitor: Visitor,
    PathId(id): PathId<DeviceId>,
    query: web::Query<QueueQuery>,
) -> Page {
    let asked = match query.state.as_str() {
        "" => OPEN.to_owned(),
        state => state.to_owned(),
    };
    let state = CommandState::from_name(&asked);
    if state.is_none() && asked != OPEN && asked != ALL {
        return Err(Problem::field(
            "state",
            "open, all or a state",
            quoted(&asked),
        ));
    }
    // What is no place begins anew.
    let after: u32 = query.after.parse().unwrap_or(0);
    visitor
        .read(move |visitor| async move {
            let device = visitor.by().device(visitor.app(), id).await?;
            let (shown, next) = match asked.as_str() {
                OPEN => open(&visitor, &device, after).await?,
                _ => all(&visitor, id, state, after).await?,
            };
            let at = |after: Option<u32>| {
                let after = after.map_or(String::new(), |after| format!("&after={after}"));
                format!("{}/queue?state={asked}{after}", address(id))
            };
            let states = [OPEN, ALL]
                .into_iter()
                .chain(CommandState::ALL.map(CommandState::name));
            Ok(QueuePage {
                shell: shell(&visitor, &device, "/queue"),
                head: head(&visitor, &device, "/queue").await?,
                states: states.map(|name| (name, name == asked)).collect(),
                shown,
                pager: Pager {
                    first: (after > 0).then(|| at(None)),
                    next: next.map(|next| at(Some(next))),
                    next_text: format!("Next {ROWS}"),
                },
            })
        })
        .await
}

async fn open(
    visitor: &Visitor,
    device: &Device,
    after: u32,
) -> Result<(Shown, Option<u32>), Problem> {
    let waits = waits::waits(visitor.app(), device, after, ROWS).await?;
    let last = waits.last().map(|waiting| waiting.open.seq.0);
    let latest = device.state.open.last().map(|open| open.seq.0);
    let next = last.filter(|last| Some(*last) < latest);
    Ok((Shown::Open(waits.into_iter().map(wait).collect()), next))
}

async fn all(
    visitor: &Visitor,
    id: DeviceId,
    state: Option<CommandState>,
    after: u32,
) -> Result<(Shown, Option<u32>), Problem> {
    let page = app::Page {
        after: Some(after.into()),
        limit: ROWS,
    };
    let (device, listed) = commands::list(visitor.app(), visitor.by(), id, state, page).await?;
    let now = visitor.now();
    let rows = listed
        .items
        .iter()
        .map(|command| row(command, &device, now));
    let next = listed.next.and_then(|next| u32::try_from(next).ok());
    Ok((Shown::All(rows.collect()), next))
}

fn row(command: &StoredCommand, device: &Device, now: Timestamp) -> CommandRow {
    let reason = command
        .parts
        .iter()
        .rev()
        .find_map(|part| part.reason.clone());
    CommandRow {
        seq: command.id.seq.0,
        id: command.id.to_string(),
        name: command.body.name.clone(),
        state: StateBadge::new(state_of(command, device, now).name()),
        actor: command.body.actor.clone(),
        queued_at: command.body.queued_at,
        reason,
    }
}
