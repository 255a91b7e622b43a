//! The classes of the MDM Settings and MDM Application Providers (Microsoft's
//! *mdmsettingsprov* and *mdmappprov* references).
//!
//! Reads of what is the device's are inventory; what an enrolled user's profile
//! holds is not (seed 004: such tasks need impersonation).

use super::class::{Method, WmiClass};
use super::property::{CimType, Property, choice, flag, line, names, number, reads, xml};
use crate::kind::Kind::{
    self, AppInstall, AppStatus, Certificate, ChannelRead, Inventory, Lock, PasswordReset, Profile,
    Setting, Sideloading, Unenroll, UserRead, WnsConfiguration,
};

/// The classes; see [`super::TABLES`] before adding one.
pub(super) static CLASSES: &[&WmiClass] = &[
    &CLIENT,
    &WNS_CONFIGURATION,
    &WNS_CHANNEL,
    &CONFIG_SETTING,
    &EAS_POLICY,
    &MGMT_AUTHORITY,
    &SIDE_LOADER,
    &SECURITY_STATUS,
    &SECURITY_STATUS_USER,
    &UPDATES,
    &RESTRICTIONS,
    &RESTRICTIONS_USER,
    &BROWSER_SETTINGS,
    &BROWSER_SECURITY_ZONES,
    &CERTIFICATE,
    &CERTIFICATE_ENROLLMENT,
    &APPLICATION_SETTING,
    &DEVICE_REGISTRATION_INFO,
    &VPN_APPLICATION_TRIGGER,
    &WIRELESS_PROFILE_XML,
    &WIRELESS_PROFILE,
    &APP_INSTALL_JOB,
    &APPLICATION,
    &APPLICATION_FRAMEWORK,
    &APPLICATION_MIN_VERSION,
    &WEB_APPLICATION,
    &REMOTE_APPLICATION,
    &REMOTE_APP_USER_COOKIE,
    &VPN_CONNECTION,
];

const fn method(name: &'static str, kind: Kind) -> Method {
    Method { name, kind }
}

/// Longest of the texts that name a file or a site, bytes.
const URL: usize = 2048;

pub(crate) static CLIENT: WmiClass = WmiClass::new("MDM_Client", Inventory)
    .keys(&["DeviceClientID"])
    .methods(&[
        method("SendUnenrollRequest", Unenroll),
        method("LockWorkstation", Lock),
        method("ResetUserPassword", PasswordReset),
    ])
    .properties(reads! {
        DeviceClientID, DeviceName, DomainSID, PlatformID, ProcessorDescription, UserSid, Version
    });

pub(crate) static WNS_CONFIGURATION: WmiClass = WmiClass::new("MDM_WNSConfiguration", UserRead)
    .keys(&["AppId"])
    .methods(&[method("UpdateConfiguration", WnsConfiguration)])
    .secret();

pub(crate) static WNS_CHANNEL: WmiClass = WmiClass::new("MDM_WNSChannel", ChannelRead)
    .keys(&["AppId"])
    .properties(names! { Channel, ExpirationTime, ChannelStatus, LastError })
    .secret();

pub(crate) static CONFIG_SETTING: WmiClass = WmiClass::new("MDM_ConfigSetting", UserRead)
    .keys(&["SettingName"])
    .write(Setting)
    .properties(names! { SettingValue });

pub(crate) static EAS_POLICY: WmiClass = WmiClass::new("MDM_EASPolicy", UserRead)
    .keys(&["Key"])
    .write(Setting)
    .methods(&[method("SetValues", Setting)]);

/// The names that `MDM_EASPolicy.SetValues` takes: those of Windows'
/// EasClientSecurityPolicy, of which only MinPasswordLength is published for this
/// class.
pub(crate) static EAS_VALUES: &[Property] = &[
    flag("DisallowConvenienceLogon"),
    number("MaxInactivityTimeLock", 0, 9999),
    number("MaxPasswordFailedAttempts", 4, 16),
    number("MinPasswordComplexCharacters", 1, 4),
    number("MinPasswordLength", 1, 16),
    number("PasswordExpiration", 0, 730),
    number("PasswordHistory", 0, 50),
    flag("RequireEncryption"),
];

static MGMT_AUTHORITY: WmiClass = WmiClass::new("MDM_MgmtAuthority", Inventory)
    .write(Setting)
    .methods(&[method("CreateNewAuthority", Setting)])
    .properties(reads! { AuthorityName, RootThumbprint, ProvisionedCertThumbprint, ServerList });

