//! Writes that their callers named are done once: again, at once, and over a kill.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use serde_json::{Value, json};

use crate::files::files;
use crate::harness::{Server, catalogue_app, package1, push_profile, silent_tokens};
use crate::wait::{DEADLINE, eventually, seen};

const KEY: &str = "Idempotency-Key";

#[tokio::test]
async fn a_write_with_a_key_is_done_once_and_answered_the_same() {
    let server = Server::start();
    let body = json!({"source": "tablet", "groups": ["a"]});
    let (status, _, first) = server
        .with("POST", "/devices", &[(KEY, "k 1")], body.clone())
        .await;
    assert_eq!(status, 201, "{first}");
    let (status, headers, again) = server
        .with("POST", "/devices", &[(KEY, "k 1")], body.clone())
        .await;
    assert_eq!((status, &again), (201, &first));
    assert_eq!(headers["idempotency-replayed"], "true");
    assert_eq!(headers["content-type"], "application/json");
    assert!(headers.contains_key("location"));

    // Another body, another path, another method: not the same request.
    let device = format!("/devices/{}", first["id"].as_str().unwrap());
    for (method, path, body) in [
        (
            "POST",
            "/devices",
            json!({"source": "tablet", "groups": ["b"]}),
        ),
        ("POST", "/devices/import", body.clone()),
        ("PATCH", device.as_str(), body.clone()),
        ("DELETE", device.as_str(), Value::Null),
    ] {
        let (status, _, answer) = server.with(method, path, &[(KEY, "k 1")], body).await;
        assert_eq!(
            (status, &answer["field"]),
            (422, &json!(KEY)),
            "{method} {path} {answer}"
        );
    }

    // What was refused did nothing and may be asked again under the same key.
    let (status, _, _) = server
        .with("POST", "/devices", &[(KEY, "k 2")], json!({}))
        .await;
    assert_eq!(status, 422);
    let (status, _, _) = server
        .with("POST", "/devices", &[(KEY, "k 2")], json!({"source": "b"}))
        .await;
    assert_eq!(status, 201);
}

/// A write: method, path as the document has it, path, body.
type Asked = (&'static str, &'static str, String, Value);

