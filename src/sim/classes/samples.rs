//! What the MDM classes of a new tablet hold. `MDM_Client` is not here: its
//! key is the tablet's own.

use super::held::{InstanceSample, flag, null, number, text, time};
use super::{Cim, held::Sample};

/// Base64 of a few bytes, in place of a certificate.
const BLOB: &str = "MIIBCgKCAQEA012345678901";
const WIFI: &str = "<WLANProfile xmlns=\"http://www.microsoft.com/networking/WLAN/profile/v1\"><name>Contoso</name></WLANProfile>";
const SID: Sample = text("UserSID", "S-1-5-21-1004336348-1177238915-682003330-1001");

pub(crate) const INSTANCES: &[InstanceSample] = &[
    (
        "MDM_ConfigSetting.SettingName=\"UnEnrollOnCertExpiry\"",
        &[text("SettingValue", "true")],
    ),
    ("MDM_EASPolicy.Key=1", &[]),
    (
        "MDM_MgmtAuthority.AuthorityName=\"Contoso\"",
        &[
            text("RootThumbprint", "0123456789ABCDEF0123456789ABCDEF01234567"),
            text("ClientSearchCriteria", ""),
            text("ServerList", "https://localhost/sync"),
        ],
    ),
    ("MDM_SideLoader.key=1", &[text("ProductKeyHash", "")]),
    (
        "MDM_SecurityStatus.Key=1",
        &[
            number("FirewallStatus", "0"),
            number("AntiVirusStatus", "0"),
            number("AutoUpdateStatus", "3"),
            number("AntiVirusSignatureStatus", "0"),
            flag("RequireEncryption", "false"),
            number("MaintenanceScheduleStartHour", "2"),
            text("MaintenanceScheduleDelayPattern", "PT30M"),
            flag("MaintenanceScheduleAllowWakeup", "true"),
            flag("IsMicrosoftAccountOptional", "true"),
            null("ApplicationContentUriRules", Cim::String),
        ],
    ),
    (
        "MDM_SecurityStatusUser.key=1",
        &[
            flag("HasConnectedAccount", "false"),
            number("ConnectedAccountPolicy", "0"),
            number("PasswordStatus", "2"),
            number("EncryptionStatus", "1"),
            number("DeviceEncryptionPolicy", "0"),
        ],
    ),
    ("MDM_Updates.key=1", &[number("AutoUpdatePolicy", "2")]),
    (
        "MDM_Restrictions.Key=1",
        &[
            flag("DiagnosticsSubmissionEnabled", "true"),
            flag("DataRoamingEnabled", "false"),
            flag("BluetoothEnabled", "true"),
            flag("WifiEnabled", "true"),
            flag("PCSettingsSyncEnabled", "true"),
            flag("PCSettingsMeteredNetworkSyncEnabled", "false"),
            flag("PCSettingsPasswordSyncEnabled", "true"),
            flag("EcsAutoProvisionEnabled", "false"),
            flag("SmartScreenEnabled", "true"),
            flag("IEEnterpriseModeEnabled", "false"),
            text("EcsSyncUrl", ""),
            null("IEEnterpriseModeEnabledURL", Cim::String),
            null("IEEnterpriseModeSitelist", Cim::String),
            number("UserAccountControlStatus", "1"),
        ],
    ),
    (
        "MDM_RestrictionsUser.Key=1",
        &[
            flag("PCSettingsSyncEnabled", "true"),
            flag("PCSettingsMeteredNetworkSyncEnabled", "false"),
            flag("PCSettingsPasswordSyncEnabled", "true"),
        ],
    ),
    (
        "MDM_BrowserSettings.Key=1",
        &[
            flag("ForceFraudWarning", "true"),
            flag("AutofillEnabled", "true"),
            flag("InternetScriptingEnabled", "true"),
            flag("InternetPluginsEnabled", "true"),
            flag("InternetBlockPopups", "true"),
            flag("AlwaysSendDoNotTrackHeader", "true"),
            flag("IntranetSecurityZoneEnabled", "true"),
            flag("InternetProtectedModeEnabled", "true"),
            flag("GoToIntranetForSingleWord", "false"),
            number("InternetZoneSecurityLevel", "4"),
            number("IntranetZoneSecurityLevel", "2"),
            number("RestrictedSitesZoneSecurityLevel", "5"),
            number("TrustedSitesZoneSecurityLevel", "3"),
        ],
    ),
    (
        "MDM_BrowserSecurityZones.Zone=1,Namespace=\"https://portal.contoso.test/\"",
        &[flag("Exists", "true")],
    ),
    (
        "MDM_Certificate.StoreLocation=2,StoreName=\"Root\",Thumbprint=\"0123456789ABCDEF0123456789ABCDEF01234567\"",
        &[flag("IsInstalled", "true"), text("Blob", BLOB)],
    ),
    (
        "MDM_CertificateEnrollment.EnhancedKeyUsages=\"1.3.6.1.5.5.7.3.2\",Issuers=\"CN=Contoso CA\",RequestID=\"wifi\",StoreLocation=1",
        &[
            number("Status", "0"),
            number("Error", "0"),
            number("ExpirationThreshold", "42"),
            text("SubjectName", "CN=tablet"),
            time("ValidFrom", "2014-03-18T08:15:00Z"),
            time("ValidTo", "20150318081500.000000+000"),
            null("SerialNumber", Cim::String),
        ],
    ),
    (
        "MDM_ApplicationSetting.PackageFamilyName=\"Contoso.App_8wekyb3d8bbwe\",SettingName=\"Server\"",
        &[
            number("SettingType", "0"),
            text("SettingValue", "https://app.contoso.test/"),
        ],
    ),
    (
        "MDM_DeviceRegistrationInfo.DeviceId=\"0b3a1f60-6f0f-4f7c-8f41-6c1d9c3a9a11\"",
        &[text("UPN", "ann@contoso.test")],
    ),
    (
        "MDM_WirelessProfileXml.Name=\"Contoso\"",
        &[text("ProfileXml", WIFI)],
    ),
    (
        "MDM_Application.PackageFullName=\"App_1.0.0.0_neutral__8wekyb3d8bbwe\"",
        &[
            SID,
            text("PackageName", "App"),
            text("PackagePublisher", "CN=Contoso"),
            text("PackageVersion", "1.0.0.0"),
            flag("IsFramework", "false"),
            flag("IsResourcePackage", "false"),
            flag("IsBundle", "false"),
            flag("IsDevelopmentMode", "false"),
            text("Dependencies", ""),
        ],
    ),
    (
        "MDM_Application.PackageFullName=\"Notes_2.1.0.0_x86__8wekyb3d8bbwe\"",
        &[
            SID,
            text("PackageName", "Notes"),
            text("PackageVersion", "2.1.0.0"),
            flag("IsBundle", "true"),
        ],
    ),
    (
        "MDM_WebApplication.PackageName=\"Timesheet\"",
        &[
            text("PackageUrl", "https://time.contoso.test/"),
            text("ShortcutFolder", "Contoso"),
            text("ShortcutFilename", "Timesheet"),
        ],
    ),
    // The slashes of a key are text: names must be split outside quotes.
    (
        "MDM_RemoteApplication.AppId=\"calc\",FeedUrl=\"https://apps.contoso.test/rdweb/feed.aspx\"",
        &[],
    ),
    (
        "MDM_RemoteApplication.AppId=\"word\",FeedUrl=\"https://apps.contoso.test/rdweb/feed.aspx\"",
        &[],
    ),
    (
        "MDM_RemoteAppUserCookie.FeedUrl=\"https://apps.contoso.test/rdweb/feed.aspx\"",
        &[text("CookieHash", "5d41402abc4b2a76")],
    ),
];
