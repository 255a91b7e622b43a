//! `GET /console/devices/{id}/installs`.

use actix_web::web;
use serde::Deserialize;

use super::{address, head, shell};
use crate::app::installs::InstallDetail;
use crate::app::{self, installs};
use crate::http::api::PathId;
use crate::http::pages::{Page, Visitor};
use modegate_core::ids::DeviceId;
use modegate_core::installs::InstallId;
use modegate_pages::console::devices::installs::{InstallRow, InstallsPage};
use modegate_pages::console::state::StateBadge;
use modegate_pages::pager::Pager;

/// Installs on one page.
const ROWS: usize = 50;

/// Where the list begins.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::http::pages) struct InstallsQuery {
    after: String,
}

/// `GET /console/devices/{id}/installs`: the newest first.
pub(in crate::http::pages) async fn show(
    visitor: Visitor,
    PathId(id): PathId<DeviceId>,
    query: web::Query<InstallsQuery>,
) -> Page {
    // What is no place begins anew.
    let after: Option<u32> = query.after.parse().ok();
    visitor
        .read(move |visitor| async move {
            let device = visitor.by().device(visitor.app(), id).await?;
            let page = app::Page {
                after: after.map(u64::from),
                limit: ROWS,
            };
            let listed = installs::list(visitor.app(), visitor.by(), id, page).await?;
            let own = format!("{}/installs", address(id));
            Ok(InstallsPage {
                shell: shell(&visitor, &device, "/installs"),
                head: head(&visitor, &device, "/installs").await?,
                installs: listed.items.into_iter().map(row).collect(),
                pager: Pager {
                    first: after.map(|_| own.clone()),
                    next: listed.next.map(|next| format!("{own}?after={next}")),
                    next_text: format!("Next {ROWS}"),
                },
            })
        })
        .await
}

fn row(detail: InstallDetail) -> InstallRow {
    let install = detail.install;
    let id = InstallId {
        device: detail.device.id,
        no: install.no,
    };
    let goes = detail
        .forecast
        .map(|forecast| format!("goes {}", forecast.text));
    InstallRow {
        id: id.to_string(),
        app: install.name,
        version: install.version.as_str().to_owned(),
        state: StateBadge::new(install.state.name()),
        progress: install.progress.filter(|_| !install.state.is_final()),
        by: install.requested_by,
        requested_at: install.requested_at,
        words: install.reason.or(goes),
    }
}
