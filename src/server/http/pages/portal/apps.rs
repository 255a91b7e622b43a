//! `GET /portal/apps`: which apps a tablet can have, and which it has.

use actix_web::web;
use serde::Deserialize;

use super::tablets::{Tablets, clock, tablet};
use crate::app::Page as ListPage;
use crate::app::offers::{AppOffer, OfferDesk};
use crate::http::pages::visitor::see_other;
use crate::http::pages::{Page, Visitor};
use crate::http::problem::Problem;
use modegate_core::catalogue::Version;
use modegate_core::installs::InstallId;
use modegate_core::installs::offer::OfferState;
use modegate_pages::portal::{AppRow, AppsPage, Clock, OfferWords};
use modegate_pages::words::{PortalWord, Text as _};

/// Apps of one page.
const LIMIT: usize = 50;
/// Characters that are looked for, at most.
const WANTED: usize = 100;

/// What a list of apps is asked for.
#[derive(Deserialize)]
pub(in crate::http::pages) struct Query {
    #[serde(default)]
    q: String,
    #[serde(default)]
    device: String,
    #[serde(default)]
    after: String,
}

/// `GET /portal`.
pub(in crate::http::pages) async fn first(_: Visitor) -> Page {
    Ok(see_other("/portal/apps"))
}

/// `GET /portal/apps`.
pub(in crate::http::pages) async fn list(visitor: Visitor, query: web::Query<Query>) -> Page {
    let query = query.into_inner();
    visitor.read(|visitor| apps(visitor, query)).await
}

async fn apps(visitor: Visitor, query: Query) -> Result<AppsPage, Problem> {
    let tablets = Tablets::of(&visitor, &query.device).await?;
    // What is longer than the field takes was not typed into it.
    let wanted: String = query.q.trim().chars().take(WANTED).collect();
    let mut page = AppsPage {
        shell: visitor.shell(PortalWord::Apps.text(visitor.guest.language)),
        tablets: tablets.choices(),
        tablet: tablets.shown().map(|device| tablet(device, true)),
        wanted,
        apps: Vec::new(),
        is_later: false,
        next: None,
    };
    let Some(device) = tablets.shown() else {
        return Ok(page);
    };
    let (app, by) = (visitor.app(), visitor.by());
    let desk = OfferDesk::open(app, by, device.id).await?;
    let place = query.after.parse().ok();
    let asked = ListPage {
        after: place.filter(|place| i64::try_from(*place).is_ok()),
        limit: LIMIT,
    };
    let listed = desk.list(app, by, &page.wanted, asked).await?;
    let clock = clock(&visitor, device);
    let rows = listed.items.into_iter();
    page.apps = rows.map(|of| row(&visitor, &desk, of, &clock)).collect();
    (page.is_later, page.next) = (asked.after.is_some(), listed.next);
    Ok(page)
}

fn row(visitor: &Visitor, desk: &OfferDesk, of: AppOffer, clock: &Clock) -> AppRow {
    let AppOffer { app, offer } = of;
    let no = offer.request;
    let standing = no.and_then(|no| desk.standing(visitor.app(), no));
    let device = desk.device.id;
    let is_under_way = offer.state == OfferState::UnderWay;
    let request = no
        .filter(|_| is_under_way)
        .map(|no| InstallId { device, no });
    AppRow {
        id: app.id,
        name: app.name,
        version: version(offer.version.as_ref()),
        words: OfferWords::new(&offer, standing.as_ref(), clock),
        request: request.map(|request| request.to_string()),
    }
}

/// A version as pages show it.
pub(super) fn version(version: Option<&Version>) -> String {
    version.map_or_else(String::new, |version| version.as_str().to_owned())
}
