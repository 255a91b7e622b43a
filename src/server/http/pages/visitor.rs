//! Who looks at a page, and what a handler of one does with that.

use std::future::{Ready, ready};
use std::sync::Arc;

use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::http::header::LOCATION;
use actix_web::{FromRequest, HttpMessage as _, HttpRequest, HttpResponse, web};
use uuid::Uuid;

use super::navigation::navigation;
use crate::app::{App, AppError, Principal, WriteOptions};
use crate::http::problem::{Problem, ProblemCode};
use crate::http::session_key::SessionKey;
use crate::http::shared::Shared;
use modegate_core::time::Timestamp;
use modegate_core::web_session::Surface;
use modegate_core::web_session::WebSession;
use modegate_pages::shell::{Link, Notice, Tone};
use modegate_pages::words::Language;
use modegate_pages::{Shell, Template};
use modegate_store::api::{IdempotencyKey, Keep};

/// What a handler of a page returns.
pub(super) type Page = Result<HttpResponse, Problem>;

/// Somebody who asks for a page that needs nobody to be signed in.
#[derive(Clone)]
pub(super) struct Guest {
    /// What the handlers share.
    pub(super) shared: web::Data<Shared>,
    /// What the page belongs to.
    pub(super) surface: Surface,
    /// The language of the page.
    pub(super) language: Language,
    /// The key of the sign-in under way, and whether the browser has it already.
    pub(super) key: SessionKey,
    /// Whether cookies may only travel over TLS.
    pub(super) secure: bool,
    /// The page's path and query.
    pub(super) address: String,
}

impl Guest {
    /// What the page shows around its content.
    pub(super) fn shell(&self, title: impl Into<String>) -> Shell {
        let web = &self.shared.web;
        Shell {
            language: self.language,
            surface: self.surface,
            title: title.into(),
            nav: Vec::new(),
            section: String::new(),
            who: None,
            csrf: self.key.csrf(),
            brand: web.brand.clone(),
            assets: web.assets.digest().to_owned(),
            back: None,
            notice: None,
            address: self.address.clone(),
            now: self.shared.app.now(),
        }
    }
}

/// Somebody who is signed in, and whom the guard has let through to a page.
#[derive(Clone)]
pub(super) struct Visitor {
    /// Whom a page without a session would see.
    pub(super) guest: Guest,
    /// The session; its key is the guest's.
    pub(super) session: Arc<WebSession>,
    /// Who asks, for use cases.
    pub(super) principal: Principal,
    /// The revision that the page had when its script last asked.
    pub(super) since: Option<String>,
    /// What is said at the top of the page, by the address.
    pub(super) notice: Option<Notice>,
    /// The name of the write, so that it is done once.
    pub(super) once: Option<IdempotencyKey>,
}

impl Visitor {
    /// What use cases work with.
    pub(super) fn app(&self) -> &Arc<App> {
        &self.guest.shared.app
    }

    /// Who asks.
    pub(super) fn by(&self) -> &Principal {
        &self.principal
    }

    /// The time.
    pub(super) fn now(&self) -> Timestamp {
        self.app().now()
    }

    /// What the page shows around its content.
    pub(super) fn shell(&self, title: impl Into<String>) -> Shell {
        let guest = self.guest.shell(title);
        let nav = navigation(self.guest.surface, &self.principal, guest.language);
        let path = self.guest.address.split('?').next().unwrap_or_default();
        Shell {
            section: section(&nav, path),
            nav,
            who: Some(self.session.name.clone()),
            notice: self.notice.clone(),
            ..guest
        }
    }

    /// A new name for a write, as a hidden field of its form.
    pub(super) fn once(&self) -> String {
        Uuid::new_v4().simple().to_string()
    }

    /// 204, where the page's script has this revision already.
    pub(super) fn unchanged(&self, revision: &str) -> Option<HttpResponse> {
        let is_known = self.since.as_deref() == Some(revision);
        is_known.then(|| HttpResponse::NoContent().finish())
    }

    /// Works for the visitor off the threads that answer devices, when its turn comes.
    pub(super) async fn off_workers<F: Future<Output: Send + 'static>>(
        &self,
        work: impl FnOnce() -> F + Send + 'static,
    ) -> Result<F::Output, Problem> {
        let done = self.app().work.run(self.by().token_id(), work).await;
        Ok(done.map_err(AppError::from)?)
    }

    /// Reads and renders off the threads that answer devices.
    pub(super) async fn read<T: Template, F: Future<Output = Result<T, Problem>>>(
        self,
        read: impl FnOnce(Visitor) -> F + Send + 'static,
    ) -> Page {
        let visitor = self.clone();
        let rendered = self.off_workers(move || async move { render(&read(visitor).await?) });
        Ok(html(rendered.await??))
    }

    /// Does a write, once per form that was made, and leads to where its result is seen.
    pub(super) async fn write<T>(
        self,
        place: impl Fn(&T) -> String + Clone + Send + 'static,
        write: impl AsyncFnOnce(&Arc<App>, &Principal, WriteOptions<T>) -> Result<T, AppError>,
    ) -> Page {
        self.attempt(place, write).await?
    }

    /// The same, where what is wrong with it is shown in the form itself.
    pub(super) async fn attempt<T>(
        &self,
        place: impl Fn(&T) -> String + Clone + Send + 'static,
        write: impl AsyncFnOnce(&Arc<App>, &Principal, WriteOptions<T>) -> Result<T, AppError>,
    ) -> Result<Page, AppError> {
        let kept_place = place.clone();
        let keep = self.once.clone().map(|key| Keep {
            key,
            render: Box::new(move |written: &T| kept_place(written).into_bytes()),
        });
        let options = WriteOptions {
            expected: None,
            keep,
        };
        match (write(self.app(), self.by(), options).await, &self.once) {
            (Ok(written), _) => Ok(Ok(see_other(&place(&written)))),
            // Lost a race: the same form was sent twice at once.
            (Err(AppError::Done), Some(key)) => Ok(match stored(self.app(), key).await {
                Ok(Some(response)) => Ok(response),
                Ok(None) => Err(AppError::Done.into()),
                Err(problem) => Err(problem),
            }),
            (Err(error), _) => Err(error),
        }
    }
}

