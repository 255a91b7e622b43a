//! Tokens and enrollments over the API.

use modegate_sim::enroll::Family;
use serde_json::json;

use super::{enrolled, items, token};
use crate::harness::Server;

#[tokio::test]
async fn a_token_is_shown_once_and_lists_say_what_became_of_it() {
    let server = Server::start_with(&[]);
    let (id, text) = token(&server, "windows81").await;
    let (withdrawn, _) = token(&server, "windows10").await;
    let path = format!("/enrollment-tokens/{withdrawn}");
    assert_eq!(server.api("DELETE", &path, None).await.0, 204);
    enrolled(&server, Family::Windows81, "tablet").await;
    let tokens = items(&server, "/enrollment-tokens").await;
    assert_eq!(tokens.len(), 3);
    assert!(tokens[0]["enrollment"].is_string());
    assert!(tokens[1]["withdrawn_at"].is_string());
    assert_eq!(tokens[2]["id"], json!(id));
    assert_eq!(tokens[2]["groups"], json!(["north"]));
    assert!(!json!(tokens).to_string().contains(text.reveal()));
    let first = server.get("/enrollment-tokens?limit=2").await;
    let next = first["next"].as_str().unwrap();
    let rest = items(&server, &format!("/enrollment-tokens?after={next}")).await;
    assert_eq!(rest, tokens[2..]);
}

#[tokio::test]
async fn enrollments_are_found_by_state_user_and_device() {
    let server = Server::start_with(&[]);
    enrolled(&server, Family::Windows81, "tablet").await;
    let all = items(&server, "/enrollments").await;
    let (id, device) = (
        all[0]["id"].as_str().unwrap(),
        all[0]["device"].as_str().unwrap(),
    );
    assert_eq!(server.get(&format!("/enrollments/{id}")).await, all[0]);
    for (query, count) in [
        ("state=issued", 1),
        ("state=active", 0),
        ("user=ANN@example.test", 1),
        ("user=bob@example.test", 0),
        (&format!("device={device}"), 1),
    ] {
        let found = items(&server, &format!("/enrollments?{query}")).await;
        assert_eq!(found.len(), count, "{query}");
    }
    let key = [("idempotency-key", "once")];
    let path = format!("/enrollments/{id}/revoke");
    let first = server.with("POST", &path, &key, json!(null)).await;
    let again = server.with("POST", &path, &key, json!(null)).await;
    assert_eq!((first.0, &first.2["state"]), (200, &json!("ended")));
    assert_eq!((first.0, first.2), (again.0, again.2));
    let (status, _) = server.api("POST", &path, None).await;
    assert_eq!(status, 409, "it has ended");
    for (role, may) in [("portal", false), ("auditor", true), ("operator", true)] {
        let (_, caller) = server.make_token(json!({"name": role, "role": role})).await;
        let asked = server.call(&caller, "GET", "/enrollments", &[], None).await;
        assert_eq!(asked.unwrap().0 == 200, may, "{role}");
    }
}

#[tokio::test]
async fn the_ca_is_made_once_and_its_key_is_sealed() {
    let mut server = Server::start_with(&[]);
    let first = enrolled(&server, Family::Windows81, "tablet").await;
    server.kill_and_restart();
    let second = enrolled(&server, Family::Windows10, "laptop").await;
    assert_eq!(first.roots, second.roots);
    for name in ["modegate.db", "modegate.db-wal"] {
        let bytes = std::fs::read(server.dir.join(name)).unwrap();
        let root = &first.roots[0];
        assert!(!bytes.windows(11).any(|part| part == b"PRIVATE KEY"));
        assert!(!bytes.windows(root.len()).any(|part| part == root));
    }
}
