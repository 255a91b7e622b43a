//! Tokens: who may do what, to which devices, and until when.

use serde_json::{Value, json};

use crate::files::files;
use crate::harness::{Server, catalogue_app};

/// The answer to one request with a token.
async fn ask(server: &Server, token: &str, method: &str, path: &str, body: Value) -> (u16, Value) {
    let body = (!body.is_null()).then(|| body.to_string().into_bytes());
    let (status, _, answer) = server.call(token, method, path, &[], body).await.unwrap();
    (status, answer)
}

#[tokio::test]
async fn each_role_gets_what_the_document_says_and_nothing_else() {
    let server = Server::start();
    let device = server.register(json!({"source": "tablet"})).await;
    let command = server.queue(&device, json!({"type": "inventory"})).await;
    let document = server.get("/openapi.json").await;
    let mut checked = 0;
    for role in ["admin", "operator", "portal", "auditor"] {
        let (_, token) = server
            .make_token(json!({"name": format!("the {role}"), "role": role}))
            .await;
        for (pattern, methods) in document["paths"].as_object().unwrap() {
            for (method, operation) in methods.as_object().unwrap() {
                // What is written must do nothing: bodies are empty, and what is
                // deleted is not there.
                let there = method == "get";
                let nothing = "0".repeat(32);
                let device = if there { &device } else { &nothing };
                let path = pattern
                    .replace("{device}", device)
                    .replace("{command}", if there { &command } else { "x-1" })
                    .replace("{token}", &nothing);
                let path = match pattern.as_str() {
                    "/devices/{device}/preview" => format!("{path}?mode=Machine"),
                    stream if stream.ends_with("/stream") => format!("{path}?after=x"),
                    _ => path,
                };
                let body = if operation.get("requestBody").is_some() {
                    json!({})
                } else {
                    Value::Null
                };
                let roles = operation["x-roles"].as_array().unwrap();
                let (status, answer) = ask(&server, &token, method, &path, body.clone()).await;
                assert_eq!(
                    status == 403,
                    !roles.contains(&json!(role)),
                    "{role} {method} {path}: {status} {answer}"
                );
                assert!(
                    status < 500 && status != 401,
                    "{role} {method} {path}: {answer}"
                );
                if status == 403 {
                    let detail = answer["detail"].as_str().unwrap();
                    assert!(
                        detail.contains("requires the role") && detail.contains(role),
                        "{detail}"
                    );
                }
                let (status, _) = ask(&server, "nonsense", method, &path, body).await;
                assert_eq!(status == 401, operation.get("security").is_none(), "{path}");
                checked += 1;
            }
        }
    }
    assert!(checked > 60, "{checked}");
}

#[tokio::test]
async fn the_portal_queues_installs_of_the_catalogue_and_nothing_else() {
    let server = Server::start();
    let device = server.register(json!({"source": "tablet"})).await;
    let (_, portal) = server
        .make_token(json!({"name": "portal", "role": "portal"}))
        .await;
    let path = format!("/devices/{device}/commands");
    server.catalogue(catalogue_app("erp")).await;
    let install = json!({"type": "app_install", "app": "erp"});
    let (status, queued) = ask(&server, &portal, "POST", &path, install).await;
    assert_eq!((status, &queued["actor"]), (201, &json!("api:portal")));
    for other in [
        json!({"type": "inventory"}),
        json!({"type": "raw", "verb": "Get", "loc_uri": "./DevInfo/DevId"}),
        json!({"type": "unenroll"}),
        json!({"type": "app_install", "job_data": "<Own/>"}),
        json!({"type": "app_install", "app": "erp", "job_data": "<Own/>"}),
        json!({"type": "app_install", "app": "erp", "package_full_name": "x"}),
        json!({"type": "app_install", "app": "erp", "job_id": "another's"}),
        json!({"type": "app_status", "app": "erp"}),
    ] {
        let (status, answer) = ask(&server, &portal, "POST", &path, other).await;
        assert_eq!(status, 403, "{answer}");
        assert!(answer["detail"].as_str().unwrap().contains("operator"));
    }
    let unknown = json!({"type": "app_install", "app": "other"});
    let (status, answer) = ask(&server, &portal, "POST", &path, unknown).await;
    assert_eq!((status, &answer["field"]), (422, &json!("app")), "{answer}");
    assert_eq!(
        server.get(&path).await["items"].as_array().unwrap().len(),
        1
    );
}

