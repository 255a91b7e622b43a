//! Apps as the API writes them, each field checked and named.

use serde_json::Value;
use url::Url;

use super::{
    App, Dependency, ID_BYTES, LICENCE_BYTES, LIST, Release, URL_BYTES, VERSIONS, Version,
};
use crate::fields::{FieldError, Fields, shown};
use crate::limits;
use crate::package::Pfn;
use crate::secret::Secret;
use crate::time::Timestamp;

/// Longest package full name, bytes: five fields, of which Windows bounds each.
const FULL_NAME_BYTES: usize = 256;
/// The options that have names (WinRT `DeploymentOptions`).
const OPTIONS: [(&str, u32); 3] = [
    ("force_application_shutdown", 1),
    ("development_mode", 2),
    ("install_all_resources", 32),
];
/// The fields of one version: any of them in a change says that a version is meant.
const OF_A_VERSION: [&str; 8] = [
    "version",
    "package_full_name",
    "urls",
    "dependencies",
    "licence",
    "action",
    "options",
    "job_data",
];

/// A new app, from `POST /apps`. `id` is the one to take where the caller names none.
pub fn new(value: &Value, id: &str, now: Timestamp) -> Result<App, FieldError> {
    let fields = Fields::of(value, "")?;
    let id = match fields.line("id", ID_BYTES)? {
        None => id,
        Some(own) if is_id(own) => own,
        Some(own) => {
            let expected = "letters, digits and '-._~', beginning with a letter or digit";
            return Err(FieldError::new("id", expected, shown(&Value::from(own))));
        }
    };
    let mut app = App {
        id: id.to_owned(),
        name: fields.required("name", limits::NAME_BYTES)?.to_owned(),
        description: None,
        groups: Vec::new(),
        releases: Vec::new(),
        created_at: now,
        changed_at: now,
    };
    take(&mut app, &fields)?;
    if app.releases.is_empty() {
        let expected = "a version such as 1.2.0.0, or a list 'versions', or a package_full_name";
        return Err(FieldError::new("version", expected, "nothing"));
    }
    Ok(app)
}

/// The app with what `PATCH /apps/{id}` says of it: fields of a version add that
/// version or take its place, `versions` takes the place of all of them.
pub fn amend(app: &App, value: &Value, now: Timestamp) -> Result<App, FieldError> {
    let fields = Fields::of(value, "")?;
    let mut app = App {
        changed_at: now,
        ..app.clone()
    };
    if fields.get("id").is_some_and(|id| *id != app.id.as_str()) {
        return Err(FieldError::new("id", "the app's own id", "another"));
    }
    if let Some(name) = fields.line("name", limits::NAME_BYTES)? {
        app.name = name.to_owned();
    }
    take(&mut app, &fields)?;
    Ok(app)
}

fn take(app: &mut App, fields: &Fields<'_>) -> Result<(), FieldError> {
    if fields.has("description") {
        let text = fields.text("description", 4 * 1024)?;
        app.description = text.filter(|text| !text.is_empty()).map(str::to_owned);
    }
    if let Some(groups) = fields.lines("groups", limits::DEVICE_LIST, limits::NAME_BYTES)? {
        app.groups = groups;
    }
    let single = OF_A_VERSION
        .into_iter()
        .find(|name| fields.get(name).is_some());
    if let Some(list) = fields.list("versions", VERSIONS)? {
        app.releases = releases(list)?;
        if let Some(name) = single {
            // What is wrong with the field itself is told first.
            release(fields).map(drop).or_else(|error| {
                let is_there = fields.get("version").is_some() || error.field != "version";
                if is_there { Err(error) } else { Ok(()) }
            })?;
            let expected = "no such field beside 'versions'";
            return Err(FieldError::new(fields.name(name), expected, "one"));
        }
    } else if single.is_some() {
        put(&mut app.releases, release(fields)?, fields)?;
    }
    app.releases
        .sort_by(|one, other| one.version.cmp(&other.version));
    Ok(())
}

fn releases(list: &[Value]) -> Result<Vec<Release>, FieldError> {
    let mut all: Vec<Release> = Vec::with_capacity(list.len());
    for (at, value) in list.iter().enumerate() {
        let path = format!("versions[{at}]");
        let release = release(&Fields::of(value, &path)?)?;
        if all.iter().any(|other| other.version == release.version) {
            let expected = "each version once";
            return Err(FieldError::new(
                format!("{path}.version"),
                expected,
                "one twice",
            ));
        }
        all.push(release);
    }
    if all.is_empty() {
        let expected = "at least one version";
        return Err(FieldError::new("versions", expected, "an empty list"));
    }
    Ok(all)
}

fn put(all: &mut Vec<Release>, release: Release, fields: &Fields<'_>) -> Result<(), FieldError> {
    all.retain(|other| other.version != release.version);
    if all.len() >= VERSIONS {
        let expected = format!("at most {VERSIONS} versions of an app");
        return Err(FieldError::new(
            fields.name("version"),
            expected,
            "one more",
        ));
    }
    all.push(release);
    Ok(())
}

