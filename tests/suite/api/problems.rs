//! What errors say: of a stable kind that a page explains, with the value found where
//! it is no secret, and with the id of what the request conflicts with.

use serde_json::{Value, json};

use crate::harness::{Server, catalogue_app, silent_tokens};

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/problems.md");

fn kind(name: &str) -> String {
    format!("/docs/problems.md#{name}")
}

async fn post_as(server: &Server, token: &str, path: &str, body: &Value) -> (u16, Value) {
    let body = Some(body.to_string().into_bytes());
    let answer = server.call(token, "POST", path, &[], body).await;
    let (status, _, problem) = answer.unwrap();
    (status, problem)
}

#[tokio::test]
async fn each_kind_has_a_section_and_is_in_the_document() {
    let server = Server::start();
    let document = server.get("/openapi.json").await;
    let kinds = &document["components"]["schemas"]["ProblemType"]["enum"];
    let kinds: Vec<&str> = kinds
        .as_array()
        .unwrap()
        .iter()
        .map(|kind| kind.as_str().unwrap())
        .collect();
    let page = std::fs::read_to_string(PAGE).unwrap();
    let sections: Vec<(String, &str)> = page
        .split("\n## ")
        .skip(1)
        .map(|section| {
            let (name, text) = section.split_once("\n\n").unwrap();
            (kind(name), &text[..4])
        })
        .collect();
    let named: Vec<&str> = sections.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        named, kinds,
        "sections of docs/problems.md in the order of the kinds"
    );
    for (name, status) in &sections {
        assert!(
            status.ends_with('.') && status[..3].parse::<u16>().is_ok(),
            "{name}: {status}"
        );
    }
}

#[tokio::test]
async fn a_problem_says_its_kind() {
    let server = Server::start_with(&[]);
    let device = server
        .register(json!({"source": "s", "family": "windows81"}))
        .await;
    let command = server
        .queue(&device, json!({"type": "lock_workstation"}))
        .await;
    server
        .api("DELETE", &format!("/commands/{command}"), None)
        .await;
    let (_, portal) = server
        .make_token(json!({"name": "p", "role": "portal"}))
        .await;
    let page = std::fs::read_to_string(PAGE).unwrap();
    let once: &[(&str, &str)] = &[("Idempotency-Key", "k")];
    let first = server
        .with("POST", "/devices", once, json!({"source": "once"}))
        .await;
    assert_eq!(first.0, 201);
    let new = || Some(br#"{"source": "n"}"#.to_vec());
    let (admin, portal) = (server.token.as_str(), portal.as_str());
    let cancel = format!("/commands/{command}");
    for (token, method, path, headers, body, expected) in [
        ("none", "GET", "/devices", &[][..], None, "unauthorized"),
        (portal, "POST", "/devices", &[], new(), "forbidden"),
        (admin, "GET", "/nothing", &[], None, "not-found"),
        (admin, "PUT", "/devices", &[], None, "method-not-allowed"),
        (
            admin,
            "POST",
            "/devices",
            &[],
            Some(b"{".to_vec()),
            "malformed-body",
        ),
        (
            admin,
            "POST",
            "/devices",
            &[],
            Some(vec![b' '; 20 << 20]),
            "body-too-large",
        ),
        (
            admin,
            "POST",
            "/devices",
            &[],
            Some(b"{}".to_vec()),
            "invalid-field",
        ),
        (
            admin,
            "POST",
            "/devices",
            once,
            new(),
            "idempotency-key-reused",
        ),
        (
            admin,
            "DELETE",
            cancel.as_str(),
            &[],
            None,
            "state-conflict",
        ),
        (
            admin,
            "DELETE",
            cancel.as_str(),
            &[("If-Match", "\"x\"")],
            None,
            "precondition-failed",
        ),
    ] {
        let answer = server.call(token, method, path, headers, body).await;
        // A server may close the connection on a body that it does not read.
        let Some((status, _, problem)) = answer else {
            assert_eq!(expected, "body-too-large");
            continue;
        };
        assert_eq!(
            problem["type"],
            kind(expected),
            "{method} {path}: {problem}"
        );
        assert_eq!(problem["status"], status, "{problem}");
        assert!(
            page.contains(&format!("\n## {expected}\n\n{status}. ")),
            "{problem}"
        );
    }
    for (content_type, body, expected) in [
        ("text/plain", "", "unsupported-media-type"),
        (crate::harness::SYNCML, "<x/>", "malformed-message"),
        (
            crate::harness::SYNCML,
            &crate::harness::package1("stranger", "1", 1, "none"),
            "device-not-authenticated",
        ),
    ] {
        let answer = reqwest::Client::new()
            .post(format!("{}/sync?mode=Machine", server.http))
            .header("content-type", content_type)
            .body(body.to_owned());
        let problem: Value = answer.send().await.unwrap().json().await.unwrap();
        assert_eq!(problem["type"], kind(expected), "{problem}");
    }
}

#[tokio::test]
async fn a_conflict_names_what_it_conflicts_with_to_those_who_may_see_it() {
    let server = Server::start();
    let device = server
        .register(json!({"source": "s", "groups": ["north"]}))
        .await;
    let scoped = |name: &str| json!({"name": name, "role": "operator", "groups": [name]});
    let (north_id, north) = server.make_token(scoped("north")).await;
    let (_, south) = server.make_token(scoped("south")).await;
    for (token, group, sees) in [
        (server.token.as_str(), "south", true),
        (north.as_str(), "north", true),
        (south.as_str(), "south", false),
    ] {
        let expected = if sees { json!(device) } else { Value::Null };
        let one = json!({"source": "s", "groups": [group]});
        let (status, problem) = post_as(&server, token, "/devices", &one).await;
        assert_eq!(
            (status, &problem["type"]),
            (409, &json!(kind("already-exists"))),
            "{problem}"
        );
        assert_eq!(problem["field"], "source");
        assert_eq!(problem["conflicts_with"], expected, "{problem}");
        assert_eq!(
            problem["errors"][0]["conflicts_with"], expected,
            "{problem}"
        );
        let many = json!({"devices": [{"source": "new", "groups": [group]}, one]});
        let (status, problem) = post_as(&server, token, "/devices/import", &many).await;
        assert_eq!(
            (status, &problem["field"]),
            (409, &json!("devices[1].source")),
            "{problem}"
        );
        assert_eq!(problem["conflicts_with"], expected, "{problem}");
        assert_eq!(problem.to_string().contains(&device), sees, "{problem}");
    }
    let (status, problem) = server.api("POST", "/tokens", Some(scoped("north"))).await;
    assert_eq!(
        (status, &problem["conflicts_with"]),
        (409, &json!(north_id)),
        "{problem}"
    );
    let app = catalogue_app("erp");
    server.catalogue(app.clone()).await;
    let (status, problem) = server.api("POST", "/apps", Some(app)).await;
    assert_eq!(
        (status, &problem["conflicts_with"]),
        (409, &json!("erp")),
        "{problem}"
    );
}

#[tokio::test]
async fn a_fault_shows_the_value_found_unless_it_may_be_a_secret() {
    let server = Server::start();
    let device = server
        .register(json!({"source": "s", "family": "windows81"}))
        .await;
    let long = "w".repeat(50);
    let shown_of_long = format!("'{}…' (50 bytes)", "w".repeat(40));
    let commands = format!("/devices/{device}/commands");
    for (path, body, field, found) in [
        (
            "/devices",
            json!({"source": "a", "family": "windows3"}),
            "family",
            "'windows3'",
        ),
        (
            "/devices",
            json!({"source": "a", "family": long}),
            "family",
            shown_of_long.as_str(),
        ),
        (
            "/devices",
            json!({"source": "a\u{7}"}),
            "source",
            "U+0007 as character 2",
        ),
        (
            "/devices",
            json!({"source": "a", "certificate_sha256": ["zz"]}),
            "certificate_sha256[0]",
            "'zz'",
        ),
        (
            "/tokens",
            json!({"name": "t", "role": "boss"}),
            "role",
            "'boss'",
        ),
        (
            &commands,
            json!({"type": "make_coffee"}),
            "type",
            "'make_coffee'",
        ),
        (
            &commands,
            json!({"type": "raw", "verb": "Fetch", "loc_uri": "./x"}),
            "verb",
            "'Fetch'",
        ),
    ] {
        let (status, problem) = server.api("POST", path, Some(body)).await;
        assert_eq!(
            (status, &problem["field"]),
            (422, &json!(field)),
            "{problem}"
        );
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.ends_with(&format!("found {found}")), "{detail}");
    }
    for (path, found) in [
        ("/devices?activity=sleepy", "'sleepy'"),
        ("/devices?after=page%0A2", "'page\\n2'"),
        ("/events?from=yesterday", "'yesterday'"),
    ] {
        let (status, problem) = server.api("GET", path, None).await;
        assert_eq!(status, 422, "{problem}");
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.ends_with(&format!("found {found}")), "{detail}");
    }
    let password = json!({"username": "u", "password": "hunter2\u{7}"});
    for (path, body) in [
        ("/devices", json!({"source": "a", "credentials": password})),
        (&commands, json!({"type": "product_key", "key": "hunter2"})),
        (
            &commands,
            json!({"type": "reset_user_password", "user": "u", "password": "hunter2\u{7}"}),
        ),
    ] {
        let (status, problem) = server.api("POST", path, Some(body)).await;
        assert_eq!(status, 422, "{problem}");
        assert!(!problem.to_string().contains("hunter2"), "{problem}");
    }
}

