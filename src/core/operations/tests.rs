#![allow(clippy::unwrap_used)]

use serde_json::json;
use uuid::Uuid;

use super::*;
use crate::classify::classify;
use crate::kind::{Kind, kind_of};
use crate::loc_uri::{LocUri, Member};
use crate::session::queue::leaves_of;
use crate::time::Timestamp;

fn read(value: &Value) -> Result<CommandBody, FieldError> {
    let context = BuildContext {
        device: Some(DeviceId(Uuid::nil())),
        templates: &Templates::default(),
        actor: "test",
        now: Timestamp(0),
        fresh: Uuid::nil(),
    };
    command(value, &context)
}

/// A self-signed certificate, as text that the API takes.
const CERTIFICATE: &str = include_str!("test_certificate.pem");

/// One request of each type, the kind that it must be, and a text of what is sent.
fn examples() -> Vec<(Value, Kind, &'static str)> {
    vec![
        (
            json!({"type": "inventory"}),
            Kind::Inventory,
            "./cimv2/Win32_BIOS",
        ),
        (
            json!({"type": "inventory", "presets": ["network", "updates"]}),
            Kind::Inventory,
            "./cimv2/Win32_NetworkAdapter",
        ),
        (
            json!({"type": "inventory", "presets": ["apps"]}),
            Kind::UserRead,
            "./cimv2/MDM_Application",
        ),
        (
            json!({"type": "inventory", "classes": ["Win32_Service", "./DevInfo/Mod"]}),
            Kind::Inventory,
            "./DevInfo/Mod",
        ),
        (
            json!({"type": "reset_user_password", "user": "a@b", "password": "p"}),
            Kind::PasswordReset,
            "ConfigString=a@b;p",
        ),
        (
            json!({"type": "lock_workstation"}),
            Kind::Lock,
            "Exec=LockWorkstation",
        ),
        (
            json!({"type": "unenroll"}),
            Kind::Unenroll,
            "DeviceClientID=%22id%22/Exec=SendUnenrollRequest DeviceClientID=id",
        ),
        (
            json!({"type": "wns_update_configuration", "app_id": "a", "package_family_name": "f_8wekyb3d8bbwe"}),
            Kind::WnsConfiguration,
            "ConfigString=a;f_8wekyb3d8bbwe",
        ),
        (
            json!({"type": "wns_read_channel", "app_id": "a"}),
            Kind::ChannelRead,
            "MDM_WNSChannel.AppId=%22a%22/Channel",
        ),
        (
            json!({"type": "eas_policy", "settings": {"MinPasswordLength": 8, "RequireEncryption": true}}),
            Kind::Setting,
            "NamedValuesList=MinPasswordLength,8;RequireEncryption,true;",
        ),
        (
            json!({"type": "restrictions", "settings": {"DataRoamingEnabled": false, "UserAccountControlStatus": "never_notify"}}),
            Kind::Setting,
            "MDM_Restrictions.Key=%221%22/DataRoamingEnabled false",
        ),
        (
            json!({"type": "restrictions_user", "settings": {"PCSettingsSyncEnabled": true}}),
            Kind::Setting,
            "PCSettingsSyncEnabled true",
        ),
        (
            json!({"type": "browser_settings", "settings": {"InternetZoneSecurityLevel": "high"}}),
            Kind::Setting,
            "InternetZoneSecurityLevel 5",
        ),
        (
            json!({"type": "browser_security_zone", "zone": "trusted", "site": "https://a/b"}),
            Kind::Setting,
            "Zone=%222%22,Namespace=%22https%3A%2F%2Fa%2Fb%22/Exists true",
        ),
        (
            json!({"type": "updates", "settings": {"AutoUpdatePolicy": "recommended"}}),
            Kind::Setting,
            "AutoUpdatePolicy 2",
        ),
        (
            json!({"type": "security_settings", "settings": {"MaintenanceScheduleStartHour": 3}}),
            Kind::Setting,
            "MaintenanceScheduleStartHour 3",
        ),
        (
            json!({"type": "security_settings_user", "settings": {"ConnectedAccountPolicy": "required"}}),
            Kind::Setting,
            "ConnectedAccountPolicy 1",
        ),
        (
            json!({"type": "agent_setting", "name": "UnEnrollOnCertExpiry", "value": "true"}),
            Kind::Setting,
            "SettingValue true",
        ),
        (
            json!({"type": "application_setting", "package_family_name": "p", "name": "n", "value": "5", "value_type": "int"}),
            Kind::Setting,
            "SettingType 1",
        ),
        (
            json!({"type": "certificate_install", "certificate": CERTIFICATE}),
            Kind::Certificate,
            "StoreName=%22Root%22,Thumbprint=%22",
        ),
        (
            json!({"type": "certificate_remove", "thumbprint": "aa:".repeat(19) + "aa", "store": "machine"}),
            Kind::Certificate,
            "StoreLocation=%222%22",
        ),
        (
            json!({"type": "scep_enroll", "request_id": "r", "enhanced_key_usages": ["1.3"], "issuers": ["CN=a"], "configuration": "<a/>"}),
            Kind::Certificate,
            "ConfigurationParameters <a/>",
        ),
        (
            json!({"type": "wifi_profile", "name": "w", "profile": "<WLANProfile/>"}),
            Kind::Profile,
            "ProfileXml <WLANProfile/>",
        ),
        (
            json!({"type": "wifi", "name": "w", "settings": {"SSID": "s", "SecurityAuthentication": "wpa2_personal"}}),
            Kind::Profile,
            "SecurityAuthentication 3",
        ),
        (
            json!({"type": "wifi_remove", "name": "w"}),
            Kind::Profile,
            "MDM_WirelessProfileXml.Name=%22w%22",
        ),
        (
            json!({"type": "vpn_profile", "name": "v", "settings": {"ServerAddress": "h", "Port": 1}}),
            Kind::Profile,
            "ServerAddress h",
        ),
        (
            json!({"type": "vpn_remove", "name": "v"}),
            Kind::Profile,
            "MDM_VpnConnection.Name=%22v%22",
        ),
        (
            json!({"type": "vpn_trigger", "package_family_name": "p"}),
            Kind::Profile,
            "TriggerEnabledInAllMDMProfiles true",
        ),
        (
            json!({"type": "sideload_key", "key": "abcde-12345-ABCDE-12345-ABCDE"}),
            Kind::Sideloading,
            "ProductKey=ABCDE-12345-ABCDE-12345-ABCDE",
        ),
        (
            json!({"type": "sideload_certificate", "certificate": CERTIFICATE}),
            Kind::Sideloading,
            "CertificateBlob=MII",
        ),
        (
            json!({"type": "sideload_deactivate"}),
            Kind::Sideloading,
            "Exec=UnActivateLOB",
        ),
        (
            json!({"type": "app_install", "job_data": "<Job/>"}),
            Kind::AppInstall,
            "JobData=<Job/>",
        ),
        (
            json!({"type": "app_uninstall", "job_data": "x"}),
            Kind::AppInstall,
            "Exec=CreateJob",
        ),
        (
            json!({"type": "app_upgrade", "job_data": "x"}),
            Kind::AppInstall,
            "Exec=CreateJob",
        ),
        (
            json!({"type": "app_status", "job_id": "j"}),
            Kind::AppStatus,
            "JobID=%22j%22/Progress",
        ),
        (
            json!({"type": "raw", "verb": "Get", "loc_uri": "./DevInfo/Mod"}),
            Kind::Inventory,
            "./DevInfo/Mod",
        ),
        (
            json!({"type": "atomic", "commands": [{"type": "updates", "settings": {"AutoUpdatePolicy": "none"}}, {"verb": "Get", "loc_uri": "./DevInfo/Mod"}]}),
            Kind::Setting,
            "AutoUpdatePolicy 0",
        ),
        (
            json!({"type": "sequence", "commands": [{"type": "lock_workstation"}]}),
            Kind::Lock,
            "Exec=LockWorkstation",
        ),
    ]
}

