//! The log as server-sent events.

use std::time::Instant;

use serde_json::{Value, json};

use crate::harness::{Server, package1};
use crate::wait::DEADLINE;

/// A reader of one stream.
struct Reader {
    response: reqwest::Response,
    text: String,
}

/// One event: id, type, data.
type Entry = (u64, String, Value);

impl Reader {
    async fn open(server: &Server, path: &str, headers: &[(&str, &str)]) -> Reader {
        let response = server.open(path, headers).await;
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Reader {
            response,
            text: String::new(),
        }
    }

    /// The next event; `None` at the end of the stream.
    async fn next(&mut self) -> Option<Entry> {
        loop {
            while let Some((block, rest)) = self.text.split_once("\n\n") {
                let (block, rest) = (block.to_owned(), rest.to_owned());
                self.text = rest;
                if let Some(entry) = read(&block) {
                    return Some(entry);
                }
            }
            let piece = tokio::time::timeout(DEADLINE, self.response.chunk()).await;
            let piece = piece.expect("something within the deadline").ok()??;
            self.text += std::str::from_utf8(&piece).unwrap();
        }
    }
}

fn read(block: &str) -> Option<Entry> {
    let field = |name: &str| {
        block
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    };
    let data = serde_json::from_str(field("data")?).unwrap();
    Some((
        field("id")?.parse().unwrap(),
        field("event")?.to_owned(),
        data,
    ))
}

#[tokio::test]
async fn events_come_as_they_happen_and_a_reader_goes_on_where_it_stopped() {
    let server = Server::start();
    let mut reader = Reader::open(&server, "/events/stream", &[]).await;
    let device = server.register(json!({"source": "tablet"})).await;
    let (first, what, data) = reader.next().await.unwrap();
    assert_eq!(what, "device.registered", "only what happens from now on");
    assert_eq!(data["device"], json!(device));
    server.queue(&device, json!({"type": "inventory"})).await;
    assert_eq!(reader.next().await.unwrap().1, "command.queued");
    server
        .sync("Machine", &package1("tablet", "1", 1, "none"))
        .await;
    let (_, what, data) = reader.next().await.unwrap();
    assert_eq!(what, "exchange");
    let listed = server.get(&format!("/events?after={first}")).await;
    assert!(
        listed["items"].as_array().unwrap().contains(&data),
        "as the list shows it"
    );
    drop(reader);

    for headers in [vec![("Last-Event-ID", first.to_string())], Vec::new()] {
        let headers: Vec<(&str, &str)> = headers.iter().map(|(n, v)| (*n, v.as_str())).collect();
        let after = if headers.is_empty() { first } else { 0 };
        let path = format!("/events/stream?after={after}");
        let mut reader = Reader::open(&server, &path, &headers).await;
        assert_eq!(reader.next().await.unwrap().1, "command.queued");
        assert_eq!(reader.next().await.unwrap().1, "exchange");
    }
    let bad = server
        .open("/events/stream", &[("Last-Event-ID", "x")])
        .await;
    assert_eq!(bad.status(), 422);
}

#[tokio::test]
async fn a_device_has_a_stream_of_its_own() {
    let server = Server::start();
    let device = server.register(json!({"source": "a"})).await;
    let path = format!("/devices/{device}/events/stream?after=0");
    let mut reader = Reader::open(&server, &path, &[]).await;
    server.register(json!({"source": "b"})).await;
    for _ in 0..120 {
        server.queue(&device, json!({"type": "inventory"})).await;
    }
    for seq in 1..=121 {
        let (id, _, data) = reader.next().await.unwrap();
        assert_eq!(
            (id, &data["seq"], &data["device"]),
            (seq, &json!(seq), &json!(device))
        );
    }
    let nobody = server
        .open(&format!("/devices/{}/events/stream", "0".repeat(32)), &[])
        .await;
    assert_eq!(nobody.status(), 404);
}

#[tokio::test]
async fn a_stream_ends_with_its_token_and_with_the_server() {
    let mut server = Server::start();
    let (id, token) = server
        .make_token(json!({"name": "a", "role": "auditor"}))
        .await;
    let client = reqwest::Client::new();
    let url = format!("{}/api/v1/events/stream", server.http);
    let response = client.get(url).bearer_auth(token).send().await.unwrap();
    let mut bound = Reader {
        response,
        text: String::new(),
    };
    let mut other = Reader::open(&server, "/events/stream", &[]).await;
    let (status, _) = server.api("DELETE", &format!("/tokens/{id}"), None).await;
    assert_eq!(status, 204);
    // At the latest with the next event it is over, and says nothing of that one.
    server.register(json!({"source": "later"})).await;
    while let Some((_, what, _)) = bound.next().await {
        assert_eq!(what, "token.revoked");
    }
    assert_eq!(other.next().await.unwrap().1, "token.revoked");
    assert_eq!(other.next().await.unwrap().1, "device.registered");

    let begun = Instant::now();
    server.signal("TERM");
    assert!(other.next().await.is_none());
    assert_eq!(server.wait(), Some(0));
    assert!(
        begun.elapsed().as_secs() < 8,
        "it did not wait for the stream"
    );
}
