//! `/console/devices/{id}/access`: by what a device proves who it is, and the server to it.

use actix_web::web;
use serde_json::Value;

use super::{address, head, shell};
use crate::app::certificates::{self, DeviceCertificate, NewCertificate};
use crate::app::input::read;
use crate::app::{WriteOptions, portal_links, server_password};
use crate::http::api::{PathId, path_id};
use crate::http::pages::console::{Wrong, entered};
use crate::http::pages::visitor::{again, page, render};
use crate::http::pages::{Form, Page, Visitor};
use crate::http::problem::Problem;
use modegate_core::device::{CertificateDigest, Device};
use modegate_core::event::RefusalRecord;
use modegate_core::ids::DeviceId;
use modegate_core::portal_link::{PortalLink, PortalLinkId};
use modegate_pages::console::confirm::ConfirmPage;
use modegate_pages::console::devices::access::{
    AccessPage, CertificateRow, LinkRow, NewLinkPage, QrCode, Refusals,
};
use modegate_pages::console::form::{Control, Entered, Input, Section, fill};
use modegate_pages::console::secret::SecretPage;

/// `GET /console/devices/{id}/access`.
pub(in crate::http::pages) async fn show(visitor: Visitor, PathId(id): PathId<DeviceId>) -> Page {
    page(&access(&visitor, id, &Entered::default(), None).await?)
}

/// The page, with what was entered into the form that binds a certificate, and why it was not.
async fn access(
    visitor: &Visitor,
    id: DeviceId,
    entered: &Entered,
    wrong: Option<&Wrong>,
) -> Result<AccessPage, Problem> {
    let mut sections = vec![Section::plain(inputs())];
    let fields = wrong.map_or(&[][..], |wrong| &wrong.fields);
    let mut faults = fill(&mut sections, entered, fields);
    faults.extend(wrong.iter().flat_map(|wrong| wrong.rest.clone()));
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
        sections,
        faults,
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

fn inputs() -> Vec<Input> {
    let words = ["new", "same"].map(str::to_owned);
    vec![
        Input::line(
            "pem",
            "Certificate",
            "PEM, from BEGIN CERTIFICATE to END CERTIFICATE; or its SHA-256 below.",
        )
        .by(Control::Text),
        Input::line("sha256", "SHA-256", "64 hexadecimal digits."),
        Input::line(
            "not_before",
            "Accepted from",
            "Such as 2026-12-01T08:00:00Z; empty: at once.",
        ),
        Input::line("note", "For", "What it is for."),
        Input::line(
            "enrollment",
            "Enrollment",
            "new: the device was enrolled anew, so its queue, channel and installs end; same: it was not; empty: as its certificates say.",
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
    let entered = entered(&form);
    let given = inputs().into_iter().filter_map(|input| {
        let text = entered.text(&input.name);
        (!text.is_empty()).then(|| (input.name, Value::from(text)))
    });
    let wanted = Value::Object(given.collect());
    let place = move |_: &DeviceCertificate| format!("{}/access?notice=bound", address(id));
    let wrong = match read::<NewCertificate>(&wanted) {
        Err(faults) => Wrong::fields(faults),
        Ok(new) => {
            let bound = visitor.attempt(place, async |app, by, options| {
                certificates::bind(app, by, id, new, options).await
            });
            match bound.await {
                Ok(page) => return page,
                Err(error) => Wrong::from_error(error)?,
            }
        }
    };
    let page = access(&visitor, id, &entered, Some(&wrong)).await?;
    Ok(again(wrong.status, render(&page)?))
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
        heading: "Revoke this certificate?".to_owned(),
        text: format!(
            "The device can no longer prove itself with it, and it cannot be bound again. {left}"
        ),
        facts: vec![
            ("Device", device.record.source.0.clone()),
            ("SHA-256", digest.to_string()),
        ],
        action: format!("{}/certificates/{digest}/revoke", address(id)),
        button: "Revoke",
        once: visitor.once(),
        fields: Vec::new(),
        back: format!("{}/access", address(id)),
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
