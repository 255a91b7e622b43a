//! A name that the server does not know is an error that names it and what was meant:
//! nothing that a caller sends is ignored.

use serde_json::{Value, json};

use super::fields::{Furnished, put, writes};
use crate::harness::Server;

/// The pointers to the objects of a body whose fields are known.
fn objects(body: &Value, pointer: &str, all: &mut Vec<String>) {
    match body {
        Value::Object(fields) => {
            // Their names are the caller's own, or it is looked at as a command.
            if !pointer.ends_with("/settings") {
                all.push(pointer.to_owned());
            }
            for (name, value) in fields {
                objects(value, &format!("{pointer}/{name}"), all);
            }
        }
        Value::Array(list) => {
            for (at, value) in list.iter().enumerate() {
                objects(value, &format!("{pointer}/{at}"), all);
            }
        }
        _ => {}
    }
}

/// `/devices/0/credentials` as an error names it, with a field in it.
fn path(pointer: &str, field: &str) -> String {
    let mut path = String::new();
    for part in pointer.split('/').skip(1) {
        match part.parse::<usize>() {
            Ok(at) => path += &format!("[{at}]"),
            Err(_) if path.is_empty() => path += part,
            Err(_) => path += &format!(".{part}"),
        }
    }
    match path.is_empty() {
        true => field.to_owned(),
        false => format!("{path}.{field}"),
    }
}

#[tokio::test]
async fn an_unknown_field_of_any_body_is_refused_by_name() {
    let there = Furnished::new().await;
    let server = &there.server;
    let mut tried = 0;
    for write in writes(&there.document) {
        let target = there.path(&write);
        assert_eq!(
            write.schema["additionalProperties"],
            json!(false),
            "{}",
            write.schema
        );
        let mut all = Vec::new();
        objects(&write.body, "", &mut all);
        for pointer in all {
            let mut body = write.body.clone();
            put(&mut body, &format!("{pointer}/grups"), json!(["north"]));
            let method = write.method.to_ascii_uppercase();
            let (status, answer) = server.api(&method, &target, Some(body)).await;
            let case = format!("{method} {target} {pointer}: {status} {answer}");
            assert_eq!(status, 422, "{case}");
            assert_eq!(answer["field"], path(&pointer, "grups"), "{case}");
            assert!(
                answer["detail"].as_str().unwrap().contains("unknown field"),
                "{case}"
            );
            tried += 1;
        }
    }
    assert!(tried > 60, "{tried}");
    there.assert_unchanged().await;
}

#[tokio::test]
async fn a_token_with_a_misspelt_scope_is_not_made() {
    let server = Server::start();
    let body = json!({"name": "north", "role": "operator", "group": ["north"]});
    let (status, answer) = server.api("POST", "/tokens", Some(body)).await;
    assert_eq!((status, &answer["field"]), (422, &json!("group")));
    let expected = "group: expected 'groups', found an unknown field";
    assert_eq!(answer["detail"], expected);
    assert_eq!(server.get("/tokens").await["items"], json!([]));
}

#[tokio::test]
async fn a_command_says_which_field_was_meant_also_inside_a_group_and_a_batch() {
    let server = Server::start();
    let device = server
        .register(json!({"source": "tablet", "groups": ["g"]}))
        .await;
    let commands = format!("/devices/{device}/commands");
    let group = json!({"type": "sequence", "commands": [
        {"verb": "Get", "loc_uri": "./DevInfo/Mod"},
        {"verb": "Get", "loc_url": "./DevInfo/Mod"},
    ]});
    let lock = json!({"type": "lock_workstation", "expire_at": "2099-01-01T00:00:00Z"});
    let eas = json!({"type": "eas_policy", "settings": {"MinPasswordLenght": 8}});
    let batch = |command: &Value| json!({"to": {"groups": ["g"]}, "command": command});
    for (path, body, field, meant) in [
        (
            &*commands,
            group.clone(),
            "commands[1].loc_url",
            "'loc_uri'",
        ),
        (&commands, lock.clone(), "expire_at", "'expires_at'"),
        (
            &commands,
            eas,
            "settings.MinPasswordLenght",
            "'MinPasswordLength'",
        ),
        (
            "/commands",
            batch(&group),
            "command.commands[1].loc_url",
            "'loc_uri'",
        ),
        (
            "/commands",
            batch(&lock),
            "command.expire_at",
            "'expires_at'",
        ),
    ] {
        let (status, answer) = server.api("POST", path, Some(body)).await;
        assert_eq!((status, &answer["field"]), (422, &json!(field)), "{answer}");
        let detail = answer["detail"].as_str().unwrap();
        assert!(detail.contains(&format!("expected {meant}")), "{detail}");
    }
    assert_eq!(server.get(&commands).await["items"], json!([]));
    assert_eq!(server.get("/batches").await["items"], json!([]));
}

#[tokio::test]
async fn an_unknown_parameter_of_any_endpoint_is_refused_by_name() {
    let server = Server::start();
    let device = server.register(json!({"source": "tablet"})).await;
    let command = server.queue(&device, json!({"type": "inventory"})).await;
    let document = server.get("/openapi.json").await;
    let mut tried = 0;
    for (pattern, methods) in document["paths"].as_object().unwrap() {
        for method in methods.as_object().unwrap().keys() {
            let path = pattern
                .replace("{device}", &device)
                .replace("{command}", &command);
            let path = format!("{path}?limits=1");
            let (status, answer) = server.api(&method.to_ascii_uppercase(), &path, None).await;
            assert_eq!(status, 422, "{method} {path}: {answer}");
            assert_eq!(answer["field"], "limits", "{method} {path}: {answer}");
            tried += 1;
        }
    }
    assert!(tried > 50, "{tried}");
    let (_, answer) = server.api("GET", "/devices?limits=1", None).await;
    let expected = "limits: expected 'limit', found an unknown parameter";
    assert_eq!(answer["detail"], expected);
    let queue = server.get(&format!("/devices/{device}/commands")).await;
    assert_eq!(queue["items"][0]["state"], "queued");
}

#[tokio::test]
async fn a_body_that_nobody_reads_is_refused() {
    let server = Server::start();
    let device = server.register(json!({"source": "tablet"})).await;
    let command = server.queue(&device, json!({"type": "inventory"})).await;
    for (method, path) in [
        ("POST", format!("/devices/{device}/wake")),
        ("DELETE", format!("/commands/{command}")),
    ] {
        let body = json!({"urgent": true});
        let (status, answer) = server.api(method, &path, Some(body)).await;
        assert_eq!(
            (status, &answer["field"]),
            (422, &json!("urgent")),
            "{answer}"
        );
        let (status, answer) = server.api(method, &path, Some(json!({}))).await;
        assert!((200..300).contains(&status), "{method} {path}: {answer}");
    }
}
