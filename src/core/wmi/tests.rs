#![allow(clippy::unwrap_used)]

use super::*;
use crate::kind::Kind;
use modegate_wire::message::{Command, Element, Item, Verb};

/// Rows hold the places of classes: a line of this file never changes, and a new
/// class is a new line at its end.
const PLACES: &str = include_str!("../../../tests/golden/wmi-classes.txt");

#[test]
fn every_class_keeps_its_place() {
    let placed = |(at, class): (usize, &WmiClass)| format!("{at} {}\n", class.name);
    let places: String = classes().enumerate().map(placed).collect();
    assert_eq!(places, PLACES);
    assert!(classes().count() < usize::from(Class::OTHER.0));
    for (place, class) in classes().enumerate() {
        let (found, same) = find(&class.name.to_uppercase()).unwrap();
        assert_eq!((usize::from(found.0), same.name), (place, class.name));
        assert_eq!(at(found).unwrap().name, class.name);
    }
}

/// The classes of the two MDM providers: what has a page of its own there.
fn documented() -> impl Iterator<Item = &'static WmiClass> {
    const NAMED_ONLY: [&str; 3] = [
        "MDM_VpnConnection",
        "MDM_MsiApplication",
        "MDM_MsiInstallJob",
    ];
    classes().filter(|class| class.name.starts_with("MDM_") && !NAMED_ONLY.contains(&class.name))
}

/// How many properties each class has by its page, and by the dump of a running system.
const SCHEMA: [(&str, usize); 28] = [
    ("MDM_Client", 7),
    ("MDM_WNSConfiguration", 2),
    ("MDM_WNSChannel", 6),
    ("MDM_ConfigSetting", 2),
    ("MDM_EASPolicy", 1),
    ("MDM_MgmtAuthority", 5),
    ("MDM_SideLoader", 2),
    ("MDM_SecurityStatus", 11),
    ("MDM_SecurityStatusUser", 6),
    ("MDM_Updates", 2),
    ("MDM_Restrictions", 15),
    ("MDM_RestrictionsUser", 4),
    ("MDM_BrowserSettings", 14),
    ("MDM_BrowserSecurityZones", 3),
    ("MDM_Certificate", 5),
    ("MDM_CertificateEnrollment", 14),
    ("MDM_ApplicationSetting", 4),
    ("MDM_DeviceRegistrationInfo", 3),
    ("MDM_VpnApplicationTrigger", 2),
    ("MDM_WirelessProfileXml", 2),
    ("MDM_WirelessProfile", 25),
    ("MDM_AppInstallJob", 13),
    ("MDM_Application", 11),
    ("MDM_ApplicationFramework", 7),
    ("MDM_ApplicationMinVersion", 7),
    ("MDM_WebApplication", 4),
    ("MDM_RemoteApplication", 2),
    ("MDM_RemoteAppUserCookie", 3),
];

#[test]
fn the_whole_public_schema_is_there() {
    let counted: Vec<(&str, usize)> = documented()
        .map(|class| (class.name, class.properties.len()))
        .collect();
    assert_eq!(counted, SCHEMA);
    let properties: usize = SCHEMA.iter().map(|(_, count)| count).sum();
    assert_eq!(properties, 182);
    for class in documented() {
        assert!(!class.keys.is_empty(), "{}", class.name);
        for key in class.keys {
            let listed = class.properties.iter().any(|one| one.name == *key);
            assert!(listed, "{}.{key}", class.name);
        }
    }
}

/// Ten methods, eight of them with their one parameter.
#[test]
fn the_methods_have_the_parameters_of_their_pages() {
    let methods: Vec<(&str, &str, &str)> = documented()
        .flat_map(|class| class.methods.iter().map(|method| (class.name, method)))
        .map(|(class, method)| (class, method.name, method.parameter.unwrap_or("-")))
        .collect();
    let expected = [
        ("MDM_Client", "SendUnenrollRequest", "DeviceClientID"),
        ("MDM_Client", "LockWorkstation", "-"),
        ("MDM_Client", "ResetUserPassword", "ConfigString"),
        (
            "MDM_WNSConfiguration",
            "UpdateConfiguration",
            "ConfigString",
        ),
        ("MDM_EASPolicy", "SetValues", "NamedValuesList"),
        ("MDM_MgmtAuthority", "CreateNewAuthority", "AuthorityName"),
        ("MDM_SideLoader", "ActivateKey", "ProductKey"),
        ("MDM_SideLoader", "AddCertificate", "CertificateBlob"),
        ("MDM_SideLoader", "UnActivateLOB", "-"),
        ("MDM_AppInstallJob", "CreateJob", "JobData"),
    ];
    assert_eq!(methods, expected);
}

