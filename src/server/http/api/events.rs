//! `/events`, `/devices/{id}/events`, `/devices/{id}/sessions`, and the decisions
//! on one command: all read from the log.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use actix_web::{HttpResponse, web};
use serde_json::{Value, json};

use super::caller::Caller;
use super::{Paging, device_id, page};
use crate::http::Shared;
use crate::http::problem::Problem;
use modegate_core::activity::{self, Plan, Seen};
use modegate_core::event::{Event, EventType, ExchangeRecord, StoredEvent, Withheld};
use modegate_core::ids::{CommandId, CommandSeq, DeviceId};

/// Most decisions shown of one command, the newest.
const DECISIONS: usize = 50;

/// `GET /events`.
pub(super) async fn all(
    caller: Caller,
    paging: web::Query<Paging>,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    let limit = paging.limit();
    let events = shared.store.all_events(paging.after()?, limit).await?;
    let next = (events.len() == limit)
        .then(|| events.last().map(|stored| stored.place.to_string()))
        .flatten();
    let events = visible(&shared, &caller, events).await?;
    Ok(page(views(&shared, &events).await?, next))
}

/// Of these events those that the caller may see: a scoped one those of the
/// devices within its scope, so that a page may hold fewer than it asked for.
pub(super) async fn visible(
    shared: &Shared,
    caller: &Caller,
    mut events: Vec<StoredEvent>,
) -> Result<Vec<StoredEvent>, Problem> {
    if caller.sees_all() {
        return Ok(events);
    }
    let mut seen: HashMap<DeviceId, bool> = HashMap::new();
    for device in events.iter().filter_map(|stored| stored.event.device) {
        if let Entry::Vacant(unknown) = seen.entry(device) {
            let found = shared.store.device(device).await?;
            unknown.insert(found.is_some_and(|device| caller.may_see(&device.record)));
        }
    }
    let may =
        |device: Option<DeviceId>| device.is_some_and(|device| seen.get(&device) == Some(&true));
    events.retain(|stored| may(stored.event.device));
    Ok(events)
}

/// `GET /devices/{id}/events`.
pub(super) async fn of_device(
    caller: Caller,
    path: web::Path<String>,
    paging: web::Query<Paging>,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    let (id, limit) = (device_id(&path)?, paging.limit());
    if !caller.sees_all() {
        caller.device(&shared, id).await?;
    }
    let events = shared.store.events(id, paging.after()?, limit).await?;
    // A device whose events are all past their retention is there all the same.
    if events.is_empty()
        && shared.store.events(id, 0, 1).await?.is_empty()
        && shared.store.device(id).await?.is_none()
    {
        return Err(Problem::missing("device"));
    }
    let next = (events.len() == limit)
        .then(|| events.last().map(|stored| stored.event.seq.to_string()))
        .flatten();
    Ok(page(views(&shared, &events).await?, next))
}

pub(super) async fn views(shared: &Shared, events: &[StoredEvent]) -> Result<Vec<Value>, Problem> {
    let (mut views, mut lists) = (Vec::with_capacity(events.len()), Held::new(shared));
    for stored in events {
        let held = match (&stored.event.exchange, stored.event.device) {
            (Some(exchange), Some(device)) => lists.of(device, exchange).await?,
            _ => Vec::new(),
        };
        views.push(view(&stored.event, &held));
    }
    Ok(views)
}

/// What exchanges withheld. Lists stay equal for long: the one that was looked up
/// last is at hand for those that refer to it too.
pub(super) struct Held<'a> {
    shared: &'a Shared,
    last: Option<((DeviceId, u64), Vec<Withheld>)>,
}

impl<'a> Held<'a> {
    pub(super) fn new(shared: &'a Shared) -> Self {
        Held { shared, last: None }
    }

