//! The classes of the MDM Settings Provider (Microsoft's *mdmsettingsprov*
//! reference, one page per class).

use super::AccessLevel::{Device, System, User};
use super::Cim::{Bool, DateTime, String, Uint8, Uint32};
use super::Life::{Fixed, Open};
use super::Values::{Base64, OneOf, Range, Xml};
use super::{Class, Property, class, limited, maker, method, read, write};

/// Stores of certificates: 1 ContextUser, 2 ContextMachine.
const STORE: Property = limited("StoreLocation", Uint8, Range(1, 2));

pub(crate) const CLASSES: &[Class] = &[
    class(
        "MDM_Client",
        System,
        Fixed,
        &[read("DeviceClientID", String)],
        &[
            read("DeviceName", String),
            read("DomainSID", String),
            read("PlatformID", String),
            read("ProcessorDescription", String),
            read("UserSid", String),
            read("Version", String),
        ],
    )
    .with_methods(&[
        method("SendUnenrollRequest", Some("DeviceClientID")),
        method("LockWorkstation", None),
        method("ResetUserPassword", Some("ConfigString")),
    ]),
    class(
        "MDM_WNSConfiguration",
        User,
        Fixed,
        &[read("AppId", String)],
        &[read("ConfigurationStatus", Uint32)],
    )
    .with_methods(&[maker("UpdateConfiguration", "ConfigString")]),
    class(
        "MDM_WNSChannel",
        User,
        Fixed,
        &[read("AppId", String)],
        &[
            read("UserSID", String),
            read("Channel", String),
            read("ExpirationTime", DateTime),
            read("ChannelStatus", Uint32),
            read("LastError", Uint32),
        ],
    ),
    class(
        "MDM_ConfigSetting",
        Device,
        Open,
        &[read("SettingName", String)],
        &[write("SettingValue", String)],
    )
    .with_main("SettingValue"),
    class("MDM_EASPolicy", Device, Fixed, &[read("Key", Uint32)], &[])
        .with_methods(&[method("SetValues", Some("NamedValuesList"))]),
    class(
        "MDM_MgmtAuthority",
        System,
        Fixed,
        &[read("AuthorityName", String)],
        &[
            read("RootThumbprint", String),
            read("ProvisionedCertThumbprint", String),
            write("ClientSearchCriteria", String),
            write("ServerList", String),
        ],
    )
    .with_methods(&[maker("CreateNewAuthority", "AuthorityName")]),
    class(
        "MDM_SideLoader",
        System,
        Fixed,
        &[read("key", Uint32)],
        &[read("ProductKeyHash", String)],
    )
    .with_methods(&[
        method("ActivateKey", Some("ProductKey")),
        method("AddCertificate", Some("CertificateBlob")),
        method("UnActivateLOB", None),
    ]),
    class(
        "MDM_SecurityStatus",
        System,
        Fixed,
        &[read("Key", Uint32)],
        &[
            read("FirewallStatus", Uint32),
            read("AntiVirusStatus", Uint32),
            read("AutoUpdateStatus", Uint32),
            read("AntiVirusSignatureStatus", Uint32),
            write("RequireEncryption", Bool),
            limited("MaintenanceScheduleStartHour", Uint32, Range(0, 23)),
            write("MaintenanceScheduleDelayPattern", String),
            write("MaintenanceScheduleAllowWakeup", Bool),
            write("IsMicrosoftAccountOptional", Bool),
            write("ApplicationContentUriRules", String),
        ],
    ),
    class(
        "MDM_SecurityStatusUser",
        User,
        Fixed,
        &[read("key", Uint32)],
        &[
            read("HasConnectedAccount", Bool),
            limited("ConnectedAccountPolicy", Uint32, Range(0, 1)),
            read("PasswordStatus", Uint32),
            read("EncryptionStatus", Uint32),
            limited("DeviceEncryptionPolicy", Uint32, Range(0, 1)),
        ],
    ),
    class(
        "MDM_Updates",
        System,
        Fixed,
        &[read("key", Uint32)],
        &[limited("AutoUpdatePolicy", Uint32, Range(0, 2))],
    ),
    class(
        "MDM_Restrictions",
        System,
        Fixed,
        &[read("Key", Uint32)],
        &[
            write("DiagnosticsSubmissionEnabled", Bool),
            write("DataRoamingEnabled", Bool),
            write("BluetoothEnabled", Bool),
            write("WifiEnabled", Bool),
            write("PCSettingsSyncEnabled", Bool),
            write("PCSettingsMeteredNetworkSyncEnabled", Bool),
            write("PCSettingsPasswordSyncEnabled", Bool),
            write("EcsAutoProvisionEnabled", Bool),
            write("SmartScreenEnabled", Bool),
            write("IEEnterpriseModeEnabled", Bool),
            write("EcsSyncUrl", String),
            write("IEEnterpriseModeEnabledURL", String),
            write("IEEnterpriseModeSitelist", String),
            limited("UserAccountControlStatus", Uint32, Range(0, 3)),
        ],
    ),
    class(
        "MDM_RestrictionsUser",
        User,
        Fixed,
        &[read("Key", Uint32)],
        &[
            write("PCSettingsSyncEnabled", Bool),
            write("PCSettingsMeteredNetworkSyncEnabled", Bool),
            write("PCSettingsPasswordSyncEnabled", Bool),
        ],
    ),
    class(
        "MDM_BrowserSettings",
        User,
        Fixed,
        &[read("Key", Uint32)],
        &[
            write("ForceFraudWarning", Bool),
            write("AutofillEnabled", Bool),
            write("InternetScriptingEnabled", Bool),
            write("InternetPluginsEnabled", Bool),
            write("InternetBlockPopups", Bool),
            write("AlwaysSendDoNotTrackHeader", Bool),
            write("IntranetSecurityZoneEnabled", Bool),
            write("InternetProtectedModeEnabled", Bool),
            write("GoToIntranetForSingleWord", Bool),
            limited("InternetZoneSecurityLevel", Uint32, Range(3, 5)),
            limited("IntranetZoneSecurityLevel", Uint32, Range(1, 5)),
            limited("RestrictedSitesZoneSecurityLevel", Uint32, Range(1, 5)),
            limited("TrustedSitesZoneSecurityLevel", Uint32, Range(1, 5)),
        ],
    ),
    class(
        "MDM_BrowserSecurityZones",
        User,
        Open,
        &[
            limited("Zone", Uint32, Range(1, 4)),
            read("Namespace", String),
        ],
        &[write("Exists", Bool)],
    )
    .with_main("Exists"),
    class(
        "MDM_Certificate",
        User,
        Open,
        &[STORE, read("StoreName", String), read("Thumbprint", String)],
        &[read("IsInstalled", Bool), limited("Blob", String, Base64)],
    )
    .with_main("Blob"),
    class(
        "MDM_CertificateEnrollment",
        User,
        Open,
        &[
            read("RequestID", String),
            STORE,
            read("EnhancedKeyUsages", String),
            read("Issuers", String),
        ],
        &[
            read("Status", Uint32),
            read("Error", Uint32),
            write("ExpirationThreshold", Uint32),
            write("SubjectName", String),
            write("SubjectAlternativeNames", String),
            read("Thumbprint", String),
            read("SerialNumber", String),
            read("ValidFrom", DateTime),
            read("ValidTo", DateTime),
            limited("ConfigurationParameters", String, Xml),
        ],
    )
    .with_main("ConfigurationParameters"),
    class(
        "MDM_ApplicationSetting",
        User,
        Open,
        &[
            read("PackageFamilyName", String),
            read("SettingName", String),
        ],
        &[
            limited("SettingType", Uint32, Range(0, 3)),
            write("SettingValue", String),
        ],
    )
    .with_main("SettingValue"),
    class(
        "MDM_DeviceRegistrationInfo",
        System,
        Fixed,
        &[read("DeviceId", String)],
        &[read("UPN", String), read("CertificateThumbprint", String)],
    ),
    class(
        "MDM_VpnApplicationTrigger",
        User,
        Open,
        &[read("ApplicationID", String)],
        &[write("TriggerEnabledInAllMDMProfiles", Bool)],
    )
    .with_main("TriggerEnabledInAllMDMProfiles"),
    class(
        "MDM_WirelessProfileXml",
        User,
        Open,
        &[read("Name", String)],
        &[limited("ProfileXml", String, Xml)],
    )
    .with_main("ProfileXml"),
    class(
        "MDM_WirelessProfile",
        User,
        Open,
        &[read("Name", String)],
        &[
            write("SSID", String),
            limited("OneXEAPXml", String, Xml),
            write("SharedKeyMaterial", String),
            write("ConnectWhenNotBroadcasting", Bool),
            write("AutoConnect", Bool),
            write("ConnectToMorePreferedNetwork", Bool),
            write("PMKCacheMode", Bool),
            write("PreAuthMode", Bool),
            write("EnableFIPSCompliance", Bool),
            write("SharedKeyProtected", Bool),
            write("OneXCacheUserData", Bool),
            write("OneXSingleSignOnAllowAdditionalDialogs", Bool),
            write("OneXSingleSignOnUserBasedVirtualLAN", Bool),
            limited("ConnectionType", Uint8, Range(1, 2)),
            limited("SecurityAuthentication", Uint8, Range(1, 7)),
            limited("SecurityEncryption", Uint8, Range(1, 4)),
            limited("SharedKeyType", Uint8, Range(1, 2)),
            limited("OneXAuthenticationMode", Uint8, Range(1, 4)),
            limited("OneXSingleSignOnType", Uint8, Range(1, 2)),
            limited("OneXEAPType", Uint8, OneOf(&[13, 18, 21, 23, 25, 50])),
            write("PMKCacheSize", Uint32),
            write("PMKCacheTTL", Uint32),
            write("PreAuthThrottle", Uint32),
            write("OneXSingleSignOnMaxDelay", Uint32),
        ],
    ),
];
