//! The twelve classes besides the MDM ones that a Windows 10 lists below `./cimv2`: by the
//! references of the firewall (*wfascimprov*), of VPN connections (*vpnclientpsprov*) and of
//! parental controls (*parcon*).

use super::AccessLevel::{System, User};
use super::Cim::{Bool, DateTime, String, Uint16, Uint32, Uint64};
use super::Life::{Fixed, Open};
use super::Values::Range;
use super::{Class, class, limited, method, read, write};

pub(crate) const CLASSES: &[Class] = &[
    class(
        "MSFT_NetFirewallProfile",
        System,
        Fixed,
        &[read("InstanceID", String)],
        &[
            read("Name", String),
            write("Enabled", Uint16),
            write("DefaultInboundAction", Uint16),
            write("DefaultOutboundAction", Uint16),
            write("AllowInboundRules", Uint16),
            write("AllowLocalFirewallRules", Uint16),
            write("AllowLocalIPsecRules", Uint16),
            write("AllowUserApps", Uint16),
            write("AllowUserPorts", Uint16),
            write("AllowUnicastResponseToMulticast", Uint16),
            write("NotifyOnListen", Uint16),
            write("LogFileName", String),
            write("LogMaxSizeKilobytes", Uint64),
            write("LogAllowed", Uint16),
            write("LogBlocked", Uint16),
            write("LogIgnored", Uint16),
            write("DisabledInterfaceAliases", String),
            write("EnableStealthModeForIPsec", Uint16),
            read("Caption", String),
            read("Description", String),
            read("ElementName", String),
        ],
    ),
    class(
        "MSFT_VpnConnection",
        User,
        Open,
        &[read("Name", String), read("AllUserConnection", Bool)],
        &[write("Profile", String)],
    )
    .with_main("Profile")
    .with_methods(&[method("Set", Some("Profile"))]),
    class(
        "WpcAppOverride",
        User,
        Open,
        &[read("RuleID", String), read("SID", String)],
        &[read("Path", String)],
    ),
    class(
        "WpcGameOverride",
        User,
        Open,
        &[read("AppID", String), read("SID", String)],
        &[limited("Allowed", Uint32, Range(0, 2))],
    ),
    class(
        "WpcGamesSettings",
        User,
        Fixed,
        &[read("SID", String)],
        &[
            write("Blocked", Bool),
            read("SystemID", String),
            write("AllowUnrated", Bool),
            write("MaxAllowed", String),
            write("DeniedDescriptors", String),
        ],
    ),
    class(
        "WpcRating",
        System,
        Fixed,
        &[read("ID", String), read("SystemID", String)],
        &[
            read("LongName", String),
            read("ShortName", String),
            read("Description", String),
            read("IsDeprecated", String),
            read("UpdatedRating", String),
            read("Level", Uint32),
            read("MinAge", Uint32),
            read("IconPath", String),
            read("IconResourceID", String),
            read("IconType", String),
        ],
    ),
    class(
        "WpcRatingsDescriptor",
        System,
        Fixed,
        &[read("ID", String), read("SystemID", String)],
        &[
            read("Name", String),
            read("Description", String),
            read("IsDeprecated", Bool),
            read("UpdatedDescriptor", String),
            read("IconPath", String),
            read("IconResourceID", String),
            read("IconType", String),
            read("Properties", Uint32),
        ],
    ),
    class(
        "WpcRatingsSystem",
        System,
        Fixed,
        &[read("ID", String)],
        &[
            read("Type", Uint32),
            read("LongName", String),
            read("ShortName", String),
            read("Description", String),
            read("WebAddress", String),
            read("LogoPath", String),
            read("LogoResourceID", String),
            read("LogoResourceType", String),
            read("Version", String),
        ],
    ),
    class(
        "WpcSystemSettings",
        System,
        Fixed,
        &[],
        &[
            write("CurrentGamesRatingSystem", String),
            write("HTTPExemptionList", String),
            read("WinHTTPExemptionList", String),
            write("URLExemptionList", String),
            read("WinURLExemptionList", String),
            write("LogViewReminderInterval", Uint32),
            write("LastLogView", DateTime),
            write("FilterID", String),
            write("FilterName", String),
        ],
    )
    .with_methods(&[
        method("AddUser", Some("strSID")),
        method("RemoveUser", Some("strSID")),
    ]),
    class(
        "WpcURLOverride",
        User,
        Open,
        &[read("URL", String), read("SID", String)],
        &[limited("Allowed", Uint32, Range(0, 2))],
    ),
    class(
        "WpcUserSettings",
        User,
        Fixed,
        &[read("SID", String)],
        &[
            write("WpcEnabled", Bool),
            write("LoggingRequired", Bool),
            write("HourlyRestrictions", Bool),
            write("OverrideRequests", Bool),
            // Seven numbers, as text: how an agent writes an array is unknown.
            write("LogonHours", String),
            write("AppRestrictions", Bool),
        ],
    ),
    class(
        "WpcWebSettings",
        User,
        Fixed,
        &[read("SID", String)],
        &[
            write("FilterOn", Bool),
            limited("FilterLevel", Uint32, Range(0, 5)),
            write("FileDownloadsBlocked", Bool),
            write("BlockUnrated", Bool),
            write("BlockedCategoryList", String),
        ],
    ),
];
