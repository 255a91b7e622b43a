//! `GET /console/devices/{id}/inventory`: what is known of it.

use actix_web::web;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;

use super::{address, command_id, head, shell};
use crate::app::{self, inventory};
use crate::http::api::PathId;
use crate::http::pages::{Page, Visitor};
use modegate_core::ids::{CommandSeq, DeviceId};
use modegate_core::inventory::{Change, Entry, Inventory, Value};
use modegate_pages::console::devices::inventory::{ChangeRow, ClassRow, InventoryPage, ValueRow};
use modegate_pages::pager::Pager;

/// Values on one page.
const VALUES: usize = 50;
/// Changes on one page.
const CHANGES: usize = 20;

/// Which part of an inventory.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::http::pages) struct InventoryQuery {
    class: String,
    /// How many values stand before the first one that is shown.
    from: String,
    /// The place of the newest change that is not shown.
    after: String,
}

/// `GET /console/devices/{id}/inventory`.
pub(in crate::http::pages) async fn show(
    visitor: Visitor,
    PathId(id): PathId<DeviceId>,
    query: web::Query<InventoryQuery>,
) -> Page {
    let query = query.into_inner();
    visitor
        .read(move |visitor| async move {
            let (app, by) = (visitor.app(), visitor.by());
            let device = by.device(app, id).await?;
            let inventory = inventory::of_device(app, by, id).await?;
            // What is no place begins anew.
            let after: Option<u64> = query.after.parse().ok();
            let after = after.filter(|after| i64::try_from(*after).is_ok());
            let page = app::Page {
                after,
                limit: CHANGES,
            };
            let changes = inventory::changes(app, by, id, page).await?;
            let own = format!("{}/inventory", address(id));
            let from = query.from.parse().unwrap_or(0);
            let mut values = values(id, &inventory, &query.class, from);
            let is_cut = values.len() > VALUES;
            values.truncate(VALUES);
            let of_class = format!(
                "{own}?class={}",
                utf8_percent_encode(&query.class, NON_ALPHANUMERIC)
            );
            let more = Pager {
                first: (from > 0).then(|| of_class.clone()),
                next: is_cut.then(|| format!("{of_class}&from={}", from.saturating_add(VALUES))),
                next_text: format!("Next {VALUES}"),
            };
            Ok(InventoryPage {
                shell: shell(&visitor, &device, "/inventory"),
                head: head(&visitor, &device, "/inventory").await?,
                classes: classes(&inventory),
                class: query.class,
                values,
                more,
                changes: changes
                    .items
                    .iter()
                    .map(|(_, change)| changed(change))
                    .collect(),
                pager: Pager {
                    first: after.map(|_| own.clone()),
                    next: changes.next.map(|next| format!("{own}?after={next}")),
                    next_text: "Earlier".to_owned(),
                },
            })
        })
        .await
}

fn classes(inventory: &Inventory) -> Vec<ClassRow> {
    let classes = inventory.classes.iter();
    let row = |(name, instances): (&String, &std::collections::BTreeMap<_, _>)| ClassRow {
        name: name.clone(),
        instances: instances.len(),
        listed_at: inventory.listed.get(name).map(|(at, _)| *at),
    };
    classes.map(row).collect()
}

/// The values behind the first `from`, of one class where it is named: one more than a page shows
/// at most.
fn values(id: DeviceId, inventory: &Inventory, only: &str, from: usize) -> Vec<ValueRow> {
    let wanted = |class: &str| only.is_empty() || only.eq_ignore_ascii_case(class);
    let classes = inventory.classes.iter().filter(|(class, _)| wanted(class));
    let all = classes.flat_map(|(class, instances)| {
        instances.iter().flat_map(move |(instance, values)| {
            let row = move |(property, entry): (&String, &Entry)| ValueRow {
                class: class.clone(),
                instance: instance.clone(),
                property: property.clone(),
                value: entry.value.text(),
                kind: entry.value.state(),
                read_at: entry.read_at,
                since: entry.since,
                command: (entry.command != CommandSeq::NONE)
                    .then(|| (entry.command.0, command_id(id, entry.command.0))),
            };
            values.iter().map(row)
        })
    });
    all.skip(from).take(VALUES + 1).collect()
}

fn changed(change: &Change) -> ChangeRow {
    let at = &change.address;
    let parts = [&at.class, &at.instance, &at.property];
    let parts = parts.into_iter().filter(|part| !part.is_empty());
    ChangeRow {
        at: change.at,
        address: parts.cloned().collect::<Vec<_>>().join(" · "),
        before: change.before.as_ref().and_then(Value::text),
        after: change.after.as_ref().and_then(Value::text),
    }
}
