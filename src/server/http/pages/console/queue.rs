//! `/console/queue`: what waits across the fleet, and why.

use std::collections::BTreeSet;

use actix_web::web;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;

use super::named;
use crate::app::waiting;
use crate::http::pages::{Page, Visitor};
use crate::http::problem::Problem;
use modegate_core::waiting::{WaitReason, WaitingGroup};
use modegate_pages::console::queue::{QueueGroupPage, QueuePage, QueueRow};

/// What is asked for; empty for all.
#[derive(Debug, Deserialize)]
pub(in crate::http::pages) struct Filter {
    #[serde(default)]
    kind: String,
    #[serde(default)]
    rule: String,
}

/// `GET /console/queue`.
pub(in crate::http::pages) async fn show(visitor: Visitor, filter: web::Query<Filter>) -> Page {
    visitor
        .read(move |visitor| async move {
            let census = waiting::census(visitor.app(), visitor.by()).await?;
            let shell = visitor.shell("Queue");
            let Filter { kind, rule } = filter.into_inner();
            let mut shown = QueuePage {
                shell,
                kind,
                rule,
                kinds: Vec::new(),
                rules: Vec::new(),
                rows: Vec::new(),
                commands: 0,
                others: 0,
                at: None,
                devices: 0,
                is_whole: true,
            };
            let Some(census) = census else {
                return Ok(shown);
            };
            let found = &census.waiting;
            let kinds: BTreeSet<&str> = found.groups.keys().map(|why| why.kind.name()).collect();
            let rules: BTreeSet<&String> = found.groups.keys().flat_map(|why| &why.rules).collect();
            let mut rows: Vec<QueueRow> = found
                .groups
                .iter()
                .filter(|(why, _)| shown.kind.is_empty() || why.kind.name() == shown.kind)
                .filter(|(why, _)| shown.rule.is_empty() || why.rules.contains(&shown.rule))
                .map(|(why, group)| row(why, group))
                .collect();
            rows.sort_by_key(|row| std::cmp::Reverse(row.commands));
            shown.kinds = kinds.into_iter().map(str::to_owned).collect();
            shown.rules = rules.into_iter().cloned().collect();
            shown.commands = rows.iter().map(|row| row.commands).sum();
            shown.rows = rows;
            (shown.others, shown.devices) = (found.others, found.devices);
            (shown.at, shown.is_whole) = (Some(census.at), census.is_whole);
            Ok(shown)
        })
        .await
}

/// Which reason, as [`key`] writes it.
#[derive(Debug, Deserialize)]
pub(in crate::http::pages) struct ReasonQuery {
    #[serde(default)]
    of: String,
}

/// `GET /console/queue/devices?of=`: the first devices on which commands wait for a reason.
pub(in crate::http::pages) async fn devices(
    visitor: Visitor,
    query: web::Query<ReasonQuery>,
) -> Page {
    visitor
        .read(move |visitor| async move {
            let census = waiting::census(visitor.app(), visitor.by()).await?;
            let census = census.ok_or_else(|| Problem::missing("page"))?;
            let mut groups = census.waiting.groups.iter();
            let found = groups.find(|(why, _)| key(why) == query.of);
            let gone = || Problem::missing("nothing waits for this reason any more; it");
            let (why, group) = found.ok_or_else(gone)?;
            let devices = waiting::devices(visitor.app(), visitor.by(), &group.first).await?;
            let row = row(why, group);
            Ok(QueueGroupPage {
                shell: visitor
                    .shell(format!("Waiting: {}, {}", row.kind, row.rules.join(", ")))
                    .below("/console/queue", "Queue"),
                row,
                first: devices
                    .iter()
                    .map(|device| {
                        let (id, name) = named(device);
                        (id, name, device.state.open.len())
                    })
                    .collect(),
            })
        })
        .await
}

fn row(why: &WaitReason, group: &WaitingGroup) -> QueueRow {
    let of = key(why);
    let of = utf8_percent_encode(&of, NON_ALPHANUMERIC);
    QueueRow {
        href: format!("/console/queue/devices?of={of}"),
        kind: why.kind.name(),
        goes: why.goes,
        rules: why.rules.clone(),
        modes: why.modes.iter().map(|mode| mode.name()).collect(),
        commands: group.commands,
        devices: group.devices,
        oldest: group.oldest,
    }
}

/// A reason as an address names it.
fn key(why: &WaitReason) -> String {
    let modes: Vec<&str> = why.modes.iter().map(|mode| mode.name()).collect();
    let what = if why.goes { "goes" } else { "held" };
    format!(
        "{} {what} {} {}",
        why.kind.name(),
        why.rules.join(","),
        modes.join(",")
    )
}