/// That its key is `key` is assumed, after its sister classes.
pub(crate) static SIDE_LOADER: WmiClass = WmiClass::new("MDM_SideLoader", Inventory)
    .keys(&["key"])
    .methods(&[
        method("ActivateKey", Sideloading),
        method("AddCertificate", Sideloading),
        method("UnActivateLOB", Sideloading),
    ])
    .properties(&[
        Property::named("ProductKeyHash").inventoried(),
        Property::named("ProductKey").secret(),
    ]);

pub(crate) static SECURITY_STATUS: WmiClass = WmiClass::new("MDM_SecurityStatus", Inventory)
    .keys(&["Key"])
    .write(Setting)
    .properties(&[
        Property::named("FirewallStatus")
            .of(CimType::Integer)
            .inventoried(),
        Property::named("AntiVirusStatus")
            .of(CimType::Integer)
            .inventoried(),
        Property::named("AntiVirusSignatureStatus")
            .of(CimType::Integer)
            .inventoried(),
        Property::named("AutoUpdateStatus")
            .of(CimType::Integer)
            .inventoried(),
        flag("RequireEncryption").inventoried(),
        number("MaintenanceScheduleStartHour", 0, 23).inventoried(),
        line("MaintenanceScheduleDelayPattern", 32).inventoried(),
        flag("MaintenanceScheduleAllowWakeup").inventoried(),
        flag("IsMicrosoftAccountOptional").inventoried(),
        line("ApplicationContentUriRules", 8192),
    ]);

pub(crate) static SECURITY_STATUS_USER: WmiClass =
    WmiClass::new("MDM_SecurityStatusUser", UserRead)
        .keys(&["key"])
        .write(Setting)
        .properties(&[
            choice("ConnectedAccountPolicy", REQUIRED),
            choice("DeviceEncryptionPolicy", REQUIRED),
        ]);

const REQUIRED: &[(&str, &str)] = &[("not_required", "0"), ("required", "1")];

pub(crate) static UPDATES: WmiClass = WmiClass::new("MDM_Updates", Inventory)
    .keys(&["key"])
    .write(Setting)
    .properties(&[choice(
        "AutoUpdatePolicy",
        &[("none", "0"), ("important", "1"), ("recommended", "2")],
    )
    .of(CimType::Integer)
    .inventoried()]);

pub(crate) static RESTRICTIONS: WmiClass = WmiClass::new("MDM_Restrictions", Inventory)
    .keys(&["Key"])
    .write(Setting)
    .properties(&[
        flag("DiagnosticsSubmissionEnabled").inventoried(),
        flag("DataRoamingEnabled").inventoried(),
        flag("BluetoothEnabled").inventoried(),
        flag("WifiEnabled").inventoried(),
        flag("PCSettingsSyncEnabled").inventoried(),
        flag("PCSettingsMeteredNetworkSyncEnabled").inventoried(),
        flag("PCSettingsPasswordSyncEnabled").inventoried(),
        flag("EcsAutoProvisionEnabled").inventoried(),
        flag("SmartScreenEnabled").inventoried(),
        flag("IEEnterpriseModeEnabled").inventoried(),
        line("EcsSyncUrl", URL).inventoried(),
        line("IEEnterpriseModeEnabledURL", URL),
        line("IEEnterpriseModeSitelist", URL),
        choice(
            "UserAccountControlStatus",
            &[
                ("always_notify", "0"),
                ("app_changes", "1"),
                ("app_changes_do_not_dim", "2"),
                ("never_notify", "3"),
            ],
        )
        .of(CimType::Integer)
        .inventoried(),
    ]);

pub(crate) static RESTRICTIONS_USER: WmiClass = WmiClass::new("MDM_RestrictionsUser", UserRead)
    .keys(&["Key"])
    .write(Setting)
    .properties(&[
        flag("PCSettingsSyncEnabled"),
        flag("PCSettingsMeteredNetworkSyncEnabled"),
        flag("PCSettingsPasswordSyncEnabled"),
    ]);

const ZONE: &[(&str, &str)] = &[
    ("low", "1"),
    ("medium_low", "2"),
    ("medium", "3"),
    ("medium_high", "4"),
    ("high", "5"),
];

