//! The classes of the MDM Settings and MDM Application Providers (Microsoft's
//! *mdmsettingsprov* and *mdmappprov* references).
//!
//! Reads of what is the device's are inventory; what an enrolled user's profile
//! holds is not (the MDMAgent article: such tasks need impersonation).

use super::class::{Method, WmiClass};
use super::property::{CimType, Property, choice, flag, line, names, number, reads, xml};
use crate::kind::Kind::{
    self, AppInstall, AppStatus, Certificate, ChannelRead, Inventory, Lock, PasswordReset, Profile,
    Setting, Sideloading, Unenroll, UserRead, WnsConfiguration,
};

/// Declares the classes and lists them in their order. Rows are laid out by hand.
macro_rules! classes {
    ($($(#[$about:meta])* $id:ident = $class:expr;)*) => {
        $($(#[$about])* pub(crate) static $id: WmiClass = $class;)*

        /// The classes; see [`super::TABLES`] before adding one.
        pub(super) static CLASSES: &[&WmiClass] = &[$(&$id),*];
    };
}

const fn method(name: &'static str, kind: Kind) -> Method {
    Method { name, kind }
}

/// Longest of the texts that name a file or a site, bytes.
const URL: usize = 2048;

const ZONE: &[(&str, &str)] = &[
    ("low", "1"),
    ("medium_low", "2"),
    ("medium", "3"),
    ("medium_high", "4"),
    ("high", "5"),
];
const MEDIUM_ZONE: &[(&str, &str)] = &[("medium", "3"), ("medium_high", "4"), ("high", "5")];
const ENCRYPTION: &[(&str, &str)] = &[("none", "1"), ("wep", "2"), ("tkip", "3"), ("aes", "4")];
const REQUIRED: &[(&str, &str)] = &[("not_required", "0"), ("required", "1")];

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

classes! {
    CLIENT = WmiClass::new("MDM_Client", Inventory).keys(&["DeviceClientID"]).methods(&[
            method("SendUnenrollRequest", Unenroll),
            method("LockWorkstation", Lock),
            method("ResetUserPassword", PasswordReset),
        ])
        .properties(reads! {
            DeviceClientID, DeviceName, DomainSID, PlatformID, ProcessorDescription, UserSid,
            Version
        });
    WNS_CONFIGURATION = WmiClass::new("MDM_WNSConfiguration", ChannelRead).keys(&["AppId"])
        .properties(names! { ConfigurationStatus })
        .methods(&[method("UpdateConfiguration", WnsConfiguration)]).secret();
    WNS_CHANNEL = WmiClass::new("MDM_WNSChannel", ChannelRead).keys(&["AppId"])
        .properties(names! { Channel, ExpirationTime, ChannelStatus, LastError }).secret();
    CONFIG_SETTING = WmiClass::new("MDM_ConfigSetting", UserRead).keys(&["SettingName"])
        .write(Setting).properties(names! { SettingValue });
    EAS_POLICY = WmiClass::new("MDM_EASPolicy", UserRead).keys(&["Key"]).write(Setting)
        .methods(&[method("SetValues", Setting)]);
    MGMT_AUTHORITY = WmiClass::new("MDM_MgmtAuthority", Inventory).write(Setting)
        .methods(&[method("CreateNewAuthority", Setting)])
        .properties(reads! {
            AuthorityName, RootThumbprint, ProvisionedCertThumbprint, ServerList
        });
    /// That its key is `key` is assumed, after its sister classes.
    SIDE_LOADER = WmiClass::new("MDM_SideLoader", Inventory).keys(&["key"]).methods(&[
            method("ActivateKey", Sideloading),
            method("AddCertificate", Sideloading),
            method("UnActivateLOB", Sideloading),
        ]).properties(&[
            Property::named("ProductKeyHash").inventoried(),
            Property::named("ProductKey").secret(),
        ]);
    SECURITY_STATUS = WmiClass::new("MDM_SecurityStatus", Inventory).keys(&["Key"]).write(Setting)
        .properties(&[
            Property::named("FirewallStatus").of(CimType::Integer).inventoried(),
            Property::named("AntiVirusStatus").of(CimType::Integer).inventoried(),
            Property::named("AntiVirusSignatureStatus").of(CimType::Integer).inventoried(),
            Property::named("AutoUpdateStatus").of(CimType::Integer).inventoried(),
            flag("RequireEncryption").inventoried(),
            number("MaintenanceScheduleStartHour", 0, 23).inventoried(),
            line("MaintenanceScheduleDelayPattern", 32).inventoried(),
            flag("MaintenanceScheduleAllowWakeup").inventoried(),
            flag("IsMicrosoftAccountOptional").inventoried(),
            line("ApplicationContentUriRules", 8192),
        ]);
    SECURITY_STATUS_USER = WmiClass::new("MDM_SecurityStatusUser", UserRead).keys(&["key"])
        .write(Setting).properties(&[
            choice("ConnectedAccountPolicy", REQUIRED),
            choice("DeviceEncryptionPolicy", REQUIRED),
        ]);
    UPDATES = WmiClass::new("MDM_Updates", Inventory).keys(&["key"]).write(Setting).properties(&[
            choice("AutoUpdatePolicy", &[("none", "0"), ("important", "1"), ("recommended", "2")])
                .of(CimType::Integer).inventoried(),
        ]);
    RESTRICTIONS = WmiClass::new("MDM_Restrictions", Inventory).keys(&["Key"]).write(Setting)
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
            choice("UserAccountControlStatus", &[
                ("always_notify", "0"), ("app_changes", "1"), ("app_changes_do_not_dim", "2"),
                ("never_notify", "3"),
            ]).of(CimType::Integer).inventoried(),
        ]);
    RESTRICTIONS_USER = WmiClass::new("MDM_RestrictionsUser", UserRead).keys(&["Key"])
        .write(Setting).properties(&[
            flag("PCSettingsSyncEnabled"),
            flag("PCSettingsMeteredNetworkSyncEnabled"),
            flag("PCSettingsPasswordSyncEnabled"),
        ]);
    BROWSER_SETTINGS = WmiClass::new("MDM_BrowserSettings", UserRead).keys(&["Key"])
        .write(Setting).properties(&[
            flag("ForceFraudWarning"),
            flag("AutofillEnabled"),
            flag("InternetScriptingEnabled"),
            flag("InternetPluginsEnabled"),
            flag("InternetBlockPopups"),
            flag("AlwaysSendDoNotTrackHeader"),
            flag("IntranetSecurityZoneEnabled"),
            flag("InternetProtectedModeEnabled"),
            flag("GoToIntranetForSingleWord"),
            choice("InternetZoneSecurityLevel", MEDIUM_ZONE),
            choice("IntranetZoneSecurityLevel", ZONE),
            choice("RestrictedSitesZoneSecurityLevel", ZONE),
            choice("TrustedSitesZoneSecurityLevel", ZONE),
        ]);
    BROWSER_SECURITY_ZONES = WmiClass::new("MDM_BrowserSecurityZones", UserRead)
        .keys(&["Zone", "Namespace"]).write(Setting).properties(names! { Exists });
    CERTIFICATE = WmiClass::new("MDM_Certificate", UserRead)
        .keys(&["StoreLocation", "StoreName", "Thumbprint"]).write(Certificate)
        .properties(names! { Blob });
    CERTIFICATE_ENROLLMENT = WmiClass::new("MDM_CertificateEnrollment", UserRead)
        .keys(&["RequestID", "StoreLocation", "EnhancedKeyUsages", "Issuers"]).write(Certificate)
        .properties(&[
            Property::named("SubjectName"),
            Property::named("SubjectAlternativeNames"),
            Property::named("ExpirationThreshold"),
            Property::named("ConfigurationParameters").secret(),
        ]);
    APPLICATION_SETTING = WmiClass::new("MDM_ApplicationSetting", UserRead)
        .keys(&["PackageFamilyName", "SettingName"]).write(Setting)
        .properties(names! { SettingType, SettingValue });
    DEVICE_REGISTRATION_INFO = WmiClass::new("MDM_DeviceRegistrationInfo", Inventory)
        .properties(reads! { DeviceId, UPN, CertificateThumbprint });
    VPN_APPLICATION_TRIGGER = WmiClass::new("MDM_VpnApplicationTrigger", UserRead)
        .keys(&["ApplicationID"]).write(Profile)
        .properties(names! { TriggerEnabledInAllMDMProfiles });
    WIRELESS_PROFILE_XML = WmiClass::new("MDM_WirelessProfileXml", UserRead).keys(&["Name"])
        .write(Profile).properties(names! { ProfileXml }).secret();
    WIRELESS_PROFILE = WmiClass::new("MDM_WirelessProfile", UserRead).keys(&["Name"])
        .write(Profile).properties(&[
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
            choice("SecurityAuthentication", &[("open", "1"), ("wpa_personal", "2"),
                ("wpa2_personal", "3"), ("wpa_enterprise", "4"), ("wpa2_enterprise", "5"),
                ("shared", "6"), ("wep", "7")]),
            choice("SecurityEncryption", ENCRYPTION),
            choice("SharedKeyType", &[("pass_phrase", "1"), ("network_key", "2")]),
            choice("OneXAuthenticationMode", &[("machine_or_user", "1"), ("machine", "2"),
                ("user", "3"), ("guest", "4")]),
            choice("OneXSingleSignOnType", &[("pre_logon", "1"), ("post_logon", "2")]),
            choice("OneXEAPType", &[("tls", "13"), ("sim", "18"), ("ttls", "21"), ("aka", "23"),
                ("peap", "25"), ("aka_prime", "50")]),
            number("PMKCacheSize", 1, 255),
            number("PMKCacheTTL", 5, 1440),
            number("PreAuthThrottle", 1, 16),
            number("OneXSingleSignOnMaxDelay", 0, 120),
        ]).secret();
    APP_INSTALL_JOB = WmiClass::new("MDM_AppInstallJob", AppStatus).keys(&["JobID"])
        .write(AppInstall).methods(&[method("CreateJob", AppInstall)])
        .properties(names! { Status, LastError, Progress });
    APPLICATION = WmiClass::new("MDM_Application", UserRead).keys(&["PackageFullName"])
        .write(AppInstall)
        .properties(reads! {
            PackageFullName, PackageName, PackagePublisher, PackageVersion, IsFramework,
            IsResourcePackage, IsBundle, IsDevelopmentMode
        });
    APPLICATION_FRAMEWORK = WmiClass::new("MDM_ApplicationFramework", UserRead).write(AppInstall);
    APPLICATION_MIN_VERSION = WmiClass::new("MDM_ApplicationMinVersion", UserRead)
        .write(AppInstall);
    WEB_APPLICATION = WmiClass::new("MDM_WebApplication", UserRead).write(AppInstall)
        .properties(reads! { PackageName, PackageUrl, ShortcutFolder, ShortcutFilename });
    REMOTE_APPLICATION = WmiClass::new("MDM_RemoteApplication", UserRead).write(AppInstall)
        .properties(reads! { FeedUrl, AppId });
    REMOTE_APP_USER_COOKIE = WmiClass::new("MDM_RemoteAppUserCookie", UserRead).write(AppInstall)
        .secret();
    /// Microsoft names it without a page of its own.
    VPN_CONNECTION = WmiClass::new("MDM_VpnConnection", UserRead).keys(&["Name"]).write(Profile)
        .secret();
}
