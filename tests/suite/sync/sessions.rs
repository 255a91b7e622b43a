//! How a session goes: order, numbers, repeats, ends.

use std::collections::HashSet;

use serde_json::json;

use crate::harness::{SYNCML, Server, answers, demo_queue, message, package1};

const INVENTORY: &str = "Win32_OperatingSystem";

async fn one_inventory(server: &Server, source: &str) -> (String, String) {
    let device = server
        .register(json!({"source": source, "family": "windows81"}))
        .await;
    let command = server
        .queue(
            &device,
            json!({"type": "inventory", "classes": [INVENTORY]}),
        )
        .await;
    (device, command)
}

#[tokio::test]
async fn a_retransmission_gets_the_same_bytes_and_a_new_message_1_a_new_session() {
    let server = Server::start();
    let (_, command) = one_inventory(&server, "tablet").await;
    let body = package1("tablet", "0", 1, "none");
    let first = server.sync("Machine", &body).await;
    let again = server.sync("Machine", &body).await;
    assert_eq!(first.text, again.text);
    // The same words under another query are no retransmission.
    let other = server.sync("machine", &body).await;
    assert_ne!(first.text, other.text);
    assert_eq!(
        other.commands.len(),
        1,
        "the lease of the older session ended: offered anew"
    );
    server
        .sync("Machine", &message("tablet", "0", 2, &answers(&other, 200)))
        .await;
    assert_eq!(server.state(&command).await, "succeeded");
    // Its reply carried nothing: the next equal message 1 is a session again.
    let (idle, after) = (
        server.sync("Machine", &body).await,
        server.sync("Machine", &body).await,
    );
    assert!(idle.commands.is_empty() && after.commands.is_empty());
    assert_ne!(idle.msg_id, after.msg_id);
}

#[tokio::test]
async fn a_command_is_offered_once_per_session_and_numbers_are_not_reused() {
    let server = Server::start();
    let (_, command) = one_inventory(&server, "tablet").await;
    let mut numbers = HashSet::new();
    for session in 0..2 {
        let reply = server
            .sync(
                "Maintenance",
                &package1("tablet", &session.to_string(), 1, "user"),
            )
            .await;
        assert_eq!(reply.commands.len(), 1);
        assert!(numbers.insert(reply.commands[0].cmd_id), "CmdID reused");
        // The device answers the header only.
        let empty = answers(
            &crate::harness::Reply {
                commands: Vec::new(),
                ..reply.clone()
            },
            200,
        );
        let end = server
            .sync(
                "Maintenance",
                &message("tablet", &session.to_string(), 2, &empty),
            )
            .await;
        assert!(end.commands.is_empty(), "not offered twice in one session");
        assert_eq!(server.state(&command).await, "queued");
    }
}

#[tokio::test]
async fn a_late_answer_in_a_session_of_another_mode_is_taken() {
    let server = Server::start();
    let (_, [_, _, wns, _]) = demo_queue(&server, "tablet").await;
    let mut reply = server
        .sync("Maintenance", &package1("tablet", "1", 1, "user"))
        .await;
    // The set of the channel goes last.
    for number in 2..4 {
        let body = answers(&reply, 200);
        let next = message("tablet", "1", number, &body);
        reply = server.sync("Maintenance", &next).await;
    }
    assert!(reply.text.contains("UpdateConfiguration"));
    let late = answers(&reply, 200);
    let machine = server
        .sync("Machine", &package1("tablet", "2", 1, "none"))
        .await;
    assert!(!machine.text.contains("UpdateConfiguration"));
    server
        .sync("Machine", &message("tablet", "2", 2, &late))
        .await;
    assert_eq!(server.state(&wns).await, "succeeded");
}

#[tokio::test]
async fn a_password_reset_without_an_answer_is_unconfirmed_and_not_sent_again() {
    let server = Server::start();
    let (_, [inventory, reset, _, install]) = demo_queue(&server, "tablet").await;
    server
        .sync("Maintenance", &package1("tablet", "1", 1, "user"))
        .await;
    let again = server
        .sync("Maintenance", &package1("tablet", "2", 1, "user"))
        .await;
    // The app job shares no reply with the reset: its turn comes now.
    assert!(
        !again.text.contains("ResetUserPassword") && again.text.contains("CreateJob"),
        "{}",
        again.text
    );
    let third = server
        .sync("Maintenance", &package1("tablet", "3", 1, "user"))
        .await;
    assert!(
        !third.text.contains("ResetUserPassword") && !third.text.contains("CreateJob"),
        "{}",
        third.text
    );
    assert_eq!(server.state(&reset).await, "unconfirmed");
    assert_eq!(server.state(&install).await, "unconfirmed");
    assert_eq!(server.state(&inventory).await, "sent");
}

