//! Settings: classes whose properties are written by Replace (MS-MDM 3.1.5.1.3),
//! and the EAS policy, which has a method of its own.

use super::build::{delete, exec, instance, write};
use super::form::{Property, choice, flag, line, number};
use super::given::Given;
use super::{Built, Setting};
use crate::fields::FieldError;
use modegate_wire::message::Verb;

/// The properties of MDM_Restrictions.
pub(super) const RESTRICTIONS: &[Property] = &[
    flag("DiagnosticsSubmissionEnabled"),
    flag("DataRoamingEnabled"),
    flag("BluetoothEnabled"),
    flag("WifiEnabled"),
    flag("PCSettingsSyncEnabled"),
    flag("PCSettingsMeteredNetworkSyncEnabled"),
    flag("PCSettingsPasswordSyncEnabled"),
    flag("EcsAutoProvisionEnabled"),
    flag("SmartScreenEnabled"),
    flag("IEEnterpriseModeEnabled"),
    line("EcsSyncUrl", 2048),
    line("IEEnterpriseModeEnabledURL", 2048),
    line("IEEnterpriseModeSitelist", 2048),
    choice(
        "UserAccountControlStatus",
        &[
            ("always_notify", "0"),
            ("app_changes", "1"),
            ("app_changes_do_not_dim", "2"),
            ("never_notify", "3"),
        ],
    ),
];

/// The properties of MDM_RestrictionsUser.
pub(super) const RESTRICTIONS_USER: &[Property] = &[
    flag("PCSettingsSyncEnabled"),
    flag("PCSettingsMeteredNetworkSyncEnabled"),
    flag("PCSettingsPasswordSyncEnabled"),
];

const ZONE: &[(&str, &str)] = &[
    ("low", "1"),
    ("medium_low", "2"),
    ("medium", "3"),
    ("medium_high", "4"),
    ("high", "5"),
];

/// The properties of MDM_BrowserSettings.
pub(super) const BROWSER: &[Property] = &[
    flag("ForceFraudWarning"),
    flag("AutofillEnabled"),
    flag("InternetScriptingEnabled"),
    flag("InternetPluginsEnabled"),
    flag("InternetBlockPopups"),
    flag("AlwaysSendDoNotTrackHeader"),
    flag("IntranetSecurityZoneEnabled"),
    flag("InternetProtectedModeEnabled"),
    flag("GoToIntranetForSingleWord"),
    choice(
        "InternetZoneSecurityLevel",
        &[("medium", "3"), ("medium_high", "4"), ("high", "5")],
    ),
    choice("IntranetZoneSecurityLevel", ZONE),
    choice("RestrictedSitesZoneSecurityLevel", ZONE),
    choice("TrustedSitesZoneSecurityLevel", ZONE),
];

/// The properties of MDM_Updates.
pub(super) const UPDATES: &[Property] = &[choice(
    "AutoUpdatePolicy",
    &[("none", "0"), ("important", "1"), ("recommended", "2")],
)];

/// The properties of MDM_SecurityStatus that are set.
pub(super) const SECURITY: &[Property] = &[
    flag("RequireEncryption"),
    number("MaintenanceScheduleStartHour", 0, 23),
    line("MaintenanceScheduleDelayPattern", 32),
    flag("MaintenanceScheduleAllowWakeup"),
    flag("IsMicrosoftAccountOptional"),
    line("ApplicationContentUriRules", 8192),
];

/// The properties of MDM_SecurityStatusUser that are set.
pub(super) const SECURITY_USER: &[Property] = &[
    choice(
        "ConnectedAccountPolicy",
        &[("not_required", "0"), ("required", "1")],
    ),
    choice(
        "DeviceEncryptionPolicy",
        &[("not_required", "0"), ("required", "1")],
    ),
];

/// The names of an EAS policy: those of Windows' EasClientSecurityPolicy, of
/// which only MinPasswordLength is published for this class.
pub(super) const EAS: &[Property] = &[
    flag("DisallowConvenienceLogon"),
    number("MaxInactivityTimeLock", 0, 9999),
    number("MaxPasswordFailedAttempts", 4, 16),
    number("MinPasswordComplexCharacters", 1, 4),
    number("MinPasswordLength", 1, 16),
    number("PasswordExpiration", 0, 730),
    number("PasswordHistory", 0, 50),
    flag("RequireEncryption"),
];