/// The response of the write that this form made already, if it did.
pub(super) async fn stored(
    app: &App,
    key: &IdempotencyKey,
) -> Result<Option<HttpResponse>, Problem> {
    let stored = app
        .store
        .stored_response(key)
        .await
        .map_err(AppError::from)?;
    let Some(stored) = stored else {
        return Ok(None);
    };
    if stored.digest != key.digest {
        let detail = "this form was sent already, with other entries: open it again";
        return Err(Problem::new(ProblemCode::StateConflict, detail));
    }
    let place = String::from_utf8(stored.answer).unwrap_or_default();
    Ok(Some(see_other(&place)))
}

/// The link of the navigation that leads to this path or above it: the longest.
fn section(nav: &[Link], path: &str) -> String {
    let leads = |link: &&Link| {
        let rest = path.strip_prefix(&link.href);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let best = nav.iter().filter(leads).max_by_key(|link| link.href.len());
    best.map(|link| link.href.clone()).unwrap_or_default()
}

/// A page, rendered.
pub(super) fn render(page: &impl Template) -> Result<String, Problem> {
    page.render().map_err(|error| {
        tracing::error!(%error, "a page could not be rendered");
        Problem::new(ProblemCode::InternalError, "the page could not be rendered")
    })
}

/// 200 with a page.
pub(super) fn html(text: String) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .body(text)
}

/// 200 with a page, rendered here: for pages that read little.
pub(super) fn page(page: &impl Template) -> Page {
    Ok(html(render(page)?))
}

/// A form again, with what is wrong with it.
pub(super) fn again(status: StatusCode, text: String) -> HttpResponse {
    HttpResponse::build(status)
        .content_type("text/html; charset=utf-8")
        .body(text)
}

/// 303: another page shows what came of this.
pub(super) fn see_other(place: &str) -> HttpResponse {
    HttpResponse::SeeOther()
        .insert_header((LOCATION, place))
        .finish()
}

/// What the address says of a write that came before, in words: a fixed set for each site.
pub(super) fn notice_named(surface: Surface, language: Language, name: &str) -> Option<Notice> {
    match surface {
        Surface::Console => console_notice(name),
        Surface::Portal => super::portal::notice(language, name),
    }
}

fn console_notice(name: &str) -> Option<Notice> {
    let (tone, text) = match name {
        "saved" => (Tone::Good, "Saved."),
        "queued" => (Tone::Good, "Queued."),
        "cancelled" => (Tone::Good, "Cancelled."),
        "stopped" => (Tone::Good, "Stopped: no more devices get the command."),
        "taken-back" => (Tone::Good, "Stopped: what waits still is taken back."),
        "deleted" => (Tone::Good, "Deleted."),
        "ended" => (Tone::Good, "Ended."),
        "woken" => (
            Tone::Good,
            "A push was requested: the device is asked to begin a session.",
        ),
        "registered" => (Tone::Good, "Registered."),
        "retired" => (
            Tone::Good,
            "Retired: its record and its queue are gone, its events stay in the log.",
        ),
        "bound" => (Tone::Good, "The certificate is bound."),
        "wanted" => (
            Tone::Warn,
            "No push can be sent now: the device has no channel that may be sent to.",
        ),
        "retried" => (Tone::Good, "It is tried again."),
        "checked" => (
            Tone::Good,
            "The credentials are being tried: look again in a moment.",
        ),
        "reloaded" => (
            Tone::Good,
            "The policy files were read again and are in force.",
        ),
        "made-already" => (
            Tone::Info,
            "This token was made already. Its text was shown once: revoke it and make another if it is lost.",
        ),
        "shown-already" => (
            Tone::Info,
            "This was done already. The secret was shown once: change it if it is lost.",
        ),
        "tested" => (Tone::Good, "A test is being sent: look again in a moment."),
        "sent-again" => (
            Tone::Good,
            "It is sent once more, as a new delivery: look again in a moment.",
        ),
        "revoked" => (Tone::Good, "Revoked."),
        _ => return None,
    };
    Some(Notice {
        tone,
        text: text.to_owned(),
    })
}

macro_rules! from_extensions {
    ($type:ty) => {
        impl FromRequest for $type {
            type Error = Problem;
            type Future = Ready<Result<Self, Problem>>;

            fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
                // The guard put it there.
                let found = request.extensions().get::<$type>().cloned();
                let missing = || Problem::new(ProblemCode::Unauthorized, "expected a session");
                ready(found.ok_or_else(missing))
            }
        }
    };
}

from_extensions!(Guest);
from_extensions!(Visitor);
