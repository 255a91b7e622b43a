//! `/devices`.

use actix_web::{HttpResponse, web};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Admin, Paging, body, certificates, device_id, page};
use crate::clock::Timestamp;
use crate::context::{Family, Mode};
use crate::device::{CertificateDigest, Credentials, DeviceRecord, State};
use crate::event::{Event, EventType};
use crate::fields::{FieldError, Fields};
use crate::http::Shared;
use crate::http::problem::Problem;
use crate::ids::{DeviceId, Source};
use crate::limits;
use crate::store::{Change, Device};
use crate::wire::auth::PasswordDigest;

/// Longest name of a user, a group, a DeviceClientID, bytes.
const NAME_BYTES: usize = 256;
/// Most groups of a device.
const LIST: usize = 64;

/// `POST /devices`.
pub(super) async fn register(
    _: Admin,
    payload: web::Payload,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    let body = body(payload).await?;
    let fields = Fields::of(&body, "")?;
    let source = fields.required("source", limits::SOURCE_BYTES)?;
    let now = Timestamp::now();
    let mut record = DeviceRecord {
        source: Source(source.to_owned()),
        family: Family::Windows81,
        device_client_id: source.to_owned(),
        user: None,
        groups: Vec::new(),
        credentials: None,
        certificates: Vec::new(),
        registered_at: now,
        rotation: Default::default(),
    };
    if let Some(family) = fields.line("family", 32)? {
        let names = Family::ALL.map(Family::name).join(", ");
        record.family = Family::from_name(family)
            .ok_or_else(|| Problem::field("family", format!("one of {names}"), "other text"))?;
    }
    amend(&mut record, &fields)?;
    let id = DeviceId(Uuid::now_v7());
    let event = Event::new(now, Admin::ACTOR, Some(id), EventType::DeviceRegistered);
    shared.store.register(id, record, event).await?;
    let device = shared
        .store
        .device(id)
        .await?
        .ok_or_else(|| Problem::missing("device"))?;
    Ok(HttpResponse::Created()
        .insert_header(("location", format!("/api/v1/devices/{id}")))
        .json(view(&device)))
}

/// Takes over what a request says of a device.
fn amend(record: &mut DeviceRecord, fields: &Fields<'_>) -> Result<(), FieldError> {
    if let Some(id) = fields.line("device_client_id", NAME_BYTES)? {
        record.device_client_id = id.to_owned();
    }
    if fields.has("user") {
        record.user = fields.line("user", NAME_BYTES)?.map(str::to_owned);
    }
    if let Some(groups) = fields.lines("groups", LIST, NAME_BYTES)? {
        record.groups = groups;
    }
    if fields.has("credentials") {
        record.credentials = fields.get("credentials").map(credentials).transpose()?;
    }
    if let Some(digests) = fields.lines("certificate_sha256", crate::rotation::BOUND, 128)? {
        let parsed = digests
            .iter()
            .enumerate()
            .map(|(at, text)| digest(text, at))
            .collect::<Result<_, _>>();
        record
            .set_certificates(parsed?)
            .map_err(|error| FieldError::new("certificate_sha256", "no revoked ones", error))?;
    }
    Ok(())
}

fn credentials(value: &Value) -> Result<Credentials, FieldError> {
    let fields = Fields::of(value, "credentials")?;
    let username = fields.required("username", NAME_BYTES)?;
    if username.contains(':') {
        return Err(FieldError::new(
            "credentials.username",
            "no ':', which ends the name in Basic",
            "one",
        ));
    }
    let password = fields.text("password", NAME_BYTES)?;
    let password =
        password.ok_or_else(|| FieldError::new("credentials.password", "text", "nothing"))?;
    Ok(Credentials {
        username: username.to_owned(),
        digest: PasswordDigest::new(username, password),
    })
}

fn digest(text: &str, at: usize) -> Result<CertificateDigest, FieldError> {
    CertificateDigest::from_hex(text).ok_or_else(|| {
        let field = format!("certificate_sha256[{at}]");
        FieldError::new(field, "64 hexadecimal digits", "other text")
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
    })
}

/// `GET /devices`.
pub(super) async fn list(
    _: Admin,
    paging: web::Query<Paging>,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    let limit = paging.limit();
    let devices = shared.store.devices(paging.after()?, limit).await?;
    let next = (devices.len() == limit)
        .then(|| devices.last().map(|device| device.number.to_string()))
        .flatten();
    Ok(page(devices.iter().map(view).collect(), next))
}

/// `GET /devices/{id}`.
pub(super) async fn one(
    _: Admin,
    path: web::Path<String>,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    let device = shared
        .store
        .device(device_id(&path)?)
        .await?
        .ok_or_else(|| Problem::missing("device"))?;
    Ok(HttpResponse::Ok().json(view(&device)))
}

/// `PATCH /devices/{id}`.
pub(super) async fn change(
    _: Admin,
    path: web::Path<String>,
    payload: web::Payload,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    let (id, body) = (device_id(&path)?, body(payload).await?);
    let device = shared
        .store
        .device(id)
        .await?
        .ok_or_else(|| Problem::missing("device"))?;
    let fields = Fields::of(&body, "")?;
    // Checked against the record as it is now; what is changed is taken over again inside the write.
    amend(&mut device.record.clone(), &fields)?;
    let owned = body.clone();
    let changed = shared
        .store
        .alter(
            id,
            Box::new(move |device| {
                let mut record = device.record.clone();
                let amended = Fields::of(&owned, "").and_then(|fields| amend(&mut record, &fields));
                amended.map_err(|error| crate::store::Refusal::Conflict(error.to_string()))?;
                Ok(Change {
                    record: Some(record),
                    // Who proves to be the device may have changed: nothing is replayed.
                    state: State {
                        latest: None,
                        ..device.state.clone()
                    },
                    queued: Vec::new(),
                    parts: Vec::new(),
                    events: vec![Event::new(
                        Timestamp::now(),
                        Admin::ACTOR,
                        Some(id),
                        EventType::DeviceChanged,
                    )],
                    only_queues: false,
                })
            }),
        )
        .await?;
    Ok(HttpResponse::Ok().json(view(&changed)))
}

/// `DELETE /devices/{id}`.
pub(super) async fn retire(
    _: Admin,
    path: web::Path<String>,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    let id = device_id(&path)?;
    let event = Event::new(
        Timestamp::now(),
        Admin::ACTOR,
        Some(id),
        EventType::DeviceRetired,
    );
    shared.store.retire(id, event).await?;
    Ok(HttpResponse::NoContent().finish())
}