/// One of every write that there is, each of which succeeds once. What they are about
/// is put there first.
async fn every_write(server: &Server) -> Vec<Asked> {
    let profile = server.push_profile(push_profile()).await;
    let gone = server.push_profile(push_profile()).await;
    let device = json!({"source": "tablet", "user": "ann"});
    let device = server.register(device).await;
    let other = server.register(json!({"source": "other"})).await;
    let waits = server.queue(&device, json!({"type": "inventory"})).await;
    let reset = json!({"type": "reset_user_password", "user": "u", "password": "p"});
    let reset = server.queue(&device, reset).await;
    for session in ["1", "2"] {
        // Nobody answers the first one: what became of the reset is not known.
        server
            .sync("Machine", &package1("tablet", session, 1, "none"))
            .await;
    }
    assert_eq!(server.state(&reset).await, "unconfirmed");
    let (token, _) = server
        .make_token(json!({"name": "old", "role": "portal"}))
        .await;
    let made = |answer: (u16, Value)| {
        assert_eq!(answer.0, 201, "{}", answer.1);
        answer.1["id"].as_str().unwrap().to_owned()
    };
    for id in ["erp", "old"] {
        server.catalogue(catalogue_app(id)).await;
    }
    let installs = format!("/devices/{device}/installs");
    let install = made(
        server
            .api("POST", &installs, Some(json!({"app": "old"})))
            .await,
    );
    let hook = json!({"url": "https://hooks.example.test/"});
    let webhook = made(server.api("POST", "/webhooks", Some(hook.clone())).await);
    let tests = format!("/webhooks/{webhook}/test");
    let (status, delivery) = server.api("POST", &tests, None).await;
    assert_eq!(status, 202, "{delivery}");
    let delivery = delivery["id"].as_str().unwrap().to_owned();
    let links = format!("/devices/{device}/portal-links");
    let link = made(server.api("POST", &links, None).await);
    let enrollment = json!({"user": "ann@example.test"});
    let tokens = "/enrollment-tokens";
    let enrolling = made(server.api("POST", tokens, Some(enrollment.clone())).await);
    let (path, own) = (
        format!("/devices/{device}"),
        format!("/devices/{device}/commands"),
    );
    vec![
        (
            "post",
            "/devices",
            "/devices".into(),
            json!({"source": "new"}),
        ),
        (
            "post",
            "/devices/import",
            "/devices/import".into(),
            json!({"devices": [{"source": "imported"}]}),
        ),
        (
            "post",
            "/devices/{device}/certificates",
            format!("{path}/certificates"),
            json!({"sha256": "ab".repeat(32)}),
        ),
        (
            "delete",
            "/devices/{device}/certificates/{sha256}",
            format!("{path}/certificates/{}", "cd".repeat(32)),
            Value::Null,
        ),
        ("patch", "/devices/{device}", path, json!({"user": "ann"})),
        (
            "delete",
            "/devices/{device}",
            format!("/devices/{other}"),
            Value::Null,
        ),
        ("post", "/apps", "/apps".into(), catalogue_app("new")),
        (
            "patch",
            "/apps/{app}",
            "/apps/erp".into(),
            json!({"name": "m"}),
        ),
        ("delete", "/apps/{app}", "/apps/old".into(), Value::Null),
        (
            "post",
            "/devices/{device}/installs",
            installs,
            json!({"app": "erp"}),
        ),
        (
            "delete",
            "/installs/{install}",
            format!("/installs/{install}"),
            Value::Null,
        ),
        ("post", "/webhooks", "/webhooks".into(), hook),
        ("post", "/webhooks/{webhook}/test", tests, Value::Null),
        (
            "post",
            "/webhooks/{webhook}/deliveries/{delivery}/redelivery",
            format!("/webhooks/{webhook}/deliveries/{delivery}/redelivery"),
            Value::Null,
        ),
        (
            "post",
            "/webhooks/{webhook}/secret",
            format!("/webhooks/{webhook}/secret"),
            json!({"overlap_s": 60}),
        ),
        (
            "patch",
            "/webhooks/{webhook}",
            format!("/webhooks/{webhook}"),
            json!({"groups": ["north"]}),
        ),
        (
            "delete",
            "/webhooks/{webhook}",
            format!("/webhooks/{webhook}"),
            Value::Null,
        ),
        (
            "post",
            "/devices/{device}/commands",
            own,
            json!({"type": "unenroll"}),
        ),
        (
            "delete",
            "/commands/{command}",
            format!("/commands/{waits}"),
            Value::Null,
        ),
        (
            "post",
            "/commands/{command}/retry",
            format!("/commands/{reset}/retry"),
            Value::Null,
        ),
        (
            "post",
            "/commands",
            "/commands".into(),
            json!({"to": {"groups": ["nobody"]}, "command": {"type": "unenroll"}}),
        ),
        (
            "post",
            "/devices/{device}/server-password",
            format!("/devices/{device}/server-password"),
            Value::Null,
        ),
        (
            "post",
            "/devices/{device}/portal-links",
            links.clone(),
            Value::Null,
        ),
        ("post", tokens, tokens.into(), enrollment),
        (
            "delete",
            "/enrollment-tokens/{enrollment_token}",
            format!("{tokens}/{enrolling}"),
            Value::Null,
        ),
        (
            "delete",
            "/devices/{device}/portal-links/{link}",
            format!("{links}/{link}"),
            Value::Null,
        ),
        (
            "post",
            "/devices/{device}/wake",
            format!("/devices/{device}/wake"),
            Value::Null,
        ),
        (
            "post",
            "/push-profiles",
            "/push-profiles".into(),
            push_profile(),
        ),
        (
            "patch",
            "/push-profiles/{profile}",
            format!("/push-profiles/{profile}"),
            json!({"groups": []}),
        ),
        (
            "post",
            "/push-profiles/{profile}/check",
            format!("/push-profiles/{profile}/check"),
            Value::Null,
        ),
        (
            "delete",
            "/push-profiles/{profile}",
            format!("/push-profiles/{gone}"),
            Value::Null,
        ),
        (
            "post",
            "/tokens",
            "/tokens".into(),
            json!({"name": "new", "role": "portal"}),
        ),
        (
            "delete",
            "/tokens/{token}",
            format!("/tokens/{token}"),
            Value::Null,
        ),
    ]
}

