//! Classes that a Windows 10 client lists below `./cimv2`, or "WMI providers supported in
//! Windows" names, besides those of the other tables. Each is what its own reference says:
//! *wfascimprov* of the firewall's profile, *vpnclientpsprov* of the VPN connection,
//! *parcon* of the parental controls, *sppwmi* of licensing, *cimwin32prov* of the rest.
//!
//! What is kept once per computer is inventory. What is kept per account (`Wpc…` with a
//! SID, settings of desktops and logons, printers, of which each user has others) is not.

use super::class::{WmiClass, method};
use super::property::CimType::{Boolean, DateTime, String, Uint16, Uint32, Uint64};
use super::property::{of, reads};
use crate::kind::Kind::{AppInstall, AppStatus, Inventory, Profile, Setting, UserRead};

/// The classes; see [`super::TABLES`] before adding one.
pub(super) static CLASSES: &[&WmiClass] = &[
    &WmiClass::new("MSFT_NetFirewallProfile", Inventory)
        .keys(&["InstanceID"])
        .write(Setting)
        .properties(&[
            of("Name", String),
            of("Enabled", Uint16),
            of("DefaultInboundAction", Uint16),
            of("DefaultOutboundAction", Uint16),
            of("AllowInboundRules", Uint16),
            of("AllowLocalFirewallRules", Uint16),
            of("AllowLocalIPsecRules", Uint16),
            of("AllowUserApps", Uint16),
            of("AllowUserPorts", Uint16),
            of("AllowUnicastResponseToMulticast", Uint16),
            of("NotifyOnListen", Uint16),
            of("LogFileName", String),
            of("LogMaxSizeKilobytes", Uint64),
            of("LogAllowed", Uint16),
            of("LogBlocked", Uint16),
            of("LogIgnored", Uint16),
            of("DisabledInterfaceAliases", String).array(),
            of("EnableStealthModeForIPsec", Uint16),
            of("InstanceID", String),
            of("Caption", String),
            of("Description", String),
            of("ElementName", String),
        ]),
    // Of the system or of a user; the profile may hold a pre-shared key.
    &WmiClass::new("MSFT_VpnConnection", UserRead)
        .keys(&["Name", "AllUserConnection"])
        .write(Profile)
        .methods(&[method("Set", "Profile", Profile)])
        .properties(&[
            of("Name", String),
            of("AllUserConnection", Boolean),
            of("Profile", String).secret(),
        ]),
    // Parental controls. Those of an account name it by its SID.
    &WmiClass::new("WpcAppOverride", UserRead)
        .keys(&["RuleID", "SID"])
        .write(Setting)
        .properties(reads! { RuleID, SID, Path }),
    &WmiClass::new("WpcGameOverride", UserRead)
        .keys(&["AppID", "SID"])
        .write(Setting)
        .properties(reads! { AppID, SID, Allowed: Uint32 }),
    &WmiClass::new("WpcGamesSettings", UserRead)
        .keys(&["SID"])
        .write(Setting)
        .properties(&[
            of("SID", String),
            of("Blocked", Boolean),
            of("SystemID", String),
            of("AllowUnrated", Boolean),
            of("MaxAllowed", String),
            of("DeniedDescriptors", String).array(),
        ]),
    // The three of ratings are only read.
    &WmiClass::new("WpcRating", Inventory)
        .keys(&["ID", "SystemID"])
        .properties(reads! {
            ID, SystemID, LongName, ShortName, Description, IsDeprecated, UpdatedRating,
            Level: Uint32, MinAge: Uint32, IconPath, IconResourceID, IconType
        }),
    &WmiClass::new("WpcRatingsDescriptor", Inventory)
        .keys(&["ID", "SystemID"])
        .properties(reads! {
            ID, SystemID, Name, Description, IsDeprecated: Boolean, UpdatedDescriptor, IconPath,
            IconResourceID, IconType, Properties: Uint32
        }),
    &WmiClass::new("WpcRatingsSystem", Inventory)
        .keys(&["ID"])
        .properties(reads! {
            ID, Type: Uint32, LongName, ShortName, Description, WebAddress, LogoPath,
            LogoResourceID, LogoResourceType, Version
        }),
    &WmiClass::new("WpcSystemSettings", Inventory)
        .write(Setting)
        .methods(&[
            method("AddUser", "strSID", Setting),
            method("RemoveUser", "strSID", Setting),
        ])
        .properties(&[
            of("CurrentGamesRatingSystem", String),
            of("HTTPExemptionList", String).array(),
            of("WinHTTPExemptionList", String).array(),
            of("URLExemptionList", String).array(),
            of("WinURLExemptionList", String).array(),
            of("LogViewReminderInterval", Uint32),
            of("LastLogView", DateTime),
            of("FilterID", String),
            of("FilterName", String),
        ]),
    &WmiClass::new("WpcURLOverride", UserRead)
        .keys(&["URL", "SID"])
        .write(Setting)
        .properties(reads! { URL, SID, Allowed: Uint32 }),
    &WmiClass::new("WpcUserSettings", UserRead)
        .keys(&["SID"])
        .write(Setting)
        .properties(&[
            of("SID", String),
            of("WpcEnabled", Boolean),
            of("LoggingRequired", Boolean),
            of("HourlyRestrictions", Boolean),
            of("OverrideRequests", Boolean),
            of("LogonHours", Uint32).array(),
            of("AppRestrictions", Boolean),
        ]),
    &WmiClass::new("WpcWebSettings", UserRead)
        .keys(&["SID"])
        .write(Setting)
        .properties(&[
            of("SID", String),
            of("FilterOn", Boolean),
            of("FilterLevel", Uint32),
            of("FileDownloadsBlocked", Boolean),
            of("BlockUnrated", Boolean),
            of("BlockedCategoryList", Uint32).array(),
        ]),
    &WmiClass::new("SoftwareLicensingProduct", Inventory).keys(&["ID"]),
    &WmiClass::new("SoftwareLicensingService", Inventory).keys(&["Version"]),
    // Named without a page; taken for what their sisters of the app provider are.
    &WmiClass::new("MDM_MsiApplication", UserRead).write(AppInstall),
    &WmiClass::new("MDM_MsiInstallJob", AppStatus).write(AppInstall),
    &WmiClass::new("Win32_Desktop", UserRead),
    &WmiClass::new("Win32_DriverVXD", Inventory),
    &WmiClass::new("Win32_Environment", UserRead),
    &WmiClass::new("Win32_LoadOrderGroup", Inventory),
    &WmiClass::new("Win32_LoggedOnUser", UserRead),
    &WmiClass::new("Win32_NetworkLoginProfile", UserRead),
    &WmiClass::new("Win32_NTEventlogFile", Inventory),
    &WmiClass::new("Win32_ParallelPort", Inventory),
    &WmiClass::new("Win32_PCMCIAController", Inventory),
    &WmiClass::new("Win32_Printer", UserRead),
    &WmiClass::new("Win32_PrinterConfiguration", UserRead),
    &WmiClass::new("Win32_SerialPortConfiguration", Inventory),
    &WmiClass::new("Win32_ServerFeature", Inventory),
    &WmiClass::new("Win32_SystemAccount", Inventory),
    &WmiClass::new("Win32_UninterruptiblePowerSupply", Inventory),
];
