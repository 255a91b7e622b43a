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
            json!({"type": "sequence", "commands": [{"type": "remote_lock"}]}),
            Kind::Lock,
            "RemoteLock",
        ),
    ];
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
    for (family, request, field) in [
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
