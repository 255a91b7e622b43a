//! `/apps`: the catalogue.

use actix_web::{HttpResponse, web};
use serde_json::{Value, json};
use uuid::Uuid;

use super::answer::Answer;
use super::body::body;
use super::caller::Caller;
use super::{Paging, page};
use crate::http::Shared;
use crate::http::problem::Problem;
use modegate_core::catalogue::{self, App, Release};
use modegate_core::change::Refusal;
use modegate_core::event::{Event, EventType};
use modegate_core::time::Timestamp;
use modegate_store::api::Write;
use modegate_store::installs::InstallWrite;

/// `POST /apps`.
pub(super) async fn create(
    caller: Caller,
    payload: web::Payload,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    caller.unbound()?;
    let body = body(payload).await?;
    let app = catalogue::new(&body, &Uuid::now_v7().simple().to_string(), shared.now())?;
    let event = event(&caller, EventType::AppChanged, &app, shared.now());
    let templated = is_templated(&shared);
    let write = InstallWrite::PutApp {
        id: app.id.clone(),
        decide: Box::new(move |there| match there {
            None => Ok(app),
            Some(_) => Err(Refusal::Conflict(
                "id: the catalogue has an app of this id; change it with PATCH".to_owned(),
            )),
        }),
        event,
        answer: Box::new(move |app| {
            let location = format!("/api/v1/apps/{}", app.id);
            Answer::created(location, Some(tag(app)), &view(app, templated))
        }),
    };
    caller.write(&shared, Write::Installs(write)).await
}

/// `GET /apps`.
pub(super) async fn list(
    caller: Caller,
    paging: web::Query<Paging>,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    let limit = paging.limit();
    let apps = shared.store.apps(paging.after()?, limit).await?;
    let next = (apps.len() == limit)
        .then(|| apps.last().map(|(number, _)| number.to_string()))
        .flatten();
    let templated = is_templated(&shared);
    let items = apps
        .iter()
        .filter(|(_, app)| caller.may_see_for(&app.groups))
        .map(|(_, app)| view(app, templated));
    Ok(page(items.collect(), next))
}

/// `GET /apps/{id}`.
pub(super) async fn one(
    caller: Caller,
    path: web::Path<String>,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    let app = find(&shared, &caller, &path).await?;
    Ok(HttpResponse::Ok()
        .insert_header(("etag", tag(&app)))
        .json(view(&app, is_templated(&shared))))
}

/// `PATCH /apps/{id}`.
pub(super) async fn change(
    caller: Caller,
    path: web::Path<String>,
    payload: web::Payload,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    caller.unbound()?;
    let body = body(payload).await?;
    let now = shared.now();
    let seen = find(&shared, &caller, &path).await?;
    // Checked against the app as it is now; taken over again inside the write.
    catalogue::amend(&seen, &body, now)?;
    let (by, templated) = (caller.clone(), is_templated(&shared));
    let write = InstallWrite::PutApp {
        id: seen.id.clone(),
        event: event(&caller, EventType::AppChanged, &seen, shared.now()),
        decide: Box::new(move |there| {
            let missing = || Refusal::Missing("there is no such app".to_owned());
            let there = there.ok_or_else(missing)?;
            by.expects(&tag(there))?;
            catalogue::amend(there, &body, now).map_err(Refusal::Field)
        }),
        answer: Box::new(move |app| Answer::ok(Some(tag(app)), &view(app, templated))),
    };
    caller.write(&shared, Write::Installs(write)).await
}

/// `DELETE /apps/{id}`: installs that are under way go on.
pub(super) async fn delete(
    caller: Caller,
    path: web::Path<String>,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    caller.unbound()?;
    let seen = find(&shared, &caller, &path).await?;
    caller.expects(&tag(&seen)).map_err(refused)?;
    let write = InstallWrite::DeleteApp {
        id: seen.id.clone(),
        event: event(&caller, EventType::AppDeleted, &seen, shared.now()),
        answer: Box::new(|_| Answer::nothing()),
    };
    caller.write(&shared, Write::Installs(write)).await
}

/// A refusal as a problem.
pub(super) fn refused(refusal: Refusal) -> Problem {
    modegate_store::StoreError::Refused(refusal).into()
}

fn event(caller: &Caller, what: EventType, app: &App, now: Timestamp) -> Event {
    Event::new(now, caller.actor(), None, what).detail(app.id.clone())
}

/// The app, if the caller may see it.
pub(super) async fn find(shared: &Shared, caller: &Caller, id: &str) -> Result<App, Problem> {
    let app = shared.store.app(id).await?;
    app.filter(|app| caller.may_see_for(&app.groups))
        .ok_or_else(|| Problem::missing("app"))
}

/// The app that a command takes from the catalogue, if it takes one.
pub(super) async fn named(
    shared: &Shared,
    caller: &Caller,
    command: &Value,
) -> Result<Option<App>, Problem> {
    let Some(id) = catalogue::named(command) else {
        return Ok(None);
    };
    let app = shared.store.app(id).await?;
    Ok(app.filter(|app| caller.may_see_for(&app.groups)))
}

fn is_templated(shared: &Shared) -> bool {
    shared.templates.can_install_apps()
}

fn tag(app: &App) -> String {
    format!("\"{}.{}\"", app.changed_at.0, app.releases.len())
}

/// An app as the API shows it: whether it has JobData and licences, never which.
pub(super) fn view(app: &App, templated: bool) -> Value {
    let releases: Vec<Value> = app.releases.iter().map(release_view).collect();
    let mut view = json!({
        "id": app.id,
        "name": app.name,
        "description": app.description,
        "groups": app.groups,
        "version": app.release(None).map(|release| release.version.as_str()),
        "versions": releases,
        "created_at": app.created_at.to_string(),
        "changed_at": app.changed_at.to_string(),
    });
    let unmade: Vec<&str> = app
        .releases
        .iter()
        .filter(|release| release.job_data.is_none() && !templated)
        .map(|release| release.version.as_str())
        .collect();
    if !unmade.is_empty() {
        let detail = format!(
            "version {} cannot be installed yet: it has no job_data, and templates.app_install is not configured",
            unmade.join(", ")
        );
        view["warnings"] = json!([detail]);
    }
    view
}

fn release_view(release: &Release) -> Value {
    let dependencies = release
        .dependencies
        .iter()
        .map(|one| json!({"package_full_name": one.package_full_name, "urls": one.urls}));
    json!({
        "version": release.version.as_str(),
        "package_full_name": release.package_full_name,
        "urls": release.urls,
        "dependencies": dependencies.collect::<Vec<_>>(),
        "has_licence": release.licence.is_some(),
        "action": release.action,
        "options": release.options,
        "has_job_data": release.job_data.is_some(),
    })
}
