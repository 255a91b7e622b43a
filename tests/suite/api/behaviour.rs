//! The API as its callers rely on it: conditional requests, imports, filtered
//! lists, limits.

use std::collections::HashSet;

use serde_json::{Value, json};

use crate::harness::{SYNCML, Server, package1};

#[tokio::test]
async fn tags_tell_whether_something_changed() {
    let server = Server::start();
    let device = server.register(json!({"source": "tablet"})).await;
    let path = format!("/devices/{device}");
    let tag = |headers: &reqwest::header::HeaderMap| headers["etag"].to_str().unwrap().to_owned();
    let (_, headers, _) = server.with("GET", &path, &[], Value::Null).await;
    let first = tag(&headers);
    assert!(first.starts_with('"'), "strong: {first}");
    let weak = format!("W/{first}, \"x\"");
    for same in [first.as_str(), weak.as_str(), "*"] {
        let (status, headers, body) = server
            .with("GET", &path, &[("If-None-Match", same)], Value::Null)
            .await;
        assert_eq!((status, body), (304, json!("")), "{same}");
        assert_eq!(tag(&headers), first);
    }

    let stale = [("If-Match", "\"other\"")];
    let current = [("If-Match", first.as_str())];
    let (status, _, _) = server
        .with("PATCH", &path, &stale, json!({"user": "ann"}))
        .await;
    assert_eq!(status, 412);
    let (status, _, _) = server.with("DELETE", &path, &stale, Value::Null).await;
    assert_eq!(status, 412);
    assert_eq!(server.get(&path).await["user"], Value::Null);
    let (status, headers, _) = server
        .with("PATCH", &path, &current, json!({"user": "ann"}))
        .await;
    assert_eq!(status, 200);
    let second = tag(&headers);
    assert_ne!(first, second);
    let (status, _, _) = server
        .with("PATCH", &path, &current, json!({"user": "bob"}))
        .await;
    assert_eq!(status, 412, "the tag is an old one by now");
    let (status, _, _) = server
        .with("GET", &path, &[("If-None-Match", &first)], Value::Null)
        .await;
    assert_eq!(status, 200);

    // Queueing changes the device's page, an exchange its command's.
    let command = server.queue(&device, json!({"type": "inventory"})).await;
    let (_, headers, _) = server.with("GET", &path, &[], Value::Null).await;
    assert_ne!(tag(&headers), second);
    let command = format!("/commands/{command}");
    let (_, headers, _) = server.with("GET", &command, &[], Value::Null).await;
    let queued = tag(&headers);
    server
        .sync("Machine", &package1("tablet", "1", 1, "none"))
        .await;
    let (_, headers, _) = server
        .with("GET", &command, &[("If-None-Match", &queued)], Value::Null)
        .await;
    assert_ne!(tag(&headers), queued);
    let (status, _, _) = server
        .with("DELETE", &command, &[("If-Match", &queued)], Value::Null)
        .await;
    assert_eq!(status, 412);
    let now = tag(&headers);
    let (status, _, answer) = server
        .with("DELETE", &command, &[("If-Match", &now)], Value::Null)
        .await;
    assert_eq!((status, &answer["state"]), (200, &json!("cancelled")));
    let (status, _, _) = server
        .with("DELETE", &path, &[("If-Match", "*")], Value::Null)
        .await;
    assert_eq!(status, 204);
}

