#![allow(clippy::unwrap_used)]
use serde_json::json;
use uuid::Uuid;

use super::tests::texts;
use super::*;
use crate::classify::classify;
use crate::context::Family;
use crate::kind::{Kind, kind_of};
use crate::session::queue::leaves_of;
use crate::time::Timestamp;

fn read_for(family: Family, value: &Value) -> Result<CommandBody, FieldError> {
    let context = BuildContext {
        device: Some(DeviceId(Uuid::nil())),
        templates: &Templates::default(),
        actor: "test",
        now: Timestamp(0),
        fresh: Uuid::nil(),
    };
    command_for(family, value, &context)
}

fn with(mut request: Value, more: Value) -> Value {
    let more = more.as_object().unwrap().clone();
    request.as_object_mut().unwrap().extend(more);
    request
}

fn scep(more: Value) -> Value {
    let request = json!({"type": "scep_install", "request_id": "r", "server_url": "https://ca.test/scep",
        "challenge": "c2VjcmV0", "enhanced_key_usages": ["1.3.6.1.5.5.7.3.2"], "key_usage": "both",
        "subject_name": "CN=ann", "key_length": "2048", "hash_algorithm": "SHA-2",
        "ca_thumbprint": "ab".repeat(20)});
    with(request, more)
}

fn company_app(name: &str, more: Value) -> Value {
    let id = "{b316008a-141d-4a79-810f-8b764c4cfdfb}";
    with(
        json!({"type": name, "enterprise_id": "4000000001", "product_id": id}),
        more,
    )
}