#[tokio::test]
async fn a_status_for_another_verb_is_not_taken() {
    let server = Server::start();
    let (_, command) = one_inventory(&server, "tablet").await;
    let reply = server
        .sync("Machine", &package1("tablet", "1", 1, "none"))
        .await;
    let wrong = answers(&reply, 200).replace("<Cmd>Get</Cmd>", "<Cmd>Exec</Cmd>");
    server
        .sync("Machine", &message("tablet", "1", 2, &wrong))
        .await;
    assert_eq!(server.state(&command).await, "queued");
}

#[tokio::test]
async fn a_message_without_final_gets_its_status_and_alert_1222() {
    let server = Server::start();
    one_inventory(&server, "tablet").await;
    let open = package1("tablet", "1", 1, "none").replace("<Final/>", "");
    let reply = server.sync("Machine", &open).await;
    assert!(reply.commands.is_empty() && !reply.is_final);
    assert_eq!(reply.alerts, [1222]);
    let reply = server
        .sync("Machine", &message("tablet", "1", 2, "<Final/>"))
        .await;
    assert_eq!(
        reply.commands.len(),
        1,
        "the queue waited for the end of the package"
    );
}

#[tokio::test]
async fn alert_1223_ends_the_session() {
    let server = Server::start();
    let (_, command) = one_inventory(&server, "tablet").await;
    server
        .sync("Machine", &package1("tablet", "1", 1, "none"))
        .await;
    let abort = message(
        "tablet",
        "1",
        2,
        "<Alert><CmdID>1</CmdID><Data>1223</Data></Alert><Final/>",
    );
    let reply = server.sync("Machine", &abort).await;
    assert!(reply.commands.is_empty() && reply.is_final);
    assert_eq!(server.state(&command).await, "queued");
    let after = server
        .sync("Machine", &message("tablet", "1", 3, "<Final/>"))
        .await;
    assert!(
        after.commands.is_empty(),
        "nothing goes in a session that is over"
    );
}

#[tokio::test]
async fn unenroll_goes_last_and_alone_and_silence_is_expected() {
    let server = Server::start();
    let device = server
        .register(json!({"source": "tablet", "family": "windows81"}))
        .await;
    let unenroll = server
        .queue(&device, json!({"type": "unenroll", "priority": 50}))
        .await;
    let inventory = server
        .queue(
            &device,
            json!({"type": "inventory", "classes": [INVENTORY]}),
        )
        .await;
    let first = server
        .sync("Machine", &package1("tablet", "1", 1, "none"))
        .await;
    assert_eq!(first.commands.len(), 1, "{}", first.text);
    let second = server
        .sync("Machine", &message("tablet", "1", 2, &answers(&first, 200)))
        .await;
    assert!(
        second.loc_uris()[0].ends_with("/Exec=SendUnenrollRequest"),
        "{}",
        second.text
    );
    assert_eq!(server.state(&inventory).await, "succeeded");
    assert_eq!(server.state(&unenroll).await, "unconfirmed");
    let goodbye = message(
        "tablet",
        "2",
        1,
        "<Alert><CmdID>1</CmdID><Data>1226</Data><Item><Meta><Type xmlns=\"syncml:metinf\"> com.microsoft:mdm.unenrollment.userrequest</Type></Meta><Data>1</Data></Item></Alert><Final/>",
    );
    server.sync("Machine", &goodbye).await;
    assert_eq!(server.state(&unenroll).await, "succeeded");
}

