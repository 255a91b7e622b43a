//! Answers that come otherwise than the book says, and sessions that do.

use serde_json::json;

use crate::harness::{Reply, Server, message, package1};
use crate::syncml;

fn header(reply: &Reply) -> String {
    syncml::header_status(reply.msg_id)
}

fn status(msg_ref: u32, cmd_ref: u32, cmd: &str, code: u16) -> String {
    syncml::status(9, msg_ref, cmd_ref, cmd, code)
}

fn results(msg_ref: u32, cmd_ref: u32, data: &str) -> String {
    syncml::results(8, msg_ref, cmd_ref, "./DevDetail/SwV", data)
}

/// A device with this many Gets, and the reply that carries them.
async fn asked(server: &Server, count: usize) -> (String, Vec<String>, Reply) {
    let device = server
        .register(json!({"source": "t", "family": "windows10"}))
        .await;
    let mut commands = Vec::new();
    for _ in 0..count {
        let get = json!({"type": "raw", "verb": "Get", "loc_uri": "./DevDetail/SwV"});
        commands.push(server.queue(&device, get).await);
    }
    let reply = server
        .sync("Maintenance", &package1("t", "1", 1, "user"))
        .await;
    assert_eq!(reply.commands.len(), count);
    (device, commands, reply)
}

#[tokio::test]
async fn results_without_a_status_say_that_it_was_done() {
    let server = Server::start();
    let (_, commands, reply) = asked(&server, 2).await;
    let ids: Vec<u32> = reply
        .commands
        .iter()
        .map(|command| command.cmd_id)
        .collect();
    let body = format!(
        "{}{}{}<Final/>",
        header(&reply),
        results(reply.msg_id, ids[0], "6.3"),
        status(reply.msg_id, ids[1], "Get", 404)
    );
    server
        .sync("Maintenance", &message("t", "1", 2, &body))
        .await;
    assert_eq!(server.state(&commands[0]).await, "succeeded");
    assert_eq!(server.state(&commands[1]).await, "failed");
    let read = server.get(&format!("/commands/{}", commands[0])).await;
    assert_eq!(read["results"][0]["data"], "6.3");
}

#[tokio::test]
async fn reordered_late_doubled_and_unknown_answers_are_each_taken_for_what_they_are() {
    let server = Server::start();
    let (_, commands, reply) = asked(&server, 4).await;
    let ids: Vec<u32> = reply
        .commands
        .iter()
        .map(|command| command.cmd_id)
        .collect();
    // Backwards, Results before and after, doubled, and for commands that never were.
    let body = [
        results(reply.msg_id, ids[3], "d"),
        status(reply.msg_id, ids[3], "Get", 200),
        status(reply.msg_id, ids[2], "Get", 200),
        results(reply.msg_id, ids[2], "c"),
        status(reply.msg_id, ids[2], "Get", 200),
        status(reply.msg_id, 4_000_000, "Get", 200),
        status(999_999, ids[0], "Get", 200),
        status(reply.msg_id, ids[1], "Exec", 200),
        header(&reply),
    ]
    .concat();
    server
        .sync(
            "Maintenance",
            &message("t", "1", 2, &format!("{body}<Final/>")),
        )
        .await;
    assert_eq!(server.state(&commands[3]).await, "succeeded");
    assert_eq!(server.state(&commands[2]).await, "succeeded");
    assert_ne!(server.state(&commands[0]).await, "succeeded");
    // Late: in another session, and only by its numbers.
    let next = server
        .sync("Maintenance", &package1("t", "2", 1, "user"))
        .await;
    let late = status(reply.msg_id, ids[0], "Get", 200) + &results(reply.msg_id, ids[0], "late");
    let body = format!("{}{late}<Final/>", header(&next));
    server
        .sync("Maintenance", &message("t", "2", 2, &body))
        .await;
    assert_eq!(server.state(&commands[0]).await, "succeeded");
}

