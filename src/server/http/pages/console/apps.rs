//! `/console/apps`: the catalogue.

use actix_web::web;
use serde::Deserialize;

use super::may_operate;
use crate::app::catalogue;
use crate::app::revision::{Match, app_tag};
use crate::http::pages::visitor::page;
use crate::http::pages::{Form, Page, Visitor};
use crate::http::problem::Problem;
use modegate_core::catalogue::{App, Release, Requirement};
use modegate_core::fields::quoted;
use modegate_core::operations::Templates;
use modegate_pages::console::apps::{AppPage, AppRow, AppsPage, VersionRow};
use modegate_pages::console::confirm::ConfirmPage;

const PER_PAGE: usize = 50;

/// Where the list goes on.
#[derive(Debug, Deserialize)]
pub(in crate::http::pages) struct After {
    #[serde(default)]
    after: String,
}

/// Whether who looks may change the catalogue: it concerns all devices.
fn may_change(visitor: &Visitor) -> bool {
    may_operate(visitor) && visitor.by().sees_all()
}

/// `GET /console/apps`.
pub(in crate::http::pages) async fn list(visitor: Visitor, query: web::Query<After>) -> Page {
    visitor
        .read(move |visitor| async move {
            let (app, after) = (visitor.app(), &query.after);
            let place = after
                .parse()
                .ok()
                .filter(|place| i64::try_from(*place).is_ok());
            if place.is_none() && !after.is_empty() {
                return Err(Problem::field(
                    "after",
                    "the address behind Next",
                    quoted(after),
                ));
            }
            let asked = crate::app::Page {
                after: place,
                limit: PER_PAGE,
            };
            let listed = catalogue::list(app, visitor.by(), asked).await?;
            let rows = listed.items.iter().map(|one| row(&visitor, one));
            Ok(AppsPage {
                shell: visitor.shell("Apps"),
                rows: rows.collect(),
                next: listed.next.map(|next| next.to_string()),
                is_first: after.is_empty(),
                may_change: may_change(&visitor),
            })
        })
        .await
}

fn row(visitor: &Visitor, app: &App) -> AppRow {
    let templates = &visitor.app().templates;
    let mut releases = app.releases.iter();
    AppRow {
        // Ids stand in addresses as they are.
        href: app.id.clone(),
        id: app.id.clone(),
        name: app.name.clone(),
        version: app
            .release(None)
            .map_or_else(String::new, |release| release.version.as_str().to_owned()),
        groups: visitor.by().known_groups(&app.groups),
        is_incomplete: releases.any(|release| !release.is_installable(templates)),
        changed_at: app.changed_at,
    }
}

/// `GET /console/apps/{app}`.
pub(in crate::http::pages) async fn show(visitor: Visitor, path: web::Path<String>) -> Page {
    visitor
        .read(move |visitor| async move {
            let app = catalogue::one(visitor.app(), visitor.by(), &path).await?;
            let templates = &visitor.app().templates;
            let versions = app.releases.iter().rev();
            Ok(AppPage {
                shell: visitor
                    .shell(format!("{} ({})", app.name, app.id))
                    .below("/console/apps", "Apps"),
                app: row(&visitor, &app),
                requires: app.requires.as_ref().map(required),
                created_at: app.created_at,
                versions: versions
                    .map(|release| version(release, templates))
                    .collect(),
                may_change: may_change(&visitor),
                may_operate: may_operate(&visitor),
                description: app.description,
            })
        })
        .await
}

fn required(requirement: &Requirement) -> String {
    let Requirement::Compliant(baseline) = requirement;
    match baseline {
        Some(baseline) => format!("a device that is compliant by the baseline {baseline}"),
        None => "a device that is compliant by every baseline that covers it".to_owned(),
    }
}

fn version(release: &Release, templates: &Templates) -> VersionRow {
    let needs = release.dependencies.iter();
    VersionRow {
        version: release.version.as_str().to_owned(),
        package: release.package_full_name.clone(),
        urls: release.urls.clone(),
        dependencies: needs.map(|one| one.package_full_name.clone()).collect(),
        action: release.action.clone(),
        options: release.options,
        has_licence: release.licence.is_some(),
        has_job_data: release.job_data.is_some(),
        is_installable: release.is_installable(templates),
    }
}

/// `GET /console/apps/{app}/delete`: asks once more.
pub(in crate::http::pages) async fn ask_delete(visitor: Visitor, path: web::Path<String>) -> Page {
    let app = catalogue::one(visitor.app(), visitor.by(), &path).await?;
    let here = format!("/console/apps/{}", app.id);
    let versions: Vec<&str> = app
        .releases
        .iter()
        .map(|one| one.version.as_str())
        .collect();
    page(&ConfirmPage {
        shell: visitor
            .shell(format!("Delete {} ({})", app.name, app.id))
            .below(&*here, &*app.name),
        heading: format!("Delete {}?", app.name),
        text: "It leaves the catalogue with all its versions, their licences and their JobData. \
               Installs that are under way go on."
            .to_owned(),
        facts: vec![("Id", app.id.clone()), ("Versions", versions.join(", "))],
        action: format!("{here}/delete"),
        button: "Delete the app",
        once: visitor.once(),
        fields: vec![("tag", app_tag(&app))],
        back: here,
    })
}

/// `POST /console/apps/{app}/delete`.
pub(in crate::http::pages) async fn delete(
    visitor: Visitor,
    path: web::Path<String>,
    form: Form,
) -> Page {
    let expected = form.optional("tag").map(Match::read);
    let place = |_: &App| "/console/apps?notice=deleted".to_owned();
    visitor
        .write(place, async |app, by, mut options| {
            options.expected = expected;
            catalogue::delete(app, by, &path, options).await
        })
        .await
}
