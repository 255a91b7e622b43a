//! Deliveries that a device never answers: they are counted, what the device stops at
//! goes alone and last and then fails, and what went beside it is not harmed.

use serde_json::{Value, json};

use crate::harness::{Server, answers, message, package1};

/// A device that falls silent, for good in this session, at any reply with one of these
/// in it; all else it answers 200. What each reply carried, by the last word of each
/// LocURI.
struct Agent<'a> {
    server: &'a Server,
    stops_at: &'static str,
    sessions: u32,
}

impl Agent<'_> {
    async fn session(&mut self) -> Vec<Vec<String>> {
        self.sessions += 1;
        let session = self.sessions.to_string();
        let first = package1("tablet", &session, 1, "user");
        let mut reply = self.server.sync("Maintenance", &first).await;
        let mut replies = Vec::new();
        for number in 2.. {
            if reply.commands.is_empty() {
                break;
            }
            let last = |loc_uri: &&str| loc_uri.rsplit(['/', '=']).next().unwrap().to_owned();
            replies.push(reply.loc_uris().iter().map(last).collect());
            if reply.text.contains(self.stops_at) {
                break;
            }
            let body = answers(&reply, 200);
            let next = message("tablet", &session, number, &body);
            reply = self.server.sync("Maintenance", &next).await;
        }
        replies
    }
}

async fn tablet(server: &Server, queue: &[Value]) -> (String, Vec<String>) {
    let device = server
        .register(json!({"source": "tablet", "family": "windows81"}))
        .await;
    let mut commands = Vec::new();
    for command in queue {
        commands.push(server.queue(&device, command.clone()).await);
    }
    (device, commands)
}

fn bios() -> Value {
    json!({"type": "inventory", "classes": ["Win32_BIOS"], "walk": false})
}

fn reset() -> Value {
    json!({"type": "reset_user_password", "user": "ann", "password": "pw-1"})
}

#[tokio::test]
async fn a_profile_that_silences_the_agent_fails_and_nothing_else_is_harmed() {
    let server = Server::start();
    let profile =
        "<WLANProfile xmlns=\"http://www.example.test/profile\"><name>Lab</name></WLANProfile>";
    let wifi = json!({"type": "wifi_profile", "name": "Lab", "profile": profile});
    let (device, commands) = tablet(&server, &[wifi, bios(), reset()]).await;
    let mut agent = Agent {
        server: &server,
        stops_at: "WirelessProfile",
        sessions: 0,
    };
    // The reset shares no reply with what writes, and does not wait behind it twice.
    assert_eq!(agent.session().await, [["ProfileXml", "Win32_BIOS"]]);
    assert_eq!(server.state(&commands[2]).await, "queued");
    let second = agent.session().await;
    assert_eq!(second[0], ["ResetUserPassword"]);
    assert_eq!(second[1], ["ProfileXml", "Win32_BIOS"]);
    assert_eq!(server.state(&commands[2]).await, "succeeded");
    let wifi = format!("/commands/{}", commands[0]);
    assert_eq!(
        server.get(&wifi).await["unanswered"],
        1,
        "the second is open"
    );
    assert_eq!(agent.session().await, [["ProfileXml", "Win32_BIOS"]]);
    // Three times unanswered: each alone from now on, reads before writes, and last. What
    // the preview says is what goes.
    let preview = format!("/devices/{device}/preview?mode=Maintenance");
    let preview = server.get(&preview).await;
    let order = preview["deliver"].as_array().unwrap().iter();
    let order: Vec<&str> = order.map(|one| one["command"].as_str().unwrap()).collect();
    assert_eq!(order, [commands[1].as_str(), commands[0].as_str()]);
    let later = server
        .queue(
            &device,
            json!({"type": "inventory", "classes": ["Win32_Processor"], "walk": false}),
        )
        .await;
    let fourth = agent.session().await;
    assert_eq!(fourth[0], ["Win32_Processor"]);
    assert_eq!(fourth[1], ["Win32_BIOS"]);
    assert_eq!(fourth[2], ["ProfileXml"]);
    assert_eq!(server.state(&later).await, "succeeded");
    assert_eq!(server.state(&commands[1]).await, "succeeded");
    for _ in 5..=6 {
        assert_eq!(agent.session().await, [["ProfileXml"]]);
    }
    assert_eq!(server.state(&commands[0]).await, "sent");
    assert!(agent.session().await.is_empty());
    let read = server.get(&wifi).await;
    assert_eq!(read["state"], "failed");
    assert_eq!(read["reason"], "sent 6 times, never answered");
    assert_eq!(read["history"].as_array().unwrap().len(), 1);
}

