//! Inventory that is read on by itself, kept, and asked.

use modegate_sim::Trigger;
use serde_json::{Value, json};

use crate::harness::Server;
use crate::sync::simulated_device::{enrolled, sync};

const OS: &str = "Win32_OperatingSystem=@";

fn entry<'a>(inventory: &'a Value, class: &str, instance: &str, property: &str) -> &'a Value {
    &inventory["classes"][class]["instances"][instance][property]
}

async fn read(server: &Server, device: &str) -> Value {
    server.get(&format!("/devices/{device}/inventory")).await
}

#[tokio::test]
async fn classes_lead_to_instances_and_these_to_typed_values() {
    for encoded in [false, true] {
        let (server, device, mut tablet) = enrolled("t").await;
        tablet.encodes_names(encoded);
        let presets = json!(["os", "hardware", "storage"]);
        server
            .queue(&device, json!({"type": "inventory", "presets": presets}))
            .await;
        // At night, logged off: it is device inventory all the way down.
        sync(&mut tablet, Trigger::Nightly).await;
        let known = read(&server, &device).await;
        let version = entry(&known, "Win32_OperatingSystem", OS, "Version");
        assert_eq!(version["type"], "text", "{known}");
        assert!(version["read_at"].as_str().unwrap().ends_with('Z'));
        let boot = entry(&known, "Win32_OperatingSystem", OS, "LastBootUpTime");
        assert_eq!(boot["type"], "time", "{boot}");
        let disks = known["classes"]["Win32_LogicalDisk"]["instances"]
            .as_object()
            .unwrap();
        assert_eq!(disks.len(), 2, "{disks:?}");
        let free = entry(
            &known,
            "Win32_LogicalDisk",
            "Win32_LogicalDisk.DeviceID=\"C:\"",
            "FreeSpace",
        );
        assert_eq!(free["type"], "number", "{free}");
        let null = entry(
            &known,
            "Win32_LogicalDisk",
            "Win32_LogicalDisk.DeviceID=\"D:\"",
            "FileSystem",
        );
        assert_eq!(
            (&null["type"], &null["value"]),
            (&json!("null"), &Value::Null),
            "{null}"
        );
        let absent = entry(&known, "Win32_OperatingSystem", OS, "OSLanguage");
        assert_eq!(absent["type"], "absent", "{absent}");
        assert_eq!(entry(&known, "./DevDetail", "", "SwV")["type"], "text");
        let only = server
            .get(&format!("/devices/{device}/inventory?class=Win32_BIOS"))
            .await;
        assert_eq!(only["classes"].as_object().unwrap().len(), 1);
    }
}

