//! Status 500 stands for any error: what may pass is tried again, with pauses, the rest fails
//! at once.

use serde_json::{Value, json};

use crate::harness::{Server, message, package1};
use crate::syncml::{header_status, status};

/// A command that the device answers 500, with the error behind it; the command then.
async fn answered(server: &Server, source: &str, command: &Value, error: Option<&str>) -> Value {
    let device = server
        .register(json!({"source": source, "family": "windows81"}))
        .await;
    let command = server.queue(&device, command.clone()).await;
    let first = package1(source, "1", 1, "user");
    let reply = server.sync("Maintenance", &first).await;
    let sent = &reply.commands[0];
    let mut own = status(2, reply.msg_id, sent.cmd_id, &sent.verb, 500);
    if let Some(error) = error {
        let data = format!(
            "<Data xmlns:msft=\"http://schemas.microsoft.com/MobileDevice/MDM\" msft:originalerror=\"{error}\">500</Data>"
        );
        own = own.replace("<Data>500</Data>", &data);
    }
    let body = format!("{}{own}<Final/>", header_status(reply.msg_id));
    let second = message(source, "1", 2, &body);
    server.sync("Maintenance", &second).await;
    server.get(&format!("/commands/{command}")).await
}

#[tokio::test]
async fn an_error_that_passes_is_tried_again_and_another_is_not() {
    let server = Server::start();
    let lock = json!({"type": "lock_workstation"});
    let set = json!({"type": "restrictions", "settings": {"WifiEnabled": false}});
    let rows = [
        (&lock, Some("0x80070015"), "queued"),
        (&lock, Some("-2147023174"), "queued"),
        (&set, Some("0x80041069"), "queued"),
        (&lock, Some("0x80070005"), "failed"),
        (&set, Some("0x80070057"), "failed"),
        (&lock, None, "failed"),
    ];
    for (nth, (command, error, state)) in rows.into_iter().enumerate() {
        let read = answered(&server, &format!("t-{nth}"), command, error).await;
        assert_eq!(read["state"], state, "{error:?}: {read}");
        let reason = read["history"].to_string();
        let again = reason.contains("tried again after");
        assert_eq!(again, state == "queued", "{error:?}: {read}");
    }
}

#[tokio::test]
async fn a_read_does_no_harm_twice_and_has_a_bound() {
    let server = Server::start();
    let get = json!({"type": "raw", "verb": "Get",
        "loc_uri": "./cimv2/Win32_BIOS/Win32_BIOS=@/Version"});
    let read = answered(&server, "again", &get, None).await;
    assert_eq!(read["state"], "queued", "{read}");
    assert_eq!(read["forecast"]["when"], "not_before");
    let once = json!({"type": "raw", "verb": "Get", "retries": 0,
        "loc_uri": "./cimv2/Win32_BIOS/Win32_BIOS=@/Version"});
    let read = answered(&server, "once", &once, None).await;
    assert_eq!(read["state"], "failed", "{read}");
}
