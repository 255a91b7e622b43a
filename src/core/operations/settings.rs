//! Settings: classes whose properties are written by Replace (MS-MDM 3.1.5.1.3),
//! and the EAS policy, which has a method of its own.

use super::argument::{Arguments, Needed, Optional, Result, arguments};
use super::entry::{BuildContext, Built, Type, exec, write};
use super::forms::{Boolean, Settings};
use crate::templates;
use crate::wmi::ValueForm::{self, Line, OneOf, Text};
use crate::wmi::{self, Property, WmiClass};
use modegate_wire::message::Verb;

/// A type that sets properties of the one instance of a class.
macro_rules! settings_type {
    ($class:ident, $name:literal, $about:literal) => {{
        const SETTINGS: Needed<Settings> = settings(wmi::$class.properties);
        Type::new($name, $about, &[&SETTINGS], |arguments, _| {
            replace(&wmi::$class, &SETTINGS, arguments)
        })
        .superseding()
    }};
}

const fn settings(properties: &'static [Property]) -> Needed<Settings> {
    Needed::new("settings", Settings(properties), "names and values")
}

pub(super) const RESTRICTIONS: Type = settings_type!(
    RESTRICTIONS,
    "restrictions",
    "sets restrictions of the device (MDM_Restrictions)"
);

pub(super) const RESTRICTIONS_USER: Type = settings_type!(
    RESTRICTIONS_USER,
    "restrictions_user",
    "sets restrictions of the user (MDM_RestrictionsUser)"
);

pub(super) const BROWSER: Type = settings_type!(
    BROWSER_SETTINGS,
    "browser_settings",
    "sets Internet Explorer's settings (MDM_BrowserSettings)"
);

pub(super) const UPDATES: Type = settings_type!(
    UPDATES,
    "updates",
    "sets which updates are installed by themselves (MDM_Updates)"
);

pub(super) const SECURITY: Type = settings_type!(
    SECURITY_STATUS,
    "security_settings",
    "sets encryption and the nightly maintenance (MDM_SecurityStatus)"
);

pub(super) const SECURITY_USER: Type = settings_type!(
    SECURITY_STATUS_USER,
    "security_settings_user",
    "sets what the user's account must have (MDM_SecurityStatusUser)"
);

fn replace(
    class: &WmiClass,
    settings: &Needed<Settings>,
    arguments: &Arguments<'_>,
) -> Result<Built> {
    let instance = class.instance(&["1"]);
    let settings = arguments.get(settings)?;
    let writes = settings
        .iter()
        .map(|(property, value)| write(Verb::Replace, &instance, property, value));
    Ok(Built::new(writes.collect()))
}

const EAS_SETTINGS: Needed<Settings> = settings(wmi::EAS_VALUES);

pub(super) const EAS_POLICY: Type = Type::new(
    "eas_policy",
    "sets password and lock policy (MDM_EASPolicy)",
    &[&EAS_SETTINGS],
    eas,
)
.superseding();

fn eas(arguments: &Arguments<'_>, context: &BuildContext<'_>) -> Result<Built> {
    let settings = arguments.get(&EAS_SETTINGS)?;
    let pairs = settings
        .iter()
        .map(|(name, value)| format!("{name},{value};"));
    let list: String = pairs.collect();
    let data = context
        .templates
        .render(&templates::EAS_POLICY, &[("list", &list)]);
    let method = wmi::EAS_POLICY.instance(&["1"]).method("SetValues");
    let mut built = Built::new(vec![exec(method, data)]);
    // Another set of names sets something else.
    let names: Vec<&str> = settings.iter().map(|(name, _)| *name).collect();
    built.target = Some(names.join(","));
    Ok(built)
}

arguments! {
    AGENT_NAME: Needed<ValueForm> = "name", Line(256), "e.g. UnEnrollOnCertExpiry";
    AGENT_VALUE: Needed<ValueForm> = "value", Text(8192), "its value";
}

