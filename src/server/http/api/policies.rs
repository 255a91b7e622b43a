//! `/policies`: the set in force, and a try-out of another against what was recorded.

use std::collections::HashMap;

use actix_web::{HttpResponse, web};
use serde_json::{Value, json};

use super::body::body;
use super::caller::Caller;
use super::events::Held;
use crate::http::Shared;
use crate::http::problem::Problem;
use modegate_core::command::StoredCommand;
use modegate_core::context::{Context, ContextSet};
use modegate_core::device::Device;
use modegate_core::event::ExchangeRecord;
use modegate_core::fields::{FieldError, Fields};
use modegate_core::ids::{CommandId, CommandSeq, DeviceId};
use modegate_core::kind::Leaf;
use modegate_core::limits;
use modegate_core::policy::tryout::{Recorded, TryOut};
use modegate_core::policy::{PolicySet, Verdict};
use modegate_core::session::queue::leaves_of;

/// Events that a try-out looks at unless told otherwise, and at most.
const EVENTS: (i64, i64) = (2_000, 20_000);
/// Files of a set, and the longest of them, bytes.
const FILES: (usize, usize) = (64, 256 * 1024);

/// `GET /policies`. The files name groups: a caller that is bound to some is
/// shown the digest only.
pub(super) async fn in_force(caller: Caller, shared: web::Data<Shared>) -> HttpResponse {
    let set = shared.way.policies();
    if !caller.sees_all() {
        return HttpResponse::Ok().json(json!({"digest": set.digest(), "files": []}));
    }
    let files = set
        .files()
        .iter()
        .map(|(name, text)| json!({"name": name, "text": text}));
    HttpResponse::Ok().json(json!({"digest": set.digest(), "files": files.collect::<Vec<_>>()}))
}

/// `POST /policies/try`.
pub(super) async fn tried(
    caller: Caller,
    payload: web::Payload,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    let value = body(payload).await?;
    let fields = Fields::of(&value, "")?;
    let set = set(&fields)?;
    let most = fields.integer("events", 1, EVENTS.1)?.unwrap_or(EVENTS.0);
    let most = u64::try_from(most).unwrap_or(1);
    let last = shared.store.last_place().await?;
    let mut gathering = Gathering::new(&shared, &caller, &set);
    let mut after = last.saturating_sub(most);
    while after < last && !gathering.is_full() {
        let events = shared
            .store
            .all_events(after, crate::limits::PAGE_ITEMS)
            .await?;
        let Some(newest) = events.last() else { break };
        after = newest.place;
        for stored in &events {
            if let (Some(device), Some(exchange)) = (stored.event.device, &stored.event.exchange) {
                gathering.take(device, exchange).await?;
            }
        }
    }
    Ok(HttpResponse::Ok().json(json!({
        "policy_set": set.digest(), "exchanges": gathering.exchanges, "outcome": gathering.outcome,
        "stopped_early": gathering.is_full(),
    })))
}

/// The set that the request brings; every fault of it at once.
fn set(fields: &Fields<'_>) -> Result<PolicySet, Problem> {
    let list = fields.list("files", FILES.0)?;
    let list = list.ok_or_else(|| Problem::field("files", "a list of {name, text}", "nothing"))?;
    let mut texts = Vec::with_capacity(list.len());
    for (at, value) in list.iter().enumerate() {
        let file = Fields::of(value, &format!("files[{at}]"))?;
        let name = file.required("name", 128)?.to_owned();
        let text = file.text("text", FILES.1)?;
        let text =
            text.ok_or_else(|| Problem::field(file.name("text"), "the file's text", "nothing"))?;
        texts.push((name, text.to_owned()));
    }
    PolicySet::from_texts(texts).map_err(|faults| {
        let named = faults.into_iter().map(|fault| FieldError {
            field: format!("{}:{}:{}", fault.file, fault.line, fault.column),
            expected: fault.expected,
            found: fault.found,
        });
        Problem::faults(
            actix_web::http::StatusCode::UNPROCESSABLE_ENTITY,
            named.collect(),
        )
    })
}

/// What a set sees of a command.
#[derive(Debug, Clone)]
struct Touched {
    leaves: Vec<Leaf>,
    app: Option<String>,
}