pub(crate) static BROWSER_SETTINGS: WmiClass = WmiClass::new("MDM_BrowserSettings", UserRead)
    .keys(&["Key"])
    .write(Setting)
    .properties(&[
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
    ]);

pub(crate) static BROWSER_SECURITY_ZONES: WmiClass =
    WmiClass::new("MDM_BrowserSecurityZones", UserRead)
        .keys(&["Zone", "Namespace"])
        .write(Setting)
        .properties(names! { Exists });

pub(crate) static CERTIFICATE: WmiClass = WmiClass::new("MDM_Certificate", UserRead)
    .keys(&["StoreLocation", "StoreName", "Thumbprint"])
    .write(Certificate)
    .properties(names! { Blob });

pub(crate) static CERTIFICATE_ENROLLMENT: WmiClass =
    WmiClass::new("MDM_CertificateEnrollment", UserRead)
        .keys(&["RequestID", "StoreLocation", "EnhancedKeyUsages", "Issuers"])
        .write(Certificate)
        .properties(&[
            Property::named("SubjectName"),
            Property::named("SubjectAlternativeNames"),
            Property::named("ExpirationThreshold"),
            Property::named("ConfigurationParameters").secret(),
        ]);

pub(crate) static APPLICATION_SETTING: WmiClass = WmiClass::new("MDM_ApplicationSetting", UserRead)
    .keys(&["PackageFamilyName", "SettingName"])
    .write(Setting)
    .properties(names! { SettingType, SettingValue });

static DEVICE_REGISTRATION_INFO: WmiClass = WmiClass::new("MDM_DeviceRegistrationInfo", Inventory)
    .properties(reads! { DeviceId, UPN, CertificateThumbprint });

pub(crate) static VPN_APPLICATION_TRIGGER: WmiClass =
    WmiClass::new("MDM_VpnApplicationTrigger", UserRead)
        .keys(&["ApplicationID"])
        .write(Profile)
        .properties(names! { TriggerEnabledInAllMDMProfiles });

pub(crate) static WIRELESS_PROFILE_XML: WmiClass =
    WmiClass::new("MDM_WirelessProfileXml", UserRead)
        .keys(&["Name"])
        .write(Profile)
        .properties(names! { ProfileXml })
        .secret();

pub(crate) static WIRELESS_PROFILE: WmiClass = WmiClass::new("MDM_WirelessProfile", UserRead)
    .keys(&["Name"])
    .write(Profile)
    .properties(&[
        line("SSID", 32),
        line("SharedKeyMaterial", 256),
        xml("OneXEAPXml", 64 * 1024),
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
    ])
    .secret();

pub(crate) static APP_INSTALL_JOB: WmiClass = WmiClass::new("MDM_AppInstallJob", AppStatus)
    .keys(&["JobID"])
    .write(AppInstall)
    .methods(&[method("CreateJob", AppInstall)])
    .properties(names! { Status, LastError, Progress });

pub(crate) static APPLICATION: WmiClass = WmiClass::new("MDM_Application", UserRead)
    .keys(&["PackageFullName"])
    .write(AppInstall)
    .properties(reads! {
        PackageFullName, PackageName, PackagePublisher, PackageVersion, IsFramework,
        IsResourcePackage, IsBundle, IsDevelopmentMode
    });

static APPLICATION_FRAMEWORK: WmiClass =
    WmiClass::new("MDM_ApplicationFramework", UserRead).write(AppInstall);

static APPLICATION_MIN_VERSION: WmiClass =
    WmiClass::new("MDM_ApplicationMinVersion", UserRead).write(AppInstall);

static WEB_APPLICATION: WmiClass = WmiClass::new("MDM_WebApplication", UserRead)
    .write(AppInstall)
    .properties(reads! { PackageName, PackageUrl, ShortcutFolder, ShortcutFilename });

static REMOTE_APPLICATION: WmiClass = WmiClass::new("MDM_RemoteApplication", UserRead)
    .write(AppInstall)
    .properties(reads! { FeedUrl, AppId });

static REMOTE_APP_USER_COOKIE: WmiClass = WmiClass::new("MDM_RemoteAppUserCookie", UserRead)
    .write(AppInstall)
    .secret();

/// Microsoft names it without a page of its own.
pub(crate) static VPN_CONNECTION: WmiClass = WmiClass::new("MDM_VpnConnection", UserRead)
    .keys(&["Name"])
    .write(Profile)
    .secret();