pub(super) const AGENT_SETTING: Type = Type::new(
    "agent_setting",
    "sets a setting of the OMA DM agent (MDM_ConfigSetting)",
    &[&AGENT_NAME, &AGENT_VALUE],
    |arguments, _| {
        let instance = wmi::CONFIG_SETTING.instance(&[&arguments.get(&AGENT_NAME)?]);
        let value = arguments.get(&AGENT_VALUE)?;
        let add = write(Verb::Add, &instance, "SettingValue", &value);
        Ok(Built::set(vec![add]))
    },
)
.superseding();

arguments! {
    PACKAGE: Needed<ValueForm> = "package_family_name", Line(256), "the app's package family name";
    APP_SETTING: Needed<ValueForm> = "name", Line(256), "the setting";
    VALUE: Optional<ValueForm> = "value", Text(32 * 1024), "its value";
    VALUE_TYPE: Optional<ValueForm> = "value_type", OneOf(&[("string", STRING), ("int", INT),
        ("bool", BOOL), ("double", DOUBLE)]),
        "string (default), int, bool or double";
}
/// The numbers of `SettingType`.
const STRING: &str = "0";
const INT: &str = "1";
const BOOL: &str = "2";
const DOUBLE: &str = "3";
arguments! {
    REMOVED: Optional<Boolean> = "remove", Boolean, "true to remove it instead";
}

pub(super) const APPLICATION_SETTING: Type = Type::new(
    "application_setting",
    "sets a setting of an app (MDM_ApplicationSetting)",
    &[&PACKAGE, &APP_SETTING, &VALUE, &VALUE_TYPE, &REMOVED],
    application_setting,
)
.superseding();

fn application_setting(arguments: &Arguments<'_>, _: &BuildContext<'_>) -> Result<Built> {
    let keys = [arguments.get(&PACKAGE)?, arguments.get(&APP_SETTING)?];
    let instance = wmi::APPLICATION_SETTING.instance(&[&keys[0], &keys[1]]);
    if arguments.get(&REMOVED)? == Some(true) {
        return Ok(Built::removal(instance));
    }
    let value = arguments.get(&VALUE)?;
    let value = value.ok_or_else(|| arguments.wrong(&VALUE, "the value", "nothing"))?;
    let kind = arguments.get(&VALUE_TYPE)?;
    let kind = kind.as_deref().unwrap_or(STRING);
    let fits = match kind {
        INT => value.parse::<i64>().is_ok(),
        BOOL => matches!(value.as_str(), "true" | "false"),
        DOUBLE => value.parse::<f64>().is_ok_and(f64::is_finite),
        _ => true,
    };
    if !fits {
        let expected = "a value of the type that value_type names";
        // It may be a secret.
        let found = format!("{} bytes that are no {kind}", value.len());
        return Err(arguments.wrong(&VALUE, expected, &found));
    }
    Ok(Built::set(vec![
        write(Verb::Add, &instance, "SettingType", kind),
        write(Verb::Add, &instance, "SettingValue", &value),
    ]))
}

arguments! {
    ZONE: Needed<ValueForm> = "zone", OneOf(&[("intranet", "1"), ("trusted", "2"),
        ("internet", "3"), ("untrusted", "4")]),
        "intranet, trusted, internet or untrusted";
    SITE: Needed<ValueForm> = "site", Line(2048), "the site";
}

pub(super) const SECURITY_ZONE: Type = Type::new(
    "browser_security_zone",
    "adds a site to a security zone, or removes it (MDM_BrowserSecurityZones)",
    &[&ZONE, &SITE, &REMOVED],
    security_zone,
)
.superseding();

fn security_zone(arguments: &Arguments<'_>, _: &BuildContext<'_>) -> Result<Built> {
    let keys = [arguments.get(&ZONE)?, arguments.get(&SITE)?];
    let instance = wmi::BROWSER_SECURITY_ZONES.instance(&[&keys[0], &keys[1]]);
    if arguments.get(&REMOVED)? == Some(true) {
        return Ok(Built::removal(instance));
    }
    Ok(Built::set(vec![write(
        Verb::Add,
        &instance,
        "Exists",
        "true",
    )]))
}
