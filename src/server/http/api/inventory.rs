//! `/devices/{id}/inventory`, its changes, and the search over all devices.

use actix_web::{HttpResponse, web};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::caller::Caller;
use super::{Paging, device_id, page};
use crate::http::Shared;
use crate::http::problem::Problem;
use modegate_core::ids::{CommandId, DeviceId};
use modegate_core::inventory::search::{EXPECTED, Question};
use modegate_core::inventory::{Change, Entry, Inventory};

/// Most questions of one search.
const QUESTIONS: usize = 8;
/// Inventories that one request looks at, at most: each is read and opened.
const LOOKED_AT: usize = 1_000;
/// Read from the store at once: few, since each may be as large as its device made it.
const CHUNK: usize = 16;

/// Which part of an inventory to show.
#[derive(Debug, Deserialize)]
pub(super) struct Part {
    class: Option<String>,
}

/// `GET /devices/{id}/inventory?class=…`
pub(super) async fn of_device(
    caller: Caller,
    path: web::Path<String>,
    part: web::Query<Part>,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    let id = device_id(&path)?;
    caller.device(&shared, id).await?;
    let inventory = shared.store.inventory(id).await?.unwrap_or_default();
    Ok(HttpResponse::Ok().json(json!({
        "device": id.to_string(),
        "classes": classes(id, &inventory, part.class.as_deref()),
    })))
}

fn classes(id: DeviceId, inventory: &Inventory, only: Option<&str>) -> Value {
    let wanted = |class: &str| only.is_none_or(|only| only.eq_ignore_ascii_case(class));
    let shown = inventory
        .classes
        .iter()
        .filter(|(class, _)| wanted(class))
        .map(|(class, instances)| {
            let instances: Map<String, Value> = instances
                .iter()
                .map(|(instance, values)| {
                    let values: Map<String, Value> = values
                        .iter()
                        .map(|(property, entry)| (property.clone(), value(id, entry)))
                        .collect();
                    (instance.clone(), Value::Object(values))
                })
                .collect();
            let listed = inventory.listed.get(class).map(|(at, _)| at.to_string());
            (
                class.clone(),
                json!({"listed_at": listed, "instances": instances}),
            )
        });
    Value::Object(shown.collect())
}

fn value(id: DeviceId, entry: &Entry) -> Value {
    let command = CommandId {
        device: id,
        seq: entry.command,
    };
    let mut shown = json!({
        "value": entry.value.json(),
        "type": entry.value.state(),
        "read_at": entry.read_at.to_string(),
        "since": entry.since.to_string(),
        "command": command.to_string(),
    });
    if let Some(text) = &entry.text {
        shown["text"] = json!(text);
    }
    shown
}

/// `GET /devices/{id}/inventory/changes`: the newest first.
pub(super) async fn changes(
    caller: Caller,
    path: web::Path<String>,
    paging: web::Query<Paging>,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    let (id, limit) = (device_id(&path)?, paging.limit());
    caller.device(&shared, id).await?;
    let before: u64 = match paging.begins() {
        true => u64::MAX,
        false => paging.after()?,
    };
    let found = shared.store.inventory_changes(id, before, limit).await?;
    let next = match found.last() {
        Some((number, _)) if found.len() == limit => Some(number.to_string()),
        _ => None,
    };
    let items = found
        .iter()
        .map(|(number, change)| told(id, *number, change));
    Ok(page(items.collect(), next))
}

fn told(id: DeviceId, number: u64, change: &Change) -> Value {
    let shown = |value: &Option<modegate_core::inventory::Value>| {
        value
            .as_ref()
            .map(|value| json!({"value": value.json(), "type": value.state()}))
    };
    let command = CommandId {
        device: id,
        seq: change.command,
    };
    json!({
        "number": number,
        "at": change.at.to_string(),
        "class": change.address.class,
        "instance": change.address.instance,
        "property": change.address.property,
        "before": shown(&change.before),
        "after": shown(&change.after),
        "command": command.to_string(),
    })
}

/// `GET /inventory?where=Class.Property=value[&where=…]`: the devices of which
/// every question is true. A page may be short, or empty, while `next` goes on.
pub(super) async fn search(
    caller: Caller,
    query: web::Query<Vec<(String, String)>>,
    paging: web::Query<Paging>,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    let asked: Vec<&str> = query
        .iter()
        .filter(|(name, _)| name == "where")
        .map(|(_, value)| value.as_str())
        .collect();
    if asked.is_empty() || asked.len() > QUESTIONS {
        let expected = format!("1 to {QUESTIONS} questions, each {EXPECTED}");
        return Err(Problem::field("where", expected, asked.len()));
    }
    let mut questions = Vec::with_capacity(asked.len());
    for text in asked {
        let question = Question::parse(text);
        questions.push(question.ok_or_else(|| Problem::field("where", EXPECTED, "other text"))?);
    }
    let (limit, mut after): (usize, u64) = (paging.limit(), paging.after()?);
    let (mut items, mut looked_at) = (Vec::new(), 0);
    while looked_at < LOOKED_AT {
        let found = shared.store.inventories(after, CHUNK).await?;
        let last = found.len() < CHUNK;
        for (device, inventory) in &found {
            after = device.number;
            let is_true = |question: &Question| question.is_true_of(inventory);
            if caller.may_see(&device.record) && questions.iter().all(is_true) {
                items.push(super::devices::view(device));
            }
            if items.len() == limit {
                return Ok(page(items, Some(after.to_string())));
            }
        }
        if last {
            return Ok(page(items, None));
        }
        looked_at += found.len();
    }
    Ok(page(items, Some(after.to_string())))
}
