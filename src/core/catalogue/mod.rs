//! The catalogue: apps that may be installed, each with its versions.
//!
//! Pure. What a version holds is what `MDM_AppInstallJob` has properties for
//! (MDM Application Provider reference); how it becomes JobData is not public,
//! so a template says it, the shipped one by assumption, or the version brings its
//! JobData whole.

pub mod check;
mod requirement;
mod version;

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use requirement::Requirement;
pub use version::Version;

use crate::compliance::DeviceCompliance;
use crate::fields::{FieldError, Fields, quoted};
use crate::refusal::Refusal;
use crate::secret::Secret;
use crate::templates::{self, Templates};
use crate::time::Timestamp;

/// Longest id of an app, bytes: rules of a policy may name it.
pub const ID_BYTES: usize = 128;
/// Most apps of a catalogue.
const APPS: u64 = 10_000;
/// Most versions of an app.
pub const VERSIONS: usize = 32;
/// Most URLs of a package, and most packages that a version depends on.
pub const LIST: usize = 16;
/// Longest URL, bytes.
pub const URL_BYTES: usize = 2_048;
/// Longest licence, bytes.
pub const LICENCE_BYTES: usize = 64 * 1024;

/// An app.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct App {
    /// Its id, which rules, commands and URLs name.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// What it is, in words.
    pub description: Option<String>,
    /// The device groups that may get it; none named means all.
    pub groups: Vec<String>,
    /// Its versions, the lowest first; at least one.
    pub releases: Vec<Release>,
    /// When it was put into the catalogue.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub changed_at: Timestamp,
    /// What a device must be to get it.
    #[serde(default)]
    pub requires: Option<Requirement>,
}

/// One version of an app.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Release {
    /// Which.
    pub version: Version,
    /// The package, `Name_Version_Arch_ResourceId_PublisherId`.
    pub package_full_name: Option<String>,
    /// Where the device downloads it from (`DownloadUrlList`).
    pub urls: Vec<String>,
    /// Framework packages that it needs (`Dependencies`, `DependencyUrlLists`).
    pub dependencies: Vec<Dependency>,
    /// `LicenseXml`; 8.1 Update and later.
    pub licence: Option<Secret>,
    /// `ActionType`: a word for the template, or the number itself, since the
    /// numbers are not published.
    pub action: String,
    /// `DeploymentOptions`, taken to be those of WinRT (inferred): 1 forces the
    /// app to close, 2 development mode, 32 all resources.
    pub options: u32,
    /// The whole JobData, in place of the template.
    pub job_data: Option<Secret>,
}

/// A package that another one needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dependency {
    /// Its full name.
    pub package_full_name: String,
    /// Where it is downloaded from.
    pub urls: Vec<String>,
}

/// Whether the catalogue takes one more app besides so many.
///
/// # Errors
/// It has as many as it may have.
pub fn check_room(count: u64) -> Result<(), Refusal> {
    if count >= APPS {
        let why = format!("the catalogue has {count} apps, the most that it may have");
        return Err(Refusal::Conflict(why));
    }
    Ok(())
}

impl App {
    /// The version asked for, or the highest where none is.
    pub fn release(&self, version: Option<&Version>) -> Option<&Release> {
        match version {
            None => self.releases.last(),
            Some(version) => self
                .releases
                .iter()
                .find(|release| release.version == *version),
        }
    }

    /// The version that `version` of a request names, of an app that a device with
    /// these groups may get; the highest where none is named.
    pub fn pick(&self, fields: &Fields<'_>, groups: &[String]) -> Result<&Release, Refusal> {
        if !self.is_for(groups) {
            let why = "app: it is for devices of other groups than this one's";
            return Err(Refusal::Conflict(why.to_owned()));
        }
        self.version(fields).map_err(Refusal::Field)
    }