/// The examples of the document, sent to what they are examples of.
#[tokio::test]
async fn the_example_of_each_body_is_taken() {
    let (_kept, arguments) = silent_tokens();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let server = Server::start_with(&arguments);
    let document = server.get("/openapi.json").await;
    let device = server
        .register(json!({"source": "s", "family": "windows81"}))
        .await;
    let mut ids: Vec<(&str, String)> = vec![("{device}", device), ("{app}", "erp".to_owned())];
    let mut left: Vec<(&String, &String, &Value)> = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let body = &operation["requestBody"];
            if !body.is_null() {
                left.push((
                    path,
                    method,
                    &body["content"]["application/json"]["example"],
                ));
            }
        }
    }
    assert!(left.len() > 10, "{left:?}");
    // What makes something comes before what is about it; apps before their installs.
    left.sort_by_key(|(path, ..)| (path.matches('{').count(), path.ends_with("/installs")));
    for (path, method, example) in left {
        assert!(!example.is_null(), "{method} {path} has no example");
        let mut at = path.clone();
        for (name, id) in &ids {
            at = at.replace(name, id);
        }
        assert!(!at.contains('{'), "{at}");
        let (status, answer) = server
            .api(&method.to_uppercase(), &at, Some(example.clone()))
            .await;
        // The fields are taken; a new log has no such entry, and no such checkpoint is kept.
        let names_what_is_missing = path.starts_with("/audit/")
            && (matches!(status, 404 | 409) || answer["detail"].to_string().contains("is kept"));
        assert!(
            (200..300).contains(&status) || names_what_is_missing,
            "{method} {path}: {status} {answer}"
        );
        if method == "post" {
            let name = match path.as_str() {
                "/push-profiles" => "{profile}",
                "/webhooks" => "{webhook}",
                _ => continue,
            };
            ids.push((name, answer["id"].as_str().unwrap().to_owned()));
        }
    }
}