pub(super) fn texts(operations: &[Operation], into: &mut String) {
    for operation in operations {
        match operation {
            Operation::Node { loc_uri, data, .. } => {
                let data = data.as_ref().map_or("", |data| data.reveal());
                into.push_str(&format!("{loc_uri} {data}\n"));
            }
            Operation::Group(_, children) => texts(children, into),
        }
    }
}

#[test]
fn every_type_has_an_example_and_is_of_the_kind_that_it_says() {
    let mut seen = std::collections::HashSet::new();
    for (request, kind, expected) in examples() {
        let body = read(&request).unwrap_or_else(|error| panic!("{request}: {error}"));
        let bound = body.bound("id");
        assert_eq!(
            kind_of(&leaves_of(&bound.operations, classify)),
            kind,
            "{request}"
        );
        let mut sent = String::new();
        texts(&bound.operations, &mut sent);
        assert!(sent.contains(expected), "{request}: {sent}");
        assert!(!sent.contains(crate::command::CLIENT_ID), "{request}");
        seen.insert(request["type"].as_str().unwrap().to_owned());
    }
    let here = |kind: &&Type| kind.families.contains(&crate::context::Family::Windows81);
    for kind in TYPES.iter().filter(here) {
        assert!(seen.contains(kind.name), "{} has no example", kind.name);
    }
}