#[test]
fn each_family_gets_its_own_nodes() {
    let (phone, ten, eight) = (Family::WindowsPhone81, Family::Windows10, Family::Windows81);
    let push = json!({"type": "wns_update_configuration", "app_id": "a", "package_family_name": "Con_8wekyb3d8bbwe"});
    let cases = [
        (
            phone,
            json!({"type": "unenroll"}),
            Kind::Unenroll,
            "./Vendor/MSFT/DMClient/Unenroll MS DM Server",
        ),
        (
            ten,
            json!({"type": "unenroll", "provider_id": "MS DM"}),
            Kind::Unenroll,
            "./Vendor/MSFT/DMClient/Provider/MS%20DM/Unenroll MS DM",
        ),
        (
            eight,
            json!({"type": "unenroll"}),
            Kind::Unenroll,
            "Exec=SendUnenrollRequest",
        ),
        (
            phone,
            push.clone(),
            Kind::WnsConfiguration,
            "DMClient/Provider/MS%20DM%20Server/Push/PFN con_8wekyb3d8bbwe",
        ),
        (
            ten,
            push.clone(),
            Kind::WnsConfiguration,
            "DMClient/Provider/MS%20DM%20Server/Push/PFN Con_8wekyb3d8bbwe",
        ),
        (
            eight,
            push,
            Kind::WnsConfiguration,
            "Exec=UpdateConfiguration",
        ),
        (
            phone,
            json!({"type": "wns_read_channel"}),
            Kind::ChannelRead,
            "/Push/ChannelURI",
        ),
        (
            ten,
            json!({"type": "remote_wipe"}),
            Kind::RemoteWipe,
            "./Vendor/MSFT/RemoteWipe/doWipe",
        ),
        (
            ten,
            json!({"type": "remote_wipe", "protected": true}),
            Kind::RemoteWipe,
            "doWipeProtected",
        ),
        (
            phone,
            json!({"type": "remote_wipe", "keep": "provisioned_data"}),
            Kind::RemoteWipe,
            "doWipePersistProvisionedData",
        ),
        (
            phone,
            json!({"type": "remote_lock"}),
            Kind::Lock,
            "./Vendor/MSFT/RemoteLock/Lock",
        ),
        (
            phone,
            json!({"type": "poll_schedule", "add_node": true, "settings": {"PollOnLogin": true, "IntervalForFirstSetOfRetries": 15}}),
            Kind::Setting,
            "/Poll/PollOnLogin true",
        ),
        (
            phone,
            json!({"type": "inventory"}),
            Kind::Inventory,
            "./DevDetail/SwV",
        ),
        (
            phone,
            json!({"type": "certificate_install", "certificate": tests::CERTIFICATE, "store_name": "CA"}),
            Kind::Certificate,
            "./Vendor/MSFT/CertificateStore/CA/System/",
        ),
        (
            phone,
            json!({"type": "certificate_remove", "thumbprint": "ab".repeat(20)}),
            Kind::Certificate,
            "CertificateStore/Root/System/ABABAB",
        ),
        (
            phone,
            json!({"type": "wifi_profile", "name": "Lab 1", "profile": "<WLANProfile><name>Lab 1</name></WLANProfile>", "proxy": "p:80"}),
            Kind::Profile,
            "./Vendor/MSFT/WiFi/Profile/Lab%201/Proxy p:80",
        ),
        (
            phone,
            json!({"type": "wifi_remove", "name": "Lab"}),
            Kind::Profile,
            "WiFi/Profile/Lab/WlanXml",
        ),
        (
            phone,
            json!({"type": "vpn_connection", "name": "v", "settings": {"ThirdParty/Name": "JunOS Pulse", "Server": "vpn.contoso.test", "Policies/SplitTunnel": true}}),
            Kind::Profile,
            "./Vendor/MSFT/VPN/v/Policies/SplitTunnel true",
        ),
        (
            phone,
            json!({"type": "vpn_remove", "name": "v"}),
            Kind::Profile,
            "./Vendor/MSFT/VPN/v",
        ),
        (
            phone,
            scep(json!({})),
            Kind::Certificate,
            "CertificateStore/My/SCEP/r/Install/EKUMapping 1.3.6.1.5.5.7.3.2",
        ),
        (
            phone,
            json!({"type": "scep_status", "request_id": "r"}),
            Kind::UserRead,
            "CertificateStore/My/SCEP/r/ErrorCode",
        ),
        (
            phone,
            json!({"type": "scep_remove", "request_id": "r"}),
            Kind::Certificate,
            "CertificateStore/My/SCEP/r",
        ),
        (
            phone,
            json!({"type": "pfx_install", "request_id": "r", "pfx": "MIIB", "password": "p"}),
            Kind::Certificate,
            "ClientCertificateInstall/PFXCertInstall/r/PFXCertBlob MIIB",
        ),
        (
            phone,
            json!({"type": "pfx_remove", "request_id": "r"}),
            Kind::Certificate,
            "ClientCertificateInstall/PFXCertInstall/r",
        ),
        (
            phone,
            json!({"type": "certificate_renewal", "renew_days": 3}),
            Kind::Certificate,
            "CertificateStore/My/WSTEP/Renew/RetryInterval 3",
        ),
        (
            phone,
            json!({"type": "company_apps_enroll", "enterprise_id": "4000000001", "enrollment_token": "AET"}),
            Kind::AppInstall,
            "EnterpriseAppManagement/4000000001/EnrollmentToken AET",
        ),
        (
            phone,
            company_app(
                "company_app_install",
                json!({"name": "n", "url": "https://a.test/a.xap", "version": "1.0"}),
            ),
            Kind::AppInstall,
            "EnterpriseApps/Download/%7BB316008A-141D-4A79-810F-8B764C4CFDFB%7D/DownloadInstall 0",
        ),
        (
            phone,
            company_app("company_app_remove", json!({})),
            Kind::AppInstall,
            "EnterpriseApps/Inventory/%7BB316008A",
        ),
        (
            phone,
            company_app("company_app_status", json!({})),
            Kind::AppStatus,
            "%7D/LastErrorDesc",
        ),
        (
            phone,
            json!({"type": "sequence", "commands": [{"type": "remote_lock"}]}),
            Kind::Lock,
            "RemoteLock",
        ),
    ];
    for kind in TYPES.iter().filter(|kind| kind.families == [phone]) {
        let shown = cases
            .iter()
            .any(|(_, request, ..)| request["type"] == kind.name);
        assert!(shown, "{} has no example", kind.name);
    }
    for (family, request, kind, expected) in cases {
        let body = read_for(family, &request).unwrap_or_else(|e| panic!("{request}: {e}"));
        let found = kind_of(&leaves_of(&body.operations, classify));
        assert_eq!(found, kind, "{request}");
        let mut sent = String::new();
        texts(&body.operations, &mut sent);
        assert!(sent.contains(expected), "{request}: {sent}");
        if family == phone {
            assert!(!sent.contains("cimv2"), "{sent}");
        }
    }
}

