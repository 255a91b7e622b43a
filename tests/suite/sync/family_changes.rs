//! The family that a device shows, and the change of the one on record.

use modegate_sim::{Tablet, Transport, Trigger};
use serde_json::{Value, json};

use crate::harness::{Server, package1};
use crate::sync::simulated_device::{sync, tablet};

const PROVIDER: &str = "MS DM Server";
const FAMILY: &str = "contoso.mdm_8wekyb3d8bbwe";

async fn of_family(family: &str) -> (Server, String) {
    let server = Server::start();
    let device = json!({"source": "t", "family": family});
    let device = server.register(device).await;
    (server, device)
}

fn windows10(server: &Server) -> Tablet {
    let url = format!("{}/sync", server.http);
    Tablet::windows10("t", PROVIDER, Transport::new(&url, None, None).unwrap())
}

async fn view(server: &Server, device: &str) -> Value {
    server.get(&format!("/devices/{device}")).await
}

async fn patch(server: &Server, device: &str, change: Value) -> (u16, Value) {
    let path = format!("/devices/{device}");
    server.api("PATCH", &path, Some(change)).await
}

async fn shown_events(server: &Server, device: &str) -> Vec<Value> {
    let events = server.get(&format!("/devices/{device}/events")).await;
    let events = events["items"].as_array().unwrap().clone();
    let is_shown = |event: &Value| event["type"] == "device.family_shown";
    events.into_iter().filter(is_shown).collect()
}

/// A tablet that was upgraded keeps its enrollment (MS "Mobile device enrollment") and shows
/// Windows 10 by a header that 8.1 does not send.
#[tokio::test]
async fn an_upgraded_tablet_is_recognised_and_its_record_still_counts() {
    let (server, device) = of_family("windows81").await;
    let mut upgraded = windows10(&server);
    for _ in 0..2 {
        sync(&mut upgraded, Trigger::Logon).await;
    }
    let seen = view(&server, &device).await;
    assert_eq!(seen["family"], "windows81");
    let shown = &seen["shown_family"];
    assert_eq!(
        (&shown["family"], &shown["by"]),
        (&json!("windows10"), &json!("user_agent_origin")),
        "{seen}"
    );
    let events = shown_events(&server, &device).await;
    assert_eq!(events.len(), 1, "once, however often it comes");
    let detail = "shows windows10 (user_agent_origin), its record says windows81";
    assert_eq!(events[0]["detail"], detail);
}

#[tokio::test]
async fn the_version_of_the_system_shows_the_family_too() {
    let (server, device) = of_family("windows10").await;
    let mut old = tablet(&server, "t");
    sync(&mut old, Trigger::Logon).await;
    assert_eq!(view(&server, &device).await["shown_family"], Value::Null);
    let version = json!({"type": "inventory", "classes": ["./DevDetail/SwV"]});
    server.queue(&device, version).await;
    sync(&mut old, Trigger::Logon).await;
    let seen = view(&server, &device).await;
    assert_eq!(seen["shown_family"]["family"], "windows81", "{seen}");
    assert_eq!(seen["shown_family"]["by"], "system_version", "{seen}");
    assert_eq!(shown_events(&server, &device).await.len(), 1);
}

/// What has proved nothing shows nothing, and a header that is no list of numbers neither.
#[tokio::test]
async fn only_what_the_device_itself_sends_counts() {
    let server = Server::start_with(&[]);
    let credentials = json!({"username": "u", "password": "Distinct-S3cret"});
    let device = json!({"source": "t", "family": "windows81", "credentials": credentials});
    let device = server.register(device).await;
    let url = format!("{}/sync?mode=Maintenance&Platform=WoA", server.http);
    let client = reqwest::Client::new();
    let answer = client
        .post(&url)
        .header("content-type", "application/vnd.syncml.dm+xml")
        .header("UserAgentOrigin", "2")
        .body(package1("t", "1", 1, "user"))
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(view(&server, &device).await["shown_family"], Value::Null);

    let (server, device) = of_family("windows81").await;
    let url = format!("{}/sync?mode=Maintenance&Platform=WoA", server.http);
    for (session, header, shown) in [("1", "yes", false), ("2", "", false), ("3", "3,4", true)] {
        client
            .post(&url)
            .header("content-type", "application/vnd.syncml.dm+xml")
            .header("UserAgentOrigin", header)
            .body(package1("t", session, 1, "user"))
            .send()
            .await
            .unwrap();
        let seen = view(&server, &device).await;
        assert_eq!(seen["shown_family"].is_object(), shown, "{header}: {seen}");
    }
}

