//! `GET /portal/device`: when the tablet was last here, and how to make it come.

use actix_web::web;
use serde::Deserialize;

use super::tablets::{Tablets, clock, tablet};
use crate::app::persons;
use crate::http::pages::{Page, Visitor};
use modegate_core::device::Device;
use modegate_core::installs::standing::OwnVisits;
use modegate_pages::portal::DevicePage;
use modegate_pages::words::{PortalWord, Text as _};

/// Which tablet the page is about.
#[derive(Deserialize)]
pub(in crate::http::pages) struct Query {
    #[serde(default)]
    device: String,
}

/// `GET /portal/device`.
pub(in crate::http::pages) async fn show(visitor: Visitor, query: web::Query<Query>) -> Page {
    let read = |visitor: Visitor| async move {
        let tablets = Tablets::of(&visitor, &query.device).await?;
        let shell = visitor.shell(PortalWord::MyTablet.text(visitor.guest.language));
        let shown = tablets.shown();
        let visits = shown.map(|device| persons::visits(visitor.app(), device));
        let visits = visits.unwrap_or_default();
        let clock = shown.map(|device| clock(&visitor, device));
        let last = shown.and_then(last_here);
        let OwnVisits {
            sign_in,
            usual_sign_in,
            night,
        } = visits;
        Ok(DevicePage {
            shell,
            tablets: tablets.choices(),
            tablet: shown.map(|device| tablet(device, true)),
            last_here: clock.zip(last).map(|(clock, at)| clock.at(&at)),
            can_be_called: shown.is_some_and(|device| {
                let channel = device.state.channel.as_ref();
                channel.is_some_and(|channel| channel.may_send(visitor.now()))
            }),
            comes_at_sign_in: sign_in,
            usual_sign_in,
            night: clock
                .zip(night)
                .map(|(clock, (from, to))| clock.span(from, to)),
        })
    };
    visitor.read(read).await
}

/// When it last began a session, in whatever mode.
fn last_here(device: &Device) -> Option<modegate_core::time::Timestamp> {
    device.state.seen.iter().flatten().max().copied()
}
