//! Installs at each of their steps.

use serde_json::json;

use super::{Old, data_of, say, session, until};
use crate::harness::{answers, package1};
use crate::syncml::{header_status, status};

/// Its command went out in the session that is open.
#[tokio::test]
async fn an_install_under_way_is_accepted() {
    let old = Old::copied();
    let server = old.serve();
    let delivered = server
        .get(&format!(
            "/commands/{}",
            old.command("install-delivered", 1)
        ))
        .await;
    assert_eq!(delivered["state"], "sent");
    let taken = header_status(1) + &status(2, 1, 5, "Exec", 200) + "<Final/>";
    say(&server, "Apps", "install-delivered", "1", 2, &taken).await;
    until(&server, &old.install("delivered"), |install| {
        install["state"] == "accepted"
    })
    .await;
}

/// Its job is read in the next session.
#[tokio::test]
async fn a_job_of_then_is_watched_to_its_end() {
    let old = Old::copied();
    let server = old.serve();
    for name in ["accepted", "progress"] {
        let source = format!("install-{name}");
        let first = package1(&source, "9", 1, "user");
        let reply = server.sync("Apps", &first).await;
        let mut body = answers(&reply, 404);
        for (nth, command) in reply.commands.iter().enumerate() {
            let value = match command.loc_uri.rsplit('/').next().unwrap() {
                "Progress" => "100",
                "LastError" => "0",
                "Status" => "2",
                _ => continue,
            };
            let refs = format!("<CmdRef>{}</CmdRef><Cmd>Get</Cmd>", command.cmd_id);
            body = body.replace(&format!("{refs}<Data>404"), &format!("{refs}<Data>200"));
            body = body.replace(
                "<Final/>",
                &format!(
                    "<Results><CmdID>{}</CmdID><MsgRef>{}</MsgRef><CmdRef>{}</CmdRef><Item><Data>{value}</Data></Item></Results><Final/>",
                    100 + nth, reply.msg_id, command.cmd_id
                ),
            );
        }
        say(&server, "Apps", &source, "9", 2, &body).await;
        let done = until(&server, &old.install(name), |install| {
            install["state"] == "installed"
        })
        .await;
        assert_eq!(done["progress"], 100, "{done}");
    }
}

/// What waits for Maintenance is carried by it, with the licence and job of the
/// catalogue.
#[tokio::test]
async fn an_install_that_waits_goes_with_the_job_of_the_catalogue() {
    let old = Old::copied();
    let server = old.serve();
    let sent = session(&server, "Maintenance", "install-waiting", "1", 200).await;
    assert_eq!(
        data_of(&sent, "Exec=CreateJob"),
        "JobData=<Job>erp 2.0</Job>"
    );
    until(&server, &old.install("waiting"), |install| {
        install["state"] == "accepted"
    })
    .await;
}

/// What was taken back may be asked for again; what is installed is.
#[tokio::test]
async fn installs_that_ended_may_be_asked_for_again() {
    let old = Old::copied();
    let server = old.serve();
    for (name, expected) in [("cancelled", 201), ("failed", 201), ("installed", 200)] {
        let path = format!("/devices/{}/installs", old.id(&format!("install-{name}")));
        let (status, answer) = server.api("POST", &path, Some(json!({"app": "erp"}))).await;
        assert_eq!(status, expected, "{name}: {answer}");
    }
}