#[tokio::test]
async fn a_reply_stays_within_its_budget_and_goes_on_in_the_next_message() {
    let server = Server::start();
    let device = server
        .register(json!({"source": "tablet", "family": "windows81"}))
        .await;
    let data = "x".repeat(40_000);
    for key in 0..5 {
        let loc_uri = format!(
            "./cimv2/MDM_ConfigSetting/MDM_ConfigSetting.SettingName=%22S{key}%22/SettingValue"
        );
        server
            .queue(
                &device,
                json!({"type": "raw", "verb": "Replace", "loc_uri": loc_uri, "data": data}),
            )
            .await;
    }
    let mut sent = 0;
    let mut reply = server
        .sync("Maintenance", &package1("tablet", "1", 1, "user"))
        .await;
    for msg_id in 2.. {
        assert!(reply.text.len() <= modegate_core::limits::REPLY_BYTES);
        sent += reply.commands.len();
        if reply.commands.is_empty() {
            break;
        }
        reply = server
            .sync(
                "Maintenance",
                &message("tablet", "1", msg_id, &answers(&reply, 200)),
            )
            .await;
    }
    assert_eq!(sent, 5);
}

#[tokio::test]
async fn priority_goes_before_age_and_not_before_waits() {
    let server = Server::start();
    let device = server
        .register(json!({"source": "tablet", "family": "windows81"}))
        .await;
    for (class, priority) in [
        ("Win32_BIOS", 0),
        ("Win32_Processor", 10),
        ("Win32_LogicalDisk", 0),
    ] {
        server
            .queue(
                &device,
                json!({"type": "inventory", "classes": [class], "priority": priority}),
            )
            .await;
    }
    server
        .queue(&device, json!({"type": "inventory", "classes": ["Win32_Battery"], "not_before": "2999-01-01T00:00:00Z"}))
        .await;
    let reply = server
        .sync("Machine", &package1("tablet", "1", 1, "none"))
        .await;
    assert_eq!(
        reply.loc_uris(),
        [
            "./cimv2/Win32_Processor",
            "./cimv2/Win32_BIOS",
            "./cimv2/Win32_LogicalDisk"
        ]
    );
    let preview = server
        .get(&format!("/devices/{device}/preview?mode=Machine"))
        .await;
    assert!(
        preview["withhold"][0]["next"]
            .as_str()
            .unwrap()
            .contains("2999"),
        "{preview}"
    );
}

#[tokio::test]
async fn against_the_protocol_is_a_status_inside_http_200() {
    let server = Server::start();
    one_inventory(&server, "tablet").await;
    let old = package1("tablet", "1", 1, "none").replace("<VerDTD>1.2<", "<VerDTD>1.1<");
    let reply = server.sync("Machine", &old).await;
    assert_eq!(reply.statuses[0].2, 505);
    assert!(reply.commands.is_empty());
    let odd = message(
        "tablet",
        "2",
        1,
        "<Get><Item><Target><LocURI>./x</LocURI></Target></Item></Get><Exec><CmdID>4</CmdID></Exec><Final/>",
    );
    let codes: Vec<u16> = server
        .sync("Machine", &odd)
        .await
        .statuses
        .iter()
        .map(|status| status.2)
        .collect();
    assert_eq!(codes, [200, 400, 406]);
}

#[tokio::test]
async fn replies_have_a_length_and_no_frills() {
    let server = Server::start();
    one_inventory(&server, "tablet").await;
    let body = package1("tablet", "1", 1, "none").into_bytes();
    let (status, headers, text) = server.post("mode=Machine&Platform=WoA", SYNCML, body).await;
    assert_eq!(status, 200);
    assert_eq!(
        headers["content-length"].to_str().unwrap(),
        text.len().to_string()
    );
    assert!(
        headers["content-type"]
            .to_str()
            .unwrap()
            .starts_with(SYNCML)
    );
    for absent in ["transfer-encoding", "content-encoding", "location"] {
        assert!(!headers.contains_key(absent), "{absent}");
    }
}

#[tokio::test]
async fn a_cancelled_command_does_not_go_and_a_final_one_cannot_be_cancelled() {
    let server = Server::start();
    let (_, command) = one_inventory(&server, "tablet").await;
    let (status, _) = server
        .api("DELETE", &format!("/commands/{command}"), None)
        .await;
    assert!((200..300).contains(&status));
    assert_eq!(server.state(&command).await, "cancelled");
    assert!(
        server
            .sync("Machine", &package1("tablet", "1", 1, "none"))
            .await
            .commands
            .is_empty()
    );
    let (status, _) = server
        .api("DELETE", &format!("/commands/{command}"), None)
        .await;
    assert_eq!(status, 409);
}