/// The writes that the server's own document names.
async fn documented(server: &Server) -> BTreeSet<(String, String)> {
    let document = server.get("/openapi.json").await;
    document["paths"]
        .as_object()
        .unwrap()
        .iter()
        .flat_map(|(path, methods)| {
            let methods = methods.as_object().unwrap().keys();
            methods.map(move |method| (method.clone(), path.clone()))
        })
        .filter(|(method, _)| *method != "get")
        // The one changes nothing; the other may find its batch at its end already.
        .filter(|(_, path)| !matches!(path.as_str(), "/policies/try" | "/batches/{batch}"))
        // These need a device that enrolled: `enrollment` tries them.
        .filter(|(_, path)| !path.starts_with("/enrollments/"))
        // These take no key and say so.
        .filter(|(_, path)| !path.starts_with("/audit/") && path != "/policies/reload")
        .collect()
}

#[tokio::test]
async fn every_write_that_there_is_is_done_once_over_a_restart_too() {
    let (_silent, arguments) = silent_tokens();
    let arguments = arguments.each_ref().map(String::as_str);
    let mut server = Server::configured("[server_auth]\nname = 'n'\n", &arguments);
    let asked = every_write(&server).await;
    let listed = asked.iter().map(|ask| (ask.0.to_owned(), ask.1.to_owned()));
    let listed: BTreeSet<(String, String)> = listed.collect();
    assert_eq!(
        listed,
        documented(&server).await,
        "every write is tried here"
    );

    let mut done = Vec::new();
    for (method, pattern, path, body) in &asked {
        let key = format!("{method} {pattern}");
        let (status, _, answer) = server
            .with(method, path, &[(KEY, &key)], body.clone())
            .await;
        assert!(status < 300, "{key}: {status} {answer}");
        done.push((key, status, answer));
    }
    let events = server.get("/events?limit=200").await;
    for restarted in [false, true] {
        if restarted {
            server.kill_and_restart();
        }
        for ((method, _, path, body), (key, status, answer)) in asked.iter().zip(&done) {
            let (now, headers, again) =
                server.with(method, path, &[(KEY, key)], body.clone()).await;
            assert_eq!((now, &again), (*status, answer), "{key}");
            assert_eq!(headers["idempotency-replayed"], "true", "{key}");
        }
        let now = server.get("/events?limit=200").await;
        let before = events["items"].as_array().unwrap();
        assert_eq!(&now["items"].as_array().unwrap()[..before.len()], before);
        let after = &now["items"].as_array().unwrap()[before.len()..];
        // A batch may come to its end at any time.
        let by_itself =
            |event: &Value| event["actor"] == "server" || event["type"] == "batch.ended";
        assert!(
            after.iter().all(by_itself),
            "nothing is done twice: {after:?}"
        );
    }
}

#[tokio::test]
async fn an_answer_that_holds_a_token_is_kept_sealed() {
    let server = Server::start();
    let body = json!({"name": "new", "role": "portal"});
    let (status, _, answer) = server.with("POST", "/tokens", &[(KEY, "k")], body).await;
    assert_eq!(status, 201, "{answer}");
    let created = answer["token"].as_str().unwrap().as_bytes();
    for path in files(&server.dir) {
        let bytes = std::fs::read(path).unwrap();
        assert!(!bytes.windows(created.len()).any(|window| window == created));
    }
}