#[test]
fn what_a_family_does_not_have_is_refused_by_name() {
    let phone = Family::WindowsPhone81;
    let schedule = |settings: Value| json!({"type": "poll_schedule", "settings": settings});
    let vpn =
        |settings: Value| json!({"type": "vpn_connection", "name": "v", "settings": settings});
    for (family, request, field) in [
        (Family::Windows81, vpn(json!({"Server": "h"})), "type"),
        (Family::Windows10, scep(json!({})), "type"),
        (
            phone,
            vpn(json!({"TunnelType": "IKEv2"})),
            "settings.Server",
        ),
        (phone, vpn(json!({"Server": "h"})), "settings.TunnelType"),
        (
            phone,
            vpn(json!({"Server": "h", "TunnelType": "IKEv2"})),
            "settings.Authentication/EAP",
        ),
        (
            phone,
            vpn(json!({"Server": "h", "ThirdParty/Name": "JunOS Pulse", "Proxy/Manual/Port": 80})),
            "settings.Proxy/Manual/Port",
        ),
        (phone, scep(json!({"key_usage": "none"})), "key_usage"),
        (
            phone,
            scep(json!({"enhanced_key_usages": []})),
            "enhanced_key_usages",
        ),
        (phone, scep(json!({"request_id": "a/b"})), "request_id"),
        (
            phone,
            json!({"type": "pfx_install", "request_id": "r", "pfx": "MII!"}),
            "pfx",
        ),
        (
            phone,
            json!({"type": "certificate_renewal", "renew_days": 3, "retry_days": 4}),
            "retry_days",
        ),
        (
            phone,
            with(
                company_app("company_app_status", json!({})),
                json!({"product_id": "b316"}),
            ),
            "product_id",
        ),
        (
            phone,
            company_app(
                "company_app_install",
                json!({"name": "n", "url": "ftp://a", "version": "1"}),
            ),
            "url",
        ),
        (
            phone,
            json!({"type": "wifi_profile", "name": "Lab", "profile": "<WLANProfile><name>Other</name></WLANProfile>"}),
            "profile",
        ),
        (
            phone,
            json!({"type": "certificate_remove", "thumbprint": "ab".repeat(20), "store_name": "TrustedPeople"}),
            "store_name",
        ),
        (
            Family::Windows81,
            json!({"type": "wifi_profile", "name": "Lab", "profile": "<a/>", "proxy": "p:80"}),
            "proxy",
        ),
        (
            phone,
            json!({"type": "reset_user_password", "user": "a", "password": "b"}),
            "type",
        ),
        (
            phone,
            json!({"type": "app_install", "job_data": "x"}),
            "type",
        ),
        (Family::Windows81, json!({"type": "remote_wipe"}), "type"),
        (
            Family::Windows81,
            json!({"type": "poll_schedule", "settings": {"PollOnLogin": true}}),
            "type",
        ),
        (
            Family::Windows81,
            json!({"type": "wns_read_channel"}),
            "app_id",
        ),
        (
            Family::Windows81,
            json!({"type": "atomic", "commands": [{"type": "remote_lock"}]}),
            "commands[0].type",
        ),
        (
            phone,
            json!({"type": "inventory", "presets": ["storage"]}),
            "presets[0]",
        ),
        (
            phone,
            json!({"type": "inventory", "classes": ["Win32_BIOS"]}),
            "classes[0]",
        ),
        (
            phone,
            json!({"type": "remote_wipe", "protected": true}),
            "protected",
        ),
        (
            phone,
            json!({"type": "remote_wipe", "keep": "user_data"}),
            "keep",
        ),
        (
            Family::Windows10,
            json!({"type": "remote_wipe", "keep": "user_data", "protected": true}),
            "keep",
        ),
        (
            phone,
            schedule(json!({"IntervalForRemainingScheduledRetries": 60})),
            "settings.IntervalForRemainingScheduledRetries",
        ),
        (
            phone,
            schedule(
                json!({"IntervalForFirstSetOfRetries": 5, "NumberOfFirstRetries": 0, "IntervalForSecondSetOfRetries": 5, "NumberOfSecondRetries": 0}),
            ),
            "settings.NumberOfRemainingScheduledRetries",
        ),
        (
            phone,
            schedule(json!({"IntervalForFirstSetOfRetries": -1})),
            "settings.IntervalForFirstSetOfRetries",
        ),
    ] {
        let error = read_for(family, &request).unwrap_err();
        assert_eq!(error.field, field, "{request}: {error}");
    }
}