/// The Data of an Exec is `<parameter>=<value>`, with the parameter of the method's page.
#[test]
fn an_exec_names_the_parameter_of_its_method() {
    let mut looked_at = std::collections::BTreeSet::new();
    for (request, ..) in examples() {
        let body = read(&request).unwrap().bound("id").into_owned();
        let mut nodes = Vec::new();
        leaves(&body.operations, &mut nodes);
        for (loc_uri, data) in nodes {
            let Some(node) = loc_uri.wmi() else { continue };
            let Some(Member::Method(name)) = node.member else {
                continue;
            };
            let (_, class) = crate::wmi::find(node.class).unwrap();
            let method = class.methods.iter().find(|one| one.name == name).unwrap();
            let parameter = method.parameter.map(|name| format!("{name}="));
            match (&parameter, data) {
                (None, data) => assert_eq!(data, None, "{request}"),
                (Some(name), data) => assert!(data.unwrap().starts_with(name), "{request}"),
            }
            looked_at.insert(name.to_owned());
        }
    }
    assert_eq!(
        looked_at.len(),
        9,
        "all but CreateNewAuthority, which no type runs"
    );
}

fn leaves<'a>(operations: &'a [Operation], into: &mut Vec<(&'a LocUri, Option<&'a str>)>) {
    for operation in operations {
        match operation {
            Operation::Node { loc_uri, data, .. } => {
                into.push((loc_uri, data.as_ref().map(|data| data.reveal())));
            }
            Operation::Group(_, children) => leaves(children, into),
        }
    }
}

/// A misspelt class, key, property or method is found here.
#[test]
fn typed_commands_name_only_what_the_catalogue_has() {
    for (request, ..) in examples() {
        let name = request["type"].as_str().unwrap();
        let body = read(&request).unwrap().bound("id").into_owned();
        for placed in body.placed() {
            let Some(node) = placed.loc_uri.and_then(LocUri::wmi) else {
                continue;
            };
            let (_, class) = crate::wmi::find(node.class).unwrap();
            assert_eq!(node.class, class.name, "{request}");
            let instance = node.instance.unwrap_or_default();
            let keys = class.keys.iter().filter(|key| instance.contains(**key));
            assert!(
                node.instance.is_none() || keys.count() == class.keys.len(),
                "{instance}"
            );
            let known = match node.member {
                None => true,
                Some(Member::Method(name)) => class.methods.iter().any(|one| one.name == name),
                Some(Member::Property(name)) => class.properties.iter().any(|one| one.name == name),
            };
            // The properties of a VPN profile are the caller's.
            assert!(known || name == "vpn_profile", "{request}: {node:?}");
        }
    }
}