#[test]
fn what_was_unknown_once_has_its_type() {
    use CimType::{Boolean, DateTime, String, Uint8, Uint32};
    for (class, property, cim) in [
        ("MDM_WNSConfiguration", "ConfigurationStatus", Uint32),
        ("MDM_AppInstallJob", "JobType", Uint32),
        ("MDM_AppInstallJob", "CreationTime", DateTime),
        ("MDM_Certificate", "IsInstalled", Boolean),
        ("MDM_Certificate", "StoreLocation", Uint8),
        ("MDM_CertificateEnrollment", "ValidFrom", DateTime),
        ("MDM_CertificateEnrollment", "ValidTo", DateTime),
        ("MDM_SecurityStatusUser", "EncryptionStatus", Uint32),
        ("MDM_SecurityStatusUser", "HasConnectedAccount", Boolean),
        ("MDM_SecurityStatusUser", "PasswordStatus", Uint32),
        ("MDM_MgmtAuthority", "ClientSearchCriteria", String),
        ("MDM_Application", "InstallPath", String),
        ("MDM_ApplicationFramework", "PackageVersion", String),
        ("MDM_ApplicationMinVersion", "PackageFullName", String),
        ("MDM_RemoteAppUserCookie", "CookieHash", String),
        ("MDM_WirelessProfile", "SecurityAuthentication", Uint8),
    ] {
        assert_eq!(cim_type(class, property), Some(cim), "{class}.{property}");
    }
    // Of one name and two types, each class has its own; elsewhere nobody knows.
    assert_eq!(cim_type("MDM_AppInstallJob", "Status"), Some(Uint32));
    assert_eq!(cim_type("Win32_Battery", "Status"), Some(String));
    assert_eq!(cim_type("Win32_Unheard", "Status"), None);
    assert_eq!(
        cim_type("Win32_Unheard", "FreeSpace"),
        Some(CimType::Uint64)
    );
    assert_eq!(cim_type("MDM_AppInstallJob", "Dependencies"), None);
}

#[test]
fn secrets_are_never_kept_and_never_asked_for() {
    for (class, property) in [
        ("MDM_RemoteAppUserCookie", "Cookie"),
        ("MDM_RemoteAppUserCookie", "CookieHash"),
        ("mdm_remoteappusercookie", "cookiehash"),
        ("MDM_WNSChannel", "Channel"),
        ("MDM_WNSChannel", "LastError"),
        ("MDM_WirelessProfile", "SharedKeyMaterial"),
        ("MDM_WirelessProfileXml", "ProfileXml"),
        ("MDM_CertificateEnrollment", "ConfigurationParameters"),
        ("MDM_AppInstallJob", "DownloadUrlList"),
        ("MDM_VpnConnection", "Anything"),
        ("MSFT_VpnConnection", "Profile"),
        ("SoftwareLicensingService", "OA3xOriginalProductKey"),
        ("Win32_Unheard", "CookieHash"),
    ] {
        assert!(!may_be_kept(class, property), "{class}.{property}");
        if let Some((_, class)) = find(class) {
            assert!(class.inventoried().all(|name| name != property));
        }
    }
    for (class, property) in [
        ("MDM_RemoteAppUserCookie", "FeedUrl"),
        ("MDM_WNSConfiguration", "ConfigurationStatus"),
        ("MDM_WirelessProfile", "SSID"),
        ("WpcURLOverride", "URL"),
        ("Win32_Unheard", "Name"),
    ] {
        assert!(may_be_kept(class, property), "{class}.{property}");
    }
}

/// What the classes of parental controls and their like are, by their own reference.
#[test]
fn what_a_windows_10_lists_besides_is_classified() {
    for (class, get, write) in [
        (
            "MSFT_NetFirewallProfile",
            Kind::Inventory,
            Some(Kind::Setting),
        ),
        ("MSFT_VpnConnection", Kind::UserRead, Some(Kind::Profile)),
        ("WpcAppOverride", Kind::UserRead, Some(Kind::Setting)),
        ("WpcGameOverride", Kind::UserRead, Some(Kind::Setting)),
        ("WpcGamesSettings", Kind::UserRead, Some(Kind::Setting)),
        ("WpcRating", Kind::Inventory, None),
        ("WpcRatingsDescriptor", Kind::Inventory, None),
        ("WpcRatingsSystem", Kind::Inventory, None),
        ("WpcSystemSettings", Kind::Inventory, Some(Kind::Setting)),
        ("WpcURLOverride", Kind::UserRead, Some(Kind::Setting)),
        ("WpcUserSettings", Kind::UserRead, Some(Kind::Setting)),
        ("WpcWebSettings", Kind::UserRead, Some(Kind::Setting)),
    ] {
        let (_, known) = find(class).unwrap();
        assert_eq!((known.get, known.write), (get, write), "{class}");
        assert!(!known.properties.is_empty(), "{class}");
        // What is kept per account names it.
        let of_account = known.properties.iter().any(|one| one.name == "SID");
        assert!(!of_account || known.get == Kind::UserRead, "{class}");
    }
}

#[test]
fn no_class_names_a_property_or_a_method_twice() {
    for class in classes() {
        let members = class.properties.iter().map(|one| one.name);
        let members = members.chain(class.methods.iter().map(|one| one.name));
        let mut names: Vec<String> = members.map(str::to_lowercase).collect();
        names.sort();
        let all = names.len();
        names.dedup();
        assert_eq!(names.len(), all, "{}", class.name);
    }
}

#[test]
fn what_is_inventory_here_passes_the_guard_there_and_nothing_else() {
    for class in classes() {
        let items = vec![Item {
            target: Some(class.loc_uri().to_string()),
            ..Item::default()
        }];
        let element = Element::Command(Command {
            verb: Verb::Get,
            cmd_id: Some(1),
            items,
        });
        assert_eq!(
            modegate_wire::guard::machine_may_carry(&element),
            class.get == Kind::Inventory,
            "{}",
            class.name
        );
    }
}