fn replace(class: &str, key: &str, given: &Given<'_>) -> Built {
    let instance = instance(class, &[(key, "1")]);
    let writes = given
        .settings("settings")
        .iter()
        .map(|(property, value)| write(Verb::Replace, &instance, property, value));
    Built::of(writes.collect())
}

pub(super) fn restrictions(given: &Given<'_>, _: &Setting<'_>) -> Result<Built, FieldError> {
    Ok(replace("MDM_Restrictions", "Key", given))
}

pub(super) fn restrictions_user(given: &Given<'_>, _: &Setting<'_>) -> Result<Built, FieldError> {
    Ok(replace("MDM_RestrictionsUser", "Key", given))
}

pub(super) fn browser(given: &Given<'_>, _: &Setting<'_>) -> Result<Built, FieldError> {
    Ok(replace("MDM_BrowserSettings", "Key", given))
}

pub(super) fn updates(given: &Given<'_>, _: &Setting<'_>) -> Result<Built, FieldError> {
    Ok(replace("MDM_Updates", "key", given))
}

pub(super) fn security(given: &Given<'_>, _: &Setting<'_>) -> Result<Built, FieldError> {
    Ok(replace("MDM_SecurityStatus", "Key", given))
}

pub(super) fn security_user(given: &Given<'_>, _: &Setting<'_>) -> Result<Built, FieldError> {
    Ok(replace("MDM_SecurityStatusUser", "key", given))
}

pub(super) fn eas(given: &Given<'_>, setting: &Setting<'_>) -> Result<Built, FieldError> {
    let settings = given.settings("settings");
    let list: String = settings
        .iter()
        .map(|(name, value)| format!("{name},{value};"))
        .collect();
    let data = setting.templates.render("eas_policy", &[("list", &list)]);
    let mut built = Built::of(vec![exec(
        &instance("MDM_EASPolicy", &[("Key", "1")]),
        "SetValues",
        data,
    )]);
    // Another set of names sets something else.
    let names: Vec<&str> = settings.iter().map(|(name, _)| name.as_str()).collect();
    built.target = Some(names.join(","));
    Ok(built)
}

/// Add, and Replace where the device has it: "set" (418).
fn set(operations: Vec<crate::command::Operation>) -> Built {
    let mut built = Built::of(operations);
    built.manner.set = true;
    built
}

pub(super) fn agent_setting(given: &Given<'_>, _: &Setting<'_>) -> Result<Built, FieldError> {
    let instance = instance(
        "MDM_ConfigSetting",
        &[("SettingName", given.needed("name"))],
    );
    Ok(set(vec![write(
        Verb::Add,
        &instance,
        "SettingValue",
        given.needed("value"),
    )]))
}

pub(super) fn application_setting(given: &Given<'_>, _: &Setting<'_>) -> Result<Built, FieldError> {
    let keys = [
        ("PackageFamilyName", given.needed("package_family_name")),
        ("SettingName", given.needed("name")),
    ];
    let instance = instance("MDM_ApplicationSetting", &keys);
    if given.boolean("remove") == Some(true) {
        return Ok(Built::of(vec![delete(instance)]));
    }
    let (kind, value) = (given.wire("value_type").unwrap_or("0"), given.wire("value"));
    let Some(value) = value else {
        return Err(FieldError::new(
            given.fields().name("value"),
            "the value",
            "nothing",
        ));
    };
    let fits = match kind {
        "1" => value.parse::<i64>().is_ok(),
        "2" => matches!(value, "true" | "false"),
        "3" => value.parse::<f64>().is_ok_and(f64::is_finite),
        _ => true,
    };
    if !fits {
        let expected = "a value of the type that value_type names";
        return Err(FieldError::new(
            given.fields().name("value"),
            expected,
            "another",
        ));
    }
    Ok(set(vec![
        write(Verb::Add, &instance, "SettingType", kind),
        write(Verb::Add, &instance, "SettingValue", value),
    ]))
}

pub(super) fn security_zone(given: &Given<'_>, _: &Setting<'_>) -> Result<Built, FieldError> {
    let keys = [
        ("Zone", given.needed("zone")),
        ("Namespace", given.needed("site")),
    ];
    let instance = instance("MDM_BrowserSecurityZones", &keys);
    if given.boolean("remove") == Some(true) {
        return Ok(Built::of(vec![delete(instance)]));
    }
    Ok(set(vec![write(Verb::Add, &instance, "Exists", "true")]))
}