#[test]
fn every_leaf_of_a_preset_is_of_one_kind_and_none_is_unclassified() {
    for preset in crate::inventory::known::PRESETS {
        let body = read(&json!({"type": "inventory", "presets": [preset.name]})).unwrap();
        for placed in body.placed() {
            let leaf = classify(modegate_wire::message::Verb::Get, placed.loc_uri.unwrap());
            let expected = if preset.name == "apps" {
                Kind::UserRead
            } else {
                Kind::Inventory
            };
            assert_eq!(leaf.kind, expected, "{:?}", placed.loc_uri);
        }
    }
}

#[test]
fn a_wrong_argument_is_told_by_its_name() {
    for (request, field) in [
        (json!({}), "type"),
        (json!({"type": "nothing"}), "type"),
        (json!({"type": 1}), "type"),
        (
            json!({"type": "inventory", "presets": ["nothing"]}),
            "presets[0]",
        ),
        (
            json!({"type": "inventory", "presets": ["apps", "os"]}),
            "presets",
        ),
        (json!({"type": "inventory", "classes": []}), "classes"),
        (
            json!({"type": "inventory", "classes": ["a b"]}),
            "classes[0]",
        ),
        (json!({"type": "inventory", "walk": "yes"}), "walk"),
        (
            json!({"type": "reset_user_password", "user": "a"}),
            "password",
        ),
        (
            json!({"type": "reset_user_password", "user": "a;b", "password": "p"}),
            "user",
        ),
        (
            json!({"type": "reset_user_password", "user": "a", "password": "p\"q"}),
            "password",
        ),
        (
            json!({"type": "reset_user_password", "user": "a", "password": "\u{e000}"}),
            "password",
        ),
        (
            json!({"type": "eas_policy", "settings": {"MinPasswordLength": 17}}),
            "settings.MinPasswordLength",
        ),
        (
            json!({"type": "eas_policy", "settings": {"MaxPasswordFailedAttempts": 3}}),
            "settings.MaxPasswordFailedAttempts",
        ),
        (json!({"type": "eas_policy", "settings": {}}), "settings"),
        (
            json!({"type": "eas_policy", "settings": {"Other": 1}}),
            "settings.Other",
        ),
        (
            json!({"type": "restrictions", "settings": {"DataRoamingEnabled": "false"}}),
            "settings.DataRoamingEnabled",
        ),
        (
            json!({"type": "restrictions", "settings": {"DataRoamingEnabled": null}}),
            "settings.DataRoamingEnabled",
        ),
        (
            json!({"type": "updates", "settings": {"AutoUpdatePolicy": "all"}}),
            "settings.AutoUpdatePolicy",
        ),
        (
            json!({"type": "security_settings", "settings": {"MaintenanceScheduleStartHour": 24}}),
            "settings.MaintenanceScheduleStartHour",
        ),
        (
            json!({"type": "application_setting", "package_family_name": "p", "name": "n", "value": "x", "value_type": "bool"}),
            "value",
        ),
        (
            json!({"type": "certificate_install", "certificate": "AAAA"}),
            "certificate",
        ),
        (json!({"type": "certificate_remove"}), "thumbprint"),
        (
            json!({"type": "certificate_remove", "thumbprint": "12"}),
            "thumbprint",
        ),
        (
            json!({"type": "scep_enroll", "request_id": "r", "enhanced_key_usages": ["1"], "issuers": ["i"], "configuration": "<a"}),
            "configuration",
        ),
        (
            json!({"type": "wifi_profile", "name": "w", "profile": "<!DOCTYPE a><a/>"}),
            "profile",
        ),
        (
            json!({"type": "wifi", "name": "w", "settings": {"SecurityAuthentication": "4"}}),
            "settings.SecurityAuthentication",
        ),
        (
            json!({"type": "vpn_profile", "name": "v", "settings": {"a/b": 1}}),
            "settings",
        ),
        (json!({"type": "sideload_key", "key": "12345"}), "key"),
        (json!({"type": "app_install"}), "job_data"),
        (
            json!({"type": "app_uninstall", "package_full_name": "p"}),
            "job_data",
        ),
        (
            json!({"type": "raw", "verb": "Copy", "loc_uri": "./a"}),
            "verb",
        ),
        (
            json!({"type": "raw", "verb": "Get", "loc_uri": "a"}),
            "loc_uri",
        ),
        (json!({"type": "atomic", "commands": []}), "commands"),
        (
            json!({"type": "atomic", "commands": [{"type": "lock_workstation"}, {"type": "updates"}]}),
            "commands[1].settings",
        ),
        (
            json!({"type": "unenroll", "expires_at": "1960-01-01T00:00:00Z"}),
            "expires_at",
        ),
        (
            json!({"type": "unenroll", "expires_at": "2000-01-01T00:00:00Z", "not_before": "2001-01-01T00:00:00Z"}),
            "not_before",
        ),
        (json!({"type": "unenroll", "after": ["x"]}), "after[0]"),
        (json!({"type": "unenroll", "retries": 11}), "retries"),
    ] {
        let error = read(&request).expect_err(&request.to_string());
        assert_eq!(error.field, field, "{request}: {error}");
        assert!(!error.to_string().contains("p\"q"), "{error}");
    }
}

