//! `GET /portal/installs/{install}`: how far a request is; `POST …/take-back`.

use std::sync::Arc;

use actix_web::web;
use sha2::{Digest as _, Sha256};

use super::tablets::clock;
use crate::app::installs::{self, InstallDetail};
use crate::http::pages::visitor::{page, see_other};
use crate::http::pages::{Page, Visitor};
use crate::http::problem::Problem;
use modegate_core::installs::standing::Hold;
use modegate_core::installs::{InstallId, InstallState};
use modegate_core::time::Timestamp;
use modegate_pages::portal::{InstallPage, OutlookWords, status, steps};
use modegate_pages::words::{PortalWord, Text as _};

/// After a push was taken its session comes soon, milliseconds.
const SOON_MS: i64 = 60_000;

/// `GET /portal/installs/{install}`.
pub(in crate::http::pages) async fn show(visitor: Visitor, path: web::Path<String>) -> Page {
    let id = id(&path)?;
    let (app, by) = (Arc::clone(visitor.app()), visitor.by().clone());
    let read = move || async move { installs::one(&app, &by, id).await };
    let detail = visitor.off_workers(read).await??;
    let revision = revision(&detail);
    if let Some(unchanged) = visitor.unchanged(&revision) {
        return Ok(unchanged);
    }
    page(&install_page(&visitor, id, &detail, revision))
}

/// `POST /portal/installs/{install}/take-back`.
pub(in crate::http::pages) async fn take_back(visitor: Visitor, path: web::Path<String>) -> Page {
    let id = id(&path)?;
    let taken = visitor.write(
        move |_| format!("/portal/installs/{id}?notice=taken-back"),
        async |app, by, options| installs::cancel(app, by, id, options).await,
    );
    match taken.await {
        // It ended before: the page says how.
        Err(problem) if problem.status == 409 => {
            Ok(see_other(&format!("/portal/installs/{id}?notice=changed")))
        }
        answered => answered,
    }
}

fn id(text: &str) -> Result<InstallId, Problem> {
    text.parse().map_err(|_| Problem::missing("install"))
}

/// What the page's script knows it by.
fn revision(detail: &InstallDetail) -> String {
    let install = &detail.install;
    let facts = (
        install.state,
        install.steps.len(),
        install.progress,
        install.last_error,
        &detail.standing,
    );
    let digest = Sha256::digest(format!("{facts:?}"));
    data_encoding::HEXLOWER.encode(&digest[..8])
}

/// After how many seconds the script asks again.
fn every(detail: &InstallDetail, now: Timestamp) -> Option<u32> {
    let since = |state| {
        detail
            .install
            .first(state)
            .map_or(i64::MAX, |at| now.ms_since(at))
    };
    Some(match detail.standing.hold? {
        Hold::InSession | Hold::PushDue => 2,
        Hold::VisitDue if since(InstallState::Woken) < SOON_MS => 2,
        Hold::VisitDue | Hold::Answer => 5,
        _ => 15,
    })
}

fn install_page(
    visitor: &Visitor,
    id: InstallId,
    detail: &InstallDetail,
    revision: String,
) -> InstallPage {
    let InstallDetail {
        device, install, ..
    } = detail;
    let (clock, language) = (clock(visitor, device), visitor.guest.language);
    let (standing, tablet) = (&detail.standing, &device.record.source.0);
    let outlook = OutlookWords::new(install, standing, &clock);
    let title = PortalWord::InstallOn.filled(language, &[&install.name, tablet]);
    let successor = install.superseded_by.map(|no| InstallId {
        device: id.device,
        no,
    });
    let above = PortalWord::Requests.text(language);
    let mut shell = visitor.shell(format!("{title} ({})", install.no));
    shell.section = "/portal/requests".to_owned();
    InstallPage {
        shell: shell.below("/portal/requests", above),
        id: id.to_string(),
        app: install.app.clone(),
        name: install.name.clone(),
        version: install.version.as_str().to_owned(),
        tablet: tablet.clone(),
        device: device.id.to_string(),
        number: install.no,
        status: status(standing, &outlook, language),
        steps: steps(install, standing, &clock),
        outlook,
        revision,
        every: every(detail, visitor.now()),
        can_take_back: !install.state.is_final(),
        can_retry: matches!(
            install.state,
            InstallState::Failed | InstallState::Cancelled | InstallState::Ended
        ),
        successor: successor.map(|successor| successor.to_string()),
        once: visitor.once(),
    }
}
