//! A new enrollment is not the old one: what was queued, installed and learned ends with
//! the enrollment that it belongs to, however that ends.

use modegate_sim::{Tablet, Trigger};
use serde_json::{Value, json};

use crate::api::installs::{app, ask, pick, states, to_the_end, until_state};
use crate::harness::{Reply, Server, answers, message, package1};
use crate::sync::simulated_device::{enrolled, sync};

const UNENROLLED: &str = "<Alert><CmdID>9</CmdID><Data>1226</Data><Item><Meta>\
    <Type xmlns=\"syncml:metinf\">com.microsoft:mdm.unenrollment.userrequest</Type>\
    <Format xmlns=\"syncml:metinf\">int</Format></Meta><Data>1</Data></Item></Alert>";

/// A server with the device `t`, on which the app `erp` is installed, and that install.
async fn with_an_app() -> (Server, String, Tablet, String) {
    let (server, device, mut tablet) = enrolled("t").await;
    app(&server, "erp", "1.0").await;
    let install = pick(&server, &device, "erp").await;
    sync(&mut tablet, Trigger::Push).await;
    until_state(&server, &install, "accepted").await;
    let done = to_the_end(&server, &device, &install, &mut tablet).await;
    assert_eq!(done["state"], "installed");
    (server, device, tablet, install)
}

/// A message of a new session of `t` with this alert.
async fn alert(server: &Server, session: &str, alert: &str) -> Reply {
    let first = "<Alert><CmdID>1</CmdID><Data>1201</Data></Alert>";
    let body = format!("{first}{alert}<Final/>");
    server
        .sync("Maintenance", &message("t", session, 1, &body))
        .await
}

async fn events(server: &Server, device: &str, what: &str) -> Vec<Value> {
    let path = format!("/devices/{device}/events?limit=200");
    let page = server.get(&path).await;
    let all = page["items"].as_array().unwrap().iter();
    all.filter(|event| event["type"] == what).cloned().collect()
}

#[tokio::test]
async fn an_unenrollment_ends_what_was_installed_and_queued() {
    let (server, device, _, install) = with_an_app().await;
    let (status, same) = ask(&server, &device, json!({"app": "erp"})).await;
    assert_eq!((status, &same["id"]), (200, &json!(install)));
    let later = json!({"type": "lock_workstation", "not_before": "2100-01-01T00:00:00Z"});
    let lock = server.queue(&device, later).await;

    assert_eq!(alert(&server, "90", UNENROLLED).await.commands, []);
    assert_eq!(server.state(&lock).await, "cancelled");
    let ended = until_state(&server, &install, "ended").await;
    assert_eq!(*states(&ended).last().unwrap(), "ended");
    assert!(ended["reason"].as_str().unwrap().contains("alert 1226"));
    let events = events(&server, &device, "device.enrollment_ended").await;
    assert_eq!(events.len(), 1, "{events:?}");

    // The device comes back: the next pick is a new install, and the old one stays ended.
    let reply = server
        .sync("Maintenance", &package1("t", "91", 1, "user"))
        .await;
    assert!(!reply.text.contains("LockWorkstation"), "{}", reply.text);
    let again = pick(&server, &device, "erp").await;
    assert_ne!(again, install);
    let list = server.get(&format!("/devices/{device}/installs")).await;
    assert_eq!(list["items"][1]["state"], "ended");
}

#[tokio::test]
async fn an_install_under_way_fails_with_its_enrollment() {
    let (server, device, mut tablet) = enrolled("t").await;
    app(&server, "erp", "1.0").await;
    let install = pick(&server, &device, "erp").await;
    sync(&mut tablet, Trigger::Push).await;
    until_state(&server, &install, "accepted").await;
    alert(&server, "90", UNENROLLED).await;
    // Also where a new enrollment begins before anybody looks.
    server
        .sync("Maintenance", &package1("t", "91", 1, "user"))
        .await;
    let failed = until_state(&server, &install, "failed").await;
    let reason = failed["reason"].as_str().unwrap();
    assert!(reason.contains("alert 1226"), "{reason}");
    pick(&server, &device, "erp").await;
}

