//! `/console/devices/{id}/access`: by what a device proves who it is, and the server to it.

use actix_web::web;
use serde_json::{Value, json};

use super::{address, head, shell};
use crate::app::certificates::{self, DeviceCertificate, NewCertificate};
use crate::app::input::read;
use crate::app::{AppError, WriteOptions, portal_links, server_password};
use crate::http::api::{PathId, path_id};
use crate::http::pages::visitor::{faulty, page, unfit};
use crate::http::pages::{Form, Page, Visitor};
use crate::http::problem::Problem;
use modegate_core::device::{CertificateDigest, Device};
use modegate_core::event::RefusalRecord;
use modegate_core::ids::DeviceId;
use modegate_core::portal_link::{PortalLink, PortalLinkId};
use modegate_pages::console::devices::access::{
    AccessPage, CertificateRow, LinkRow, NewLinkPage, QrCode, Refusals, SecretPage,
};
use modegate_pages::console::devices::retire::ConfirmPage;
use modegate_pages::field::{Control, Field, Fields};

/// `GET /console/devices/{id}/access`.
pub(in crate::http::pages) async fn show(visitor: Visitor, PathId(id): PathId<DeviceId>) -> Page {
    page(&access(&visitor, id, Fields::new(fields())).await?)
}

async fn access(visitor: &Visitor, id: DeviceId, bind: Fields) -> Result<AccessPage, Problem> {
    let device = visitor.by().device(visitor.app(), id).await?;
    let (record, state) = (&device.record, &device.state);
    let name = visitor.app().sync.server_name();
    let links = portal_links::list(visitor.app(), visitor.by(), id).await?;
    let refused = state.refused.as_ref().map(|refused| {
        let all = refused.refusals.iter().map(RefusalRecord::from);
        let rows = all.map(|one| (one.count, one.reason, one.certificate_sha256));
        Refusals {
            at: refused.at,
            all: rows.collect(),
        }
    });
    Ok(AccessPage {
        shell: shell(visitor, &device, "/access"),
        head: head(visitor, &device, "/access").await?,
        once: [visitor.once(), visitor.once(), visitor.once()],
        certificates: certificates(&device),
        revoked: record
            .rotation
            .revoked
            .iter()
            .map(ToString::to_string)
            .collect(),
        bind,
        username: record.credentials.as_ref().map(|own| own.username.clone()),
        server_name: name.map(str::to_owned),
        has_server_password: record.server_password.is_some(),
        refused,
        links: links.iter().map(link).collect(),
        has_user: record.user.is_some(),
    })
}

fn certificates(device: &Device) -> Vec<CertificateRow> {
    let Device { record, state, .. } = device;
    let row = |digest: &CertificateDigest| {
        let note = record.rotation.note(*digest);
        let used = state
            .certificates_seen
            .iter()
            .find(|(other, _)| other == digest);
        CertificateRow {
            sha256: digest.to_string(),
            not_before: note.and_then(|note| note.not_before),
            note: note.and_then(|note| note.note.clone()),
            added_at: note.map(|note| note.added_at),
            last_used_at: used.map(|(_, at)| *at),
        }
    };
    record.certificates.iter().map(row).collect()
}

fn link(link: &PortalLink) -> LinkRow {
    LinkRow {
        id: link.id.to_string(),
        user: link.user.clone(),
        made_at: link.created_at,
        expires_at: link.expires_at,
    }
}

fn fields() -> Vec<Field> {
    let words = [
        ("", "As its certificates say"),
        ("new", "The device was enrolled anew"),
        ("same", "It renews another"),
    ];
    let words = words.map(|(word, text)| (word.to_owned(), text.to_owned()));
    vec![
        Field::line(
            "pem",
            "Certificate",
            "PEM, from BEGIN CERTIFICATE to END CERTIFICATE.",
        )
        .by(Control::Lines),
        Field::line("sha256", "Or its SHA-256", "64 hexadecimal digits."),
        Field::line(
            "not_before",
            "Accepted from",
            "Such as 2026-12-01T08:00:00Z; empty: at once.",
        ),
        Field::line("note", "For", "What it is for; may be empty."),
        Field::line(
            "enrollment",
            "Enrollment",
            "Of a device that was enrolled anew, the queue, the channel and the installs end.",
        )
        .by(Control::Choice(words.into())),
    ]
}

/// `POST /console/devices/{id}/certificates`: binds one.
pub(in crate::http::pages) async fn bind(
    visitor: Visitor,
    PathId(id): PathId<DeviceId>,
    form: Form,
) -> Page {
    let mut wanted = json!({});
    let mut entered = fields();
    for field in &mut entered {
        field.value = form.exact(&field.name).replace("\r\n", "\n");
        let text = field.value.trim();
        if let (false, Some(all)) = (text.is_empty(), wanted.as_object_mut()) {
            all.insert(field.name.clone(), Value::from(text));
        }
    }
    let entered = Fields::new(entered);
    let new = match read::<NewCertificate>(&wanted) {
        Ok(new) => new,
        Err(faults) => {
            let entered = faulty(entered, AppError::from(faults))?;
            return unfit(&access(&visitor, id, entered).await?);
        }
    };
    let place = move |_: &DeviceCertificate| format!("{}/access?notice=bound", address(id));
    visitor
        .write_or(
            place,
            async |app, by, options| certificates::bind(app, by, id, new, options).await,
            async |visitor, error| unfit(&access(&visitor, id, faulty(entered, error)?).await?),
        )
        .await
}