/// A server with a device in the groups north and kiosk and one in south, and the token
/// of an operator of north.
async fn two_groups() -> (Server, [String; 2], String) {
    let server = Server::start();
    let ours = server
        .register(json!({"source": "ours", "groups": ["north", "kiosk"]}))
        .await;
    let theirs = server
        .register(json!({"source": "theirs", "groups": ["south"]}))
        .await;
    let (_, token) = server
        .make_token(json!({"name": "north", "role": "operator", "groups": ["north"]}))
        .await;
    (server, [ours, theirs], token)
}

#[tokio::test]
async fn a_token_bound_to_groups_sees_only_their_devices() {
    let (server, [ours, theirs], token) = two_groups().await;
    let command = server.queue(&theirs, json!({"type": "inventory"})).await;
    let ask = |method: &'static str, path: String, body: Value| {
        let (server, token) = (&server, &token);
        async move { ask(server, token, method, &path, body).await }
    };

    let (_, list) = ask("GET", "/devices".to_owned(), Value::Null).await;
    assert_eq!(list["items"].as_array().unwrap().len(), 1);
    assert_eq!(list["items"][0]["source"], "ours");
    let (_, found) = ask("GET", "/devices?source=theirs".to_owned(), Value::Null).await;
    assert_eq!(found["items"], json!([]));
    let (_, events) = ask("GET", "/events".to_owned(), Value::Null).await;
    for event in events["items"].as_array().unwrap() {
        assert_eq!(event["device"], json!(ours));
    }
    for (method, path, body) in [
        ("GET", format!("/devices/{theirs}"), Value::Null),
        ("GET", format!("/devices/{theirs}/commands"), Value::Null),
        ("GET", format!("/devices/{theirs}/events"), Value::Null),
        (
            "GET",
            format!("/devices/{theirs}/events/stream"),
            Value::Null,
        ),
        ("GET", format!("/devices/{theirs}/sessions"), Value::Null),
        (
            "GET",
            format!("/devices/{theirs}/preview?mode=Machine"),
            Value::Null,
        ),
        ("GET", format!("/commands/{command}"), Value::Null),
        ("DELETE", format!("/commands/{command}"), Value::Null),
        ("DELETE", format!("/devices/{theirs}"), Value::Null),
        (
            "PATCH",
            format!("/devices/{theirs}"),
            json!({"groups": ["north"]}),
        ),
        (
            "POST",
            format!("/devices/{theirs}/commands"),
            json!({"type": "inventory"}),
        ),
    ] {
        let (status, answer) = ask(method, path.clone(), body).await;
        assert_eq!(status, 404, "{method} {path}: {answer}");
        assert!(!answer.to_string().contains("south"));
    }
}

#[tokio::test]
async fn a_token_bound_to_groups_moves_devices_only_within_them() {
    let (server, [ours, theirs], token) = two_groups().await;
    let ask = |method: &'static str, path: String, body: Value| {
        let (server, token) = (&server, &token);
        async move { ask(server, token, method, &path, body).await }
    };
    for (body, expected) in [
        (json!({"source": "a", "groups": ["north"]}), 201),
        (json!({"source": "b"}), 422),
        (json!({"source": "c", "groups": ["north", "south"]}), 422),
        (json!({"source": "theirs", "groups": ["north"]}), 409),
    ] {
        let (status, answer) = ask("POST", "/devices".to_owned(), body.clone()).await;
        assert_eq!(status, expected, "{body}: {answer}");
        assert!(!answer.to_string().contains(&theirs), "{answer}");
    }
    let own = format!("/devices/{ours}");
    for (groups, expected) in [
        (json!(["north"]), 200),
        (json!(["kiosk", "north"]), 422),
        (json!([]), 422),
        (json!(["kiosk"]), 422),
        (json!(["north", "south"]), 422),
    ] {
        let (status, answer) = ask("PATCH", own.clone(), json!({"groups": groups})).await;
        assert_eq!(status, expected, "{groups}: {answer}");
    }
    let list =
        json!({"devices": [{"source": "theirs", "groups": ["north"]}], "on_conflict": "update"});
    let (status, answer) = ask("POST", "/devices/import".to_owned(), list).await;
    assert_eq!(
        (status, &answer["field"]),
        (409, &json!("devices[0].source"))
    );
    assert_eq!(
        server.get(&format!("/devices/{theirs}")).await["groups"],
        json!(["south"])
    );
}

