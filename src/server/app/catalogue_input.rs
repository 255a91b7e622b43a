//! Apps of the catalogue, as callers send them.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Value, json};

use super::input::{
    Clearable, Flat, Input, Integer, Line, Lines, List, Parse, Parsed, SecretText, Text, input,
    or_collect,
};
use super::word::{Word, Words, all_words};
use modegate_core::catalogue::check::{
    OPTIONS, check_licence, is_download, is_id, version_of_package,
};
use modegate_core::catalogue::{
    App, Dependency, ID_BYTES, LICENCE_BYTES, LIST, Release, Requirement, URL_BYTES, VERSIONS,
    Version,
};
use modegate_core::compliance::BaselineId;
use modegate_core::fields::{self, FieldError, quoted};
use modegate_core::limits::{COMMAND_DATA_BYTES, DEVICE_LIST, NAME_BYTES};
use modegate_core::time::Timestamp;

/// Longest description, bytes.
const DESCRIPTION_BYTES: usize = 4 * 1024;
/// The greatest number of an action or of options.
const NUMBER: i64 = u32::MAX as i64;

input! {
    /// An app to put into the catalogue: with one version, or a list of them.
    pub(crate) struct NewApp {
        /// The id by which rules, commands and URLs name it. Default: the server makes one.
        pub(crate) id: Option<Parsed<CatalogueId>>,
        /// What people call it.
        pub(crate) name: Line<NAME_BYTES>,
        #[schemars(flatten)]
        pub(crate) rest: Flat<AppFields>,
    }

    /// What changes of an app; what is left out stays. Fields of a version add that
    /// version or take its place.
    pub(crate) struct AppChange {
        /// The app's own id; it does not change.
        pub(crate) id: Option<Line<ID_BYTES>>,
        /// What people call it.
        pub(crate) name: Option<Line<NAME_BYTES>>,
        #[schemars(flatten)]
        pub(crate) rest: Flat<AppFields>,
    }

    /// What a new app and a change of one have in common.
    pub(crate) struct AppFields {
        /// What it is, in words.
        pub(crate) description: Option<Clearable<Text<DESCRIPTION_BYTES>>>,
        /// The device groups that may get it; all if empty.
        pub(crate) groups: Option<Lines<DEVICE_LIST, NAME_BYTES>>,
        /// All its versions, in place of those before.
        pub(crate) versions: Option<List<VersionFields, VERSIONS, 1>>,
        /// What a device must be to get it; null for nothing.
        pub(crate) requires: Option<Clearable<Word<RequiredState>>>,
        /// By which baseline. Default: by all that cover the device.
        pub(crate) requires_baseline: Option<Clearable<Line<NAME_BYTES>>>,
        #[schemars(flatten)]
        pub(crate) version: Flat<VersionFields>,
    }

    /// One version of an app.
    #[schemars(inline)]
    pub(crate) struct VersionFields {
        /// Which. Default: the version of the package.
        pub(crate) version: Option<Parsed<Version>>,
        /// `Name_Version_Architecture_ResourceId_PublisherId`.
        pub(crate) package_full_name: Option<Parsed<Package>>,
        /// Where the device downloads it from.
        pub(crate) urls: Option<List<Parsed<Download>, LIST>>,
        /// The packages that it needs.
        pub(crate) dependencies: Option<List<NewDependency, LIST>>,
        /// `LicenseXml`.
        pub(crate) licence: Option<Licence>,
        /// `ActionType`.
        pub(crate) action: Option<Action>,
        /// `DeploymentOptions`.
        pub(crate) options: Option<Options>,
        /// The whole JobData, in place of the template.
        pub(crate) job_data: Option<SecretText<COMMAND_DATA_BYTES>>,
    }

    /// A package that another one needs.
    #[schemars(inline)]
    pub(crate) struct DependencyFields {
        pub(crate) urls: Option<List<Parsed<Download>, LIST>>,
        pub(crate) package_full_name: Parsed<Package>,
    }
}

/// What an app may require of a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RequiredState {
    /// Compliant, or exempt.
    Compliant,
}

