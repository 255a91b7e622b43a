//! Where a list goes on, for a caller that is bound to groups: sealed, so that it does not
//! count what others have, and without a page for each thing of theirs.

use serde_json::{Value, json};

use crate::harness::Server;
use crate::wait::DEADLINE;

/// A server on which much is foreign, and little of the group `north`.
async fn mixed() -> Server {
    let server = Server::start_with(&[]);
    for n in 0..9 {
        let group = if n % 4 == 2 { "north" } else { "south" };
        let device = server
            .register(json!({"source": format!("d{n}"), "groups": [group]}))
            .await;
        server
            .queue(&device, json!({"type": "lock_workstation"}))
            .await;
    }
    server
}

async fn scoped(server: &Server, name: &str, group: &str) -> String {
    let body = json!({"name": name, "role": "operator", "groups": [group]});
    server.make_token(body).await.1
}

async fn ask(server: &Server, token: &str, path: &str) -> (u16, Value) {
    let (status, _, answer) = server.call(token, "GET", path, &[], None).await.unwrap();
    (status, answer)
}

async fn batch(server: &Server, token: &str, group: &str) {
    let body = json!({"to": {"groups": [group]}, "command": {"type": "lock_workstation"}});
    let body = Some(body.to_string().into_bytes());
    let answer = server.call(token, "POST", "/commands", &[], body).await;
    assert_eq!(answer.unwrap().0, 202);
}

/// The entries of a list by pages of one, how many pages that took, and each `next`.
async fn walk(server: &Server, token: &str, path: &str) -> (Vec<Value>, usize, Vec<String>) {
    let (mut items, mut pages, mut cursors) = (Vec::new(), 0, Vec::<String>::new());
    loop {
        let after = cursors.last();
        let after = after.map_or(String::new(), |after| format!("&after={after}"));
        let (status, page) = ask(server, token, &format!("{path}limit=1{after}")).await;
        assert_eq!(status, 200, "{page}");
        items.extend(page["items"].as_array().unwrap().clone());
        pages += 1;
        match page["next"].as_str() {
            Some(next) => cursors.push(next.to_owned()),
            None => return (items, pages, cursors),
        }
    }
}

#[tokio::test]
async fn a_scoped_caller_works_out_no_foreign_count() {
    let server = mixed().await;
    let north = scoped(&server, "north", "north").await;
    let south = scoped(&server, "south", "south").await;
    for token in [&south, &south, &north, &south, &north] {
        let group = if token == &north { "north" } else { "south" };
        batch(&server, token, group).await;
    }
    for (path, count) in [
        ("/devices?", Some(2)),
        ("/devices?family=windows81&", Some(2)),
        ("/events?", None),
        ("/events?order=desc&", None),
        ("/events?type=device.registered&", Some(2)),
        ("/batches?", Some(2)),
    ] {
        let (items, pages, cursors) = walk(&server, &north, path).await;
        let count = count.unwrap_or(items.len());
        assert_eq!(items.len(), count, "{path}");
        // At the end the list may have one page more, which is empty.
        assert!(
            (count..=count + 1).contains(&pages),
            "{path}: {pages} of {count}"
        );
        assert!(
            cursors.iter().all(|cursor| cursor.len() > 40),
            "{path}: {cursors:?}"
        );
        // A number would find places by trial, what another token was shown is not this one's.
        for wrong in ["1", "7", "9223372036854775807", "AAAA", &"A".repeat(50)] {
            let (status, problem) = ask(&server, &north, &format!("{path}after={wrong}")).await;
            assert_eq!(
                (status, &problem["field"]),
                (422, &json!("after")),
                "{problem}"
            );
        }
        let (_, first) = ask(&server, &north, &format!("{path}limit=1")).await;
        let next = first["next"].as_str().unwrap();
        let other = ask(&server, &south, &format!("{path}after={next}")).await;
        assert_eq!(other.0, 422, "{path}");
        let list = if path.starts_with("/devices") {
            "/events"
        } else {
            "/devices"
        };
        let other = ask(&server, &north, &format!("{list}?after={next}")).await;
        assert_eq!(other.0, 422, "{path}");
    }
    let (status, all) = ask(&server, &north, "/devices?after=0").await;
    assert_eq!((status, all["items"].as_array().unwrap().len()), (200, 2));
}

#[tokio::test]
async fn a_cursor_outlives_a_restart_and_who_sees_all_gets_numbers() {
    let mut server = mixed().await;
    let north = scoped(&server, "north", "north").await;
    let (_, first) = ask(&server, &north, "/devices?limit=1").await;
    server.kill_and_restart();
    let next = first["next"].as_str().unwrap();
    let (status, second) = ask(&server, &north, &format!("/devices?after={next}")).await;
    assert_eq!((status, &second["items"][0]["source"]), (200, &json!("d6")));
    let page = server.get("/devices?limit=4").await;
    assert_eq!(page["next"], "4");
    // A device's own numbers count nothing of others.
    let own = first["items"][0]["id"].as_str().unwrap();
    for path in [
        format!("/devices/{own}/events?limit=1"),
        format!("/events?device={own}&limit=1"),
    ] {
        let (_, page) = ask(&server, &north, &path).await;
        assert_eq!(page["next"], "1", "{path}");
    }
}

/// Opens the log as it grows and reads until this many events have come; their ids and data.
async fn stream(server: &Server, token: &str, last: &str, count: usize) -> Vec<(String, Value)> {
    let client = reqwest::Client::builder().no_proxy().timeout(DEADLINE);
    let client = client.build().unwrap();
    let request = client.get(format!("{}/api/v1/events/stream", server.http));
    let request = request.bearer_auth(token).header("last-event-id", last);
    let mut answer = request.send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let mut text = String::new();
    while text.matches("\ndata: ").count() < count || !text.ends_with("\n\n") {
        let chunk = answer.chunk().await.unwrap().unwrap();
        text += std::str::from_utf8(&chunk).unwrap();
    }
    let events = text.split("\n\n").filter(|event| event.starts_with("id: "));
    let field = |event: &str, name: &str| {
        let mut lines = event.lines();
        lines
            .find_map(|line| line.strip_prefix(name))
            .unwrap()
            .to_owned()
    };
    events
        .map(|event| {
            let data = serde_json::from_str(&field(event, "data: ")).unwrap();
            (field(event, "id: "), data)
        })
        .collect()
}

#[tokio::test]
async fn the_ids_of_a_scoped_stream_are_sealed_too() {
    let server = mixed().await;
    let north = scoped(&server, "north", "north").await;
    // Registered and queued, two devices.
    let events = stream(&server, &north, "0", 4).await;
    assert_eq!(events.len(), 4, "{events:?}");
    assert!(events.iter().all(|(id, _)| id.len() > 40), "{events:?}");
    let rest = stream(&server, &north, &events[1].0, 2).await;
    assert_eq!(rest.len(), 2, "{rest:?}");
    assert_eq!(rest[0].1, events[2].1);
    let request = reqwest::Client::new()
        .get(format!("{}/api/v1/events/stream", server.http))
        .bearer_auth(&north)
        .header("last-event-id", "3");
    assert_eq!(request.send().await.unwrap().status(), 422);
}
