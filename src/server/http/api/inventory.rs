//! `/devices/{id}/inventory`, its changes, and the search over all devices.

use std::collections::BTreeMap;

use actix_web::web;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::devices::DeviceView;
use super::{Caller, HandlerResult, Id, Paging, ok, page, page_in};
use crate::app::input::Time;
use crate::app::inventory;
use crate::http::problem::Problem;
use modegate_core::fields::quoted;
use modegate_core::ids::{CommandId, CommandSeq, DeviceId};
use modegate_core::inventory::search::{EXPECTED, Question};
use modegate_core::inventory::{Change, Entry, Inventory, Value};
use modegate_store::seal::CursorList;

/// Most questions of one search.
const QUESTIONS: usize = 8;

/// What is known of a device.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Inventory")]
pub(super) struct InventoryView {
    device: String,
    classes: BTreeMap<String, ClassView>,
}

/// What is known of a class.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct ClassView {
    listed_at: Option<Time>,
    /// Values by instance and property.
    instances: BTreeMap<String, BTreeMap<String, EntryView>>,
}

/// A value and its type.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct ValueView {
    value: Json,
    #[serde(rename = "type")]
    #[schemars(with = "String")]
    state: Json,
}

/// A value, with when it was read.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct EntryView {
    #[serde(flatten)]
    value: ValueView,
    read_at: Time,
    since: Time,
    /// The command that read it; none for what the device reports by itself.
    command: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
}

/// A change of an inventory.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "InventoryChange")]
pub(super) struct ChangeView {
    number: u64,
    at: Time,
    class: String,
    instance: String,
    property: String,
    before: Option<ValueView>,
    after: Option<ValueView>,
    command: Option<String>,
}

fn full(device: DeviceId, seq: CommandSeq) -> Option<String> {
    (seq != CommandSeq::NONE).then(|| CommandId { device, seq }.to_string())
}

impl From<&Value> for ValueView {
    fn from(value: &Value) -> Self {
        ValueView {
            value: value.json(),
            state: serde_json::json!(value.state()),
        }
    }
}

impl EntryView {
    fn new(id: DeviceId, entry: &Entry) -> Self {
        EntryView {
            value: ValueView::from(&entry.value),
            read_at: Time(entry.read_at),
            since: Time(entry.since),
            command: full(id, entry.command),
            text: entry.text.clone(),
        }
    }
}

impl InventoryView {
    /// What is known of the device, of one class where `only` names it.
    fn new(id: DeviceId, inventory: &Inventory, only: Option<&str>) -> Self {
        let wanted = |class: &str| only.is_none_or(|only| only.eq_ignore_ascii_case(class));
        let classes = inventory.classes.iter().filter(|(class, _)| wanted(class));
        let classes = classes.map(|(class, instances)| {
            let instances = instances.iter().map(|(instance, values)| {
                let values = values
                    .iter()
                    .map(|(property, entry)| (property.clone(), EntryView::new(id, entry)));
                (instance.clone(), values.collect())
            });
            let view = ClassView {
                listed_at: inventory.listed.get(class).map(|(at, _)| Time(*at)),
                instances: instances.collect(),
            };
            (class.clone(), view)
        });
        InventoryView {
            device: id.to_string(),
            classes: classes.collect(),
        }
    }
}

impl ChangeView {
    fn new(id: DeviceId, number: u64, change: &Change) -> Self {
        ChangeView {
            number,
            at: Time(change.at),
            class: change.address.class.clone(),
            instance: change.address.instance.clone(),
            property: change.address.property.clone(),
            before: change.before.as_ref().map(ValueView::from),
            after: change.after.as_ref().map(ValueView::from),
            command: full(id, change.command),
        }
    }
}

/// Which part of an inventory to show.
#[derive(Debug, Deserialize)]
pub(super) struct PartQuery {
    class: Option<String>,
}

/// `GET /devices/{id}/inventory?class=…`
pub(super) async fn of_device(
    caller: Caller,
    Id(id): Id<DeviceId>,
    query: web::Query<PartQuery>,
) -> HandlerResult {
    caller
        .read(move |caller| async move {
            let inventory = inventory::of_device(caller.app(), caller.by(), id).await?;
            let view = InventoryView::new(id, &inventory, query.class.as_deref());
            ok(&view)
        })
        .await
}

/// `GET /devices/{id}/inventory/changes`: the newest first.
pub(super) async fn changes(
    caller: Caller,
    Id(id): Id<DeviceId>,
    paging: web::Query<Paging>,
) -> HandlerResult {
    caller
        .read(move |caller| async move {
            let listed = inventory::changes(caller.app(), caller.by(), id, paging.page()?).await?;
            Ok(page(listed, |(number, change)| {
                ChangeView::new(id, number, &change)
            }))
        })
        .await
}

/// The questions of a search.
fn questions(query: &[(String, String)]) -> Result<Vec<Question>, Problem> {
    let asked = query.iter().filter(|(name, _)| name == "where");
    let asked: Vec<&str> = asked.map(|(_, value)| value.as_str()).collect();
    if asked.is_empty() || asked.len() > QUESTIONS {
        let expected = format!("1 to {QUESTIONS} questions, each {EXPECTED}");
        return Err(Problem::field("where", expected, asked.len()));
    }
    let read = |text: &&str| {
        Question::parse(text).ok_or_else(|| Problem::field("where", EXPECTED, quoted(text)))
    };
    asked.iter().map(read).collect()
}

/// `GET /inventory?where=Class.Property=value[&where=…]`: the devices of which
/// every question is true. A page may be short, or empty, while `next` goes on.
pub(super) async fn search(
    caller: Caller,
    query: web::Query<Vec<(String, String)>>,
    paging: web::Query<Paging>,
) -> HandlerResult {
    caller
        .read(move |caller| async move {
            let questions = questions(&query)?;
            let asked = paging.page_in(&caller, CursorList::Devices)?;
            let listed = inventory::search(caller.app(), caller.by(), &questions, asked).await?;
            Ok(page_in(&caller, CursorList::Devices, listed, |device| {
                DeviceView::new(&device, caller.by())
            }))
        })
        .await
}