impl Words for RequiredState {
    const ALL: &'static [Self] = &[RequiredState::Compliant];

    fn word(self) -> &'static str {
        "compliant"
    }
}

/// An id of an app.
#[derive(Debug, Clone)]
pub(crate) struct CatalogueId(String);

impl Parse for CatalogueId {
    const MAX: usize = ID_BYTES;

    fn parse(line: &str) -> Result<Self, String> {
        let expected = "letters, digits and '-._~', beginning with a letter or digit";
        match is_id(line) {
            true => Ok(CatalogueId(line.to_owned())),
            false => Err(expected.to_owned()),
        }
    }
}

impl Parse for Version {
    const MAX: usize = 64;

    fn parse(line: &str) -> Result<Self, String> {
        let expected = "one to four numbers of 0 to 65535 with dots between them";
        Version::parse(line).ok_or_else(|| expected.to_owned())
    }
}

/// A package full name, and the version that it says.
#[derive(Debug, Clone)]
pub(crate) struct Package {
    name: String,
    version: Version,
}

impl Parse for Package {
    const MAX: usize = 256;

    fn parse(line: &str) -> Result<Self, String> {
        let expected = "a package full name, Name_Version_Architecture_ResourceId_PublisherId";
        let version = version_of_package(line).ok_or_else(|| expected.to_owned())?;
        let name = line.to_owned();
        Ok(Package { name, version })
    }
}

/// Where a package is downloaded from.
#[derive(Debug, Clone)]
pub(crate) struct Download(String);

impl Parse for Download {
    const MAX: usize = URL_BYTES;

    fn parse(line: &str) -> Result<Self, String> {
        let expected = "an https URL without user, password and fragment, with spaces, quotes, \
                        ';', '<' and '>' percent-encoded";
        match is_download(line) {
            true => Ok(Download(line.to_owned())),
            false => Err(expected.to_owned()),
        }
    }

    /// A query may hold what permits the download.
    fn shown(line: &str) -> String {
        fields::shown_url(line)
    }
}

fn urls(all: Option<List<Parsed<Download>, LIST>>) -> Vec<String> {
    let all = all.map(|all| all.0).unwrap_or_default();
    all.into_iter().map(|url| url.0.0).collect()
}

/// A licence.
#[derive(Debug, Clone, JsonSchema)]
#[serde(transparent)]
#[schemars(inline)]
pub(crate) struct Licence(SecretText<LICENCE_BYTES>);

impl Input for Licence {
    const EXPECTED: &'static str = "text";

    fn from_value(value: &Value, path: &str, faults: &mut Vec<FieldError>) -> Option<Self> {
        let text = SecretText::from_value(value, path, faults)?;
        let expected = "a well-formed XML document without a DTD";
        let checked = check_licence(text.0.reveal());
        let wrong = |fault| FieldError::new(path, expected, fault);
        or_collect(checked.map(|()| Licence(text)).map_err(wrong), faults)
    }
}

/// A package that is needed: its full name, or an object with where it is downloaded
/// from.
#[derive(Debug, Clone)]
pub(crate) struct NewDependency(Dependency);

impl Input for NewDependency {
    const EXPECTED: &'static str = "a package full name, or an object";

    fn from_value(value: &Value, path: &str, faults: &mut Vec<FieldError>) -> Option<Self> {
        let fields = match value.is_string() {
            true => DependencyFields {
                package_full_name: Parsed::from_value(value, path, faults)?,
                urls: None,
            },
            false => DependencyFields::from_value(value, path, faults)?,
        };
        Some(NewDependency(Dependency {
            package_full_name: fields.package_full_name.0.name,
            urls: urls(fields.urls),
        }))
    }
}

impl JsonSchema for NewDependency {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "NewDependency".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut schema = DependencyFields::json_schema(generator);
        let line = Package::schema();
        for limit in ["minLength", "maxLength"] {
            if let Some(value) = line.get(limit) {
                schema.insert(limit.to_owned(), value.clone());
            }
        }
        schema.insert("type".to_owned(), json!(["string", "object"]));
        schema.insert(
            "description".to_owned(),
            json!("A package full name, or an object"),
        );
        schema
    }
}