fn certificate(path: &(String, String)) -> Result<(DeviceId, CertificateDigest), Problem> {
    let device = path_id(&path.0)?;
    let digest = CertificateDigest::from_hex(&path.1);
    Ok((
        device,
        digest.ok_or_else(|| Problem::missing("certificate"))?,
    ))
}

/// `GET /console/devices/{id}/certificates/{sha256}/revoke`: what would come of it.
pub(in crate::http::pages) async fn confirm(
    visitor: Visitor,
    path: web::Path<(String, String)>,
) -> Page {
    let (id, digest) = certificate(&path)?;
    let device = visitor.by().device(visitor.app(), id).await?;
    let others = device
        .record
        .certificates
        .iter()
        .filter(|one| **one != digest);
    let others = others.count();
    let left = match others {
        0 => "It is the device's only certificate: without another, or a user name and password, the device can no longer sync.".to_owned(),
        others => format!("{others} other certificates stay bound."),
    };
    page(&ConfirmPage {
        shell: shell(&visitor, &device, "/access")
            .titled(format!(
                "Revoke a certificate of {}",
                device.record.source.0
            ))
            .below(format!("{}/access", address(id)), "Access"),
        heading: "Revoke this certificate?",
        subject: digest.to_string(),
        facts: vec![
            "This device can no longer prove itself with it. That cannot be undone.".to_owned(),
            left,
        ],
        action: format!("{}/certificates/{digest}/revoke", address(id)),
        button: "Revoke",
        once: visitor.once(),
    })
}

/// `POST /console/devices/{id}/certificates/{sha256}/revoke`.
pub(in crate::http::pages) async fn revoke(
    visitor: Visitor,
    path: web::Path<(String, String)>,
) -> Page {
    let (id, digest) = certificate(&path)?;
    let place = move |_: &DeviceCertificate| format!("{}/access?notice=revoked", address(id));
    visitor
        .write(place, async |app, by, options| {
            certificates::revoke(app, by, id, digest, options).await
        })
        .await
}

/// `POST /console/devices/{id}/server-password`: makes a new one and shows it, once.
pub(in crate::http::pages) async fn renew_password(
    visitor: Visitor,
    PathId(id): PathId<DeviceId>,
) -> Page {
    let options = WriteOptions {
        expected: None,
        // The answer holds the password: it is kept nowhere.
        keep: None,
    };
    let renewed = server_password::renew(visitor.app(), visitor.by(), id, options).await;
    let device = renewed?;
    let name = visitor
        .app()
        .sync
        .server_name()
        .unwrap_or_default()
        .to_owned();
    let password = device.record.server_password.as_ref();
    page(&SecretPage {
        shell: shell(&visitor, &device, "/access")
            .titled(format!(
                "New server password for {}",
                device.record.source.0
            ))
            .below(format!("{}/access", address(id)), "Access"),
        heading: "The server's new password for this device",
        about: "Provision the device's DM account with it: the server proves itself to this device by it from now on.",
        values: vec![
            ("User name", name),
            (
                "Password",
                password.map_or_else(String::new, |password| password.reveal().to_owned()),
            ),
        ],
    })
}

/// `POST /console/devices/{id}/portal-links`: makes a link for the device's user and shows it,
/// once.
pub(in crate::http::pages) async fn make_link(
    visitor: Visitor,
    PathId(id): PathId<DeviceId>,
) -> Page {
    let options = WriteOptions {
        expected: None,
        // The answer holds the link: it is kept nowhere.
        keep: None,
    };
    let created = portal_links::create(visitor.app(), visitor.by(), id, options).await?;
    let device = visitor.by().device(visitor.app(), id).await?;
    let qr = created
        .qr
        .as_ref()
        .map(|qr| QrCode::drawn_by_server(qr.reveal().to_owned()));
    page(&NewLinkPage {
        shell: shell(&visitor, &device, "/access")
            .titled(format!("New portal link for {}", device.record.source.0))
            .below(format!("{}/access", address(id)), "Access"),
        user: created.link.user.clone(),
        source: device.record.source.0.clone(),
        url: created.url.reveal().to_owned(),
        code: created.code.reveal(),
        qr,
        expires_at: created.link.expires_at,
    })
}

/// `POST /console/devices/{id}/portal-links/{link}/end`.
pub(in crate::http::pages) async fn end_link(
    visitor: Visitor,
    path: web::Path<(String, String)>,
) -> Page {
    let (id, link): (DeviceId, PortalLinkId) = (path_id(&path.0)?, path_id(&path.1)?);
    let place = move |_: &PortalLink| format!("{}/access?notice=ended#portal", address(id));
    visitor
        .write(place, async |app, by, options| {
            portal_links::end(app, by, (id, link), options).await
        })
        .await
}
