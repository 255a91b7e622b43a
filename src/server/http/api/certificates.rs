//! `/devices/{id}/certificates`: binding and revoking one certificate at a time.

use actix_web::web;
use schemars::JsonSchema;
use serde::Serialize;

use super::extract::id;
use super::{ApiResponse, Body, Caller, HandlerResult, Id};
use crate::app::certificates::{self, DeviceCertificate, NewCertificate};
use crate::app::input::Time;
use crate::http::problem::Problem;
use modegate_core::device::{CertificateDigest, Device};
use modegate_core::ids::DeviceId;

/// A certificate of a device as the API shows it.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Certificate")]
pub(super) struct CertificateView {
    sha256: String,
    not_before: Option<Time>,
    note: Option<String>,
    added_at: Option<Time>,
    last_used_at: Option<Time>,
}

/// The certificates of a device as the API shows them.
pub(super) fn certificates(device: &Device) -> Vec<CertificateView> {
    let bound = &device.record.certificates;
    bound.iter().map(|digest| view(device, *digest)).collect()
}

fn view(device: &Device, digest: CertificateDigest) -> CertificateView {
    let Device { record, state, .. } = device;
    let note = record.rotation.note(digest);
    let seen = &state.certificates_seen;
    let used = seen.iter().find(|(other, _)| *other == digest);
    CertificateView {
        sha256: digest.to_string(),
        not_before: note.and_then(|note| note.not_before).map(Time),
        note: note.and_then(|note| note.note.clone()),
        added_at: note.map(|note| Time(note.added_at)),
        last_used_at: used.map(|(_, at)| Time(*at)),
    }
}

/// `POST /devices/{id}/certificates`.
pub(super) async fn bind(
    caller: Caller,
    Id(id): Id<DeviceId>,
    Body(new): Body<NewCertificate>,
) -> HandlerResult {
    let render = |DeviceCertificate { device, digest }: &DeviceCertificate| {
        let location = format!("/api/v1/devices/{}/certificates/{digest}", device.id);
        ApiResponse::created(location, &view(device, *digest))
    };
    caller
        .write(render, async |app, by, options| {
            certificates::bind(app, by, id, new, options).await
        })
        .await
}

/// `DELETE /devices/{id}/certificates/{sha256}`: revokes it, bound or not.
pub(super) async fn revoke(caller: Caller, path: web::Path<(String, String)>) -> HandlerResult {
    let device = id(&path.0)?;
    let digest = CertificateDigest::from_hex(&path.1);
    let digest = digest.ok_or_else(|| Problem::missing("certificate"))?;
    caller
        .delete(async |app, by, options| {
            certificates::revoke(app, by, device, digest, options).await
        })
        .await
}