#[tokio::test]
async fn changes_are_history_and_what_is_gone_is_told() {
    let (server, device, mut tablet) = enrolled("t").await;
    let ask = || json!({"type": "inventory", "classes": ["Win32_OperatingSystem"]});
    server.queue(&device, ask()).await;
    sync(&mut tablet, Trigger::Nightly).await;
    let changes = format!("/devices/{device}/inventory/changes");
    assert_eq!(
        server.get(&changes).await["items"],
        json!([]),
        "the first values are no changes"
    );
    assert!(tablet.set_property(OS, "Version", "6.3.9601"));
    assert!(tablet.null_property(OS, "Caption"));
    server.queue(&device, ask()).await;
    sync(&mut tablet, Trigger::Nightly).await;
    let page = server.get(&format!("{changes}?limit=1")).await;
    assert_eq!(page["items"].as_array().unwrap().len(), 1);
    let all = server.get(&changes).await;
    let version = all["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|change| change["property"] == "Version")
        .unwrap();
    assert_eq!(version["after"]["value"], "6.3.9601", "{version}");
    assert!(version["command"].as_str().unwrap().starts_with(&device));
    assert_eq!(all["items"].as_array().unwrap().len(), 2, "{all}");
    let next = page["next"].as_str().unwrap();
    let rest = server.get(&format!("{changes}?after={next}")).await;
    assert_eq!(rest["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn devices_are_found_by_what_they_are() {
    let (server, device, mut tablet) = enrolled("t").await;
    let other = server.register(json!({"source": "other"})).await;
    server
        .queue(
            &device,
            json!({"type": "inventory", "presets": ["os", "storage"]}),
        )
        .await;
    sync(&mut tablet, Trigger::Nightly).await;
    for (question, found) in [
        ("Win32_OperatingSystem.Version~6.", true),
        ("Win32_OperatingSystem.Version<6.2", false),
        ("Win32_LogicalDisk.FreeSpace>1000", true),
        ("Win32_LogicalDisk.FileSystem=null", true),
        ("Win32_OperatingSystem.OSLanguage=absent", true),
        ("Win32_OperatingSystem.Nothing=1", false),
    ] {
        let encoded = question
            .replace('<', "%3C")
            .replace('>', "%3E")
            .replace('=', "%3D");
        let page = server.get(&format!("/inventory?where={encoded}")).await;
        let ids: Vec<&str> = page["items"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(|item| item["id"].as_str())
            .collect();
        assert_eq!(ids.contains(&device.as_str()), found, "{question}: {page}");
        assert!(!ids.contains(&other.as_str()));
    }
    let two =
        "/inventory?where=Win32_LogicalDisk.FreeSpace%3E1&where=Win32_OperatingSystem.Version%3D1";
    assert_eq!(
        server.get(two).await["items"],
        json!([]),
        "every question must be true"
    );
    for wrong in [
        "/inventory",
        "/inventory?where=nothing",
        "/inventory?where=",
        "/inventory?where=A%3D1",
    ] {
        let (status, problem) = server.api("GET", wrong, None).await;
        assert_eq!(
            (status, &problem["field"]),
            (422, &json!("where")),
            "{wrong}: {problem}"
        );
    }
}

#[tokio::test]
async fn the_key_of_mdm_client_is_learned_and_used_from_then_on() {
    let server = Server::start();
    let device = server
        .register(json!({"source": "t", "device_client_id": "wrong"}))
        .await;
    let mut tablet = crate::sync::simulated_device::tablet(&server, "t");
    // Queued before the key is known, sent after it is learned in the same session.
    let class = json!({"type": "inventory", "classes": ["MDM_Client"]});
    let inventory = server.queue(&device, class).await;
    let reset =
        json!({"type": "reset_user_password", "user": "a", "password": "b", "after": [inventory]});
    let reset = server.queue(&device, reset).await;
    sync(&mut tablet, Trigger::Reboot).await;
    let record = server.get(&format!("/devices/{device}")).await;
    assert_eq!(record["device_client_id"], "t", "{record}");
    assert_eq!(server.state(&reset).await, "succeeded");
    let events = server.get(&format!("/devices/{device}/events")).await;
    assert!(
        events["items"]
            .as_array()
            .unwrap()
            .iter()
            .any(|event| event["type"] == "device.key_learned")
    );
}

#[tokio::test]
async fn the_channel_and_secrets_are_never_inventory() {
    let (server, device, mut tablet) = enrolled("t").await;
    for body in [
        json!({"type": "wns_update_configuration", "app_id": "mdm", "package_family_name": "contoso.mdm_8wekyb3d8bbwe"}),
        json!({"type": "inventory", "classes": ["MDM_WNSChannel", "MDM_WirelessProfileXml", "MDM_Application"]}),
        json!({"type": "wns_read_channel", "app_id": "mdm"}),
    ] {
        server.queue(&device, body).await;
    }
    sync(&mut tablet, Trigger::Logon).await;
    sync(&mut tablet, Trigger::Logon).await;
    let known = read(&server, &device).await;
    let classes: Vec<&String> = known["classes"].as_object().unwrap().keys().collect();
    assert_eq!(classes, ["./DevInfo", "MDM_Application"], "{known}");
    assert!(!known.to_string().contains("notify.windows.com"));
}