#[tokio::test]
async fn an_import_is_all_or_nothing_and_says_everything_that_is_wrong() {
    let server = Server::start();
    let known = server
        .register(json!({"source": "known", "user": "ann"}))
        .await;
    let faulty = json!({"on_conflict": "maybe", "devices": [
        {"source": "good"},
        {"source": ""},
        {"source": "x", "family": "windows3", "groups": "a", "credentials": {"username": "a:b", "password": "p"}},
        7,
        {"source": "good", "certificate_sha256": ["+1"]},
    ]});
    let (status, _, answer) = server.with("POST", "/devices/import", &[], faulty).await;
    assert_eq!(status, 422);
    let fields: HashSet<&str> = answer["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|fault| fault["field"].as_str().unwrap())
        .collect();
    let expected = [
        "on_conflict",
        "devices[1].source",
        "devices[2].family",
        "devices[2].groups",
        "devices[2].credentials.username",
        "devices[3]",
        "devices[4].source",
        "devices[4].certificate_sha256[0]",
    ];
    assert_eq!(fields, HashSet::from(expected), "{answer}");

    let list = |how: &str| {
        json!({"on_conflict": how, "devices": [
            {"source": format!("new {how}"), "groups": ["a"]},
            {"source": "known", "user": "bob"},
        ]})
    };
    let (status, _, answer) = server
        .with("POST", "/devices/import", &[], list("fail"))
        .await;
    assert_eq!(
        (status, &answer["field"]),
        (409, &json!("devices[1].source")),
        "{answer}"
    );
    assert_eq!(
        server.get("/devices").await["items"]
            .as_array()
            .unwrap()
            .len(),
        1,
        "nothing is left of it"
    );
    for (how, outcome, user) in [("skip", "skipped", "ann"), ("update", "updated", "bob")] {
        let (status, _, answer) = server.with("POST", "/devices/import", &[], list(how)).await;
        assert_eq!(status, 200, "{answer}");
        assert_eq!(
            (&answer["created"], &answer[outcome]),
            (&json!(1), &json!(1)),
            "{answer}"
        );
        assert_eq!(
            answer["items"][1],
            json!({"source": "known", "id": known, "outcome": outcome})
        );
        assert_eq!(server.get(&format!("/devices/{known}")).await["user"], user);
    }
    let many: Vec<Value> = (0..1001)
        .map(|n| json!({"source": format!("m{n}")}))
        .collect();
    let (status, _, answer) = server
        .with("POST", "/devices/import", &[], json!({"devices": many}))
        .await;
    assert_eq!((status, &answer["field"]), (422, &json!("devices")));
    let (status, _, answer) = server
        .with(
            "POST",
            "/devices/import",
            &[],
            json!({"devices": many[..1000]}),
        )
        .await;
    assert_eq!((status, &answer["created"]), (200, &json!(1000)));
    let id = answer["items"][999]["id"].as_str().unwrap();
    assert_eq!(
        server.get(&format!("/devices/{id}")).await["source"],
        "m999"
    );
}

#[tokio::test]
async fn lists_are_filtered_and_go_on_where_they_stopped() {
    let server = Server::start();
    let devices: Vec<Value> = (0..450)
        .map(|n| {
            let family = if n % 2 == 0 { "windows81" } else { "windows10" };
            let groups = if n % 90 == 0 { vec!["rare", "all"] } else { vec!["all"] };
            json!({"source": format!("d{n}"), "family": family, "groups": groups, "user": format!("u{}", n % 3)})
        })
        .collect();
    let (status, _, _) = server
        .with("POST", "/devices/import", &[], json!({"devices": devices}))
        .await;
    assert_eq!(status, 200);
    for (filter, expected) in [
        ("", 450),
        ("group=rare", 5),
        ("group=none", 0),
        ("group=&user=", 450),
        ("family=windows10", 225),
        ("user=u1&family=windows81", 75),
        ("source=d7", 1),
        ("source=d7&group=rare", 0),
        ("source=d", 0),
    ] {
        let (mut after, mut sources) = ("0".to_owned(), HashSet::new());
        loop {
            let page = server
                .get(&format!("/devices?{filter}&limit=60&after={after}"))
                .await;
            let items = page["items"].as_array().unwrap();
            assert!(items.len() <= 60);
            sources.extend(
                items
                    .iter()
                    .map(|item| item["source"].as_str().unwrap().to_owned()),
            );
            match page["next"].as_str() {
                Some(next) => after = next.to_owned(),
                None => break,
            }
        }
        assert_eq!(sources.len(), expected, "{filter}");
    }
}

#[tokio::test]
async fn a_device_over_its_rate_is_told_so_and_others_go_on() {
    let server = Server::start_with(&[]);
    let message = |source: &str| package1(source, "1", 1, "none").into_bytes();
    let mut refused = None;
    for _ in 0..2_000 {
        let (status, headers, body) = server
            .post("mode=Machine&Platform=WoA", SYNCML, message("loud"))
            .await;
        if status == 429 {
            refused = Some((headers, body));
            break;
        }
        assert_eq!(status, 403);
    }
    let (headers, body) = refused.expect("the rate of a device");
    assert_eq!(
        headers["content-type"], "application/problem+json",
        "{body}"
    );
    let wait: u64 = headers["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=60).contains(&wait));
    let (status, _, _) = server
        .post("mode=Machine&Platform=WoA", SYNCML, message("quiet"))
        .await;
    assert_eq!(status, 403, "another name has a share of its own");
    assert_eq!(server.get("/devices").await["items"], json!([]));
}

#[tokio::test]
async fn what_is_no_endpoint_is_told_apart() {
    let server = Server::start();
    let (status, headers, _) = server.with("PUT", "/devices", &[], json!({})).await;
    assert_eq!(
        (status, headers["allow"].to_str().unwrap()),
        (405, "POST, GET")
    );
    for (token, path, expected) in [
        (server.token.as_str(), "/nothing", 404),
        ("", "/nothing", 401),
        ("", "/devices", 401),
        ("", "/openapi.json", 200),
    ] {
        let (status, _, _) = server.call(token, "GET", path, &[], None).await.unwrap();
        assert_eq!(status, expected, "{path}");
    }
    let (status, _, _) = server.call("", "PUT", "/devices", &[], None).await.unwrap();
    assert_eq!(status, 401);
}

/// RFC 9110, 13.1.1: what `If-Match` asks for is never so where there is no ETag.
#[tokio::test]
async fn what_has_no_tag_matches_none() {
    let server = Server::start();
    let device = server.register(json!({"source": "tablet"})).await;
    let commands = format!("/devices/{device}/commands");
    let lock = json!({"type": "lock_workstation"});
    for (wanted, expected) in [("\"1.1\"", 412), ("*", 201)] {
        let (status, _, answer) = server
            .with("POST", &commands, &[("If-Match", wanted)], lock.clone())
            .await;
        assert_eq!(status, expected, "{answer}");
    }
    let open = server.get(&format!("/devices/{device}")).await["open_commands"].clone();
    assert_eq!(open, 1);
}
