//! `/devices`.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::answer::Answer;
use super::body::body;
use super::caller::Caller;
use super::conditional::device_tag;
use super::device_fields::Given;
use super::{Paging, certificates, device_id, page};
use crate::http::Shared;
use crate::http::problem::Problem;
use modegate_core::activity::Habit;
use modegate_core::change::{DeviceChange, Refusal};
use modegate_core::context::{Family, Mode};
use modegate_core::device::{CertificateDigest, Device, State};
use modegate_core::event::{Event, EventType};
use modegate_core::fields::{FieldError, Fields};
use modegate_core::ids::{DeviceId, Source};
use modegate_core::limits;
use modegate_core::session::Wanted;
use modegate_core::time::Timestamp;
use modegate_store::api::Write;

/// `POST /devices`.
pub(super) async fn register(
    caller: Caller,
    payload: web::Payload,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    let body = body(payload).await?;
    let fields = Fields::of(&body, "")?;
    let mut faults = Vec::new();
    let source = fields.required("source", limits::SOURCE_BYTES);
    let source = source.map_err(|fault| faults.push(fault)).unwrap_or("");
    let given = Given::with_family(&fields, &mut faults);
    let now = shared.now();
    let record = given.record(source, now);
    if let Err(fault) = caller.may_regroup(&[], &record.groups, "groups") {
        faults.push(fault);
    }
    if !faults.is_empty() {
        return Err(Problem::faults(StatusCode::UNPROCESSABLE_ENTITY, faults));
    }
    let id = DeviceId(Uuid::now_v7());
    let write = Write::Register {
        id,
        record,
        event: Event::new(now, caller.actor(), Some(id), EventType::DeviceRegistered),
        answer: Box::new(move |device| {
            let location = format!("/api/v1/devices/{id}");
            Answer::created(location, Some(device_tag(device)), &view(device))
        }),
    };
    let answer = caller.write(&shared, write).await;
    // Whose source it is, is told to those who may see all.
    answer.map_err(|problem| match problem.status {
        409 if !caller.sees_all() => {
            let fault = FieldError::new("source", "a new one", "one that is registered");
            Problem::faults(StatusCode::CONFLICT, vec![fault])
        }
        _ => problem,
    })
}

/// A device as the API shows it: everything but its secrets.
pub(super) fn view(device: &Device) -> Value {
    let Device {
        id, record, state, ..
    } = device;
    let hex = |all: &[CertificateDigest]| all.iter().map(ToString::to_string).collect::<Vec<_>>();
    let seen = |mode: Mode| state.last_seen(mode).map(|at| at.to_string());
    json!({
        "id": id.to_string(),
        "source": record.source.0,
        "family": record.family.name(),
        "device_client_id": record.device_client_id,
        "user": record.user,
        "groups": record.groups,
        "credentials": record.credentials.as_ref().map(|c| json!({"username": c.username})),
        "certificate_sha256": hex(&record.certificates),
        "certificates": certificates::view(device),
        "revoked_certificate_sha256": hex(&record.rotation.revoked),
        "registered_at": record.registered_at.to_string(),
        "open_commands": state.open.len(),
        "sessions": state.sessions,
        "last_seen": {
            "Machine": seen(Mode::Machine),
            "Maintenance": seen(Mode::Maintenance),
            "Apps": seen(Mode::Apps),
            "Unspecified": seen(Mode::Unspecified),
        },
        "activity": Habit::ALL.into_iter().filter(|habit| habit.is_of(state)).collect::<Vec<_>>(),
        "by_hand_at": state.by_hand_at.map(|at| at.to_string()),
        "unenrolled_at": state.unenrolled_at.map(|at| at.to_string()),
    })
}

/// Which devices to list.
#[derive(Debug, Deserialize)]
pub(super) struct Filter {
    group: Option<String>,
    family: Option<String>,
    user: Option<String>,
    source: Option<String>,
    activity: Option<String>,
}

impl Filter {
    /// Whether a record is asked for; a parameter without a value asks nothing.
    fn takes(&self, device: &Device) -> bool {
        let record = &device.record;
        let wanted = |value: &Option<String>, test: &dyn Fn(&str) -> bool| {
            value
                .as_deref()
                .is_none_or(|value| value.is_empty() || test(value))
        };
        wanted(&self.group, &|group| {
            record.groups.iter().any(|one| one == group)
        }) && wanted(&self.family, &|family| record.family.name() == family)
            && wanted(&self.user, &|user| record.user.as_deref() == Some(user))
            && wanted(&self.source, &|source| record.source.0 == source)
            && wanted(&self.activity, &|habit| {
                Habit::from_name(habit).is_some_and(|habit| habit.is_of(&device.state))
            })
    }
}

