//! `GET /portal/requests`: everything that the person asked for.

use actix_web::web;
use serde::Deserialize;

use super::tablets::clock;
use crate::app::Page as ListPage;
use crate::app::installs::InstallDetail;
use crate::app::persons;
use crate::http::pages::visitor::see_other;
use crate::http::pages::{Page, Visitor};
use modegate_core::installs::InstallId;
use modegate_pages::portal::{RequestRow, RequestsPage, request_state};
use modegate_pages::words::{PortalWord, Text as _};

/// Requests of one page.
const LIMIT: usize = 20;

/// Where the page begins.
#[derive(Deserialize)]
pub(in crate::http::pages) struct Query {
    #[serde(default)]
    after: String,
}

/// `GET /portal/installs`: where a form was sent to that is sent no more.
pub(in crate::http::pages) async fn first(_: Visitor) -> Page {
    Ok(see_other("/portal/requests"))
}

/// `GET /portal/requests`.
pub(in crate::http::pages) async fn list(visitor: Visitor, query: web::Query<Query>) -> Page {
    let page = ListPage {
        after: query.after.parse().ok(),
        limit: LIMIT,
    };
    let read = move |visitor: Visitor| async move {
        let found = persons::requests(visitor.app(), visitor.by(), page).await?;
        let row = |detail: &InstallDetail| row(&visitor, detail);
        let devices = visitor
            .by()
            .person()
            .map_or(0, |person| person.devices.len());
        Ok(RequestsPage {
            failed: found.failed.iter().map(row).collect(),
            requests: found.page.items.iter().map(row).collect(),
            has_tablets: devices > 1,
            is_later: page.after.is_some(),
            next: found.page.next,
            shell: visitor.shell(PortalWord::Requests.text(visitor.guest.language)),
        })
    };
    visitor.read(read).await
}

fn row(visitor: &Visitor, detail: &InstallDetail) -> RequestRow {
    let InstallDetail {
        device, install, ..
    } = detail;
    let (state, tone) = request_state(install, &detail.standing, visitor.guest.language);
    let (device_id, no) = (device.id, install.no);
    let id = InstallId {
        device: device_id,
        no,
    };
    RequestRow {
        id: id.to_string(),
        name: install.name.clone(),
        version: install.version.as_str().to_owned(),
        tablet: device.record.source.0.clone(),
        at: clock(visitor, device).at(&install.requested_at),
        state,
        tone,
    }
}