/// A word for the template, or the number itself, since the numbers are not published.
#[derive(Debug, Clone)]
pub(crate) struct Action(String);

impl Input for Action {
    const EXPECTED: &'static str = "install, upgrade, or the number that the device is to get";

    fn from_value(value: &Value, path: &str, faults: &mut Vec<FieldError>) -> Option<Self> {
        let word = value.as_str();
        let word = word.filter(|word| matches!(*word, "install" | "upgrade"));
        let number = value.as_u64().and_then(|number| u32::try_from(number).ok());
        let action = match (word, number) {
            (Some(word), _) => Some(word.to_owned()),
            (None, number) => number.map(|number| number.to_string()),
        };
        let wrong = || FieldError::new(path, Self::EXPECTED, fields::shown(value));
        or_collect(action.map(Action).ok_or_else(wrong), faults)
    }
}

impl JsonSchema for Action {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Action".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": Self::EXPECTED,
            "type": ["string", "integer"], "minimum": 0, "maximum": NUMBER,
        })
    }
}

/// An option that has a name.
#[derive(Debug, Clone, Copy)]
struct NamedOption(usize);

impl Words for NamedOption {
    const ALL: &'static [Self] = &[NamedOption(0), NamedOption(1), NamedOption(2)];

    fn word(self) -> &'static str {
        OPTIONS[self.0].0
    }
}

/// Options: the number, or names of its bits.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Options(u32);

impl Input for Options {
    const EXPECTED: &'static str = "the number, or names of its bits";

    fn from_value(value: &Value, path: &str, faults: &mut Vec<FieldError>) -> Option<Self> {
        if !value.is_array() {
            let number = Integer::<0, NUMBER>::from_value(value, path, faults)?;
            return u32::try_from(number.0).ok().map(Options);
        }
        let names = List::<Word<NamedOption>, { OPTIONS.len() }>::from_value(value, path, faults)?;
        let bits = names.0.iter().map(|name| OPTIONS[name.0.0].1);
        Some(Options(bits.fold(0, |all, bit| all | bit)))
    }
}

impl JsonSchema for Options {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Options".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "The number, or names of its bits",
            "type": ["integer", "array"], "minimum": 0, "maximum": NUMBER,
            "items": {"type": "string", "enum": all_words::<NamedOption>()},
        })
    }
}

impl VersionFields {
    /// The first of its fields that was given.
    fn first_given(&self) -> Option<&'static str> {
        let fields = [
            ("version", self.version.is_some()),
            ("package_full_name", self.package_full_name.is_some()),
            ("urls", self.urls.is_some()),
            ("dependencies", self.dependencies.is_some()),
            ("licence", self.licence.is_some()),
            ("action", self.action.is_some()),
            ("options", self.options.is_some()),
            ("job_data", self.job_data.is_some()),
        ];
        let first = fields.iter().find(|(_, is_given)| *is_given);
        first.map(|(name, _)| *name)
    }

    /// The version. `within` is what its fields' names begin with in faults.
    fn release(self, within: &str) -> Result<Release, FieldError> {
        let of_package = self.package_full_name.as_ref().map(|name| &name.0.version);
        let wrong =
            |expected, found: &str| FieldError::new(format!("{within}version"), expected, found);
        let version = match (self.version.map(|version| version.0), of_package) {
            (None, None) => return Err(wrong("a version such as 1.2.0.0", "nothing")),
            (None, Some(of_package)) => of_package.clone(),
            (Some(version), Some(of_package)) if version != *of_package => {
                return Err(wrong("the version in package_full_name", version.as_str()));
            }
            (Some(version), _) => version,
        };
        let dependencies = self.dependencies.map(|all| all.0).unwrap_or_default();
        let job_data = self.job_data.map(|text| text.0);
        Ok(Release {
            version,
            package_full_name: self.package_full_name.map(|name| name.0.name),
            urls: urls(self.urls),
            dependencies: dependencies.into_iter().map(|one| one.0).collect(),
            licence: self.licence.map(|licence| licence.0.0),
            action: self
                .action
                .map_or_else(|| "install".to_owned(), |action| action.0),
            options: self.options.map_or(0, |options| options.0),
            job_data: job_data.filter(|text| !text.reveal().is_empty()),
        })
    }
}