/// `GET /devices`: looks at so many devices at most, and says where to go on.
pub(super) async fn list(
    caller: Caller,
    paging: web::Query<Paging>,
    filter: web::Query<Filter>,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    let family = filter.family.as_deref().filter(|name| !name.is_empty());
    if family.is_some_and(|name| Family::from_name(name).is_none()) {
        let names = Family::ALL.map(Family::name).join(", ");
        return Err(Problem::field(
            "family",
            format!("one of {names}"),
            "another",
        ));
    }
    let habit = filter.activity.as_deref().filter(|name| !name.is_empty());
    if habit.is_some_and(|name| Habit::from_name(name).is_none()) {
        let names = Habit::ALL.map(Habit::name).join(", ");
        return Err(Problem::field(
            "activity",
            format!("one of {names}"),
            "another",
        ));
    }
    let takes = |device: &Device| caller.may_see(&device.record) && filter.takes(device);
    let mut after: u64 = paging.after()?;
    if let Some(source) = filter.source.as_deref().filter(|source| !source.is_empty()) {
        let found = shared
            .store
            .load(&Source(source.to_owned()), &|_| Wanted::default())
            .await?;
        let device = found.map(|snapshot| snapshot.device);
        let device = device.filter(|device| device.number > after && takes(device));
        return Ok(page(device.iter().map(view).collect(), None));
    }
    let (limit, mut walked, mut items) = (paging.limit(), 0, Vec::new());
    while walked < crate::limits::DEVICE_WALK {
        let devices = shared
            .store
            .devices(after, crate::limits::PAGE_ITEMS)
            .await?;
        for device in &devices {
            after = device.number;
            if takes(device) {
                items.push(view(device));
            }
            if items.len() == limit {
                return Ok(page(items, Some(after.to_string())));
            }
        }
        if devices.len() < crate::limits::PAGE_ITEMS {
            return Ok(page(items, None));
        }
        walked += devices.len();
    }
    Ok(page(items, Some(after.to_string())))
}

/// `GET /devices/{id}`.
pub(super) async fn one(
    caller: Caller,
    path: web::Path<String>,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    let device = caller.device(&shared, device_id(&path)?).await?;
    Ok(HttpResponse::Ok()
        .insert_header(("etag", device_tag(&device)))
        .json(view(&device)))
}

/// `PATCH /devices/{id}`.
pub(super) async fn change(
    caller: Caller,
    path: web::Path<String>,
    payload: web::Payload,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    let (id, body) = (device_id(&path)?, body(payload).await?);
    caller.device(&shared, id).await?;
    let mut faults = Vec::new();
    let given = Given::read(&Fields::of(&body, "")?, &mut faults);
    if !faults.is_empty() {
        return Err(Problem::faults(StatusCode::UNPROCESSABLE_ENTITY, faults));
    }
    let (by, now) = (caller.clone(), shared.now());
    let decide = caller.decide(move |device| {
        by.expects(&device_tag(device))?;
        amended(&by, device, &given, "groups", now).map_err(Refusal::Field)
    });
    let write = Write::Alter {
        device: id,
        decide,
        answer: Box::new(|device| Answer::ok(Some(device_tag(device)), &view(device))),
    };
    caller.write(&shared, write).await
}

/// The change of a device by what was given.
pub(super) fn amended(
    caller: &Caller,
    device: &Device,
    given: &Given,
    groups: &str,
    now: Timestamp,
) -> Result<DeviceChange, FieldError> {
    let mut record = device.record.clone();
    given.amend(&mut record)?;
    caller.may_regroup(&device.record.groups, &record.groups, groups)?;
    let event = Event::new(
        now,
        caller.actor(),
        Some(device.id),
        EventType::DeviceChanged,
    );
    // Who proves to be the device may have changed: nothing is replayed.
    let state = State {
        latest: None,
        ..device.state.clone()
    };
    Ok(DeviceChange::new(device, state)
        .with_record(record)
        .with_events(vec![event]))
}

/// `DELETE /devices/{id}`.
pub(super) async fn retire(
    caller: Caller,
    path: web::Path<String>,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    let id = device_id(&path)?;
    let by = caller.clone();
    let write = Write::Retire {
        device: id,
        check: Box::new(move |device| {
            if !by.may_see(&device.record) {
                return Err(Refusal::Missing("there is no such device".to_owned()));
            }
            by.expects(&device_tag(device))
        }),
        event: Event::new(
            shared.now(),
            caller.actor(),
            Some(id),
            EventType::DeviceRetired,
        ),
        answer: Box::new(|_| Answer::nothing()),
    };
    caller.write(&shared, write).await
}
