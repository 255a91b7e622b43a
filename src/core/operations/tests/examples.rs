//! A request of each type.

use serde_json::{Value, json};

use super::CERTIFICATE;
use crate::kind::Kind;

/// One request of each type, the kind that it must be, and a text of what is sent.
pub(super) fn examples() -> Vec<(Value, Kind, &'static str)> {
    vec![
        (
            json!({"type": "inventory"}),
            Kind::Inventory,
            "./cimv2/Win32_BIOS",
        ),
        (
            json!({"type": "inventory", "presets": ["network", "updates"]}),
            Kind::Inventory,
            "./cimv2/Win32_NetworkAdapter",
        ),
        (
            json!({"type": "inventory", "presets": ["apps"]}),
            Kind::UserRead,
            "./cimv2/MDM_Application",
        ),
        (
            json!({"type": "inventory", "classes": ["Win32_Service", "./DevInfo/Mod"]}),
            Kind::Inventory,
            "./DevInfo/Mod",
        ),
        (
            json!({"type": "reset_user_password", "user": "a@b", "password": "p"}),
            Kind::PasswordReset,
            "ConfigString=a@b;p",
        ),
        (
            json!({"type": "lock_workstation"}),
            Kind::Lock,
            "Exec=LockWorkstation",
        ),
        (
            json!({"type": "unenroll"}),
            Kind::Unenroll,
            "DeviceClientID=%22id%22/Exec=SendUnenrollRequest DeviceClientID=id",
        ),
        (
            json!({"type": "wns_update_configuration", "app_id": "a", "package_family_name": "f_8wekyb3d8bbwe"}),
            Kind::WnsConfiguration,
            "ConfigString=a;f_8wekyb3d8bbwe",
        ),
        (
            json!({"type": "wns_read_channel", "app_id": "a"}),
            Kind::ChannelRead,
            "MDM_WNSChannel.AppId=%22a%22/Channel",
        ),
        (
            json!({"type": "eas_policy", "settings": {"MinPasswordLength": 8, "RequireEncryption": true}}),
            Kind::Setting,
            "NamedValuesList=MinPasswordLength,8;RequireEncryption,true;",
        ),
        (
            json!({"type": "restrictions", "settings": {"DataRoamingEnabled": false, "UserAccountControlStatus": "never_notify"}}),
            Kind::Setting,
            "MDM_Restrictions.Key=%221%22/DataRoamingEnabled false",
        ),
        (
            json!({"type": "restrictions_user", "settings": {"PCSettingsSyncEnabled": true}}),
            Kind::Setting,
            "PCSettingsSyncEnabled true",
        ),
        (
            json!({"type": "browser_settings", "settings": {"InternetZoneSecurityLevel": "high"}}),
            Kind::Setting,
            "InternetZoneSecurityLevel 5",
        ),
        (
            json!({"type": "browser_security_zone", "zone": "trusted", "site": "https://a/b"}),
            Kind::Setting,
            "Zone=%222%22,Namespace=%22https%3A%2F%2Fa%2Fb%22/Exists true",
        ),
        (
            json!({"type": "updates", "settings": {"AutoUpdatePolicy": "recommended"}}),
            Kind::Setting,
            "AutoUpdatePolicy 2",
        ),
        (
            json!({"type": "security_settings", "settings": {"MaintenanceScheduleStartHour": 3}}),
            Kind::Setting,
            "MaintenanceScheduleStartHour 3",
        ),
        (
            json!({"type": "security_settings_user", "settings": {"ConnectedAccountPolicy": "required"}}),
            Kind::Setting,
            "ConnectedAccountPolicy 1",
        ),
        (
            json!({"type": "agent_setting", "name": "UnEnrollOnCertExpiry", "value": "true"}),
            Kind::Setting,
            "SettingValue true",
        ),
        (
            json!({"type": "application_setting", "package_family_name": "p", "name": "n", "value": "5", "value_type": "int"}),
            Kind::Setting,
            "SettingType 1",
        ),
        (
            json!({"type": "certificate_install", "certificate": CERTIFICATE}),
            Kind::Certificate,
            "StoreName=%22Root%22,Thumbprint=%22",
        ),
        (
            json!({"type": "certificate_remove", "thumbprint": "aa:".repeat(19) + "aa", "store": "machine"}),
            Kind::Certificate,
            "StoreLocation=%222%22",
        ),
        (
            json!({"type": "scep_enroll", "request_id": "r", "enhanced_key_usages": ["1.3"], "issuers": ["CN=a"], "configuration": "<a/>"}),
            Kind::Certificate,
            "ConfigurationParameters <a/>",
        ),
        (
            json!({"type": "wifi_profile", "name": "w", "profile": "<WLANProfile/>"}),
            Kind::Profile,
            "ProfileXml <WLANProfile/>",
        ),
        (
            json!({"type": "wifi", "name": "w", "settings": {"SSID": "s", "SecurityAuthentication": "wpa2_personal"}}),
            Kind::Profile,
            "SecurityAuthentication 3",
        ),
        (
            json!({"type": "wifi_remove", "name": "w"}),
            Kind::Profile,
            "MDM_WirelessProfileXml.Name=%22w%22",
        ),
        (
            json!({"type": "vpn_profile", "name": "v", "settings": {"ServerAddress": "h", "Port": 1}}),
            Kind::Profile,
            "ServerAddress h",
        ),
        (
            json!({"type": "vpn_remove", "name": "v"}),
            Kind::Profile,
            "MDM_VpnConnection.Name=%22v%22",
        ),
        (
            json!({"type": "vpn_trigger", "package_family_name": "p"}),
            Kind::Profile,
            "TriggerEnabledInAllMDMProfiles true",
        ),
        (
            json!({"type": "sideload_key", "key": "abcde-12345-ABCDE-12345-ABCDE"}),
            Kind::Sideloading,
            "ProductKey=ABCDE-12345-ABCDE-12345-ABCDE",
        ),
        (
            json!({"type": "sideload_certificate", "certificate": CERTIFICATE}),
            Kind::Sideloading,
            "CertificateBlob=MII",
        ),
        (
            json!({"type": "sideload_deactivate"}),
            Kind::Sideloading,
            "Exec=UnActivateLOB",
        ),
        (
            json!({"type": "app_install", "job_data": "<Job/>"}),
            Kind::AppInstall,
            "JobData=<Job/>",
        ),
        (
            json!({"type": "app_uninstall", "job_data": "x"}),
            Kind::AppInstall,
            "Exec=CreateJob",
        ),
        (
            json!({"type": "app_upgrade", "job_data": "x"}),
            Kind::AppInstall,
            "Exec=CreateJob",
        ),
        (
            json!({"type": "app_status", "job_id": "j"}),
            Kind::AppStatus,
            "JobID=%22j%22/Progress",
        ),
        (
            json!({"type": "raw", "verb": "Get", "loc_uri": "./DevInfo/Mod"}),
            Kind::Inventory,
            "./DevInfo/Mod",
        ),
        (
            json!({"type": "atomic", "commands": [{"type": "updates", "settings": {"AutoUpdatePolicy": "none"}}, {"verb": "Get", "loc_uri": "./DevInfo/Mod"}]}),
            Kind::Setting,
            "AutoUpdatePolicy 0",
        ),
        (
            json!({"type": "sequence", "commands": [{"type": "lock_workstation"}]}),
            Kind::Lock,
            "Exec=LockWorkstation",
        ),
    ]
}
