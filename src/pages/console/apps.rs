//! The catalogue: apps that may be installed.

use askama::Template;
use modegate_core::time::Timestamp;

use super::form::{Control, Fault, Input, Section};
use crate::shell::Shell;
use crate::words::Word;

/// The apps.
#[derive(Debug, Template)]
#[template(path = "console/apps.html")]
pub struct AppsPage {
    /// What every page shows.
    pub shell: Shell,
    /// The apps.
    pub rows: Vec<AppRow>,
    /// Where the next page is.
    pub next: Option<String>,
    /// Whether this is the first page.
    pub is_first: bool,
    /// Whether whoever looks may change the catalogue.
    pub may_change: bool,
}

/// An app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppRow {
    /// Its id, as it stands in an address.
    pub href: String,
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its highest version.
    pub version: String,
    /// The groups that may get it; none for all.
    pub groups: Vec<String>,
    /// Whether a version cannot be installed yet.
    pub is_incomplete: bool,
    /// When it was last changed.
    pub changed_at: Timestamp,
}

/// One app.
#[derive(Debug, Template)]
#[template(path = "console/app.html")]
pub struct AppPage {
    /// What every page shows.
    pub shell: Shell,
    /// The app.
    pub app: AppRow,
    /// What it is.
    pub description: Option<String>,
    /// What a device must be to get it.
    pub requires: Option<String>,
    /// When it was put into the catalogue.
    pub created_at: Timestamp,
    /// Its versions, the highest first.
    pub versions: Vec<VersionRow>,
    /// Whether whoever looks may change it.
    pub may_change: bool,
    /// Whether whoever looks may have it installed.
    pub may_operate: bool,
}

/// A version of an app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionRow {
    /// Which.
    pub version: String,
    /// Its package.
    pub package: Option<String>,
    /// Where the device downloads it from.
    pub urls: Vec<String>,
    /// The packages that it needs.
    pub dependencies: Vec<String>,
    /// What is done with it.
    pub action: String,
    /// `DeploymentOptions`.
    pub options: u32,
    /// Whether it has a licence.
    pub has_licence: bool,
    /// Whether it brings its JobData.
    pub has_job_data: bool,
    /// Whether it can be installed as it is.
    pub is_installable: bool,
}

/// The form of an app.
#[derive(Debug, Template)]
#[template(path = "console/app_form.html")]
pub struct AppFormPage {
    /// What every page shows.
    pub shell: Shell,
    /// The question.
    pub heading: String,
    /// Where the form is posted to.
    pub action: String,
    /// What the button says.
    pub button: &'static str,
    /// The name of the write.
    pub once: String,
    /// What the app was when the form was made, in one word.
    pub tag: String,
    /// The fields.
    pub sections: Vec<Section>,
    /// What is wrong with what was entered.
    pub faults: Vec<Fault>,
    /// The secrets that were entered, sealed by the server.
    pub kept: String,
    /// Where to go instead.
    pub back: String,
}

/// The fields of an app: name, label, hint.
const APP: [(&str, &str, &str); 5] = [
    ("name", "Name", "What people call it"),
    ("description", "Description", "What it is, in words"),
    (
        "groups",
        "Groups",
        "The device groups that may get it, one a line; all devices if empty",
    ),
    ("requires", "Only for compliant devices", ""),
    (
        "requires_baseline",
        "Baseline",
        "By which baseline of compliance; by all that cover the device if empty",
    ),
];

/// Those of a version.
const VERSION: [(&str, &str, &str); 7] = [
    (
        "version",
        "Version",
        "Such as 1.2.0.0; that of the package if empty",
    ),
    (
        "package_full_name",
        "Package full name",
        "Name_Version_Architecture_ResourceId_PublisherId",
    ),
    ("urls", "Downloaded from", "https addresses, one a line"),
    (
        "dependencies",
        "Needs",
        "Full names of the packages that it needs, one a line",
    ),
    (
        "licence",
        "Licence",
        "LicenseXml; kept sealed, and not shown again",
    ),
    (
        "action",
        "Action",
        "install (the default), upgrade, or the number that the device is to get",
    ),
    (
        "job_data",
        "JobData",
        "All of it, in place of the template; kept sealed, and not shown again",
    ),
];

/// The fields of an app, empty, with these deployment options; a new one may have an id.
pub fn sections(is_new: bool, options: &[&str]) -> Vec<Section> {
    let id = Input::line(
        "id",
        "Id",
        "Letters, digits and '-._~'; rules and addresses name the app by it, and it does not change. The server makes one if it is left out",
    );
    let options = options.iter().map(|name| {
        let label = name.replace('_', " ");
        Input::line(&format!("options.{name}"), &label, "").by(Control::Box)
    });
    let (legend, hint) = match is_new {
        true => (
            "Version",
            "The first one. More are added by changing the app.",
        ),
        false => (
            "Add a version, or replace one",
            "Leave all of this empty to change no version. A version that is there already is replaced as a whole.",
        ),
    };
    vec![
        Section::plain(
            is_new
                .then_some(id)
                .into_iter()
                .chain(APP.map(input))
                .collect(),
        ),
        Section {
            legend: Some(legend.to_owned()),
            hint: Some(hint.to_owned()),
            inputs: VERSION.map(input).into_iter().chain(options).collect(),
        },
    ]
}

fn input((name, label, hint): (&str, &str, &str)) -> Input {
    let input = Input::line(name, label, hint);
    match name {
        "name" => input.required(),
        "description" | "groups" | "urls" | "dependencies" => input.by(Control::Text),
        "requires" => input.by(Control::Box),
        "licence" | "job_data" => input.by(Control::Secret {
            is_long: true,
            is_kept: false,
        }),
        _ => input,
    }
}