#[tokio::test]
async fn a_token_is_shown_once_kept_as_a_digest_and_revoked_at_once() {
    let mut server = Server::start();
    let (id, token) = server
        .make_token(
            json!({"name": "backend", "role": "operator", "expires_at": "2100-01-01T00:00:00Z"}),
        )
        .await;
    let get = |server: &Server| {
        let (client, url) = (
            reqwest::Client::new(),
            format!("{}/api/v1/devices", server.http),
        );
        let token = token.clone();
        async move {
            client
                .get(url)
                .bearer_auth(token)
                .send()
                .await
                .unwrap()
                .status()
                .as_u16()
        }
    };
    assert_eq!(get(&server).await, 200);
    server.kill_and_restart();
    assert_eq!(get(&server).await, 200, "it outlives the process");

    let list = server.get("/tokens").await;
    let events = server.get("/events").await;
    assert_eq!(list["items"][0]["name"], "backend");
    assert!(!list.to_string().contains(&token) && !events.to_string().contains(&token));
    for path in files(&server.dir) {
        let bytes = std::fs::read(path).unwrap();
        assert!(
            !bytes
                .windows(token.len())
                .any(|window| window == token.as_bytes())
        );
    }

    let (status, _) = server.api("DELETE", &format!("/tokens/{id}"), None).await;
    assert_eq!(status, 204);
    assert_eq!(get(&server).await, 401);
    let (status, _) = server.api("DELETE", &format!("/tokens/{id}"), None).await;
    assert_eq!(status, 404);
    server.kill_and_restart();
    assert_eq!(get(&server).await, 401);
    let events = server.get("/events").await;
    let types: Vec<&str> = events["items"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|event| event["type"].as_str().unwrap().starts_with("token."))
        .map(|event| {
            assert_eq!(event["actor"], "api:admin");
            assert!(event["detail"].as_str().unwrap().starts_with("backend"));
            event["type"].as_str().unwrap()
        })
        .collect();
    assert_eq!(types, ["token.created", "token.revoked"]);
}

#[tokio::test]
async fn what_no_token_may_be_is_refused() {
    let server = Server::start();
    server
        .make_token(json!({"name": "taken", "role": "portal"}))
        .await;
    for (body, status, field) in [
        (json!({"name": "a"}), 422, "role"),
        (json!({"name": "a", "role": "king"}), 422, "role"),
        (json!({"name": "", "role": "portal"}), 422, "name"),
        (json!({"name": "admin", "role": "portal"}), 422, "name"),
        (
            json!({"name": "a", "role": "portal", "groups": []}),
            422,
            "groups",
        ),
        (
            json!({"name": "a", "role": "admin", "groups": ["x"]}),
            422,
            "groups",
        ),
        (
            json!({"name": "a", "role": "portal", "expires_at": "2001-01-01T00:00:00Z"}),
            422,
            "expires_at",
        ),
        (json!({"name": "taken", "role": "portal"}), 409, "name"),
    ] {
        let (found, answer) = server.api("POST", "/tokens", Some(body.clone())).await;
        assert_eq!(found, status, "{body}: {answer}");
        assert_eq!(answer["field"].as_str().unwrap_or(""), field, "{body}");
    }
    server
        .make_token(json!({"name": "second", "role": "auditor"}))
        .await;
    let first = server.get("/tokens?limit=1").await;
    assert_eq!(first["items"][0]["name"], "taken");
    let next = first["next"].as_str().unwrap();
    let rest = server.get(&format!("/tokens?after={next}&limit=1")).await;
    assert_eq!(
        (&rest["items"][0]["name"], &rest["next"]),
        (&json!("second"), &Value::Null)
    );
    assert_eq!(
        server.get("/tokens").await["items"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
}