/// A device that answers everything gets everything, with one reply more.
#[tokio::test]
async fn a_reset_shares_replies_with_reads_but_not_with_writes() {
    let write = json!({"type": "restrictions", "settings": {"WifiEnabled": false}});
    let rows = [
        (
            vec![write.clone(), reset(), bios()],
            [vec!["WifiEnabled", "Win32_BIOS"], vec!["ResetUserPassword"]],
        ),
        (
            vec![bios(), reset(), write],
            [vec!["Win32_BIOS", "ResetUserPassword"], vec!["WifiEnabled"]],
        ),
    ];
    for (queue, replies) in rows {
        let server = Server::start();
        let (_, commands) = tablet(&server, &queue).await;
        let mut agent = Agent {
            server: &server,
            stops_at: "nothing",
            sessions: 0,
        };
        assert_eq!(agent.session().await, replies);
        for command in &commands {
            assert_eq!(server.state(command).await, "succeeded");
        }
    }
}

/// Nor with another Exec, a second reset among them: whichever the device stops at, it is
/// known which of them went.
#[tokio::test]
async fn a_reset_shares_no_reply_with_another_exec() {
    let lock = json!({"type": "lock_workstation"});
    let other = json!({"type": "reset_user_password", "user": "bob", "password": "pw-2"});
    let rows = [
        (
            vec![lock.clone(), reset(), bios()],
            vec![
                vec!["LockWorkstation", "Win32_BIOS"],
                vec!["ResetUserPassword"],
            ],
        ),
        (
            vec![bios(), reset(), lock.clone()],
            vec![
                vec!["Win32_BIOS", "ResetUserPassword"],
                vec!["LockWorkstation"],
            ],
        ),
        (
            vec![reset(), other, bios(), lock.clone()],
            vec![
                vec!["ResetUserPassword"],
                vec!["ResetUserPassword", "Win32_BIOS"],
                vec!["LockWorkstation"],
            ],
        ),
    ];
    for (queue, replies) in rows {
        let server = Server::start();
        tablet(&server, &queue).await;
        let mut agent = Agent {
            server: &server,
            stops_at: "nothing",
            sessions: 0,
        };
        assert_eq!(agent.session().await, replies);
    }
    // A device that stops at the lock has done nothing of the reset.
    let server = Server::start();
    let (_, commands) = tablet(&server, &[lock, reset()]).await;
    let mut agent = Agent {
        server: &server,
        stops_at: "LockWorkstation",
        sessions: 0,
    };
    assert_eq!(agent.session().await, [["LockWorkstation"]]);
    assert_eq!(server.state(&commands[1]).await, "queued");
    assert_eq!(agent.session().await[0], ["ResetUserPassword"]);
    assert_eq!(server.state(&commands[1]).await, "succeeded");
}

#[tokio::test]
async fn a_forecast_says_that_the_command_goes_alone() {
    let server = Server::start();
    let (_, commands) = tablet(&server, &[bios()]).await;
    let mut agent = Agent {
        server: &server,
        stops_at: "BIOS",
        sessions: 0,
    };
    for _ in 0..3 {
        agent.session().await;
    }
    let first = package1("tablet", "9", 1, "none").replace("<Final/>", "");
    server.sync("Machine", &first).await;
    let read = server.get(&format!("/commands/{}", commands[0])).await;
    assert_eq!(
        (&read["state"], &read["unanswered"]),
        (&json!("queued"), &json!(3))
    );
    let text = read["forecast"]["text"].as_str().unwrap();
    assert!(text.contains("sent 3 times without an answer"), "{text}");
}

