//! `/devices/{id}/certificates`: binding and revoking one certificate at a time.

use actix_web::{HttpResponse, web};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::answer::Answer;
use super::body::body;
use super::caller::Caller;
use super::device_id;
use crate::http::Shared;
use crate::http::problem::Problem;
use crate::http::tls::fault_of;
use modegate_core::change::{DeviceChange, Refusal};
use modegate_core::device::{CertificateDigest, Device, DeviceRecord, State};
use modegate_core::device::{CertificateNote, RotationError};
use modegate_core::event::{Event, EventType};
use modegate_core::fields::{FieldError, Fields};
use modegate_core::ids::DeviceId;
use modegate_core::time::Timestamp;
use modegate_store::Decide;
use modegate_store::api::Write;

/// Longest certificate in PEM, bytes; those of devices take about 2 KiB.
pub(super) const PEM_BYTES: usize = 16 * 1024;
/// Longest note, bytes.
pub(super) const NOTE_BYTES: usize = 256;

/// `POST /devices/{id}/certificates`.
pub(super) async fn bind(
    caller: Caller,
    path: web::Path<String>,
    payload: web::Payload,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    let (id, body) = (device_id(&path)?, body(payload).await?);
    caller.device(&shared, id).await?;
    let fields = Fields::of(&body, "")?;
    let note = CertificateNote {
        digest: named(&fields)?,
        not_before: fields.time("not_before")?,
        note: fields.line("note", NOTE_BYTES)?.map(str::to_owned),
        added_at: shared.now(),
    };
    let digest = note.digest;
    let detail = match note.not_before {
        Some(at) => format!("certificate {digest} bound, in force from {at}"),
        None => format!("certificate {digest} bound"),
    };
    let write = Write::Alter {
        device: id,
        decide: rotate(&caller, id, detail, shared.now(), move |record| {
            record.bind(note)
        }),
        answer: Box::new(move |device| {
            let location = format!("/api/v1/devices/{id}/certificates/{digest}");
            Answer::created(location, None, &one(device, digest))
        }),
    };
    caller.write(&shared, write).await
}

/// `DELETE /devices/{id}/certificates/{sha256}`: revokes it, bound or not.
pub(super) async fn revoke(
    caller: Caller,
    path: web::Path<(String, String)>,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    let (id, digest) = path.into_inner();
    let id = device_id(&id)?;
    let digest = CertificateDigest::from_hex(&digest);
    let digest = digest.ok_or_else(|| Problem::missing("certificate"))?;
    let detail = format!("certificate {digest} revoked");
    let write = Write::Alter {
        device: id,
        decide: rotate(&caller, id, detail, shared.now(), move |record| {
            record.revoke(digest)
        }),
        answer: Box::new(|_| Answer::nothing()),
    };
    caller.write(&shared, write).await
}

/// The certificate that a request names, by its digest or as a whole.
fn named(fields: &Fields<'_>) -> Result<CertificateDigest, FieldError> {
    let (sha256, pem) = (fields.line("sha256", 128)?, fields.text("pem", PEM_BYTES)?);
    match (sha256, pem) {
        (Some(digits), None) => CertificateDigest::from_hex(digits)
            .ok_or_else(|| FieldError::new("sha256", "64 hexadecimal digits", "other text")),
        (None, Some(pem)) => from_pem(pem),
        (Some(_), Some(_)) => Err(FieldError::new("pem", "it or sha256", "both")),
        (None, None) => Err(FieldError::new("sha256", "it, or pem instead", "neither")),
    }
}

/// What TLS would refuse is not bound: it could never prove anything.
fn from_pem(pem: &str) -> Result<CertificateDigest, FieldError> {
    let all: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem.as_bytes()).collect();
    let certificate = match all.as_deref() {
        Ok([one]) => one,
        Ok(all) => return Err(FieldError::new("pem", "one certificate", all.len())),
        Err(_) => return Err(FieldError::new("pem", "a certificate in PEM", "other text")),
    };
    match fault_of(certificate) {
        Some(fault) => Err(FieldError::new(
            "pem",
            "a certificate that TLS takes",
            fault,
        )),
        None => Ok(CertificateDigest(Sha256::digest(certificate).into())),
    }
}

/// The change of a device's certificates, on record with who did it.
fn rotate(
    caller: &Caller,
    id: DeviceId,
    detail: String,
    now: Timestamp,
    rotate: impl FnOnce(&mut DeviceRecord) -> Result<(), RotationError> + Send + 'static,
) -> Decide {
    let actor = caller.actor();
    caller.decide(move |device| {
        let mut record = device.record.clone();
        rotate(&mut record).map_err(|error| match error {
            RotationError::Revoked(_) => Refusal::Conflict(error.to_string()),
            RotationError::TooMany | RotationError::TooManyRevoked => {
                Refusal::Limit(error.to_string())
            }
        })?;
        let event = Event::new(now, actor, Some(id), EventType::DeviceChanged);
        // Who proves to be the device has changed: nothing is replayed.
        let state = State {
            latest: None,
            ..device.state.clone()
        };
        Ok(DeviceChange::new(device, state)
            .with_record(record)
            .with_events(vec![event.detail(detail)]))
    })
}

/// The certificates of a device as the API shows them.
pub(super) fn view(device: &Device) -> Value {
    let bound = &device.record.certificates;
    bound.iter().map(|digest| one(device, *digest)).collect()
}

fn one(device: &Device, digest: CertificateDigest) -> Value {
    let Device { record, state, .. } = device;
    let note = record.rotation.note(digest);
    let seen = &state.certificates_seen;
    let used = seen.iter().find(|(other, _)| *other == digest);
    json!({
        "sha256": digest.to_string(),
        "not_before": note.and_then(|note| note.not_before).map(|at| at.to_string()),
        "note": note.and_then(|note| note.note.clone()),
        "added_at": note.map(|note| note.added_at.to_string()),
        "last_used_at": used.map(|(_, at)| at.to_string()),
    })
}
