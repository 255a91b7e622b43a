//! `GET /console/audit/{place}`: one entry of the log, with its proof.

use std::collections::BTreeSet;

use actix_web::http::header::CONTENT_DISPOSITION;
use actix_web::{HttpResponse, web};
use serde_json::Value as Json;

use super::names;
use crate::app::audit;
use crate::app::log::{self, LoggedEvent};
use crate::http::api::shown_event;
use crate::http::pages::console::policy_sets::link;
use crate::http::pages::console::{command_id, path_id};
use crate::http::pages::{Page, Visitor};
use crate::http::problem::Problem;
use modegate_core::event::Event;
use modegate_pages::console::audit::entry::{CheckpointFacts, EntryPage, ProofState};

/// The place in a path; the store counts in signed numbers.
fn place(text: &str) -> Result<u64, Problem> {
    let place: u64 = path_id(text, "entry")?;
    match i64::try_from(place) {
        Ok(_) => Ok(place),
        Err(_) => Err(Problem::missing("entry")),
    }
}

/// `GET /console/audit/{place}`.
pub(in crate::http::pages) async fn show(visitor: Visitor, path: web::Path<String>) -> Page {
    let place = place(&path)?;
    visitor
        .read(move |visitor| async move {
            let (app, by) = (visitor.app(), visitor.by());
            let found = [log::at_place(app, by, place).await?];
            let names = names(&visitor, &found).await?;
            let places = log::places_of_lists(app, &found).await?;
            let [logged] = found;
            let event = &logged.stored.event;
            let exchange = event.exchange.as_ref();
            let named = event.device.zip(exchange.and_then(|of| of.withheld_as));
            let mut fields = Vec::new();
            flatten(String::new(), &shown_event(&logged), &mut fields);
            let shell = visitor.shell(format!("Entry at place {place}"));
            Ok(EntryPage {
                shell: shell.below("/console/audit", "Audit log"),
                place,
                about: event.what.about().trim(),
                at: event.at,
                actor: event.actor.clone(),
                device: event
                    .device
                    .map(|id| (id.to_string(), names.get(&id).cloned())),
                commands: commands(event),
                policy_set: exchange.map(|of| {
                    let is_in_force = app.sync.policies().digest() == of.policy_set;
                    (link(&visitor, &*of.policy_set), is_in_force)
                }),
                same_as: named.and_then(|of| places.get(&of)).copied(),
                fields,
                proof: proof_state(&visitor, &logged).await?,
                beside: by.sees_all().then(|| (place - 1, place + 1)),
            })
        })
        .await
}

/// The commands that it names, in their order, each once.
fn commands(event: &Event) -> Vec<(u32, String)> {
    let Some(device) = event.device else {
        return Vec::new();
    };
    let delivered = event.delivered().iter().map(|one| one.command);
    let outcomes = event.exchange.iter().flat_map(|of| &of.outcomes);
    let outcomes = outcomes.map(|one| one.command);
    let own = event.command.into_iter().chain(event.commands.clone());
    let all: BTreeSet<u32> = own.chain(delivered).chain(outcomes).collect();
    all.into_iter()
        .map(|seq| (seq, command_id(device, seq)))
        .collect()
}

/// How far it is sealed.
async fn proof_state(visitor: &Visitor, logged: &LoggedEvent) -> Result<ProofState, Problem> {
    let sealed = audit::sealed(visitor.app()).await?;
    let is_covered = |size: u64| logged.entry < size;
    let newest = sealed.newest.filter(|newest| is_covered(newest.size));
    Ok(ProofState {
        entry: logged.entry,
        checkpoint: newest.map(|newest| CheckpointFacts {
            size: newest.size,
            root: newest.root.base64(),
            at: newest.at,
        }),
        waits: sealed.waits,
    })
}

/// Every value with the way to it; what is not there is left out.
fn flatten(name: String, value: &Json, fields: &mut Vec<(String, String)>) {
    let below = |part: &str| match name.is_empty() {
        true => part.replace('_', " "),
        false => format!("{name} · {}", part.replace('_', " ")),
    };
    match value {
        Json::Null => {}
        Json::Object(parts) => {
            for (part, value) in parts {
                flatten(below(part), value, fields);
            }
        }
        Json::Array(items) if items.iter().any(|item| item.is_object() || item.is_array()) => {
            for (at, item) in items.iter().enumerate() {
                flatten(format!("{name} {}", at + 1), item, fields);
            }
        }
        Json::Array(items) if items.is_empty() => {}
        Json::Array(items) => {
            let all: Vec<String> = items.iter().map(text).collect();
            fields.push((name, all.join(", ")));
        }
        value => fields.push((name, text(value))),
    }
}

fn text(value: &Json) -> String {
    match value {
        Json::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// `GET /console/audit/{place}/proof`: a file.
pub(in crate::http::pages) async fn proof(visitor: Visitor, path: web::Path<String>) -> Page {
    let place = place(&path)?;
    let looker = visitor.clone();
    let proof = visitor.off_workers(move || async move {
        let (app, by) = (looker.app(), looker.by());
        let entry = log::at_place(app, by, place).await?.entry;
        audit::proof_of_entry(app, by, entry).await
    });
    let name = format!("attachment; filename=\"entry-{place}.tlog-proof\"");
    Ok(HttpResponse::Ok()
        .content_type("text/plain; charset=utf-8")
        .insert_header((CONTENT_DISPOSITION, name))
        .body(proof.await??))
}
