//! `POST /devices/import`: many devices, all or none.

use std::collections::HashMap;

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use serde_json::{Value, json};
use uuid::Uuid;

use super::answer::Answer;
use super::body::body;
use super::caller::Caller;
use super::device_fields::Given;
use super::devices::amended;
use crate::http::Shared;
use crate::http::problem::Problem;
use modegate_core::device::Device;
use modegate_core::event::{Event, EventType};
use modegate_core::fields::{FieldError, Fields};
use modegate_core::ids::{DeviceId, Source};
use modegate_core::limits;
use modegate_core::time::Timestamp;
use modegate_store::api::{ImportStep, Imported, Write};

/// What is done with an entry whose source is registered already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum OnConflict {
    /// The whole import is refused.
    Fail,
    /// The device stays as it is.
    Skip,
    /// The device is changed, as by PATCH.
    Update,
}

impl OnConflict {
    fn read(fields: &Fields<'_>) -> Result<Self, FieldError> {
        match fields.line("on_conflict", 32)? {
            None | Some("fail") => Ok(OnConflict::Fail),
            Some("skip") => Ok(OnConflict::Skip),
            Some("update") => Ok(OnConflict::Update),
            Some(_) => {
                let expected = "fail, skip or update";
                Err(FieldError::new("on_conflict", expected, "another"))
            }
        }
    }
}

/// One entry, read.
struct Entry {
    source: String,
    given: Given,
}

/// `POST /devices/import`.
pub(super) async fn import(
    caller: Caller,
    payload: web::Payload,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    let body = body(payload).await?;
    let fields = Fields::of(&body, "")?;
    let mut faults = Vec::new();
    let on_conflict = OnConflict::read(&fields).unwrap_or_else(|fault| {
        faults.push(fault);
        OnConflict::Fail
    });
    let now = shared.now();
    let entries = entries(&fields, &caller, now, &mut faults);
    if !faults.is_empty() {
        return Err(Problem::faults(StatusCode::UNPROCESSABLE_ENTITY, faults));
    }
    let sources: Vec<String> = entries.iter().map(|entry| entry.source.clone()).collect();
    let by = caller.clone();
    let write = Write::Import {
        sources: sources.iter().cloned().map(Source).collect(),
        plan: Box::new(move |at, there| step(&by, on_conflict, at, &entries[at], there, now)),
        answer: Box::new(move |done| Answer::ok(None, &report(&sources, done))),
    };
    caller.write(&shared, write).await
}

fn entries(
    fields: &Fields<'_>,
    caller: &Caller,
    now: Timestamp,
    faults: &mut Vec<FieldError>,
) -> Vec<Entry> {
    let list = match fields.list("devices", limits::IMPORT_DEVICES) {
        Ok(Some(list)) if !list.is_empty() => list,
        Ok(_) => {
            let expected = format!("1 to {} devices", limits::IMPORT_DEVICES);
            faults.push(FieldError::new("devices", expected, "none"));
            return Vec::new();
        }
        Err(fault) => {
            faults.push(fault);
            return Vec::new();
        }
    };
    let (mut entries, mut first) = (Vec::with_capacity(list.len()), HashMap::new());
    for (at, value) in list.iter().enumerate() {
        let Some(entry) = entry(value, at, caller, now, faults) else {
            continue;
        };
        if let Some(before) = first.insert(entry.source.clone(), at) {
            let found = format!("that of devices[{before}]");
            let field = format!("devices[{at}].source");
            faults.push(FieldError::new(field, "a source of its own", found));
        }
        entries.push(entry);
    }
    entries
}

fn entry(
    value: &Value,
    at: usize,
    caller: &Caller,
    now: Timestamp,
    faults: &mut Vec<FieldError>,
) -> Option<Entry> {
    let fields = match Fields::of(value, &format!("devices[{at}]")) {
        Ok(fields) => fields,
        Err(fault) => {
            faults.push(fault);
            return None;
        }
    };
    let source = fields
        .required("source", limits::SOURCE_BYTES)
        .map_err(|fault| faults.push(fault))
        .ok();
    let given = Given::with_family(&fields, faults);
    let source = source?.to_owned();
    let groups = given.record(&source, now).groups;
    if let Err(fault) = caller.may_regroup(&[], &groups, &fields.name("groups")) {
        faults.push(fault);
    }
    Some(Entry { source, given })
}

/// What becomes of one entry.
fn step(
    caller: &Caller,
    on_conflict: OnConflict,
    at: usize,
    entry: &Entry,
    there: Option<&Device>,
    now: Timestamp,
) -> ImportStep {
    let Some(device) = there else {
        let id = DeviceId(Uuid::now_v7());
        let event = Event::new(now, caller.actor(), Some(id), EventType::DeviceRegistered);
        let record = entry.given.record(&entry.source, now);
        return ImportStep::Register(id, Box::new(record), Box::new(event.detail("imported")));
    };
    let conflict = |found: String| {
        let field = format!("devices[{at}].source");
        ImportStep::Conflict(FieldError::new(
            field,
            "a source that is not registered",
            found,
        ))
    };
    if !caller.may_see(&device.record) {
        return conflict("one that is".to_owned());
    }
    match on_conflict {
        OnConflict::Fail => conflict(format!("that of device {}", device.id)),
        OnConflict::Skip => ImportStep::Skip,
        OnConflict::Update => {
            let groups = format!("devices[{at}].groups");
            match amended(caller, device, &entry.given, &groups, now) {
                Ok(change) => ImportStep::Change(Box::new(change)),
                Err(fault) => ImportStep::Conflict(fault),
            }
        }
    }
}

fn report(sources: &[String], done: &[Imported]) -> Value {
    let (mut created, mut updated, mut skipped) = (0, 0, 0);
    let items: Vec<Value> = sources
        .iter()
        .zip(done)
        .map(|(source, done)| {
            let (id, outcome, count) = match done {
                Imported::Created(id) => (id, "created", &mut created),
                Imported::Updated(id) => (id, "updated", &mut updated),
                Imported::Skipped(id) => (id, "skipped", &mut skipped),
            };
            *count += 1;
            json!({"source": source, "id": id.to_string(), "outcome": outcome})
        })
        .collect();
    json!({"created": created, "updated": updated, "skipped": skipped, "items": items})
}