#[test]
fn a_target_is_the_same_for_the_same_nodes_only() {
    let target = |value: Value| read(&value).unwrap().options.target;
    let on = |settings: Value| target(json!({"type": "restrictions", "settings": settings}));
    assert_eq!(
        on(json!({"WifiEnabled": true})),
        on(json!({"WifiEnabled": false}))
    );
    assert_ne!(
        on(json!({"WifiEnabled": true})),
        on(json!({"BluetoothEnabled": true}))
    );
    let reset =
        |user: &str| target(json!({"type": "reset_user_password", "user": user, "password": "p"}));
    assert_eq!(reset("Ann"), reset("ann"));
    assert_ne!(reset("ann"), reset("bob"));
    assert_eq!(target(json!({"type": "lock_workstation"})), None);
    assert_eq!(
        target(json!({"type": "inventory", "supersede": false})),
        None
    );
}

#[test]
fn the_schema_names_every_type() {
    let schemas = schema::schemas();
    assert_eq!(schemas.len(), TYPES.len());
    assert!(schemas.iter().any(|(name, _)| name == "ResetUserPassword"));
}

/// The table of types in docs/commands.md is this one; `UPDATE_GOLDEN=1` writes it.
#[test]
fn the_documented_types_are_these() {
    let mut table =
        "| type | arguments (`*` required) | what it does |\n|---|---|---|\n".to_owned();
    for kind in TYPES {
        let arguments: Vec<String> = kind
            .arguments
            .iter()
            .map(|argument| {
                let star = if argument.is_required() { "\\*" } else { "" };
                format!("`{}`{star}", argument.name())
            })
            .collect();
        let supersedes = if kind.supersedes { "; supersedes" } else { "" };
        table += &format!(
            "| `{}` | {} | {}{supersedes} |\n",
            kind.name,
            arguments.join(", "),
            kind.about
        );
    }
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/commands.md");
    let text = std::fs::read_to_string(path).unwrap();
    let (before, rest) = text.split_once("<!-- types -->\n").unwrap();
    let (_, after) = rest.split_once("<!-- /types -->").unwrap();
    let expected = format!("{before}<!-- types -->\n{table}<!-- /types -->{after}");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(path, &expected).unwrap();
    }
    assert!(
        text == expected || std::env::var_os("UPDATE_GOLDEN").is_some(),
        "run UPDATE_GOLDEN=1 cargo test --lib the_documented_types"
    );
}
