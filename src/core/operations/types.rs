//! The table of types.

pub use super::entry::Type;
use super::entry::{ALL, of, plain, superseding};
use super::form::Form::{
    AnySettings, Boolean, Certificate, Commands, Integer, Line, Lines, OneOf, ProductKey, Safe,
    Settings, Text, Thumbprint, Xml,
};
use super::form::{Argument, needed, optional};
use super::{apps, certificates, csp, device, inventory, profiles, raw, settings};
use crate::limits;

/// What a raw command is, where a group's child names no type.
pub(super) fn raw_type() -> &'static Type {
    const { &RAW }
}

const NAME: usize = 256;
pub(super) const ARGUMENT: usize = 512;
const DATA: usize = limits::COMMAND_DATA_BYTES;
const STORE: &[(&str, &str)] = &[("user", "1"), ("machine", "2")];
const REMOVE: Argument = optional("remove", Boolean, "true to take it away instead");
const STORES: Argument = optional(
    "store",
    OneOf(STORE),
    "whose store: user (default) or machine",
);
const STORE_NAMES: Argument = optional(
    "store_name",
    OneOf(&[
        ("Root", "Root"),
        ("CA", "CA"),
        ("My", "My"),
        ("TrustedPeople", "TrustedPeople"),
        ("TrustedPublisher", "TrustedPublisher"),
    ]),
    "the store: Root (default), CA, My, TrustedPeople or TrustedPublisher",
);
const JOB: &[Argument] = &[
    optional(
        "job_data",
        Text(DATA),
        "JobData as the device is to get it; its grammar is not public",
    ),
    optional(
        "package_full_name",
        Safe(ARGUMENT),
        "the package, where the operator configured a template",
    ),
    optional(
        "job_id",
        Safe(ARGUMENT),
        "the job's id; a new one if left out",
    ),
];

const RAW: Type = of(
    ALL,
    plain(
        "raw",
        "one SyncML command as given; what cannot be classified is withheld",
        &[
            needed("verb", Line(16), "Add, Replace, Delete, Get or Exec"),
            needed("loc_uri", Line(limits::LOC_URI_BYTES), "the node, './…'"),
            optional("format", Line(32), "Meta/Format"),
            optional("mime", Line(128), "Meta/Type"),
            optional(
                "set",
                Boolean,
                "true: an Add answered 418 is sent again as Replace",
            ),
        ],
        raw::raw,
    ),
);

