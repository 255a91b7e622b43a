//! The classes of the MDM Settings Provider (Microsoft's *mdmsettingsprov* reference:
//! one page per class, with the types of its properties and the parameters of its
//! methods; `microsoft/wmi` lists the same of a running system).
//!
//! Reads of what is the device's are inventory; what an enrolled user's profile
//! holds is not (the MDMAgent article: such tasks need impersonation).

use super::class::{WmiClass, bare_method, classes, method};
use super::property::CimType::{Boolean, DateTime, String, Uint8, Uint32};
use super::property::{Property, choice, flag, line, number, of, reads, xml};
use crate::kind::Kind::{
    Certificate, ChannelRead, Inventory, Lock, PasswordReset, Profile, Setting, Sideloading,
    Unenroll, UserRead, WnsConfiguration,
};

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
            method("SendUnenrollRequest", "DeviceClientID", Unenroll),
            bare_method("LockWorkstation", Lock),
            method("ResetUserPassword", "ConfigString", PasswordReset),
        ])
        .properties(reads! {
            DeviceClientID, DeviceName, DomainSID, PlatformID, ProcessorDescription, UserSid,
            Version
        });
    WNS_CONFIGURATION = WmiClass::new("MDM_WNSConfiguration", ChannelRead).keys(&["AppId"])
        .methods(&[method("UpdateConfiguration", "ConfigString", WnsConfiguration)])
        .properties(reads! { AppId, ConfigurationStatus: Uint32 });
    WNS_CHANNEL = WmiClass::new("MDM_WNSChannel", ChannelRead).keys(&["AppId"])
        .properties(&[
            of("AppId", String),
            of("UserSID", String),
            of("Channel", String).secret(),
            of("ExpirationTime", DateTime),
            of("ChannelStatus", Uint32),
            of("LastError", Uint32),
        ]).secret();
    CONFIG_SETTING = WmiClass::new("MDM_ConfigSetting", UserRead).keys(&["SettingName"])
        .write(Setting).properties(reads! { SettingName, SettingValue });
    EAS_POLICY = WmiClass::new("MDM_EASPolicy", UserRead).keys(&["Key"]).write(Setting)
        .methods(&[method("SetValues", "NamedValuesList", Setting)])
        .properties(reads! { Key: Uint32 });
    MGMT_AUTHORITY = WmiClass::new("MDM_MgmtAuthority", Inventory).keys(&["AuthorityName"])
        .write(Setting).methods(&[method("CreateNewAuthority", "AuthorityName", Setting)])
        .properties(reads! {
            AuthorityName, RootThumbprint, ProvisionedCertThumbprint, ClientSearchCriteria,
            ServerList
        });
    SIDE_LOADER = WmiClass::new("MDM_SideLoader", Inventory).keys(&["key"]).methods(&[
            method("ActivateKey", "ProductKey", Sideloading),
            method("AddCertificate", "CertificateBlob", Sideloading),
            bare_method("UnActivateLOB", Sideloading),
        ]).properties(reads! { key: Uint32, ProductKeyHash });
    SECURITY_STATUS = WmiClass::new("MDM_SecurityStatus", Inventory).keys(&["Key"]).write(Setting)
        .properties(&[
            of("Key", Uint32),
            of("FirewallStatus", Uint32),
            of("AntiVirusStatus", Uint32),
            of("AntiVirusSignatureStatus", Uint32),
            of("AutoUpdateStatus", Uint32),
            flag("RequireEncryption"),
            number("MaintenanceScheduleStartHour", 0, 23),
            line("MaintenanceScheduleDelayPattern", 32),
            flag("MaintenanceScheduleAllowWakeup"),
            flag("IsMicrosoftAccountOptional"),
            line("ApplicationContentUriRules", 8192),
        ]);
    SECURITY_STATUS_USER = WmiClass::new("MDM_SecurityStatusUser", UserRead).keys(&["key"])
        .write(Setting).properties(&[
            of("key", Uint32),
            of("HasConnectedAccount", Boolean),
            of("PasswordStatus", Uint32),
            of("EncryptionStatus", Uint32),
            choice("ConnectedAccountPolicy", REQUIRED),
            choice("DeviceEncryptionPolicy", REQUIRED),
        ]);
    UPDATES = WmiClass::new("MDM_Updates", Inventory).keys(&["key"]).write(Setting).properties(&[
            of("key", Uint32),
            choice("AutoUpdatePolicy", &[("none", "0"), ("important", "1"), ("recommended", "2")]),
        ]);
    RESTRICTIONS = WmiClass::new("MDM_Restrictions", Inventory).keys(&["Key"]).write(Setting)
        .properties(&[
            of("Key", Uint32),
            flag("DiagnosticsSubmissionEnabled"),
            flag("DataRoamingEnabled"),
            flag("BluetoothEnabled"),
            flag("WifiEnabled"),
            flag("PCSettingsSyncEnabled"),
            flag("PCSettingsMeteredNetworkSyncEnabled"),
            flag("PCSettingsPasswordSyncEnabled"),
            flag("EcsAutoProvisionEnabled"),
            flag("SmartScreenEnabled"),
            flag("IEEnterpriseModeEnabled"),
            line("EcsSyncUrl", URL),
            line("IEEnterpriseModeEnabledURL", URL),
            line("IEEnterpriseModeSitelist", URL),
            choice("UserAccountControlStatus", &[
                ("always_notify", "0"), ("app_changes", "1"), ("app_changes_do_not_dim", "2"),
                ("never_notify", "3"),
            ]),
        ]);
    RESTRICTIONS_USER = WmiClass::new("MDM_RestrictionsUser", UserRead).keys(&["Key"])
        .write(Setting).properties(&[
            of("Key", Uint32),
            flag("PCSettingsSyncEnabled"),
            flag("PCSettingsMeteredNetworkSyncEnabled"),
            flag("PCSettingsPasswordSyncEnabled"),
        ]);
    BROWSER_SETTINGS = WmiClass::new("MDM_BrowserSettings", UserRead).keys(&["Key"])
        .write(Setting).properties(&[
            of("Key", Uint32),
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
        .keys(&["Zone", "Namespace"]).write(Setting)
        .properties(reads! { Zone: Uint32, Namespace, Exists: Boolean });
    CERTIFICATE = WmiClass::new("MDM_Certificate", UserRead)
        .keys(&["StoreLocation", "StoreName", "Thumbprint"]).write(Certificate)
        .properties(reads! {
            StoreLocation: Uint8, StoreName, Thumbprint, IsInstalled: Boolean, Blob
        });
    CERTIFICATE_ENROLLMENT = WmiClass::new("MDM_CertificateEnrollment", UserRead)
        .keys(&["RequestID", "StoreLocation", "EnhancedKeyUsages", "Issuers"]).write(Certificate)
        .properties(&[
            of("RequestID", String),
            of("StoreLocation", Uint8),
            of("EnhancedKeyUsages", String),
            of("Issuers", String),
            of("Status", Uint32),
            of("Error", Uint32),
            of("ExpirationThreshold", Uint32),
            of("SubjectName", String),
            of("SubjectAlternativeNames", String),
            of("Thumbprint", String),
            of("SerialNumber", String),
            of("ValidFrom", DateTime),
            of("ValidTo", DateTime),
            // May hold the challenge of SCEP.
            of("ConfigurationParameters", String).secret(),
        ]);
    APPLICATION_SETTING = WmiClass::new("MDM_ApplicationSetting", UserRead)
        .keys(&["PackageFamilyName", "SettingName"]).write(Setting)
        .properties(reads! { PackageFamilyName, SettingName, SettingType: Uint32, SettingValue });
    DEVICE_REGISTRATION_INFO = WmiClass::new("MDM_DeviceRegistrationInfo", Inventory)
        .keys(&["DeviceId"]).properties(reads! { DeviceId, UPN, CertificateThumbprint });
    VPN_APPLICATION_TRIGGER = WmiClass::new("MDM_VpnApplicationTrigger", UserRead)
        .keys(&["ApplicationID"]).write(Profile)
        .properties(reads! { ApplicationID, TriggerEnabledInAllMDMProfiles: Boolean });
    WIRELESS_PROFILE_XML = WmiClass::new("MDM_WirelessProfileXml", UserRead).keys(&["Name"])
        .write(Profile).properties(&[
            of("Name", String),
            of("ProfileXml", String).secret(),
        ]).secret();
    WIRELESS_PROFILE = WmiClass::new("MDM_WirelessProfile", UserRead).keys(&["Name"])
        .write(Profile).properties(&[
            of("Name", String),
            line("SSID", 32),
            line("SharedKeyMaterial", 256).secret(),
            xml("OneXEAPXml", 64 * 1024).secret(),
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
            choice("ConnectionType", &[("ess", "1"), ("ibss", "2")]).typed(Uint8),
            choice("SecurityAuthentication", &[("open", "1"), ("wpa_personal", "2"),
                ("wpa2_personal", "3"), ("wpa_enterprise", "4"), ("wpa2_enterprise", "5"),
                ("shared", "6"), ("wep", "7")]).typed(Uint8),
            choice("SecurityEncryption", ENCRYPTION).typed(Uint8),
            choice("SharedKeyType", &[("pass_phrase", "1"), ("network_key", "2")]).typed(Uint8),
            choice("OneXAuthenticationMode", &[("machine_or_user", "1"), ("machine", "2"),
                ("user", "3"), ("guest", "4")]).typed(Uint8),
            choice("OneXSingleSignOnType", &[("pre_logon", "1"), ("post_logon", "2")])
                .typed(Uint8),
            choice("OneXEAPType", &[("tls", "13"), ("sim", "18"), ("ttls", "21"), ("aka", "23"),
                ("peap", "25"), ("aka_prime", "50")]).typed(Uint8),
            number("PMKCacheSize", 1, 255),
            number("PMKCacheTTL", 5, 1440),
            number("PreAuthThrottle", 1, 16),
            number("OneXSingleSignOnMaxDelay", 0, 120),
        ]);
}