fn release(fields: &Fields<'_>) -> Result<Release, FieldError> {
    let package = fields.line("package_full_name", FULL_NAME_BYTES)?;
    let packaged = package
        .map(|name| full_name(name).ok_or_else(|| not_full(&fields.name("package_full_name"))))
        .transpose()?;
    let (urls, dependencies) = (urls(fields)?, dependencies(fields)?);
    let (licence, action, options) = (licence(fields)?, action(fields)?, options(fields)?);
    let job_data = fields.text("job_data", limits::COMMAND_DATA_BYTES)?;
    let version = match (fields.line("version", 64)?, packaged) {
        (None, Some(version)) => version,
        (None, None) => {
            let expected = "a version such as 1.2.0.0";
            return Err(FieldError::new(fields.name("version"), expected, "nothing"));
        }
        (Some(text), packaged) => {
            let expected = "one to four numbers of 0 to 65535 with dots between them";
            let wrong = |expected: &str| {
                FieldError::new(fields.name("version"), expected, shown(&Value::from(text)))
            };
            let version = Version::parse(text).ok_or_else(|| wrong(expected))?;
            if packaged.is_some_and(|of_package| of_package != version) {
                return Err(wrong("the version that package_full_name says"));
            }
            version
        }
    };
    Ok(Release {
        version,
        package_full_name: package.map(str::to_owned),
        urls,
        dependencies,
        licence,
        action,
        options,
        job_data: job_data.filter(|text| !text.is_empty()).map(Secret::new),
    })
}

fn licence(fields: &Fields<'_>) -> Result<Option<Secret>, FieldError> {
    let text = fields.text("licence", LICENCE_BYTES)?;
    if text.is_some_and(|text| roxmltree::Document::parse(text).is_err()) {
        let expected = "a well-formed XML document without a DTD";
        return Err(FieldError::new(
            fields.name("licence"),
            expected,
            "other text",
        ));
    }
    Ok(text.map(Secret::new))
}

fn urls(fields: &Fields<'_>) -> Result<Vec<String>, FieldError> {
    let urls = fields.lines("urls", LIST, URL_BYTES)?.unwrap_or_default();
    for (at, url) in urls.iter().enumerate() {
        if !is_download(url) {
            let name = format!("{}[{at}]", fields.name("urls"));
            let expected = "an https URL without user, password and fragment, with spaces, quotes, \
                            ';', '<' and '>' percent-encoded";
            return Err(FieldError::new(name, expected, "other text"));
        }
    }
    Ok(urls)
}

fn is_download(text: &str) -> bool {
    let plain = text
        .bytes()
        .all(|byte| byte.is_ascii_graphic() && !b";\"'<>`\\{}|^".contains(&byte));
    plain
        && Url::parse(text).is_ok_and(|url| {
            url.scheme() == "https"
                && url.host().is_some()
                && url.username().is_empty()
                && url.password().is_none()
                && url.fragment().is_none()
        })
}

fn dependencies(fields: &Fields<'_>) -> Result<Vec<Dependency>, FieldError> {
    let list = fields.list("dependencies", LIST)?.unwrap_or_default();
    let mut all = Vec::with_capacity(list.len());
    for (at, value) in list.iter().enumerate() {
        let path = format!("{}[{at}]", fields.name("dependencies"));
        let named = value.as_str().map(|name| Dependency {
            package_full_name: name.to_owned(),
            urls: Vec::new(),
        });
        let (dependency, name) = match named {
            Some(dependency) => (dependency, path),
            None => {
                let own = Fields::of(value, &path)?;
                let urls = urls(&own)?;
                let name = own.required("package_full_name", FULL_NAME_BYTES)?;
                let dependency = Dependency {
                    package_full_name: name.to_owned(),
                    urls,
                };
                (dependency, own.name("package_full_name"))
            }
        };
        full_name(&dependency.package_full_name).ok_or_else(|| not_full(&name))?;
        all.push(dependency);
    }
    Ok(all)
}

fn action(fields: &Fields<'_>) -> Result<String, FieldError> {
    let wrong = |found: String| {
        let expected = "install, upgrade, or the number that the device is to get";
        Err(FieldError::new(fields.name("action"), expected, found))
    };
    match fields.get("action") {
        None => Ok("install".to_owned()),
        Some(Value::String(word)) if word == "install" || word == "upgrade" => Ok(word.clone()),
        Some(Value::Number(number))
            if number.as_u64().is_some_and(|n| u32::try_from(n).is_ok()) =>
        {
            Ok(number.to_string())
        }
        Some(other) => wrong(shown(other)),
    }
}

fn options(fields: &Fields<'_>) -> Result<u32, FieldError> {
    match fields.get("options") {
        Some(Value::Array(_)) => {
            let names = fields
                .lines("options", OPTIONS.len(), 64)?
                .unwrap_or_default();
            let mut options = 0;
            for (at, name) in names.iter().enumerate() {
                let known = OPTIONS.iter().find(|(known, _)| known == name);
                let expected = OPTIONS.map(|(name, _)| name).join(", ");
                let path = format!("{}[{at}]", fields.name("options"));
                let wrong = || FieldError::new(path, format!("one of {expected}"), "another");
                options |= known.ok_or_else(wrong)?.1;
            }
            Ok(options)
        }
        _ => {
            let number = fields.integer("options", 0, i64::from(u32::MAX))?;
            Ok(number
                .and_then(|number| u32::try_from(number).ok())
                .unwrap_or(0))
        }
    }
}

/// The version that a package full name holds; `None` where it is none.
fn full_name(name: &str) -> Option<Version> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    Pfn::from_full_name(name).ok()?;
    name.bytes().all(plain).then_some(())?;
    Version::parse(name.split('_').nth(1)?)
}

fn not_full(field: &str) -> FieldError {
    let expected = "a package full name, Name_Version_Architecture_ResourceId_PublisherId";
    FieldError::new(field, expected, "other text")
}

/// Ids stand in URLs as they are.
fn is_id(text: &str) -> bool {
    text.bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte))
        && text.starts_with(|first: char| first.is_ascii_alphanumeric())
}
