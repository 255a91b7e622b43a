//! `/apps`: the catalogue.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use serde_json::{Value, json};
use uuid::Uuid;

use super::answer::Answer;
use super::body::body;
use super::caller::Caller;
use super::{Paging, page};
use crate::catalogue::{self, App, Release, Version};
use crate::clock::Timestamp;
use crate::event::{Event, EventType};
use crate::fields::Fields;
use crate::http::Shared;
use crate::http::problem::Problem;
use crate::store::api::Write;
use crate::store::installs::InstallWrite;
use crate::store::{Device, Refusal};

/// `POST /apps`.
pub(super) async fn create(
    caller: Caller,
    payload: web::Payload,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    caller.unbound()?;
    let body = body(payload).await?;
    let app = catalogue::new(
        &body,
        &Uuid::now_v7().simple().to_string(),
        Timestamp::now(),
    )?;
    let event = event(&caller, EventType::AppChanged, &app);
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
    let now = Timestamp::now();
    let seen = find(&shared, &caller, &path).await?;
    // Checked against the app as it is now; taken over again inside the write.
    catalogue::amend(&seen, &body, now)?;
    let (by, templated) = (caller.clone(), is_templated(&shared));
    let write = InstallWrite::PutApp {
        id: seen.id.clone(),
        event: event(&caller, EventType::AppChanged, &seen),
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
        event: event(&caller, EventType::AppDeleted, &seen),
        answer: Box::new(|_| Answer::nothing()),
    };
    caller.write(&shared, Write::Installs(write)).await
}

fn refused(refusal: Refusal) -> Problem {
    crate::store::StoreError::Refused(refusal).into()
}

fn event(caller: &Caller, what: EventType, app: &App) -> Event {
    Event::new(Timestamp::now(), caller.actor(), None, what).detail(app.id.clone())
}

/// The app, if the caller may see it.
pub(super) async fn find(shared: &Shared, caller: &Caller, id: &str) -> Result<App, Problem> {
    let app = shared.store.app(id).await?;
    app.filter(|app| caller.may_see_for(&app.groups))
        .ok_or_else(|| Problem::missing("app"))
}

/// The app and version that a command takes from the catalogue: one of type
/// `app_install` that names an app and brings no data of its own.
pub(super) async fn named(
    shared: &Shared,
    caller: &Caller,
    device: &Device,
    command: &Value,
) -> Result<Option<(App, Release)>, Problem> {
    let fields = Fields::of(command, "")?;
    let is_install = command.get("type").and_then(Value::as_str) == Some("app_install");
    let own = fields.get("job_data").or(fields.get("package_full_name"));
    let Some(id) = command.get("app").and_then(Value::as_str) else {
        return Ok(None);
    };
    if !is_install || own.is_some() || id.len() > catalogue::ID_BYTES {
        return Ok(None);
    }
    match shared.store.app(id).await? {
        Some(app) if caller.may_see_for(&app.groups) => {
            let release = chosen(&app, &fields, device)?;
            Ok(Some((app, release)))
        }
        _ => Ok(None),
    }
}

/// The version that a request asks for, of an app that the device may get.
pub(super) fn chosen(app: &App, fields: &Fields<'_>, device: &Device) -> Result<Release, Problem> {
    if !app.is_for(&device.record.groups) {
        let detail = format!(
            "app: it is for devices of the groups {}, and this one is in none of them",
            app.groups.join(", ")
        );
        return Err(Problem::new(StatusCode::CONFLICT, detail));
    }
    let wanted = fields.line("version", 64)?;
    let version = wanted.map(|text| {
        let expected = "one to four numbers with dots between them";
        Version::parse(text).ok_or_else(|| Problem::field("version", expected, "other text"))
    });
    let version = version.transpose()?;
    app.release(version.as_ref()).cloned().ok_or_else(|| {
        let known: Vec<&str> = app
            .releases
            .iter()
            .map(|one| one.version.as_str())
            .collect();
        let expected = format!("one of {}", known.join(", "));
        Problem::field("version", expected, "another")
    })
}

fn is_templated(shared: &Shared) -> bool {
    shared.templates.render("app_install", &[]).is_some()
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