/// Puts recorded exchanges into the form that a try-out looks at.
struct Gathering<'a> {
    shared: &'a Shared,
    caller: &'a Caller,
    set: &'a PolicySet,
    held: Held<'a>,
    devices: HashMap<DeviceId, Option<Device>>,
    /// What is looked at of each command; nothing of one that is gone.
    commands: HashMap<CommandId, Option<Touched>>,
    /// What each device's session had named so far, as far as it was looked at.
    contexts: HashMap<DeviceId, (u32, ContextSet)>,
    exchanges: u64,
    outcome: TryOut,
}

impl<'a> Gathering<'a> {
    fn new(shared: &'a Shared, caller: &'a Caller, set: &'a PolicySet) -> Self {
        Gathering {
            shared,
            caller,
            set,
            held: Held::new(shared),
            devices: HashMap::new(),
            commands: HashMap::new(),
            contexts: HashMap::new(),
            exchanges: 0,
            outcome: TryOut::default(),
        }
    }

    /// Whether as many decisions were looked at as one request may.
    fn is_full(&self) -> bool {
        self.outcome.looked_at >= limits::TRYOUT_DECISIONS
    }

    async fn take(&mut self, id: DeviceId, exchange: &ExchangeRecord) -> Result<(), Problem> {
        let contexts = self.named(id, exchange);
        let Some(device) = self.device(id).await? else {
            return Ok(());
        };
        self.exchanges += 1;
        for delivered in &exchange.delivered {
            self.record(&device, delivered.command, contexts, Verdict::Deliver)
                .await?;
        }
        for held in self.held.of(id, exchange).await? {
            // What waited for its time or for another was no decision of a policy.
            if held
                .rules
                .iter()
                .any(|rule| rule.starts_with("queue.") || rule.starts_with("guard."))
            {
                continue;
            }
            for command in held.commands {
                self.record(&device, command, contexts, Verdict::Withhold)
                    .await?;
            }
        }
        Ok(())
    }

    /// Every context that the session has named up to this exchange.
    fn named(&mut self, id: DeviceId, exchange: &ExchangeRecord) -> ContextSet {
        let context = Context {
            mode: exchange.mode,
            platform: exchange.platform,
            login: exchange.login,
        };
        let known = self
            .contexts
            .get(&id)
            .filter(|(session, _)| *session == exchange.session);
        let contexts =
            known.map_or_else(|| ContextSet::only(context), |(_, set)| set.with(context));
        self.contexts.insert(id, (exchange.session, contexts));
        contexts
    }

    async fn device(&mut self, id: DeviceId) -> Result<Option<Device>, Problem> {
        if !self.devices.contains_key(&id) {
            let found = self.shared.store.device(id).await?;
            let seen = found.filter(|device| self.caller.may_see(&device.record));
            self.devices.insert(id, seen);
        }
        Ok(self.devices.get(&id).cloned().flatten())
    }

    async fn record(
        &mut self,
        device: &Device,
        seq: u32,
        contexts: ContextSet,
        was: Verdict,
    ) -> Result<(), Problem> {
        let id = CommandId {
            device: device.id,
            seq: CommandSeq(seq),
        };
        if !self.commands.contains_key(&id) {
            let found = self.shared.store.command(id).await?;
            let seen = found.map(|command| self.seen(device, &command));
            self.commands.insert(id, seen);
        }
        let Some(Touched { leaves, app }) = self.commands.get(&id).cloned().flatten() else {
            return Ok(());
        };
        let recorded = Recorded {
            contexts,
            family: device.record.family,
            groups: device.record.groups.clone(),
            app,
            command: id.to_string(),
            leaves,
            was,
        };
        self.outcome.take(self.set, recorded);
        Ok(())
    }

    /// What the set sees of a command.
    fn seen(&self, device: &Device, command: &StoredCommand) -> Touched {
        let body = command.body.bound(&device.record.device_client_id);
        let leaves = leaves_of(&body.operations, |verb, loc_uri| {
            self.set.classify(verb, loc_uri)
        });
        let app = command.body.manner.app.clone();
        Touched { leaves, app }
    }
}

/// What a set looks like in the API's description.
pub(super) fn schema() -> Value {
    let text = json!({"type": "string"});
    json!({
        "type": "object",
        "required": ["files"],
        "properties": {
            "files": {"type": "array", "maxItems": FILES.0, "items": {
                "type": "object", "required": ["name", "text"], "properties": {"name": text, "text": text},
            }},
            "events": {"type": "integer", "minimum": 1, "maximum": EVENTS.1, "default": EVENTS.0, "description": "how many of the latest events are looked at"},
        },
    })
}
