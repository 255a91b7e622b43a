//! Wi-Fi and VPN profiles.

use super::build::{delete, instance, write};
use super::form::{Property, choice, flag, line, number};
use super::given::Given;
use super::{Built, Setting};
use crate::fields::FieldError;
use modegate_wire::message::Verb;

/// The properties of MDM_WirelessProfile.
pub(super) const WIFI: &[Property] = &[
    line("SSID", 32),
    line("SharedKeyMaterial", 256),
    Property {
        name: "OneXEAPXml",
        form: super::form::Form::Xml(64 * 1024),
    },
    flag("ConnectWhenNotBroadcasting"),
    flag("AutoConnect"),
    flag("ConnectToMorePreferedNetwork"),
    flag("PMKCacheMode"),
    flag("PreAuthMode"),
    flag("EnableFIPSCompliance"),
    flag("SharedKeyProtected"),
    flag("OneXCacheUserData"),
    flag("OneXSingleSignOnAllowAdditionalDialogs"),
    flag("OneXSingleSignOnUserBasedVirtualLAN"),
    choice("ConnectionType", &[("ess", "1"), ("ibss", "2")]),
    choice(
        "SecurityAuthentication",
        &[
            ("open", "1"),
            ("wpa_personal", "2"),
            ("wpa2_personal", "3"),
            ("wpa_enterprise", "4"),
            ("wpa2_enterprise", "5"),
            ("shared", "6"),
            ("wep", "7"),
        ],
    ),
    choice(
        "SecurityEncryption",
        &[("none", "1"), ("wep", "2"), ("tkip", "3"), ("aes", "4")],
    ),
    choice(
        "SharedKeyType",
        &[("pass_phrase", "1"), ("network_key", "2")],
    ),
    choice(
        "OneXAuthenticationMode",
        &[
            ("machine_or_user", "1"),
            ("machine", "2"),
            ("user", "3"),
            ("guest", "4"),
        ],
    ),
    choice(
        "OneXSingleSignOnType",
        &[("pre_logon", "1"), ("post_logon", "2")],
    ),
    choice(
        "OneXEAPType",
        &[
            ("tls", "13"),
            ("sim", "18"),
            ("ttls", "21"),
            ("aka", "23"),
            ("peap", "25"),
            ("aka_prime", "50"),
        ],
    ),
    number("PMKCacheSize", 1, 255),
    number("PMKCacheTTL", 5, 1440),
    number("PreAuthThrottle", 1, 16),
    number("OneXSingleSignOnMaxDelay", 0, 120),
];

fn set(instance: &str, settings: &[(String, String)]) -> Built {
    let adds = settings
        .iter()
        .map(|(property, value)| write(Verb::Add, instance, property, value));
    let mut built = Built::of(adds.collect());
    built.manner.set = true;
    built
}

pub(super) fn wifi_profile(given: &Given<'_>, _: &Setting<'_>) -> Result<Built, FieldError> {
    let instance = instance("MDM_WirelessProfileXml", &[("Name", given.needed("name"))]);
    Ok(set(
        &instance,
        &[("ProfileXml".to_owned(), given.needed("profile").to_owned())],
    ))
}

pub(super) fn wifi(given: &Given<'_>, _: &Setting<'_>) -> Result<Built, FieldError> {
    let instance = instance("MDM_WirelessProfile", &[("Name", given.needed("name"))]);
    Ok(set(&instance, given.settings("settings")))
}

pub(super) fn wifi_remove(given: &Given<'_>, _: &Setting<'_>) -> Result<Built, FieldError> {
    let class = given.wire("class").unwrap_or("MDM_WirelessProfileXml");
    Ok(Built::of(vec![delete(instance(
        class,
        &[("Name", given.needed("name"))],
    ))]))
}

pub(super) fn vpn_profile(given: &Given<'_>, _: &Setting<'_>) -> Result<Built, FieldError> {
    let instance = instance("MDM_VpnConnection", &[("Name", given.needed("name"))]);
    Ok(set(&instance, given.settings("settings")))
}

pub(super) fn vpn_remove(given: &Given<'_>, _: &Setting<'_>) -> Result<Built, FieldError> {
    Ok(Built::of(vec![delete(instance(
        "MDM_VpnConnection",
        &[("Name", given.needed("name"))],
    ))]))
}

pub(super) fn vpn_trigger(given: &Given<'_>, _: &Setting<'_>) -> Result<Built, FieldError> {
    let instance = instance(
        "MDM_VpnApplicationTrigger",
        &[("ApplicationID", given.needed("package_family_name"))],
    );
    if given.boolean("remove") == Some(true) {
        return Ok(Built::of(vec![delete(instance)]));
    }
    let enabled = given.boolean("enabled").unwrap_or(true).to_string();
    Ok(set(
        &instance,
        &[("TriggerEnabledInAllMDMProfiles".to_owned(), enabled)],
    ))
}