#[tokio::test]
async fn an_unenroll_that_is_confirmed_ends_it_too() {
    let (server, device, _, install) = with_an_app().await;
    let unenroll = server.queue(&device, json!({"type": "unenroll"})).await;
    let reply = server
        .sync("Machine", &package1("t", "90", 1, "none"))
        .await;
    assert_eq!(reply.commands.len(), 1);
    assert_eq!(server.state(&unenroll).await, "unconfirmed");
    alert(&server, "91", UNENROLLED).await;
    assert_eq!(server.state(&unenroll).await, "succeeded");
    until_state(&server, &install, "ended").await;
}

/// A device of a family that can be wiped, with commands that wait for another mode.
async fn to_be_wiped() -> (Server, String, [String; 3]) {
    let server = Server::start();
    let new = json!({"source": "w", "family": "windows10"});
    let device = server.register(new).await;
    let later = json!({"type": "remote_lock", "not_before": "2100-01-01T00:00:00Z"});
    let lock = server.queue(&device, later).await;
    let wipe = server.queue(&device, json!({"type": "remote_wipe"})).await;
    let inventory = json!({"type": "inventory", "classes": ["Win32_BIOS"], "walk": false});
    let inventory = server.queue(&device, inventory).await;
    (server, device, [lock, wipe, inventory])
}

#[tokio::test]
async fn a_wipe_goes_alone_after_all_else_and_closes_the_queue() {
    let (server, device, [lock, wipe, inventory]) = to_be_wiped().await;
    let first = server
        .sync("Maintenance", &package1("w", "1", 1, "user"))
        .await;
    assert_eq!(first.loc_uris(), ["./cimv2/Win32_BIOS"], "{}", first.text);
    let second = message("w", "1", 2, &answers(&first, 200));
    let second = server.sync("Maintenance", &second).await;
    assert_eq!(second.loc_uris(), ["./Vendor/MSFT/RemoteWipe/doWipe"]);
    assert_eq!(server.state(&inventory).await, "succeeded");
    assert_eq!(server.state(&lock).await, "queued");
    let third = message("w", "1", 3, &answers(&second, 200));
    assert_eq!(server.sync("Maintenance", &third).await.commands, []);
    assert_eq!(server.state(&wipe).await, "succeeded");
    assert_eq!(server.state(&lock).await, "cancelled");
    let path = format!("/devices/{device}/commands");
    let (status, closed) = server
        .api("POST", &path, Some(json!({"type": "remote_lock"})))
        .await;
    assert_eq!(status, 409, "{closed}");
}

#[tokio::test]
async fn a_device_that_comes_back_after_a_wipe_gets_nothing_of_before() {
    let (server, device, [lock, wipe, _]) = to_be_wiped().await;
    let first = server
        .sync("Maintenance", &package1("w", "1", 1, "user"))
        .await;
    let second = message("w", "1", 2, &answers(&first, 200));
    server.sync("Maintenance", &second).await;
    // It dropped the session: nobody knows whether it was wiped.
    let back = server
        .sync("Maintenance", &package1("w", "2", 1, "user"))
        .await;
    assert_eq!(back.commands, [], "{}", back.text);
    assert_eq!(server.state(&wipe).await, "unconfirmed");
    assert_eq!(server.state(&lock).await, "cancelled");
    // What is queued from then on is for the device as it is.
    let next = server.queue(&device, json!({"type": "remote_lock"})).await;
    let third = server
        .sync("Maintenance", &package1("w", "3", 1, "user"))
        .await;
    assert_eq!(third.loc_uris(), ["./Vendor/MSFT/RemoteLock/Lock"]);
    assert_eq!(server.state(&next).await, "sent");
    assert_eq!(
        events(&server, &device, "device.enrollment_ended")
            .await
            .len(),
        1
    );
}

fn digest(byte: u8) -> String {
    format!("{byte:02x}").repeat(32)
}

/// A device with this certificate and a command that waits, and the states of that command
/// behind each of these writes, on a device of its own each.
async fn state_after(writes: &[(&str, &str, Value)]) -> String {
    let server = Server::start();
    let new = json!({"source": "t", "certificate_sha256": [digest(1)]});
    let device = server.register(new).await;
    let lock = server
        .queue(&device, json!({"type": "lock_workstation"}))
        .await;
    for (method, path, body) in writes {
        let path = format!("/devices/{device}{path}");
        let body = (!body.is_null()).then(|| body.clone());
        let (status, answer) = server.api(method, &path, body).await;
        assert!(status < 300, "{method} {path}: {answer}");
    }
    // Whatever ended: the queue is open for the enrollment that there is now.
    server
        .queue(&device, json!({"type": "lock_workstation"}))
        .await;
    server.state(&lock).await
}

