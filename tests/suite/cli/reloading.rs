//! Policies are loaded again by a person whom the log names.

use std::process::Output;

use serde_json::{Value, json};

use crate::harness::Server;
use crate::program::program;

const RULE: &str =
    "[[rule]]\nid = \"mine.inventory\"\neffect = \"deliver\"\nkind = [\"inventory\"]\n";

/// The newest event of that type.
async fn newest(server: &Server, what: &str) -> Value {
    let events = server.get(&format!("/events?type={what}&limit=200")).await;
    events["items"].as_array().unwrap().last().unwrap().clone()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_names_whose_token_loaded_a_set() {
    let own = tempfile::tempdir().unwrap();
    let (policies, data) = (own.path().join("policies"), own.path().join("data"));
    std::fs::create_dir(&policies).unwrap();
    let file = policies.join("mine.toml");
    std::fs::write(&file, RULE).unwrap();
    let server = Server::in_dir(&data, &["--policies", policies.to_str().unwrap()]);
    let before = server.get("/policies").await["digest"].clone();
    assert_eq!(newest(&server, "policy.loaded").await["actor"], "server");

    let other = RULE.replace("mine.inventory", "mine.other");
    std::fs::write(&file, &other).unwrap();
    let (_, token) = server
        .make_token(json!({"name": "alice", "role": "admin"}))
        .await;
    let token_file = own.path().join("token");
    std::fs::write(&token_file, &token).unwrap();
    let reload = || -> Output {
        let mut command = program();
        command.args(["policy", "reload", "--data", data.to_str().unwrap()]);
        command.args(["--token-file", token_file.to_str().unwrap()]);
        command.output().unwrap()
    };
    let reloaded = reload();
    assert!(reloaded.status.success(), "{}", text(&reloaded.stderr));
    let now = server.get("/policies").await["digest"].clone();
    assert_ne!(now, before);
    let said = text(&reloaded.stdout);
    let (now, before) = (now.as_str().unwrap(), before.as_str().unwrap());
    assert!(said.contains(now) && said.contains(before), "{said}");
    let loaded = newest(&server, "policy.loaded").await;
    assert_eq!(loaded["actor"], "api:alice");
    assert_eq!(loaded["detail"], format!("policy set {now}"));

    // The same again is on record as well.
    assert!(text(&reload().stdout).contains("as before"));

    // A set with faults is named fault by fault, and changes nothing.
    std::fs::write(&file, other.replace("deliver", "deliever")).unwrap();
    let refused = reload();
    assert_eq!(refused.status.code(), Some(1));
    assert!(
        text(&refused.stdout).contains("mine.toml:3:"),
        "{refused:?}"
    );
    assert_eq!(server.get("/policies").await["digest"], now);
    assert_eq!(
        newest(&server, "policy.refused").await["actor"],
        "api:alice"
    );
    let alerts = server.get("/alerts?state=open").await;
    assert_eq!(alerts["items"][0]["kind"], "policy.refused", "{alerts}");
    std::fs::write(&file, &other).unwrap();
    assert!(reload().status.success());
    let alerts = server.get("/alerts?state=open").await;
    assert_eq!(alerts["items"], json!([]));
}

#[tokio::test]
async fn only_an_admin_loads_a_set() {
    let server = Server::start();
    for body in [
        json!({"name": "a", "role": "operator"}),
        json!({"name": "b", "role": "auditor"}),
    ] {
        let (_, token) = server.make_token(body.clone()).await;
        let answer = server
            .call(&token, "POST", "/policies/reload", &[], None)
            .await;
        assert_eq!(answer.unwrap().0, 403, "{body}");
    }
    let loaded = server.get("/events?type=policy.loaded").await;
    assert_eq!(loaded["items"].as_array().unwrap().len(), 1);
    // A change of the audit key has the name of who asked for it, too.
    let (_, token) = server
        .make_token(json!({"name": "dora", "role": "admin"}))
        .await;
    let answer = server
        .call(&token, "POST", "/audit/key-rotations", &[], None)
        .await;
    assert_eq!(answer.unwrap().0, 201);
    assert_eq!(
        newest(&server, "audit.key_changed").await["actor"],
        "api:dora"
    );
}