impl AppFields {
    fn apply(self, app: &mut App) -> Result<(), FieldError> {
        if let Some(text) = self.description {
            let text = text.value().filter(|text| !text.0.is_empty());
            app.description = text.map(|text| text.0.clone());
        }
        if let Some(groups) = self.groups {
            app.groups = groups.texts();
        }
        require(app, self.requires, self.requires_baseline)?;
        match (self.versions, self.version.0.first_given()) {
            (Some(_), Some(name)) => {
                let expected = "no such field beside 'versions'";
                Err(FieldError::new(name, expected, "one"))
            }
            (Some(versions), None) => replace(app, versions.0),
            (None, Some(_)) => {
                let release = self.version.0.release("")?;
                let expected = format!("at most {VERSIONS} versions of an app");
                let is_put = app.put(release).then_some(());
                is_put.ok_or_else(|| FieldError::new("version", expected, VERSIONS + 1))
            }
            (None, None) => Ok(()),
        }
    }
}

/// Changes what an app requires of devices, where either is given.
fn require(
    app: &mut App,
    requires: Option<Clearable<Word<RequiredState>>>,
    baseline: Option<Clearable<Line<NAME_BYTES>>>,
) -> Result<(), FieldError> {
    if let Some(requires) = requires {
        let kept = app.requires.take().unwrap_or(Requirement::Compliant(None));
        app.requires = requires.value().map(|_| kept);
    }
    let Some(baseline) = baseline else {
        return Ok(());
    };
    let baseline = baseline.value().map(|line| BaselineId(line.0.clone()));
    match (&mut app.requires, baseline) {
        (Some(Requirement::Compliant(by)), baseline) => *by = baseline,
        (None, None) => {}
        (None, Some(baseline)) => {
            let expected = "no baseline, as the app requires nothing; or requires: \"compliant\"";
            return Err(FieldError::new(
                "requires_baseline",
                expected,
                quoted(&baseline.0),
            ));
        }
    }
    Ok(())
}

/// Puts these versions in the place of all that the app has.
fn replace(app: &mut App, versions: Vec<VersionFields>) -> Result<(), FieldError> {
    app.releases = Vec::new();
    for (at, version) in versions.into_iter().enumerate() {
        let within = format!("versions[{at}].");
        let release = version.release(&within)?;
        if app.release(Some(&release.version)).is_some() {
            let field = format!("{within}version");
            let found = format!("'{}' twice", release.version.as_str());
            return Err(FieldError::new(field, "each version once", found));
        }
        // The list is no longer than there is room.
        let _ = app.put(release);
    }
    Ok(())
}

impl NewApp {
    /// The app. `id` is the one to take where the caller names none.
    pub(super) fn app(self, id: String, now: Timestamp) -> Result<App, FieldError> {
        let mut app = App {
            id: self.id.map_or(id, |own| own.0.0),
            name: self.name.0,
            description: None,
            groups: Vec::new(),
            releases: Vec::new(),
            created_at: now,
            changed_at: now,
            requires: None,
        };
        self.rest.0.apply(&mut app)?;
        if app.releases.is_empty() {
            let expected =
                "a version such as 1.2.0.0, or a list 'versions', or a package_full_name";
            return Err(FieldError::new("version", expected, "nothing"));
        }
        Ok(app)
    }
}

impl AppChange {
    /// The app with these changes.
    pub(super) fn amended(self, app: &App, now: Timestamp) -> Result<App, FieldError> {
        let mut app = App {
            changed_at: now,
            ..app.clone()
        };
        if let Some(id) = self.id.filter(|id| id.0 != app.id) {
            return Err(FieldError::new("id", "the app's own id", quoted(&id.0)));
        }
        if let Some(name) = self.name {
            app.name = name.0;
        }
        self.rest.0.apply(&mut app)?;
        Ok(app)
    }
}

#[cfg(test)]
mod tests;
