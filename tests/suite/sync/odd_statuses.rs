//! Statuses that come otherwise than the book says: read as far as can be, and the rest
//! is bounded like no answer at all.

use serde_json::json;

use crate::harness::{Reply, Server, message, package1};

/// The Status of the only command of a reply.
fn status(reply: &Reply, cmd: &str, data: &str) -> String {
    let (msg_ref, cmd_ref) = (reply.msg_id, reply.commands[0].cmd_id);
    format!(
        "<Status><CmdID>1</CmdID><MsgRef>{msg_ref}</MsgRef><CmdRef>0</CmdRef><Cmd>SyncHdr</Cmd><Data>200</Data></Status>\
         <Status><CmdID>2</CmdID><MsgRef>{msg_ref}</MsgRef><CmdRef>{cmd_ref}</CmdRef>{cmd}{data}</Status><Final/>"
    )
}

async fn queued(server: &Server, source: &str) -> String {
    let device = server
        .register(json!({"source": source, "family": "windows81"}))
        .await;
    let lock = json!({"type": "lock_workstation"});
    server.queue(&device, lock).await
}

async fn answered(server: &Server, source: &str, session: u32, cmd: &str, data: &str) {
    let session = session.to_string();
    let first = package1(source, &session, 1, "user");
    let reply = server.sync("Maintenance", &first).await;
    assert_eq!(reply.commands.len(), 1, "{}", reply.text);
    let body = status(&reply, cmd, data);
    let second = message(source, &session, 2, &body);
    server.sync("Maintenance", &second).await;
}

#[tokio::test]
async fn what_can_be_read_of_a_status_is_read() {
    let server = Server::start();
    let exec = "<Cmd>Exec</Cmd>";
    let with = |code: &str, error: &str| {
        format!(
            "<Data xmlns:msft=\"http://schemas.microsoft.com/MobileDevice/MDM\" msft:originalerror=\"{error}\">{code}</Data>"
        )
    };
    let data = |text: &str| format!("<Data>{text}</Data>");
    let rows = [
        ("", data("200"), "succeeded", 200, None),
        ("<Cmd/>", data("200"), "succeeded", 200, None),
        ("<Cmd>EXEC</Cmd>", data("200"), "succeeded", 200, None),
        (exec, data(" 200\n"), "succeeded", 200, None),
        (exec, data("200 OK"), "succeeded", 200, None),
        (exec, data("404 Not Found"), "failed", 404, None),
        (exec, data("0x80070005"), "failed", 500, Some("0x80070005")),
        (exec, data("-2147024891"), "failed", 500, Some("0x80070005")),
        (exec, data("2147942405"), "failed", 500, Some("0x80070005")),
        (
            exec,
            with("405", "0x86000002"),
            "failed",
            405,
            Some("0x86000002"),
        ),
        (
            exec,
            with("405", "-2046820350"),
            "failed",
            405,
            Some("0x86000002"),
        ),
        (exec, with("405", "nonsense"), "failed", 405, None),
    ];
    for (nth, (cmd, data, state, code, error)) in rows.into_iter().enumerate() {
        let source = format!("tablet-{nth}");
        let command = queued(&server, &source).await;
        answered(&server, &source, 1, cmd, &data).await;
        let read = server.get(&format!("/commands/{command}")).await;
        assert_eq!(read["state"], state, "{cmd}{data}: {read}");
        let result = &read["results"][0];
        assert_eq!(result["status"], code, "{cmd}{data}: {read}");
        assert_eq!(result["original_error"].as_str(), error, "{cmd}{data}");
        let reason = read["reason"].as_str().unwrap_or("");
        assert!(reason.contains(error.unwrap_or("")), "{reason}");
    }
}

#[tokio::test]
async fn what_cannot_be_read_is_no_answer_and_has_a_bound() {
    let server = Server::start();
    let rows = [
        ("<Cmd>Exec</Cmd>", "<Data>fine</Data>"),
        ("<Cmd>Exec</Cmd>", ""),
        ("<Cmd>Exec</Cmd>", "<Data>0x00000000</Data>"),
        ("<Cmd>Exec</Cmd>", "<Data>2000 OK</Data>"),
        ("<Cmd>Get</Cmd>", "<Data>200</Data>"),
    ];
    for (nth, (cmd, data)) in rows.into_iter().enumerate() {
        let source = format!("tablet-{nth}");
        let command = queued(&server, &source).await;
        for session in 1..=6 {
            let read = server.get(&format!("/commands/{command}")).await;
            assert_eq!(read["state"], "queued", "{cmd}{data} {session}: {read}");
            answered(&server, &source, session, cmd, data).await;
        }
        let read = server.get(&format!("/commands/{command}")).await;
        assert_eq!(read["state"], "failed", "{cmd}{data}");
        assert_eq!(read["reason"], "sent 6 times, never answered");
    }
}

#[tokio::test]
async fn an_answer_that_names_no_message_is_about_message_1() {
    let server = Server::start();
    let command = queued(&server, "t").await;
    let reply = server.begin("Maintenance", "t", "1").await;
    assert_eq!(reply.msg_id, 1);
    let body = status(&reply, "<Cmd>Exec</Cmd>", "<Data>200</Data>");
    let body = body.replace("<MsgRef>1</MsgRef>", "");
    server
        .sync("Maintenance", &message("t", "1", 2, &body))
        .await;
    assert_eq!(server.state(&command).await, "succeeded");
}
