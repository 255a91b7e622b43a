//! The tables held against the reference and against each other.
#![allow(clippy::unwrap_used)]

use std::collections::HashSet;

use super::*;
use crate::address::InstanceName;
use crate::tree::keys_fit;

/// The classes of the two MDM providers.
fn documented() -> impl Iterator<Item = &'static Class> {
    settings::CLASSES.iter().chain(applications::CLASSES)
}

#[test]
fn the_28_documented_classes_are_there_once() {
    let names: HashSet<&str> = documented().map(|class| class.name).collect();
    assert_eq!((documented().count(), names.len()), (28, 28));
    for class in documented() {
        let mut seen = HashSet::new();
        assert!(!class.keys.is_empty(), "{}", class.name);
        for property in class.keys.iter().chain(class.properties) {
            let name = property.name.to_lowercase();
            assert!(seen.insert(name), "{}.{}", class.name, property.name);
        }
        let main = class.main.map(|main| class.property(main).unwrap());
        assert!(
            main.is_none_or(|property| property.writable),
            "{}",
            class.name
        );
    }
}

#[test]
fn methods_have_their_one_parameter() {
    let methods: Vec<(&str, &str, Option<&str>)> = documented()
        .flat_map(|class| {
            class
                .methods
                .iter()
                .map(|m| (class.name, m.name, m.parameter))
        })
        .collect();
    assert_eq!(
        methods,
        [
            ("MDM_Client", "SendUnenrollRequest", Some("DeviceClientID")),
            ("MDM_Client", "LockWorkstation", None),
            ("MDM_Client", "ResetUserPassword", Some("ConfigString")),
            (
                "MDM_WNSConfiguration",
                "UpdateConfiguration",
                Some("ConfigString")
            ),
            ("MDM_EASPolicy", "SetValues", Some("NamedValuesList")),
            (
                "MDM_MgmtAuthority",
                "CreateNewAuthority",
                Some("AuthorityName")
            ),
            ("MDM_SideLoader", "ActivateKey", Some("ProductKey")),
            ("MDM_SideLoader", "AddCertificate", Some("CertificateBlob")),
            ("MDM_SideLoader", "UnActivateLOB", None),
            ("MDM_AppInstallJob", "CreateJob", Some("JobData")),
        ]
    );
}

#[test]
fn what_a_new_tablet_holds_is_of_its_types() {
    let mut seen = HashSet::new();
    for (shown, values) in samples::INSTANCES.iter().chain(win32::INSTANCES) {
        let name = InstanceName::read(shown).unwrap_or_else(|| panic!("{shown}"));
        assert!(seen.insert(*shown), "{shown} twice");
        if let Some(class) = mdm_class(&name.class) {
            assert!(keys_fit(class, &name), "{shown}");
        }
        for held in *values {
            let value = held.value.unwrap_or_default();
            let fits = held.value.is_none() || held.cim.accepts(value);
            assert!(fits, "{shown} {}: {value}", held.name);
            let Some(class) = mdm_class(&name.class) else {
                continue;
            };
            let property = class.property(held.name);
            let property = property.unwrap_or_else(|| panic!("{shown} {}", held.name));
            assert_eq!(property.name, held.name);
            assert_eq!(property.cim, held.cim, "{shown} {}", held.name);
            let good = held.value.is_none_or(|value| property.values.accept(value));
            assert!(good, "{shown} {}", held.name);
        }
    }
}

#[test]
fn values_are_of_their_types() {
    for (cim, good, bad) in [
        (Cim::Bool, &["true", "false"][..], &["True", "1", ""][..]),
        (Cim::Uint8, &["0", "255"], &["256", "-1", "x", "", "1.0"]),
        (Cim::Uint32, &["4294967295"], &["4294967296", "+1"]),
        (
            Cim::Uint64,
            &["18446744073709551615"],
            &["18446744073709551616"],
        ),
        (
            Cim::DateTime,
            &[
                "20140924065803.481205+120",
                "20140924065803.481205-060",
                "2014-01-20T00:00:00Z",
            ],
            &["20141324065803.481205+120", "2014-01-20", "yesterday", ""],
        ),
        (Cim::String, &["", "text"], &[]),
    ] {
        for text in good {
            assert!(cim.accepts(text), "{cim:?} {text}");
        }
        for text in bad {
            assert!(!cim.accepts(text), "{cim:?} {text}");
        }
    }
    let list: &[(Values, &str, bool)] = &[
        (Values::Range(3, 5), "3", true),
        (Values::Range(3, 5), "6", false),
        (Values::OneOf(&[13, 25]), "25", true),
        (Values::OneOf(&[13, 25]), "14", false),
        (Values::Base64, "AAEC", true),
        (Values::Base64, "", false),
        (Values::Base64, "AA*C", false),
        (Values::Xml, "<a/>", true),
        (Values::Xml, "<a>", false),
    ];
    for (values, text, good) in list {
        assert_eq!(values.accept(text), *good, "{values:?} {text}");
    }
}

#[test]
fn what_needs_the_user_is_known_in_any_case_of_letters() {
    for (class, expected) in [
        ("win32_bios", AccessLevel::System),
        ("Win32_Unheard", AccessLevel::System),
        ("MDM_Client", AccessLevel::System),
        ("mdm_restrictions", AccessLevel::System),
        ("MDM_EASPolicy", AccessLevel::Device),
        ("MDM_WNSChannel", AccessLevel::User),
        ("MDM_AppInstallJob", AccessLevel::User),
        ("MDM_Unheard", AccessLevel::User),
        ("MSFT_NetFirewallProfile", AccessLevel::System),
        ("WpcUserSettings", AccessLevel::User),
        ("Win32_Printer", AccessLevel::User),
    ] {
        assert_eq!(reach(class), expected, "{class}");
    }
}
