//! `GET /console/audit`: the log, filtered.

use std::collections::HashMap;

use actix_web::web;

use super::names;
use super::query::AuditQuery;
use crate::app::log::{self, LoggedEvent};
use crate::http::pages::console::command_id;
use crate::http::pages::console::policy_sets::link;
use crate::http::pages::{Page, Visitor};
use modegate_core::event::ExchangeRecord;
use modegate_core::ids::DeviceId;
use modegate_pages::console::audit::list::{AuditPage, EntryRow, ExchangeCells};
use modegate_pages::pager::Pager;

const ROWS: usize = 40;
const PATH: &str = "/console/audit";

/// `GET /console/audit?type=&actor=&device=&mode=&from=&to=&before=`.
pub(in crate::http::pages) async fn show(visitor: Visitor, query: web::Query<AuditQuery>) -> Page {
    let query = query.into_inner();
    let filter = query.filter()?;
    visitor
        .read(move |visitor| async move {
            let (app, by) = (visitor.app(), visitor.by());
            let listed = log::all(app, by, &filter, query.page(&visitor, ROWS)).await?;
            let names = names(&visitor, &listed.items).await?;
            let places = log::places_of_lists(app, &listed.items).await?;
            let rows = listed.items.iter();
            let next = listed.next.map(|place| query.cursor(&visitor, place));
            let address = |path: &str| query.address(path, "", query.before());
            Ok(AuditPage {
                shell: visitor.shell("Audit log"),
                filter: query.shown(),
                rows: rows
                    .map(|logged| row(&visitor, logged, &names, &places))
                    .collect(),
                is_partial: next.is_some(),
                downloads: ["events.csv", "events.jsonl"]
                    .map(|name| address(&format!("{PATH}/{name}"))),
                pager: Pager {
                    first: query.before().map(|_| query.address(PATH, "", None)),
                    next: next.map(|next| query.address(PATH, "", Some(&next))),
                    next_text: "Earlier".to_owned(),
                },
                most: super::download::EVENTS,
                is_bound: !by.sees_all(),
            })
        })
        .await
}

fn row(
    visitor: &Visitor,
    logged: &LoggedEvent,
    names: &HashMap<DeviceId, String>,
    places: &HashMap<(DeviceId, u64), u64>,
) -> EntryRow {
    let event = &logged.stored.event;
    let device = event.device;
    let cells = |exchange: &ExchangeRecord| {
        let named = device.zip(exchange.withheld_as);
        ExchangeCells {
            mode: exchange.mode,
            delivered: exchange.delivered.len(),
            withheld: logged
                .withheld
                .iter()
                .map(|group| u64::from(group.count))
                .sum(),
            same_as: named.and_then(|of| places.get(&of)).copied(),
            policy_set: link(visitor, &*exchange.policy_set),
        }
    };
    EntryRow {
        place: logged.stored.place,
        at: event.at,
        actor: event.actor.clone(),
        what: event.what.name(),
        device: device.map(|id| (id.to_string(), names.get(&id).cloned())),
        command: device
            .zip(event.command)
            .map(|(id, seq)| (seq, command_id(id, seq))),
        detail: event.detail.clone(),
        exchange: event.exchange.as_ref().map(cells),
    }
}
