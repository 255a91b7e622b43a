//! Keep-alive messages of Windows 10: the device is at work still, and the session waits.

use serde_json::json;

use crate::harness::{Server, answers, message, package1};

const PENDING: &str = "Reversed-Domain-Name:com.microsoft.mdm.requestpending";

fn pending(code: u16, end: &str) -> String {
    format!(
        "<Alert><CmdID>2</CmdID><Data>{code}</Data><Item><Meta><Type xmlns=\"syncml:metinf\">{PENDING}</Type></Meta><Data>1</Data></Item></Alert>{end}"
    )
}

#[tokio::test]
async fn the_session_goes_on_until_the_device_answers() {
    let server = Server::start();
    let device = server
        .register(json!({"source": "ten", "family": "windows10"}))
        .await;
    let lock = server.queue(&device, json!({"type": "remote_lock"})).await;
    let first = package1("ten", "1", 1, "user");
    let sent = server.sync("Maintenance", &first).await;
    assert_eq!(sent.commands.len(), 1);
    // Whatever the alert's code, and whether or not the message calls itself the last.
    for (nth, (code, end)) in [
        (1224, ""),
        (1224, "<Final/>"),
        (1226, ""),
        (1200, "<Final/>"),
    ]
    .into_iter()
    .enumerate()
    {
        let number = u32::try_from(nth).unwrap() + 2;
        // More that is queued meanwhile waits for its turn.
        let bios = json!({"type": "inventory", "classes": ["Win32_BIOS"], "walk": false});
        server.queue(&device, bios).await;
        let body = pending(code, end);
        let text = message("ten", "1", number, &body);
        let reply = server.sync("Maintenance", &text).await;
        let alert = reply.statuses.iter().find(|status| status.1 == "Alert");
        assert_eq!(alert.map(|status| status.2), Some(200), "{}", reply.text);
        assert_eq!(reply.alerts, [1222], "{}", reply.text);
        assert!(reply.commands.is_empty() && !reply.is_final);
        assert_eq!(server.state(&lock).await, "sent");
    }
    let body = answers(&sent, 200);
    let reply = server
        .sync("Maintenance", &message("ten", "1", 6, &body))
        .await;
    assert_eq!(server.state(&lock).await, "succeeded");
    assert!(!reply.commands.is_empty(), "the session goes on");
    // It is not a report of the device's.
    let events = server.get(&format!("/devices/{device}/events")).await;
    assert!(!events.to_string().contains("requestpending"));
}