    /// An exchange's own list, and the equal one it refers to.
    pub(super) async fn of(
        &mut self,
        device: DeviceId,
        exchange: &ExchangeRecord,
    ) -> Result<Vec<Withheld>, Problem> {
        let mut held = exchange.withheld.clone();
        let Some(seq) = exchange.withheld_as else {
            return Ok(held);
        };
        let of = (device, seq);
        if self.last.as_ref().is_none_or(|(known, _)| *known != of) {
            self.last = Some((of, self.look_up(device, seq).await?));
        }
        held.extend(self.last.iter().flat_map(|(_, list)| list.clone()));
        Ok(held)
    }

    async fn look_up(&self, device: DeviceId, seq: u64) -> Result<Vec<Withheld>, Problem> {
        let store = &self.shared.store;
        let earlier = store.events(device, seq.saturating_sub(1), 1).await?;
        let list = earlier
            .into_iter()
            .filter(|stored| stored.event.seq == seq)
            .filter_map(|stored| stored.event.exchange);
        Ok(list.flat_map(|exchange| exchange.withheld).collect())
    }
}

/// An event as the API shows it.
fn view(event: &Event, held: &[Withheld]) -> Value {
    let full = |seq: u32| {
        event.device.map(|device| {
            CommandId {
                device,
                seq: CommandSeq(seq),
            }
            .to_string()
        })
    };
    let mut view = json!({
        "seq": event.seq,
        "at": event.at.to_string(),
        "actor": event.actor,
        "device": event.device.map(|device| device.to_string()),
        "type": event.what,
    });
    let optional = [
        ("command", event.command.map(|seq| json!(full(seq)))),
        ("kind", event.kind.map(|kind| json!(kind))),
        ("detail", event.detail.as_ref().map(|detail| json!(detail))),
        ("count", event.count.map(|count| json!(count))),
        ("forecast", event.forecast.as_ref().map(|text| json!(text))),
    ];
    for (name, value) in optional {
        if let Some(value) = value {
            view[name] = value;
        }
    }
    let Some(exchange) = &event.exchange else {
        return view;
    };
    let delivered = exchange.delivered.iter().map(
        |entry| json!({"command": full(entry.command), "kind": entry.kind, "rules": entry.rules}),
    );
    let withheld = held.iter().flat_map(|group| {
        group.commands.iter().map(|&seq| {
            json!({"command": full(seq), "kind": group.kind, "rules": group.rules, "modes": group.modes})
        })
    });
    let outcomes = exchange.outcomes.iter().map(|outcome| {
        json!({
            "command": full(outcome.command), "state": outcome.state.name(),
            "status": outcome.status, "reason": outcome.reason,
        })
    });
    let more = json!({
        "session": exchange.session, "session_id": exchange.session_id, "message": exchange.message,
        "query": exchange.query, "mode": exchange.mode, "platform": exchange.platform.name(),
        "login": exchange.login.name(), "policy_set": exchange.policy_set, "status": exchange.status,
        "delivered": delivered.collect::<Vec<_>>(), "withheld": withheld.collect::<Vec<_>>(),
        "outcomes": outcomes.collect::<Vec<_>>(), "notes": exchange.notes, "ended": exchange.ended,
    });
    if let (Value::Object(view), Value::Object(more)) = (&mut view, more) {
        view.extend(more);
    }
    view
}

/// `GET /devices/{id}/sessions`: the newest first.
pub(super) async fn sessions(
    caller: Caller,
    path: web::Path<String>,
    paging: web::Query<Paging>,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    let (id, limit) = (device_id(&path)?, paging.limit());
    caller.device(&shared, id).await?;
    let inventory = shared.store.inventory(id).await?;
    let plan = inventory.as_ref().map(Plan::of).unwrap_or_default();
    let mut before: u64 = match &paging.after {
        Some(_) => paging.after()?,
        None => u64::MAX,
    };
    let (mut sessions, mut walked): (Vec<Value>, usize) = (Vec::new(), 0);
    let mut lists = Held::new(&shared);
    loop {
        let events = shared
            .store
            .events_before(id, before, crate::limits::PAGE_ITEMS)
            .await?;
        let last = events.len() < crate::limits::PAGE_ITEMS;
        walked += events.len();
        for stored in &events {
            let Some(exchange) = &stored.event.exchange else {
                before = stored.event.seq;
                continue;
            };
            let same = sessions
                .last()
                .is_some_and(|session| session["session"] == json!(exchange.session));
            if !same && sessions.len() == limit {
                return Ok(page(sessions, Some(before.to_string())));
            }
            if !same {
                sessions.push(session(exchange, &stored.event));
            }
            before = stored.event.seq;
            if let Some(session) = sessions.last_mut() {
                let held = lists.of(id, exchange).await?;
                take_in(session, exchange, &stored.event, &held, &plan);
            }
        }
        if last || walked >= crate::limits::EVENT_WALK {
            let next = (!last).then(|| before.to_string());
            return Ok(page(sessions, next));
        }
    }
}

