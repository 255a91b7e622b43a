//! `/apps`: the catalogue.

use actix_web::web;
use schemars::JsonSchema;
use serde::Serialize;

use super::{ApiResponse, Body, Caller, HandlerResult, Paging, page};
use crate::app::Principal;
use crate::app::catalogue;
use crate::app::catalogue_input::{AppChange, NewApp, RequiredState};
use crate::app::input::{Line, Lines, List, Time};
use crate::app::revision::app_tag;
use crate::app::word::Word;
use modegate_core::catalogue::{App, Dependency, LIST, Release, Requirement, URL_BYTES};
use modegate_core::operations::Templates;

/// An app as the API shows it: whether it has JobData and licences, never which.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "App", extend("required" = ["id", "name", "versions"]))]
pub(super) struct AppView {
    id: String,
    name: String,
    description: Option<String>,
    groups: Vec<String>,
    /// The highest version.
    version: Option<String>,
    versions: Vec<VersionView>,
    created_at: Time,
    changed_at: Time,
    /// What a device must be to get it: compliant, or nothing.
    requires: Option<Word<RequiredState>>,
    /// By which baseline; none for all that cover the device.
    requires_baseline: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
}

/// One version of an app.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct VersionView {
    #[schemars(with = "Line<64>")]
    version: String,
    package_full_name: Option<String>,
    #[schemars(with = "Lines<LIST, URL_BYTES>")]
    urls: Vec<String>,
    #[schemars(with = "List<DependencyView, LIST>")]
    dependencies: Vec<DependencyView>,
    has_licence: bool,
    action: String,
    #[schemars(range(max = 4_294_967_295_u32))]
    options: u32,
    has_job_data: bool,
}

/// A package that a version needs.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct DependencyView {
    #[schemars(with = "Line<256>")]
    package_full_name: String,
    #[schemars(with = "Lines<LIST, URL_BYTES>")]
    urls: Vec<String>,
}

impl AppView {
    /// The app as this caller may see it, where these templates are in force.
    fn new(app: &App, templates: &Templates, by: &Principal) -> Self {
        let releases = || app.releases.iter();
        let unmade: Vec<&str> = releases()
            .filter(|release| !release.is_installable(templates))
            .map(|release| release.version.as_str())
            .collect();
        let warning = format!(
            "version {} cannot be installed yet: it has no job_data, templates.app_install is not configured, and the shipped template needs package_full_name and urls",
            unmade.join(", ")
        );
        let (highest, requires) = (app.release(None), app.requires.as_ref());
        AppView {
            id: app.id.clone(),
            name: app.name.clone(),
            description: app.description.clone(),
            groups: by.known_groups(&app.groups),
            version: highest.map(|release| release.version.as_str().to_owned()),
            versions: releases().map(VersionView::from).collect(),
            created_at: Time(app.created_at),
            changed_at: Time(app.changed_at),
            requires: requires.map(|_| Word(RequiredState::Compliant)),
            requires_baseline: requires.and_then(|requires| {
                let Requirement::Compliant(baseline) = requires;
                Some(baseline.as_ref()?.to_string())
            }),
            warnings: (!unmade.is_empty())
                .then_some(warning)
                .into_iter()
                .collect(),
        }
    }
}

impl From<&Release> for VersionView {
    fn from(release: &Release) -> Self {
        let dependency = |one: &Dependency| DependencyView {
            package_full_name: one.package_full_name.clone(),
            urls: one.urls.clone(),
        };
        VersionView {
            version: release.version.as_str().to_owned(),
            package_full_name: release.package_full_name.clone(),
            urls: release.urls.clone(),
            dependencies: release.dependencies.iter().map(dependency).collect(),
            has_licence: release.licence.is_some(),
            action: release.action.clone(),
            options: release.options,
            has_job_data: release.job_data.is_some(),
        }
    }
}

/// `POST /apps`.
pub(super) async fn create(caller: Caller, Body(new): Body<NewApp>) -> HandlerResult {
    let (templates, by) = (caller.app().templates.clone(), caller.principal.clone());
    let render = move |app: &App| {
        let location = format!("/api/v1/apps/{}", app.id);
        ApiResponse::created(location, &AppView::new(app, &templates, &by)).tagged(app_tag(app))
    };
    caller
        .write(render, async |app, by, options| {
            catalogue::create(app, by, new, options).await
        })
        .await
}

/// `GET /apps`.
pub(super) async fn list(caller: Caller, paging: web::Query<Paging>) -> HandlerResult {
    caller
        .read(move |caller| async move {
            let listed = catalogue::list(caller.app(), caller.by(), paging.page()?).await?;
            let templates = caller.app().templates.clone();
            Ok(page(listed, |app| {
                AppView::new(&app, &templates, caller.by())
            }))
        })
        .await
}

/// `GET /apps/{id}`.
pub(super) async fn one(caller: Caller, path: web::Path<String>) -> HandlerResult {
    caller
        .read(move |caller| async move {
            let app = catalogue::one(caller.app(), caller.by(), &path).await?;
            let view = AppView::new(&app, &caller.app().templates, caller.by());
            Ok(ApiResponse::ok(&view).tagged(app_tag(&app)))
        })
        .await
}

/// `PATCH /apps/{id}`.
pub(super) async fn change(
    caller: Caller,
    path: web::Path<String>,
    Body(change): Body<AppChange>,
) -> HandlerResult {
    let (templates, by) = (caller.app().templates.clone(), caller.principal.clone());
    let render =
        move |app: &App| ApiResponse::ok(&AppView::new(app, &templates, &by)).tagged(app_tag(app));
    caller
        .write(render, async |app, by, options| {
            catalogue::change(app, by, &path, change, options).await
        })
        .await
}

/// `DELETE /apps/{id}`: installs that are under way go on.
pub(super) async fn delete(caller: Caller, path: web::Path<String>) -> HandlerResult {
    caller
        .delete(async |app, by, options| catalogue::delete(app, by, &path, options).await)
        .await
}
