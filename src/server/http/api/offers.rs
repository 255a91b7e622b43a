//! `/devices/{id}/offers`: the catalogue as a device gets it.

use actix_web::web;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Caller, HandlerResult, Id, Paging, page};
use crate::app::input::Time;
use crate::app::offers::{AppOffer, OfferDesk};
use crate::app::word::Word;
use modegate_core::ids::DeviceId;
use modegate_core::installs::InstallId;
use modegate_core::installs::offer::{Obstacle, OfferState};

/// What is looked for.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Search {
    #[serde(default)]
    q: String,
}

/// An app with what it is for one device.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Offer", extend("required" = ["app", "name", "state"]))]
pub(super) struct OfferView {
    /// Its id in the catalogue.
    app: String,
    name: String,
    description: Option<String>,
    /// The version that a request is for.
    version: Option<String>,
    state: Word<OfferState>,
    /// Why it cannot be asked for.
    obstacle: Option<Word<Obstacle>>,
    /// The version that is there.
    installed_version: Option<String>,
    installed_at: Option<Time>,
    /// The caller's latest request for it.
    install: Option<String>,
}

impl OfferView {
    fn new(device: DeviceId, of: AppOffer) -> Self {
        let (app, offer) = (of.app, of.offer);
        let (installed, at) = offer.installed.unzip();
        let install = offer.request.map(|no| InstallId { device, no });
        OfferView {
            app: app.id,
            name: app.name,
            description: app.description,
            version: offer.version.map(|version| version.as_str().to_owned()),
            state: Word(offer.state),
            obstacle: offer.obstacle.map(Word),
            installed_version: installed.map(|version| version.as_str().to_owned()),
            installed_at: at.flatten().map(Time),
            install: install.map(|install| install.to_string()),
        }
    }
}

/// `GET /devices/{id}/offers`.
pub(super) async fn list(
    caller: Caller,
    Id(id): Id<DeviceId>,
    search: web::Query<Search>,
    paging: web::Query<Paging>,
) -> HandlerResult {
    caller
        .read(move |caller| async move {
            let (app, by, asked) = (caller.app(), caller.by(), paging.page()?);
            let desk = OfferDesk::open(app, by, id).await?;
            let listed = desk.list(app, by, &search.q, asked).await?;
            Ok(page(listed, |of| OfferView::new(id, of)))
        })
        .await
}
