//! `/devices/{id}/portal-links`: one-time links to the portal.

use actix_web::web;
use schemars::JsonSchema;
use serde::Serialize;

use super::extract::id;
use super::{ApiResponse, Caller, HandlerResult, Id, Paging, page};
use crate::app::Listed;
use crate::app::input::Time;
use crate::app::portal_links::{self, CreatedLink};
use modegate_core::ids::DeviceId;
use modegate_core::portal_link::PortalLink;

/// A one-time link to the portal as the API shows it: never what lets somebody in.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "PortalLink", extend("required" = ["id", "device", "user", "expires_at"]))]
pub(super) struct PortalLinkView {
    id: String,
    device: String,
    /// Whom it signs in: the device's user when it was made.
    user: String,
    created_at: Time,
    created_by: String,
    /// From when on it is no longer taken.
    expires_at: Time,
    /// How many wrong codes were tried; the tenth ends it.
    wrong_codes: u8,
}

/// A link that was just made, with what lets its user in: here and never again.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(
    rename = "CreatedPortalLink",
    extend("required" = ["id", "device", "user", "expires_at", "url", "code"])
)]
pub(super) struct CreatedPortalLinkView {
    #[serde(flatten)]
    of: PortalLinkView,
    /// Where the user signs in; it begins with `web.url`, or with the address of the listener for
    /// pages.
    url: String,
    /// What the user can type in place of the URL.
    code: String,
    /// The URL as a QR code, SVG; null where it is too long for one.
    qr: Option<String>,
}

impl From<&PortalLink> for PortalLinkView {
    fn from(link: &PortalLink) -> Self {
        PortalLinkView {
            id: link.id.to_string(),
            device: link.device.to_string(),
            user: link.user.clone(),
            created_at: Time(link.created_at),
            created_by: link.created_by.clone(),
            expires_at: Time(link.expires_at),
            wrong_codes: link.wrong_codes,
        }
    }
}

/// `POST /devices/{id}/portal-links`.
pub(super) async fn create(caller: Caller, Id(id): Id<DeviceId>) -> HandlerResult {
    let render = |created: &CreatedLink| {
        let CreatedLink {
            link,
            url,
            code,
            qr,
        } = created;
        let view = CreatedPortalLinkView {
            of: PortalLinkView::from(link),
            url: url.reveal().to_owned(),
            code: code.reveal(),
            qr: qr.as_ref().map(|qr| qr.reveal().to_owned()),
        };
        let location = format!("/api/v1/devices/{}/portal-links/{}", link.device, link.id);
        ApiResponse::created(location, &view)
    };
    caller
        .write(render, async |app, by, options| {
            portal_links::create(app, by, id, options).await
        })
        .await
}

/// `GET /devices/{id}/portal-links`.
pub(super) async fn list(
    caller: Caller,
    Id(id): Id<DeviceId>,
    paging: web::Query<Paging>,
) -> HandlerResult {
    caller
        .read(move |caller| async move {
            let links = portal_links::list(caller.app(), caller.by(), id).await?;
            let listed = Listed::cut(links, paging.page()?);
            Ok(page(listed, |link| PortalLinkView::from(&link)))
        })
        .await
}

/// `DELETE /devices/{id}/portal-links/{link}`.
pub(super) async fn end(caller: Caller, path: web::Path<(String, String)>) -> HandlerResult {
    let which = (id(&path.0)?, id(&path.1)?);
    caller
        .delete(async |app, by, options| portal_links::end(app, by, which, options).await)
        .await
}
