//! `/batches`: one command for many devices.

use serde_json::{Value, json};

use crate::harness::Server;
use crate::wait::{DEADLINE, eventually, seen};

/// Waits until the batch has come to its end.
async fn ended(server: &Server, batch: &str) -> Value {
    let path = format!("/batches/{batch}");
    let look = async || {
        seen(server.get(&path).await, |shown| {
            !shown["ended_at"].is_null()
        })
    };
    eventually(DEADLINE, look).await
}

async fn ask(server: &Server, body: Value) -> String {
    let (status, batch) = server.api("POST", "/commands", Some(body)).await;
    assert_eq!(status, 202, "{batch}");
    batch["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_batch_reaches_each_device_of_its_groups_once() {
    let mut server = Server::start();
    let mut devices = Vec::new();
    for at in 0..150 {
        let groups = if at % 3 == 0 {
            json!(["school"])
        } else {
            json!(["office"])
        };
        devices.push(
            server
                .register(json!({"source": format!("d{at}"), "groups": groups}))
                .await,
        );
    }
    let lock = json!({"type": "lock_workstation"});
    let batch = ask(
        &server,
        json!({"to": {"groups": ["school", "lab"]}, "command": lock}),
    )
    .await;
    let shown = ended(&server, &batch).await;
    assert_eq!(shown["state"], "finished", "{shown}");
    assert_eq!(
        shown["progress"],
        json!({"queued": 50, "refused": 0, "cancelled": 0})
    );
    server.kill_and_restart();
    let mut seen = std::collections::HashSet::new();
    let mut after = String::from("0");
    loop {
        let page = server
            .get(&format!("/batches/{batch}/commands?limit=20&after={after}"))
            .await;
        for command in page["items"].as_array().unwrap() {
            assert_eq!(command["kind"], "lock");
            assert!(seen.insert(command["device"].as_str().unwrap().to_owned()));
        }
        match page["next"].as_str() {
            Some(next) => next.clone_into(&mut after),
            None => break,
        }
    }
    assert_eq!(seen.len(), 50);
    for (at, device) in devices.iter().enumerate() {
        let open = server.get(&format!("/devices/{device}")).await["open_commands"].clone();
        assert_eq!(open, json!(u8::from(at % 3 == 0)));
    }
    let all = ask(
        &server,
        json!({"to": {"all": true}, "command": {"type": "inventory"}}),
    )
    .await;
    assert_eq!(ended(&server, &all).await["progress"]["queued"], 150);
    let listed = server.get("/batches?limit=1").await;
    assert_eq!(listed["items"][0]["id"], json!(all), "the newest first");
}

#[tokio::test]
async fn a_batch_goes_on_after_a_kill_and_can_be_stopped_and_taken_back() {
    let mut server = Server::start();
    let devices: Vec<Value> = (0..900)
        .map(|at| json!({"source": format!("d{at}")}))
        .collect();
    let (status, _) = server
        .api("POST", "/devices/import", Some(json!({"devices": devices})))
        .await;
    assert_eq!(status, 200);
    let batch = ask(
        &server,
        json!({"to": {"all": true}, "command": {"type": "lock_workstation"}}),
    )
    .await;
    // Wherever it is when the power fails.
    server.kill_and_restart();
    let shown = ended(&server, &batch).await;
    assert_eq!(shown["progress"]["queued"], 900, "{shown}");
    let page = server.get("/devices?limit=200").await;
    for device in page["items"].as_array().unwrap() {
        assert_eq!(device["open_commands"], 1, "no device got it twice");
    }
    let (status, problem) = server
        .api("DELETE", &format!("/batches/{batch}"), None)
        .await;
    assert_eq!(status, 409, "{problem}");
    let second = ask(
        &server,
        json!({"to": {"all": true}, "command": {"type": "inventory"}}),
    )
    .await;
    let (status, _) = server
        .api(
            "DELETE",
            &format!("/batches/{second}?commands=cancel"),
            None,
        )
        .await;
    if status == 200 {
        let shown = ended(&server, &second).await;
        assert_eq!(shown["state"], "stopped");
        assert_eq!(
            shown["progress"]["queued"], shown["progress"]["cancelled"],
            "{shown}"
        );
    } else {
        assert_eq!(status, 409, "it may have been quicker");
    }
}

#[tokio::test]
async fn what_is_wrong_with_a_batch_is_told_before_it_begins() {
    let server = Server::start();
    let known = server.register(json!({"source": "d"})).await;
    let lock = json!({"type": "lock_workstation"});
    for (body, field) in [
        (json!({"command": lock}), "to"),
        (json!({"to": {}, "command": lock}), "to"),
        (json!({"to": {"all": false}, "command": lock}), "to"),
        (
            json!({"to": {"all": true, "groups": ["a"]}, "command": lock}),
            "to",
        ),
        (json!({"to": {"groups": []}, "command": lock}), "to.groups"),
        (
            json!({"to": {"devices": ["x"]}, "command": lock}),
            "to.devices[0]",
        ),
        (json!({"to": {"all": true}}), "command"),
        (
            json!({"to": {"all": true}, "command": {"type": "nothing"}}),
            "command.type",
        ),
        (
            json!({"to": {"all": true}, "command": {"type": "reset_user_password", "user": "a"}}),
            "command.password",
        ),
    ] {
        let (status, problem) = server.api("POST", "/commands", Some(body.clone())).await;
        assert_eq!(
            (status, &problem["field"]),
            (422, &json!(field)),
            "{body}: {problem}"
        );
    }
    assert_eq!(server.get("/batches").await["items"], json!([]));
    // Who cannot have it is told by name, and the others get it.
    let gone = "0".repeat(32);
    let batch = ask(
        &server,
        json!({"to": {"devices": [known, gone]}, "command": lock}),
    )
    .await;
    let shown = ended(&server, &batch).await;
    assert_eq!(
        shown["progress"],
        json!({"queued": 1, "refused": 1, "cancelled": 0})
    );
    assert_eq!(shown["refused"][0]["device"], json!(gone));
}

/// A device whose row cannot be read stops the batch that is for it, and no other.
#[tokio::test]
async fn a_batch_that_cannot_go_on_keeps_no_other() {
    let server = Server::start();
    let broken = server.register(json!({"source": "broken"})).await;
    let sound = server.register(json!({"source": "sound"})).await;
    let db = rusqlite::Connection::open(server.dir.join("modegate.db")).unwrap();
    db.busy_timeout(DEADLINE).unwrap();
    let changed = db.execute(
        "UPDATE device SET record = x'00' WHERE source = 'broken'",
        [],
    );
    assert_eq!(changed.unwrap(), 1);
    let lock = |device: &str| json!({"to": {"devices": [device]}, "command": {"type": "lock_workstation"}});
    let waits = ask(&server, lock(&broken)).await;
    let goes = ask(&server, lock(&sound)).await;
    assert_eq!(ended(&server, &goes).await["progress"]["queued"], 1);
    let shown = server.get(&format!("/batches/{waits}")).await;
    assert_eq!(shown["state"], "running");
}