#[tokio::test]
async fn statuses_in_groups_over_several_messages_make_one_outcome() {
    let server = Server::start();
    let device = server
        .register(json!({"source": "t", "family": "windows10"}))
        .await;
    let get = |loc_uri: &str| json!({"verb": "Get", "loc_uri": loc_uri});
    let group =
        json!({"type": "sequence", "commands": [get("./DevDetail/SwV"), get("./DevDetail/HwV")]});
    let command = server.queue(&device, group).await;
    let reply = server
        .sync("Maintenance", &package1("t", "1", 1, "user"))
        .await;
    let ids: Vec<u32> = reply
        .commands
        .iter()
        .map(|command| command.cmd_id)
        .collect();
    let first = format!(
        "{}{}",
        header(&reply),
        status(reply.msg_id, ids[2], "Get", 200)
    );
    let half = server
        .sync("Maintenance", &message("t", "1", 2, &first))
        .await;
    assert_eq!((half.alerts, half.is_final), (vec![1222], false));
    assert_eq!(server.state(&command).await, "sent");
    let grouped = format!(
        "<Status><CmdID>3</CmdID><MsgRef>{}</MsgRef><CmdRef>{}</CmdRef><Cmd>Get</Cmd>\
         <TargetRef>./DevDetail/SwV</TargetRef><TargetRef>./DevDetail/Other</TargetRef><Data>200</Data></Status>{}<Final/>",
        reply.msg_id,
        ids[1],
        status(reply.msg_id, ids[0], "Sequence", 200)
    );
    server
        .sync("Maintenance", &message("t", "1", 3, &grouped))
        .await;
    assert_eq!(server.state(&command).await, "succeeded");
}

#[tokio::test]
async fn two_sessions_of_one_device_at_once_end_each_other_and_lose_nothing() {
    let server = Server::start();
    let (device, commands, first) = asked(&server, 1).await;
    // Another begins before the first answered: its lease ends, the command goes anew.
    let second = server
        .sync("Maintenance", &package1("t", "2", 1, "user"))
        .await;
    assert_eq!(second.commands.len(), 1);
    let stale = format!("{}<Final/>", header(&first));
    let stray = server
        .sync("Maintenance", &message("t", "1", 2, &stale))
        .await;
    assert!(stray.commands.is_empty());
    let id = second.commands[0].cmd_id;
    let body = format!(
        "{}{}{}<Final/>",
        header(&second),
        status(second.msg_id, id, "Get", 200),
        results(second.msg_id, id, "x")
    );
    server
        .sync("Maintenance", &message("t", "2", 2, &body))
        .await;
    assert_eq!(server.state(&commands[0]).await, "succeeded");
    // At the very same time: each is answered, and one session is the device's.
    let bodies: Vec<String> = (10..18)
        .map(|n| package1("t", &n.to_string(), 1, "user"))
        .collect();
    let posts = bodies.iter().map(|body| {
        server.post(
            "mode=Maintenance&Platform=WoA",
            crate::harness::SYNCML,
            body.clone().into_bytes(),
        )
    });
    for (status, _, text) in futures(posts).await {
        assert!(matches!(status, 200 | 503), "{status} {text}");
    }
    let sessions = server.get(&format!("/devices/{device}/sessions")).await;
    assert!(sessions["items"].as_array().unwrap().len() >= 3);
}

#[tokio::test]
async fn a_session_that_never_ends_is_ended() {
    let server = Server::start();
    let device = server
        .register(json!({"source": "t", "family": "windows10"}))
        .await;
    // Half packages for ever.
    let first = package1("t", "1", 1, "user").replace("<Final/>", "");
    let mut last = server.sync("Maintenance", &first).await;
    assert_eq!(last.alerts, [1222]);
    let mut asked_on = 1;
    for number in 2..=260 {
        last = server
            .sync("Maintenance", &message("t", "1", number, &header(&last)))
            .await;
        asked_on += usize::from(last.alerts.contains(&1222));
    }
    assert!(last.alerts.is_empty() && asked_on <= 200, "{asked_on}");
    // And the next session is served as ever.
    let get = json!({"type": "raw", "verb": "Get", "loc_uri": "./DevDetail/SwV"});
    server.queue(&device, get).await;
    let next = server
        .sync("Maintenance", &package1("t", "2", 1, "user"))
        .await;
    assert_eq!(next.commands.len(), 1);
}

/// Runs them side by side.
async fn futures<F: Future>(all: impl Iterator<Item = F>) -> Vec<F::Output> {
    let mut waiting: Vec<_> = all.map(|one| (Box::pin(one), None)).collect();
    std::future::poll_fn(|context| {
        for (one, done) in &mut waiting {
            if done.is_none()
                && let std::task::Poll::Ready(output) = one.as_mut().poll(context)
            {
                *done = Some(output);
            }
        }
        match waiting.iter().all(|(_, done)| done.is_some()) {
            true => std::task::Poll::Ready(()),
            false => std::task::Poll::Pending,
        }
    })
    .await;
    waiting.into_iter().filter_map(|(_, done)| done).collect()
}