#[tokio::test]
async fn an_operator_changes_the_family_of_a_device_without_open_commands() {
    let (server, device) = of_family("windows81").await;
    let mut old = tablet(&server, "t");
    let set =
        json!({"type": "wns_update_configuration", "app_id": "mdm", "package_family_name": FAMILY});
    server.queue(&device, set).await;
    sync(&mut old, Trigger::Logon).await;
    let waits = server
        .queue(&device, json!({"type": "lock_workstation"}))
        .await;
    let before = view(&server, &device).await;
    let (code, refused) = patch(&server, &device, json!({"family": "windows10"})).await;
    assert_eq!(
        (code, &refused["field"]),
        (422, &json!("family")),
        "{refused}"
    );
    let words = refused["detail"].as_str().unwrap();
    for expected in [
        "windows81",
        "1 open commands",
        "cancel them first",
        "enrollment",
    ] {
        assert!(words.contains(expected), "{words}");
    }
    assert_eq!(view(&server, &device).await, before, "nothing has changed");
    // The same family is no change, whatever is open.
    let (code, _) = patch(&server, &device, json!({"family": "windows81"})).await;
    assert_eq!(code, 200);

    server
        .api("DELETE", &format!("/commands/{waits}"), None)
        .await;
    let (code, changed) = patch(&server, &device, json!({"family": "windows10"})).await;
    assert_eq!(
        (code, &changed["family"]),
        (200, &json!("windows10")),
        "{changed}"
    );
    let events = server.get(&format!("/devices/{device}/events")).await;
    let logged = events["items"].as_array().unwrap().iter().any(|event| {
        event["type"] == "device.changed" && event["detail"] == "family windows10, was windows81"
    });
    assert!(logged, "{events}");

    // It is spoken to as what it is now: by the nodes of Windows 10, and its policies.
    let policy = "./Device/Vendor/MSFT/Policy/Config/DeviceLock/DevicePasswordEnabled";
    let mut upgraded = windows10(&server);
    let lock = server
        .queue(&device, json!({"type": "lock_workstation"}))
        .await;
    let setting = json!({"type": "raw", "verb": "Replace", "loc_uri": policy, "data": "0"});
    let setting = server.queue(&device, setting).await;
    sync(&mut upgraded, Trigger::Logon).await;
    assert_eq!(server.state(&lock).await, "succeeded");
    assert_eq!(server.state(&setting).await, "succeeded");
    assert!(upgraded.is_locked());
    assert_eq!(upgraded.node(policy).as_deref(), Some("0"));
    assert!(
        shown_events(&server, &device).await.is_empty(),
        "as recorded"
    );
}

/// One that was enrolled anew as another family leaves everything behind in one request.
#[tokio::test]
async fn a_new_enrollment_may_be_of_another_family() {
    let (server, device) = of_family("windows81").await;
    let waits = server
        .queue(&device, json!({"type": "lock_workstation"}))
        .await;
    let change = json!({"family": "windows10", "enrollment": "new"});
    let (code, changed) = patch(&server, &device, change).await;
    assert_eq!(
        (code, &changed["family"]),
        (200, &json!("windows10")),
        "{changed}"
    );
    assert_eq!(server.state(&waits).await, "cancelled");
    // An import changes it likewise, and is refused likewise.
    let lock = server
        .queue(&device, json!({"type": "lock_workstation"}))
        .await;
    let import =
        json!({"devices": [{"source": "t", "family": "windows81"}], "on_conflict": "update"});
    let (code, refused) = server
        .api("POST", "/devices/import", Some(import.clone()))
        .await;
    assert!(matches!(code, 409 | 422), "{refused}");
    assert!(refused.to_string().contains("family"), "{refused}");
    server
        .api("DELETE", &format!("/commands/{lock}"), None)
        .await;
    let (code, done) = server.api("POST", "/devices/import", Some(import)).await;
    assert!(matches!(code, 200 | 201), "{done}");
    assert_eq!(view(&server, &device).await["family"], "windows81");
}