    /// The same whatever the device.
    pub fn version(&self, fields: &Fields<'_>) -> Result<&Release, FieldError> {
        let wanted = fields.line("version", 64)?;
        let found = wanted.map_or("no version".to_owned(), quoted);
        let wrong = |expected: String| FieldError::new(fields.name("version"), expected, &found);
        let version = wanted.map(|text| {
            let expected = "one to four numbers with dots between them";
            Version::parse(text).ok_or_else(|| wrong(expected.to_owned()))
        });
        let version = version.transpose()?;
        self.release(version.as_ref()).ok_or_else(|| {
            let known: Vec<&str> = self
                .releases
                .iter()
                .map(|release| release.version.as_str())
                .collect();
            wrong(format!("one of {}", known.join(", ")))
        })
    }

    /// Adds a version, or puts it in the place of the same one. Whether there was
    /// room for it: an app has at most [`VERSIONS`].
    #[must_use]
    pub fn put(&mut self, release: Release) -> bool {
        self.releases
            .retain(|other| other.version != release.version);
        if self.releases.len() >= VERSIONS {
            return false;
        }
        self.releases.push(release);
        self.releases
            .sort_by(|one, other| one.version.cmp(&other.version));
        true
    }

    /// Refuses a device of which this is said where the app requires something else.
    ///
    /// # Errors
    /// The device is not as required.
    pub fn check_required(&self, compliance: Option<&DeviceCompliance>) -> Result<(), Refusal> {
        let requires = self.requires.as_ref();
        requires.map_or(Ok(()), |requires| requires.check(compliance))
    }

    /// Whether a device with these groups may get it.
    pub fn is_for(&self, groups: &[String]) -> bool {
        self.groups.is_empty() || self.groups.iter().any(|group| groups.contains(group))
    }
}

/// The app that a command takes from the catalogue, where there is one of that
/// id: an `app_install` that names an app and brings no data of its own.
pub fn named(command: &Value) -> Option<&str> {
    let given = |field: &str| command.get(field).filter(|value| !value.is_null());
    let is_install = given("type").and_then(Value::as_str) == Some("app_install");
    let own = given("job_data").or(given("package_full_name"));
    let id = given("app").and_then(Value::as_str)?;
    (is_install && own.is_none() && id.len() <= ID_BYTES).then_some(id)
}

impl Release {
    /// The Data of the job that installs it: its own JobData, else by the operator's
    /// template with values as they are, else by the shipped one, which is assumed
    /// to be XML and needs a package and where it is. `None` where there is neither.
    pub(crate) fn install_data(&self, texts: &Templates) -> Option<String> {
        if let Some(data) = &self.job_data {
            return texts.render(&templates::JOB_DATA, &[("job_data", data.reveal())]);
        }
        let is_own = texts.has_own(&templates::APP_INSTALL);
        if !is_own && (self.package_full_name.is_none() || self.urls.is_empty()) {
            return None;
        }
        let mut values = self.values();
        if !is_own {
            for (_, value) in &mut values {
                *value = value
                    .replace('&', "&amp;")
                    .replace('<', "&lt;")
                    .replace('>', "&gt;");
            }
        }
        let values: Vec<(&str, &str)> = values
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        texts.render(&templates::APP_INSTALL, &values)
    }

    /// Whether it can be installed as it is.
    pub fn is_installable(&self, texts: &Templates) -> bool {
        self.install_data(texts).is_some()
    }

    /// What the placeholders of `templates.app_install` stand for. Lists are
    /// joined by `;`, which no URL and no package name here contains.
    pub fn values(&self) -> Vec<(&'static str, String)> {
        let names = self.dependencies.iter().map(|one| &one.package_full_name);
        let urls = self.dependencies.iter().flat_map(|one| &one.urls);
        let secret = |text: &Option<Secret>| {
            let text = text.as_ref().map(Secret::reveal);
            text.unwrap_or_default().to_owned()
        };
        vec![
            (
                "package_full_name",
                self.package_full_name.clone().unwrap_or_default(),
            ),
            ("urls", self.urls.join(";")),
            ("dependencies", joined(names)),
            ("dependency_urls", joined(urls)),
            ("licence", secret(&self.licence)),
            ("action", self.action.clone()),
            ("options", self.options.to_string()),
        ]
    }
}

fn joined<'a>(texts: impl Iterator<Item = &'a String>) -> String {
    texts.map(String::as_str).collect::<Vec<_>>().join(";")
}

#[cfg(test)]
mod tests;
