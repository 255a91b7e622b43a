//! Wi-Fi and VPN profiles.

use super::argument::{Arguments, Needed, Optional, Result, arguments};
use super::entry::{BuildContext, Built, Type, write};
use super::forms::{AnySettings, Boolean, Hidden, Settings};
use super::phone;
use crate::context::Family;
use crate::fields::{quoted, shown_url};
use crate::loc_uri::LocUri;
use crate::wmi;
use crate::wmi::ValueForm::{self, Line, OneOf, Xml};
use modegate_wire::message::Verb;

arguments! {
    NAME: Needed<ValueForm> = "name", Line(256), "the profile's name";
}
const PROFILE: Needed<Hidden<ValueForm>> = Needed::new(
    "profile",
    Hidden(Xml(64 * 1024)),
    "the profile's XML; may contain its key",
);
arguments! {
    WIFI_SETTINGS: Needed<Settings> = "settings", Settings(wmi::WIRELESS_PROFILE.properties),
        "names and values";
    VPN_SETTINGS: Needed<AnySettings> = "settings", AnySettings, "names and values";
}
const SET_AS: Optional<ValueForm> = Optional::new(
    "class",
    OneOf(&[
        ("MDM_WirelessProfileXml", "MDM_WirelessProfileXml"),
        ("MDM_WirelessProfile", "MDM_WirelessProfile"),
    ]),
    "how it was set; MDM_WirelessProfileXml by default",
);
arguments! {
    PROXY: Optional<ValueForm> = "proxy", Line(512), "the proxy of the network, host:port, on phones";
    PACKAGE: Needed<ValueForm> = "package_family_name", Line(256), "the app's package family name";
}
const ENABLED: Optional<Boolean> = Optional::new(
    "enabled",
    Boolean,
    "whether it does, in all managed profiles; true by default",
);
arguments! {
    REMOVED: Optional<Boolean> = "remove", Boolean, "true to remove it instead";
}

pub(super) const WIFI_PROFILE: Type = Type::new(
    "wifi_profile",
    "sets a Wi-Fi profile by its XML (MDM_WirelessProfileXml; on phones the WiFi CSP, where the name is that in the XML)",
    &[&NAME, &PROFILE, &PROXY],
    |arguments, _| {
        if arguments.family == Family::WindowsPhone81 {
            return phone_wifi(arguments);
        }
        if let Some(found) = arguments.shown(&PROXY)? {
            return Err(arguments.wrong(&PROXY, "nothing but on a phone", &found));
        }
        let instance = wmi::WIRELESS_PROFILE_XML.instance(&[&arguments.get(&NAME)?]);
        Ok(set(&instance, &[("ProfileXml", arguments.get(&PROFILE)?)]))
    },
)
.superseding()
.of(&Family::ALL);

/// The node is named as the profile's XML names it, in 32 bytes at most.
fn phone_wifi(arguments: &Arguments<'_>) -> Result<Built> {
    let name = phone::plain_name(arguments, &NAME)?;
    let (profile, proxy) = (arguments.get(&PROFILE)?, arguments.get(&PROXY)?);
    if name.len() > 32 {
        let found = format!("{} bytes", name.len());
        let expected = "a name of at most 32 bytes on a phone";
        return Err(arguments.wrong(&NAME, expected, &found));
    }
    let in_xml = name.replace('&', "&amp;").replace('<', "&lt;");
    if !profile.contains(&format!("<name>{in_xml}</name>")) {
        let expected = format!(
            "XML whose <name> is the name of the profile, {}",
            quoted(&name)
        );
        return Err(arguments.wrong(&PROFILE, expected, "XML without that <name>"));
    }
    let port = |text: &str| {
        text.rsplit_once(':')
            .and_then(|(_, port)| port.parse::<u16>().ok())
    };
    if let Some(text) = proxy.as_deref().filter(|text| port(text).is_none()) {
        return Err(arguments.wrong(&PROXY, "host:port", &shown_url(text)));
    }
    Ok(phone::wifi_profile(&name, &profile, proxy.as_deref()))
}

pub(super) const WIFI: Type = Type::new(
    "wifi",
    "sets a Wi-Fi profile by its properties (MDM_WirelessProfile)",
    &[&NAME, &WIFI_SETTINGS],
    |arguments, _| {
        let instance = wmi::WIRELESS_PROFILE.instance(&[&arguments.get(&NAME)?]);
        Ok(set(&instance, &arguments.get(&WIFI_SETTINGS)?))
    },
)
.superseding();

pub(super) const WIFI_REMOVE: Type = Type::new(
    "wifi_remove",
    "removes a Wi-Fi profile",
    &[&NAME, &SET_AS],
    |arguments, _| {
        if arguments.family == Family::WindowsPhone81 {
            if let Some(found) = arguments.shown(&SET_AS)? {
                return Err(arguments.wrong(&SET_AS, "nothing on a phone", &found));
            }
            return Ok(phone::wifi_remove(&phone::plain_name(arguments, &NAME)?));
        }
        let class = match arguments.get(&SET_AS)?.as_deref() {
            Some(name) if name == wmi::WIRELESS_PROFILE.name => &wmi::WIRELESS_PROFILE,
            _ => &wmi::WIRELESS_PROFILE_XML,
        };
        let instance = class.instance(&[&arguments.get(&NAME)?]);
        Ok(Built::removal(instance))
    },
)
.of(&Family::ALL);

pub(super) const VPN_PROFILE: Type = Type::new(
    "vpn_profile",
    "sets a VPN profile (MDM_VpnConnection, a class that Microsoft names without a page: properties as given)",
    &[&NAME, &VPN_SETTINGS],
    |arguments, _| {
        let instance = wmi::VPN_CONNECTION.instance(&[&arguments.get(&NAME)?]);
        Ok(set(&instance, &arguments.get(&VPN_SETTINGS)?))
    },
)
.superseding();

pub(super) const VPN_REMOVE: Type = Type::new(
    "vpn_remove",
    "removes a VPN profile",
    &[&NAME],
    |arguments, _| {
        if arguments.family == Family::WindowsPhone81 {
            return Ok(phone::vpn_remove(&phone::plain_name(arguments, &NAME)?));
        }
        let instance = wmi::VPN_CONNECTION.instance(&[&arguments.get(&NAME)?]);
        Ok(Built::removal(instance))
    },
)
.of(&Family::ALL);

pub(super) const VPN_TRIGGER: Type = Type::new(
    "vpn_trigger",
    "lets an app open the VPN (MDM_VpnApplicationTrigger)",
    &[&PACKAGE, &ENABLED, &REMOVED],
    vpn_trigger,
)
.superseding();

fn vpn_trigger(arguments: &Arguments<'_>, _: &BuildContext<'_>) -> Result<Built> {
    let instance = wmi::VPN_APPLICATION_TRIGGER.instance(&[&arguments.get(&PACKAGE)?]);
    if arguments.get(&REMOVED)? == Some(true) {
        return Ok(Built::removal(instance));
    }
    let enabled = arguments.get(&ENABLED)?.unwrap_or(true).to_string();
    Ok(set(
        &instance,
        &[("TriggerEnabledInAllMDMProfiles", enabled)],
    ))
}

fn set(instance: &LocUri, settings: &[(impl AsRef<str>, String)]) -> Built {
    let adds = settings
        .iter()
        .map(|(property, value)| write(Verb::Add, instance, property.as_ref(), value));
    Built::set(adds.collect())
}
