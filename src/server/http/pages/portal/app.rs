//! `GET /portal/apps/{app}`: one app; `POST /portal/installs`: it is asked for.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use serde::Deserialize;

use super::apps::version;
use super::tablets::{Tablets, clock, tablet};
use crate::app::input::Line;
use crate::app::installs::{self, NewInstall};
use crate::app::offers::{AppOffer, OfferDesk};
use crate::http::pages::visitor::{page, render};
use crate::http::pages::{Form, Page, Visitor};
use crate::http::problem::{Problem, ProblemCode};
use modegate_core::catalogue::ID_BYTES;
use modegate_core::ids::DeviceId;
use modegate_core::installs::InstallId;
use modegate_pages::portal::{AppPage, OfferWords};
use modegate_pages::shell::{Notice, Tone};
use modegate_pages::words::{PortalWord, Text as _};
use modegate_store::api::WrittenInstall;

/// Which tablet the page is about.
#[derive(Deserialize)]
pub(in crate::http::pages) struct Query {
    #[serde(default)]
    device: String,
}

/// `GET /portal/apps/{app}`.
pub(in crate::http::pages) async fn show(
    visitor: Visitor,
    path: web::Path<String>,
    query: web::Query<Query>,
) -> Page {
    let tablets = Tablets::of(&visitor, &query.device).await?;
    let device = tablets.shown().ok_or_else(|| Problem::missing("app"))?;
    page(&app_page(&visitor, device.id, &path).await?)
}

/// `POST /portal/installs`: asks for an app. The same app again is the same request.
pub(in crate::http::pages) async fn ask(visitor: Visitor, form: Form) -> Page {
    let device: Result<DeviceId, _> = form.text("device").parse();
    let device = device.map_err(|_| Problem::missing("device"))?;
    let wanted = form.text("app").to_owned();
    if wanted.is_empty() || wanted.len() > ID_BYTES {
        return Err(Problem::missing("app"));
    }
    let new = NewInstall::of_person(Line(wanted.clone()), form.is_ticked("again"));
    let place = |written: &WrittenInstall| {
        let (device, no) = (written.device.id, written.install.no);
        format!("/portal/installs/{}?notice=asked", InstallId { device, no })
    };
    let asker = visitor.clone();
    let asked = asker.write(place, async |app, by, options| {
        installs::create(app, by, device, new, options).await
    });
    match asked.await {
        // Nothing was asked for: the page says how it stands now.
        Err(problem) if matches!(problem.status, 409 | 422) => {
            changed(&visitor, device, &wanted, problem).await
        }
        answered => answered,
    }
}

/// The app as it is now, where it cannot be asked for any more.
async fn changed(visitor: &Visitor, device: DeviceId, app: &str, problem: Problem) -> Page {
    let language = visitor.guest.language;
    let mut page = match app_page(visitor, device, app).await {
        Ok(page) => page,
        Err(missing) if missing.status == 404 => {
            let words = PortalWord::GoneApp.text(language);
            return Err(Problem::new(ProblemCode::StateConflict, words));
        }
        Err(other) => return Err(other),
    };
    // The reason of a conflict that the offer does not know of is shown as it is.
    let words = match page.words.verb {
        Some(_) => problem.detail,
        None => PortalWord::Changed.text(language).to_owned(),
    };
    page.shell.notice = Some(Notice {
        tone: Tone::Warn,
        text: words,
    });
    let text = render(&page)?;
    Ok(HttpResponse::build(StatusCode::CONFLICT)
        .content_type("text/html; charset=utf-8")
        .body(text))
}

async fn app_page(visitor: &Visitor, device: DeviceId, id: &str) -> Result<AppPage, Problem> {
    let (app, by) = (visitor.app(), visitor.by());
    let desk = OfferDesk::open(app, by, device).await?;
    let AppOffer { app: of, offer } = desk.one(app, by, id).await?;
    let clock = clock(visitor, &desk.device);
    let standing = offer.request.and_then(|no| desk.standing(app, no));
    let request = offer.request.map(|no| InstallId { device, no });
    let back = format!("/portal/apps?device={device}");
    let back_text = PortalWord::Apps.text(visitor.guest.language);
    Ok(AppPage {
        shell: visitor.shell(of.name.clone()).below(back, back_text),
        tablet: tablet(&desk.device, true),
        id: of.id,
        name: of.name,
        description: of.description,
        version: version(offer.version.as_ref()),
        words: OfferWords::new(&offer, standing.as_ref(), &clock),
        request: request.map(|request| request.to_string()),
        once: visitor.once(),
    })
}
