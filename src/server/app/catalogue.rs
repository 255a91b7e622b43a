//! The catalogue: apps that may be installed.

use serde_json::Value;

use super::catalogue_input::{AppChange, NewApp};
use super::revision::{app_tag, check};
use super::{App, AppError, Listed, Page, Principal, WriteOptions};
use modegate_core::catalogue::{self, App as CatalogueApp};
use modegate_core::change::Refusal;
use modegate_core::event::{Event, EventType};
use modegate_core::fields::{FieldError, quoted};

/// Puts an app into the catalogue.
pub(crate) async fn create(
    app: &App,
    by: &Principal,
    new: NewApp,
    options: WriteOptions<CatalogueApp>,
) -> Result<CatalogueApp, AppError> {
    by.unbound()?;
    let id = app.new_id().simple().to_string();
    let new = new.app(id, app.now())?;
    let (id, event) = (new.id.clone(), event(app, by, EventType::AppChanged, &new));
    let decide = move |there: Option<&CatalogueApp>| match there {
        None => Ok(new),
        Some(there) => {
            let expected = "an id that the catalogue does not have (PATCH changes an app)";
            let fault = FieldError::new("id", expected, quoted(&there.id));
            Err(Refusal::Conflicts(vec![fault.conflicting(&there.id)]))
        }
    };
    let put = app
        .store
        .put_app(&id, Box::new(decide), event, options.keep);
    Ok(put.await?)
}

/// The catalogue; for a caller that is bound to groups or acts for a person, what is for
/// their devices, so that a page may have fewer than asked for.
pub(crate) async fn list(
    app: &App,
    by: &Principal,
    page: Page,
) -> Result<Listed<CatalogueApp>, AppError> {
    let apps = app.store.apps(page.after.unwrap_or(0), page.limit).await?;
    let listed = Listed::from_page(apps, page.limit, |(number, _)| *number);
    let shelf = Shelf::of(app, by).await?;
    Ok(listed.filter_map(|(_, app)| shelf.has(&app).then_some(app)))
}

/// One app, if the caller may see it.
pub(crate) async fn one(app: &App, by: &Principal, id: &str) -> Result<CatalogueApp, AppError> {
    let found = app.store.app(id).await?;
    let shelf = Shelf::of(app, by).await?;
    found
        .filter(|app| shelf.has(app))
        .ok_or_else(|| AppError::missing("app"))
}

/// Changes what is given of an app: fields of a version add that version or take its
/// place.
pub(crate) async fn change(
    app: &App,
    by: &Principal,
    id: &str,
    change: AppChange,
    options: WriteOptions<CatalogueApp>,
) -> Result<CatalogueApp, AppError> {
    by.unbound()?;
    let (now, seen) = (app.now(), one(app, by, id).await?);
    // Checked against the app as it is now; taken over again inside the write.
    change.clone().amended(&seen, now)?;
    let expected = options.expected;
    let decide = move |there: Option<&CatalogueApp>| {
        let missing = || Refusal::Missing("app not found".to_owned());
        let there = there.ok_or_else(missing)?;
        check(expected.as_ref(), &app_tag(there))?;
        change.amended(there, now).map_err(Refusal::Field)
    };
    let event = event(app, by, EventType::AppChanged, &seen);
    let put = app
        .store
        .put_app(&seen.id, Box::new(decide), event, options.keep);
    Ok(put.await?)
}

/// Takes an app out of the catalogue; installs that are under way go on. The app as
/// it was.
pub(crate) async fn delete(
    app: &App,
    by: &Principal,
    id: &str,
    options: WriteOptions<CatalogueApp>,
) -> Result<CatalogueApp, AppError> {
    by.unbound()?;
    let seen = one(app, by, id).await?;
    check(options.expected.as_ref(), &app_tag(&seen))?;
    let event = event(app, by, EventType::AppDeleted, &seen);
    Ok(app.store.delete_app(&seen.id, event, options.keep).await?)
}

/// Which apps a caller may see: those for all, and those for these groups; `None` for all
/// groups.
struct Shelf(Option<Vec<String>>);

impl Shelf {
    /// A person's devices say which groups.
    async fn of(app: &App, by: &Principal) -> Result<Shelf, AppError> {
        let Some(person) = by.person() else {
            return Ok(Shelf(by.groups()));
        };
        let mut groups = Vec::new();
        for id in &person.devices {
            let device = app.store.device(*id).await?;
            let own = device.filter(|device| by.may_see(device));
            groups.extend(own.into_iter().flat_map(|device| device.record.groups));
        }
        Ok(Shelf(Some(groups)))
    }

    fn has(&self, app: &CatalogueApp) -> bool {
        self.0.as_ref().is_none_or(|groups| app.is_for(groups))
    }
}

fn event(app: &App, by: &Principal, what: EventType, of: &CatalogueApp) -> Event {
    Event::new(app.now(), by.actor(), None, what).detail(of.id.clone())
}

/// The app that a command takes from the catalogue, if it takes one that the caller
/// may see.
pub(super) async fn named(
    app: &App,
    by: &Principal,
    command: &Value,
) -> Result<Option<CatalogueApp>, AppError> {
    let Some(id) = catalogue::named(command) else {
        return Ok(None);
    };
    let found = app.store.app(id).await?;
    let shelf = Shelf::of(app, by).await?;
    Ok(found.filter(|app| shelf.has(app)))
}
