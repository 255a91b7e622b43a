//! `/console/access/links`: one-time links to the portal, of all devices.

use actix_web::web;
use serde::Deserialize;

use super::path_id;
use crate::app::portal_links::{self, LinkPlace, UnexpiredLink};
use crate::http::pages::{Page, Visitor};
use crate::http::problem::Problem;
use modegate_core::fields::quoted;
use modegate_core::ids::DeviceId;
use modegate_core::portal_link::{LinkFault, PortalLink, PortalLinkId};
use modegate_core::time::Timestamp;
use modegate_pages::console::links::{LinksPage, UnexpiredRow};
use modegate_pages::pager::Pager;

const PATH: &str = "/console/access/links";
/// Links of one page.
const PER_PAGE: usize = 50;

/// Where the list goes on.
#[derive(Debug, Deserialize)]
pub(in crate::http::pages) struct Before {
    #[serde(default)]
    before: String,
}

impl Before {
    fn place(&self) -> Result<Option<LinkPlace>, Problem> {
        if self.before.is_empty() {
            return Ok(None);
        }
        let place = || {
            let (at, number) = self.before.split_once('-')?;
            let number: i64 = number.parse().ok()?;
            Some((Timestamp(at.parse().ok()?), u64::try_from(number).ok()?))
        };
        let wrong = || Problem::field("before", "the address behind Next", quoted(&self.before));
        place().map(Some).ok_or_else(wrong)
    }
}

/// `GET /console/access/links`.
pub(in crate::http::pages) async fn show(visitor: Visitor, query: web::Query<Before>) -> Page {
    visitor
        .read(move |visitor| async move {
            let (app, by, before) = (visitor.app(), visitor.by(), query.place()?);
            let listed = portal_links::all(app, by, before, PER_PAGE).await?;
            let next = listed.next;
            let address = |(at, number): LinkPlace| format!("{PATH}?before={}-{number}", at.0);
            Ok(LinksPage {
                shell: visitor
                    .shell("Portal links")
                    .below("/console/access", "Access"),
                rows: listed
                    .items
                    .into_iter()
                    .map(|one| row(&visitor, one))
                    .collect(),
                pager: Pager {
                    first: before.map(|_| PATH.to_owned()),
                    next: next.map(address),
                    next_text: format!("Next {PER_PAGE}"),
                },
            })
        })
        .await
}

fn row(visitor: &Visitor, one: UnexpiredLink) -> UnexpiredRow {
    let UnexpiredLink {
        link,
        source,
        fault,
    } = one;
    UnexpiredRow {
        id: link.id.to_string(),
        device: (link.device.to_string(), source),
        user: link.user,
        made_by: link.created_by,
        made_at: link.created_at,
        expires_at: link.expires_at,
        wrong_codes: link.wrong_codes,
        fault: fault.map(LinkFault::words),
        once: visitor.once(),
    }
}

/// `POST /console/access/links/{device}/{link}/end`.
pub(in crate::http::pages) async fn end(
    visitor: Visitor,
    path: web::Path<(String, String)>,
) -> Page {
    let device: DeviceId = path_id(&path.0, "device")?;
    let link: PortalLinkId = path_id(&path.1, "portal link")?;
    let place = |_: &PortalLink| format!("{PATH}?notice=ended");
    visitor
        .write(place, async |app, by, options| {
            portal_links::end(app, by, (device, link), options).await
        })
        .await
}