#[tokio::test]
async fn a_key_belongs_to_its_caller_and_is_checked() {
    let server = Server::start();
    let (_, other) = server
        .make_token(json!({"name": "o", "role": "operator"}))
        .await;
    let body = json!({"source": "one"});
    let (status, _, _) = server
        .with("POST", "/devices", &[(KEY, "same")], body)
        .await;
    assert_eq!(status, 201);
    let body = json!({"source": "two"}).to_string().into_bytes();
    let answer = server
        .call(&other, "POST", "/devices", &[(KEY, "same")], Some(body))
        .await;
    assert_eq!(
        answer.unwrap().0,
        201,
        "another caller's key is another key"
    );
    let long = "x".repeat(201);
    for key in ["", "\u{e9}", long.as_str()] {
        let (status, _, answer) = server
            .with("POST", "/devices", &[(KEY, key)], json!({"source": "x"}))
            .await;
        assert_eq!((status, &answer["field"]), (422, &json!(KEY)), "{key}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_at_once_with_one_key_do_it_once() {
    let server = Arc::new(Server::start());
    let device = server.register(json!({"source": "tablet"})).await;
    let path = format!("/devices/{device}/commands");
    let mut all = tokio::task::JoinSet::new();
    for _ in 0..40 {
        let (server, path) = (Arc::clone(&server), path.clone());
        all.spawn(async move {
            let body = json!({"type": "inventory"});
            server.with("POST", &path, &[(KEY, "one")], body).await
        });
    }
    let mut answers = HashSet::new();
    while let Some(done) = all.join_next().await {
        let (status, headers, answer) = done.unwrap();
        match status {
            201 => drop(answers.insert(answer["id"].as_str().unwrap().to_owned())),
            409 => assert!(headers.contains_key("retry-after")),
            other => panic!("{other}: {answer}"),
        }
    }
    assert_eq!(answers.len(), 1);
    assert_eq!(
        server.get(&path).await["items"].as_array().unwrap().len(),
        1
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_kill_in_between_does_neither_half() {
    let own = tempfile::tempdir().unwrap();
    let mut server = Server::in_dir(&own.path().join("data"), &["--accept-unknown-devices"]);
    let device = server.register(json!({"source": "tablet"})).await;
    let path = format!("/devices/{device}/commands");
    const EACH: usize = 25;
    let mut expected = 0;
    for round in 0..4 {
        // Answered: key to id.
        let answered = Arc::new(std::sync::Mutex::new(Vec::new()));
        let mut load = tokio::task::JoinSet::new();
        for n in 0..EACH {
            let (url, token) = (
                format!("{}/api/v1{path}", server.http),
                server.token.clone(),
            );
            let answered = Arc::clone(&answered);
            load.spawn(async move {
                let key = format!("{round}.{n}");
                let request = reqwest::Client::new()
                    .post(url)
                    .bearer_auth(token)
                    .header(KEY, &key);
                let answer = request
                    .json(&json!({"type": "inventory"}))
                    .send()
                    .await
                    .ok()?;
                let value: Value = answer.json().await.ok()?;
                answered
                    .lock()
                    .unwrap()
                    .push((key, value["id"].as_str()?.to_owned()));
                Some(())
            });
        }
        let look = async || seen(answered.lock().unwrap().len(), |count| *count >= round * 5);
        eventually(DEADLINE, look).await;
        server.kill_and_restart();
        load.abort_all();
        while load.join_next().await.is_some() {}
        let mut ids = HashSet::new();
        for n in 0..EACH {
            let key = format!("{round}.{n}");
            let body = json!({"type": "inventory"});
            let (status, _, answer) = server.with("POST", &path, &[(KEY, &key)], body).await;
            assert_eq!(status, 201, "{answer}");
            let id = answer["id"].as_str().unwrap().to_owned();
            for (answered, before) in answered.lock().unwrap().iter() {
                assert!(
                    *answered != key || *before == id,
                    "another answer for {key}"
                );
            }
            ids.insert(id);
        }
        assert_eq!(ids.len(), EACH);
        expected += EACH;
        let items = server.get(&format!("{path}?limit=200")).await;
        assert_eq!(
            items["items"].as_array().unwrap().len(),
            expected,
            "nothing twice"
        );
    }
}

#[tokio::test]
async fn writes_that_are_not_repeated_take_no_key() {
    let server = Server::start();
    let redaction = json!({"entry": 0, "reason": "x"});
    let export = json!({"size": 0, "root": "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="});
    for (path, body) in [
        ("/audit/checkpoints", Value::Null),
        ("/audit/exports", export),
        ("/audit/redactions", redaction),
        ("/audit/key-rotations", Value::Null),
        ("/policies/reload", Value::Null),
    ] {
        let answer = server.with("POST", path, &[(KEY, "once")], body).await;
        assert_eq!((answer.0, &answer.2["field"]), (422, &json!(KEY)), "{path}");
    }
    let events = server.get("/events?type=audit.redacted").await;
    assert_eq!(events["items"], json!([]));
}