#[tokio::test]
async fn a_certificate_is_of_a_renewal_or_of_a_new_enrollment() {
    let bind = |byte: u8| ("POST", "/certificates", json!({"sha256": digest(byte)}));
    let list = |bytes: &[u8]| {
        let all: Vec<String> = bytes.iter().map(|&byte| digest(byte)).collect();
        ("PATCH", "", json!({"certificate_sha256": all}))
    };
    let with = |(method, path, mut body): (&'static str, &'static str, Value), word: &str| {
        body["enrollment"] = json!(word);
        (method, path, body)
    };
    let old = format!("/certificates/{}", digest(1));
    let revoke = || ("DELETE", old.as_str(), Value::Null);
    let renewals = [
        vec![bind(2)],
        vec![bind(2), revoke()],
        vec![bind(1)],
        vec![revoke()],
        vec![list(&[1, 2])],
        vec![list(&[1, 2]), list(&[2])],
        vec![list(&[])],
        vec![with(list(&[2]), "same")],
        vec![revoke(), with(bind(2), "same")],
        vec![("PATCH", "", json!({"user": "ann"}))],
    ];
    for writes in &renewals {
        assert_eq!(state_after(writes).await, "queued", "{writes:?}");
    }
    let new = [
        vec![list(&[2])],
        vec![revoke(), bind(2)],
        vec![with(bind(2), "new")],
        vec![("PATCH", "", json!({"enrollment": "new"}))],
    ];
    for writes in &new {
        assert_eq!(state_after(writes).await, "cancelled", "{writes:?}");
    }
}

#[tokio::test]
async fn a_certificate_bound_while_the_device_is_unenrolled_is_of_a_new_enrollment() {
    let (server, device, _, install) = with_an_app().await;
    let unenroll = server.queue(&device, json!({"type": "unenroll"})).await;
    server
        .sync("Machine", &package1("t", "90", 1, "none"))
        .await;
    assert_eq!(server.state(&unenroll).await, "unconfirmed");
    let path = format!("/devices/{device}/certificates");
    let (status, _) = server
        .api("POST", &path, Some(json!({"sha256": digest(7)})))
        .await;
    assert_eq!(status, 201);
    assert_eq!(server.state(&unenroll).await, "succeeded");
    until_state(&server, &install, "ended").await;
    let (status, _) = ask(&server, &device, json!({"app": "erp"})).await;
    assert_eq!(status, 201);
}

#[tokio::test]
async fn what_a_device_said_of_itself_is_forgotten() {
    let server = Server::start();
    let new = json!({"source": "t", "device_client_id": "as-registered"});
    let device = server.register(new).await;
    let class = json!({"type": "inventory", "classes": ["MDM_Client"], "walk": false});
    server.queue(&device, class).await;
    let asked = server
        .sync("Maintenance", &package1("t", "1", 1, "user"))
        .await;
    let list = "<Results><CmdID>8</CmdID><MsgRef>1</MsgRef><CmdRef>C</CmdRef><Item>\
        <Source><LocURI>./cimv2/MDM_Client</LocURI></Source><Meta><Format xmlns=\"syncml:metinf\">node</Format></Meta>\
        <Data>MDM_Client.DeviceClientID=\"reported\"</Data></Item></Results><Final/>";
    let list = list.replace(
        "<MsgRef>1</MsgRef><CmdRef>C</CmdRef>",
        &format!(
            "<MsgRef>{}</MsgRef><CmdRef>{}</CmdRef>",
            asked.msg_id, asked.commands[0].cmd_id
        ),
    );
    server
        .sync("Maintenance", &message("t", "1", 2, &list))
        .await;
    let path = format!("/devices/{device}");
    assert_eq!(server.get(&path).await["device_client_id"], "reported");
    alert(&server, "2", UNENROLLED).await;
    assert_eq!(server.get(&path).await["device_client_id"], "as-registered");
    // What the API says counts at once.
    server
        .sync("Maintenance", &package1("t", "3", 1, "user"))
        .await;
    let (_, patched) = server
        .api("PATCH", &path, Some(json!({"device_client_id": "by-hand"})))
        .await;
    assert_eq!(patched["device_client_id"], "by-hand");
}