/// A session of which this is the latest exchange.
fn session(exchange: &ExchangeRecord, event: &Event) -> Value {
    json!({
        "session": exchange.session,
        "session_id": exchange.session_id,
        "last_at": event.at.to_string(),
        "messages": 0,
        "delivered": 0,
        "ended": exchange.ended,
    })
}

/// Takes an earlier exchange of the session in: the first says in which mode it began.
fn take_in(
    session: &mut Value,
    exchange: &ExchangeRecord,
    event: &Event,
    held: &[Withheld],
    plan: &Plan,
) {
    let by_hand = exchange.by_hand || session["by_hand"] == json!(true);
    let seen = Seen {
        at: event.at,
        mode: exchange.mode,
        login: exchange.login,
        by_hand,
        woken: exchange.woken || session["woken"] == json!(true),
    };
    let (trigger, because) = activity::trigger(&seen, plan);
    session["by_hand"] = json!(by_hand);
    session["woken"] = json!(seen.woken);
    session["trigger"] = json!({"likely": trigger, "because": because});
    session["opened_at"] = json!(event.at.to_string());
    session["query"] = json!(exchange.query);
    session["mode"] = json!(exchange.mode);
    session["login"] = json!(exchange.login.name());
    session["messages"] = json!(session["messages"].as_u64().unwrap_or(0) + 1);
    session["delivered"] =
        json!(session["delivered"].as_u64().unwrap_or(0) + exchange.delivered.len() as u64);
    session["withheld"] = json!(held.iter().map(|group| group.count).sum::<u32>());
}

/// What was decided on a command, the newest first, as far as the log is walked.
pub(super) async fn decisions(shared: &Shared, id: CommandId) -> Result<Vec<Value>, Problem> {
    let (mut found, mut before, mut walked) = (Vec::new(), u64::MAX, 0);
    let mut lists = Held::new(shared);
    while found.len() < DECISIONS && walked < crate::limits::EVENT_WALK {
        let events = shared
            .store
            .events_before(id.device, before, crate::limits::PAGE_ITEMS)
            .await?;
        let Some(last) = events.last() else { break };
        before = last.event.seq;
        walked += events.len();
        for stored in &events {
            if stored.event.what == EventType::CommandQueued
                && stored.event.command == Some(id.seq.0)
            {
                return Ok(found);
            }
            if let Some(exchange) = &stored.event.exchange {
                let held = lists.of(id.device, exchange).await?;
                found.extend(decision(exchange, &held, id.seq.0, &stored.event));
            }
        }
    }
    Ok(found)
}

fn decision(
    exchange: &ExchangeRecord,
    held: &[Withheld],
    seq: u32,
    event: &Event,
) -> Option<Value> {
    let common = |verdict: &str, rules: &[String]| {
        json!({
            "at": event.at.to_string(), "event": event.seq, "session": exchange.session, "mode": exchange.mode,
            "verdict": verdict, "rules": rules, "policy_set": exchange.policy_set,
        })
    };
    if let Some(entry) = exchange.delivered.iter().find(|entry| entry.command == seq) {
        return Some(common("deliver", &entry.rules));
    }
    let group = held.iter().find(|group| group.commands.contains(&seq))?;
    let mut decision = common("withhold", &group.rules);
    decision["modes"] = json!(group.modes);
    Some(decision)
}