/// Every type.
pub static TYPES: &[Type] = &[
    of(
        ALL,
        superseding(
            "inventory",
            "reads classes and nodes, what they name, and the properties of that; allowed in every mode for what is the device's",
            &[
                optional(
                    "presets",
                    Lines(16, 32),
                    "os, hardware, storage, network, security, updates; or apps alone",
                ),
                optional(
                    "classes",
                    Lines(limits::COMMAND_OPERATIONS, limits::LOC_URI_BYTES),
                    "class names, or LocURIs './…'",
                ),
                optional("walk", Boolean, "false: only the classes themselves"),
                optional(
                    "lenient",
                    Boolean,
                    "true: no failure while one node answers (the default for presets)",
                ),
            ],
            inventory::inventory,
        ),
    ),
    Type {
        expires_ms: Some(limits::PASSWORD_RESET_EXPIRY_MS),
        ..superseding(
            "reset_user_password",
            "sets a user's password (Windows 8.1 Update); allowed in every mode; expires in 24 h unless told",
            &[
                needed("user", Safe(ARGUMENT), "the user's name"),
                needed("password", Safe(ARGUMENT), "the new password"),
            ],
            device::reset,
        )
    },
    plain("lock_workstation", "locks the screen", &[], device::lock),
    csp::UNENROLL,
    csp::WNS_UPDATE_CONFIGURATION,
    csp::WNS_READ_CHANNEL,
    csp::POLL_SCHEDULE,
    csp::REMOTE_LOCK,
    csp::REMOTE_WIPE,
    superseding(
        "eas_policy",
        "sets password and lock policy (MDM_EASPolicy)",
        &[needed(
            "settings",
            Settings(settings::EAS),
            "names and values",
        )],
        settings::eas,
    ),
    superseding(
        "restrictions",
        "sets restrictions of the device (MDM_Restrictions)",
        &[needed(
            "settings",
            Settings(settings::RESTRICTIONS),
            "names and values",
        )],
        settings::restrictions,
    ),
    superseding(
        "restrictions_user",
        "sets restrictions of the user (MDM_RestrictionsUser)",
        &[needed(
            "settings",
            Settings(settings::RESTRICTIONS_USER),
            "names and values",
        )],
        settings::restrictions_user,
    ),
    superseding(
        "browser_settings",
        "sets Internet Explorer's settings (MDM_BrowserSettings)",
        &[needed(
            "settings",
            Settings(settings::BROWSER),
            "names and values",
        )],
        settings::browser,
    ),
    superseding(
        "browser_security_zone",
        "puts a site into a security zone, or takes it out (MDM_BrowserSecurityZones)",
        &[
            needed(
                "zone",
                OneOf(&[
                    ("intranet", "1"),
                    ("trusted", "2"),
                    ("internet", "3"),
                    ("untrusted", "4"),
                ]),
                "intranet, trusted, internet or untrusted",
            ),
            needed("site", Line(2048), "the site"),
            REMOVE,
        ],
        settings::security_zone,
    ),
    superseding(
        "updates",
        "sets which updates are installed by themselves (MDM_Updates)",
        &[needed(
            "settings",
            Settings(settings::UPDATES),
            "names and values",
        )],
        settings::updates,
    ),
    superseding(
        "security_settings",
        "sets encryption and the nightly maintenance (MDM_SecurityStatus)",
        &[needed(
            "settings",
            Settings(settings::SECURITY),
            "names and values",
        )],
        settings::security,
    ),
    superseding(
        "security_settings_user",
        "sets what the user's account must have (MDM_SecurityStatusUser)",
        &[needed(
            "settings",
            Settings(settings::SECURITY_USER),
            "names and values",
        )],
        settings::security_user,
    ),
    superseding(
        "agent_setting",
        "sets a setting of the OMA DM agent (MDM_ConfigSetting)",
        &[
            needed("name", Line(NAME), "e.g. UnEnrollOnCertExpiry"),
            needed("value", Text(8192), "its value"),
        ],
        settings::agent_setting,
    ),
    superseding(
        "application_setting",
        "sets a setting of an app (MDM_ApplicationSetting)",
        &[
            needed(
                "package_family_name",
                Line(NAME),
                "the app's package family name",
            ),
            needed("name", Line(NAME), "the setting"),
            optional("value", Text(32 * 1024), "its value"),
            optional(
                "value_type",
                OneOf(&[
                    ("string", "0"),
                    ("int", "1"),
                    ("bool", "2"),
                    ("double", "3"),
                ]),
                "string (default), int, bool or double",
            ),
            REMOVE,
        ],
        settings::application_setting,
    ),
    plain(
        "certificate_install",
        "installs a certificate (MDM_Certificate)",
        &[
            needed(
                "certificate",
                Certificate,
                "the certificate, PEM or base64 of its DER",
            ),
            STORES,
            STORE_NAMES,
        ],
        certificates::install,
    ),
    plain(
        "certificate_remove",
        "removes a certificate (MDM_Certificate)",
        &[
            optional("certificate", Certificate, "the certificate, or"),
            optional("thumbprint", Thumbprint, "its SHA-1 thumbprint"),
            STORES,
            STORE_NAMES,
        ],
        certificates::remove,
    ),
    plain(
        "scep_enroll",
        "enrols a certificate by SCEP (MDM_CertificateEnrollment)",
        &[
            needed("request_id", Line(NAME), "an id of the request"),
            STORES,
            needed(
                "enhanced_key_usages",
                Lines(16, 128),
                "OIDs that the certificate must have, all of them",
            ),
            needed("issuers", Lines(16, 512), "issuers, in their letter case"),
            optional("subject_name", Line(1024), "e.g. CN=…"),
            optional(
                "subject_alternative_names",
                Lines(16, 512),
                "alternative names",
            ),
            optional(
                "expiration_threshold_days",
                Integer(1, 3650),
                "renewed when so many days are left",
            ),
            needed(
                "configuration",
                Xml(64 * 1024),
                "the XML for the SCEP service; may hold the challenge",
            ),
        ],
        certificates::scep,
    ),
    superseding(
        "wifi_profile",
        "sets a Wi-Fi profile by its XML (MDM_WirelessProfileXml)",
        &[
            needed("name", Line(NAME), "the profile's name"),
            needed(
                "profile",
                Xml(64 * 1024),
                "the profile's XML; may hold its key",
            ),
        ],
        profiles::wifi_profile,
    ),
    superseding(
        "wifi",
        "sets a Wi-Fi profile by its properties (MDM_WirelessProfile)",
        &[
            needed("name", Line(NAME), "the profile's name"),
            needed("settings", Settings(profiles::WIFI), "names and values"),
        ],
        profiles::wifi,
    ),
    plain(
        "wifi_remove",
        "removes a Wi-Fi profile",
        &[
            needed("name", Line(NAME), "the profile's name"),
            optional(
                "class",
                OneOf(&[
                    ("MDM_WirelessProfileXml", "MDM_WirelessProfileXml"),
                    ("MDM_WirelessProfile", "MDM_WirelessProfile"),
                ]),
                "how it was set; MDM_WirelessProfileXml by default",
            ),
        ],
        profiles::wifi_remove,
    ),
    superseding(
        "vpn_profile",
        "sets a VPN profile (MDM_VpnConnection, a class that Microsoft names without a page: properties as given)",
        &[
            needed("name", Line(NAME), "the profile's name"),
            needed("settings", AnySettings, "names and values"),
        ],
        profiles::vpn_profile,
    ),
    plain(
        "vpn_remove",
        "removes a VPN profile",
        &[needed("name", Line(NAME), "the profile's name")],
        profiles::vpn_remove,
    ),
    superseding(
        "vpn_trigger",
        "lets an app open the VPN (MDM_VpnApplicationTrigger)",
        &[
            needed(
                "package_family_name",
                Line(NAME),
                "the app's package family name",
            ),
            optional(
                "enabled",
                Boolean,
                "whether it does, in all managed profiles; true by default",
            ),
            REMOVE,
        ],
        profiles::vpn_trigger,
    ),
    plain(
        "sideload_key",
        "activates a sideloading product key (MDM_SideLoader)",
        &[needed(
            "key",
            ProductKey,
            "the product key, XXXXX-XXXXX-XXXXX-XXXXX-XXXXX",
        )],
        certificates::sideload_key,
    ),
    plain(
        "sideload_certificate",
        "adds a package-signing certificate (MDM_SideLoader)",
        &[needed(
            "certificate",
            Certificate,
            "the certificate, PEM or base64 of its DER",
        )],
        certificates::sideload_certificate,
    ),
    plain(
        "sideload_deactivate",
        "turns sideloading off (MDM_SideLoader)",
        &[],
        certificates::sideload_deactivate,
    ),
    plain(
        "app_install",
        "has the device install an app (MDM_AppInstallJob)",
        JOB,
        apps::install,
    ),
    plain(
        "app_uninstall",
        "has the device remove an app",
        JOB,
        apps::uninstall,
    ),
    plain(
        "app_upgrade",
        "has the device upgrade an app",
        JOB,
        apps::upgrade,
    ),
    plain(
        "app_status",
        "reads a job's status, last error and progress; without job_id the list of jobs",
        &[optional("job_id", Safe(ARGUMENT), "the job")],
        apps::status,
    ),
    RAW,
    of(
        ALL,
        plain(
            "atomic",
            "commands that are done together or not at all",
            &[needed("commands", Commands, "raw or typed commands")],
            raw::atomic,
        ),
    ),
    of(
        ALL,
        plain(
            "sequence",
            "commands in this order",
            &[needed("commands", Commands, "raw or typed commands")],
            raw::sequence,
        ),
    ),
];
