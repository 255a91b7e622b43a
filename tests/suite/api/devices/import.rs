//! `/devices/import`: many devices at once, all or none.

use std::collections::HashSet;

use serde_json::{Value, json};

use crate::harness::Server;

#[tokio::test]
async fn an_import_says_everything_that_is_wrong() {
    let server = Server::start();
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
    assert_eq!(server.get("/devices").await["items"], json!([]));
}

#[tokio::test]
async fn a_device_that_is_known_fails_the_import_or_is_skipped_or_updated() {
    let server = Server::start();
    let known = server
        .register(json!({"source": "known", "user": "ann"}))
        .await;
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
}

#[tokio::test]
async fn an_import_takes_a_thousand_devices() {
    let server = Server::start();
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