/// A read may stop the device too. A reset behind it was sent once and may have been
/// done, until the read ahead of it turns out to be what the device never answers.
#[tokio::test]
async fn a_reset_behind_a_read_that_stops_the_device_goes_again_in_the_end() {
    let server = Server::start();
    let (_, commands) = tablet(&server, &[bios(), reset()]).await;
    let mut agent = Agent {
        server: &server,
        stops_at: "BIOS",
        sessions: 0,
    };
    assert_eq!(agent.session().await, [["Win32_BIOS", "ResetUserPassword"]]);
    for _ in 2..=6 {
        assert_eq!(agent.session().await, [["Win32_BIOS"]]);
        assert_eq!(server.state(&commands[1]).await, "unconfirmed");
    }
    assert_eq!(agent.session().await, [["ResetUserPassword"]]);
    assert_eq!(server.state(&commands[0]).await, "failed");
    assert_eq!(server.state(&commands[1]).await, "succeeded");
}

/// What is sent once and stops the device by itself is not sent again.
#[tokio::test]
async fn a_reset_that_stops_the_device_stays_unconfirmed() {
    let server = Server::start();
    let (_, commands) = tablet(&server, &[reset(), bios()]).await;
    let mut agent = Agent {
        server: &server,
        stops_at: "ResetUser",
        sessions: 0,
    };
    assert_eq!(agent.session().await, [["ResetUserPassword", "Win32_BIOS"]]);
    assert_eq!(agent.session().await, [["Win32_BIOS"]]);
    assert_eq!(server.state(&commands[0]).await, "unconfirmed");
    assert_eq!(server.state(&commands[1]).await, "succeeded");
}

/// An app job that stops the device is asked about, and sent again while the device does
/// not know it: not for ever.
#[tokio::test]
async fn an_app_job_that_stops_the_device_has_a_bound() {
    let server = Server::start();
    let (_, commands) = tablet(
        &server,
        &[json!({"type": "app_install", "job_data": "<Job/>"})],
    )
    .await;
    let mut sent = 0;
    for session in 0..40 {
        let session = session.to_string();
        let first = package1("tablet", &session, 1, "user");
        let reply = server.sync("Maintenance", &first).await;
        if reply.text.contains("CreateJob") {
            sent += 1;
        } else if !reply.commands.is_empty() {
            let body = answers(&reply, 404);
            let next = message("tablet", &session, 2, &body);
            let reply = server.sync("Maintenance", &next).await;
            sent += usize::from(reply.text.contains("CreateJob"));
        }
    }
    let read = server.get(&format!("/commands/{}", commands[0])).await;
    assert_eq!(read["state"], "failed", "{read}");
    assert_eq!(
        (sent, &read["reason"]),
        (6, &json!("sent 6 times, never answered"))
    );
}

/// Answers that come in between begin the count anew.
#[tokio::test]
async fn an_answer_that_is_understood_ends_the_count() {
    let server = Server::start();
    let (device, commands) = tablet(&server, &[bios()]).await;
    let mut agent = Agent {
        server: &server,
        stops_at: "BIOS",
        sessions: 0,
    };
    for _ in 0..5 {
        agent.session().await;
    }
    let reply = server
        .sync("Maintenance", &package1("tablet", "late", 1, "user"))
        .await;
    let body = answers(&reply, 503);
    let next = message("tablet", "late", 2, &body);
    server.sync("Maintenance", &next).await;
    let read = server.get(&format!("/commands/{}", commands[0])).await;
    assert_eq!(
        (&read["state"], &read["unanswered"]),
        (&json!("queued"), &json!(0))
    );
    let events = server.get(&format!("/devices/{device}/events")).await;
    assert!(!events.to_string().contains("never answered"));
}
