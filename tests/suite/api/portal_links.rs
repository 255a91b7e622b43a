//! One-time links to the portal: who makes them, who sees them, and what is kept of them.

use modegate_core::device::Device;
use modegate_core::portal_link::{self, LinkDigest, LinkFault, LinkProof, PortalLink, ShortCode};
use modegate_core::time::Timestamp;
use modegate_store::Store;
use modegate_store::seal::Keys;
use modegate_store::sqlite::SqliteStore;
use modegate_store::web::WebStore;
use serde_json::{Value, json};

use crate::files::files;
use crate::harness::Server;

async fn ask(server: &Server, token: &str, method: &str, path: &str) -> (u16, Value) {
    let answer = server.call(token, method, path, &[], None).await;
    let (status, _, answer) = answer.unwrap();
    (status, answer)
}

/// A tablet of Ann's in the group north.
async fn anns(server: &Server) -> String {
    let device = json!({"source": "anns", "user": "Ann@contoso.test", "groups": ["north"]});
    server.register(device).await
}

fn links_of(device: &str) -> String {
    format!("/devices/{device}/portal-links")
}

async fn make(server: &Server, device: &str) -> Value {
    let (status, made) = server.api("POST", &links_of(device), None).await;
    assert_eq!(status, 201, "{made}");
    made
}

async fn listed(server: &Server, device: &str) -> Vec<Value> {
    let list = server.get(&links_of(device)).await;
    list["items"].as_array().unwrap().clone()
}

fn text(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap().to_owned()
}

/// What the link and its code say.
fn proofs(made: &Value) -> [LinkProof; 2] {
    let url = text(made, "url");
    let (_, secret) = url.rsplit_once('/').unwrap();
    let code = ShortCode::parse(&text(made, "code")).unwrap();
    [
        LinkProof::Text(LinkDigest::from_text(secret)),
        LinkProof::Code(code),
    ]
}

/// The database of a server that was stopped.
fn store(server: &Server) -> SqliteStore {
    let key = std::fs::read_to_string(server.dir.join("key")).unwrap();
    let byte = |at: usize| u8::from_str_radix(&key[2 * at..2 * at + 2], 16).unwrap();
    let keys = Keys::from_bytes(&std::array::from_fn(byte)).unwrap();
    SqliteStore::open(&server.dir.join("modegate.db"), keys).unwrap()
}

async fn take(store: &SqliteStore, proof: LinkProof, now: Timestamp) -> Result<(), LinkFault> {
    let decide = move |found: &[(PortalLink, Device)]| portal_link::take(found, &proof, now);
    let presented = store.present_portal_link(proof, Box::new(decide)).await;
    presented.unwrap().outcome.map(drop)
}

#[tokio::test]
async fn a_link_has_a_url_and_a_code_that_are_shown_once() {
    let server = Server::start();
    let device = anns(&server).await;
    let made = make(&server, &device).await;
    assert_eq!(made["user"], "Ann@contoso.test");
    assert_eq!(made["device"], json!(device));
    let valid = |name| Timestamp::parse(&text(&made, name)).unwrap();
    assert_eq!(valid("expires_at").ms_since(valid("created_at")), 1_800_000);
    let (url, code) = (text(&made, "url"), text(&made, "code"));
    let (path, secret) = url.rsplit_once('/').unwrap();
    assert!(path.ends_with("/portal/link"), "{url}");
    assert_eq!(secret.len(), 64);
    assert!(path.starts_with("https://127.0.0.1:"), "{url}");
    let qr = text(&made, "qr");
    assert!(qr.starts_with("<svg ") && !qr.contains("style"), "{qr}");
    let other = make(&server, &device).await;
    assert!(text(&other, "url") != url && text(&other, "code") != code);

    let list = listed(&server, &device).await;
    let ids: Vec<&Value> = list.iter().map(|link| &link["id"]).collect();
    assert_eq!(ids, [&other["id"], &made["id"]]);
    assert_eq!(list[1]["wrong_codes"], 0);
    let events = server.get("/events?limit=200").await.to_string();
    assert!(events.contains(&text(&made, "id")), "{events}");
    let log = server.log();
    for secret in [secret, &code, &code.replace('-', "")] {
        for shown in [&json!(list).to_string(), &events, &log] {
            assert!(!shown.contains(secret), "{shown}");
        }
        for path in files(&server.dir) {
            let bytes = std::fs::read(&path).unwrap();
            let mut windows = bytes.windows(secret.len());
            let is_there = windows.any(|window| window == secret.as_bytes());
            assert!(!is_there, "{}", path.display());
        }
    }
    // Events stay for ever, and no name of hers belongs there.
    let created = server.get("/events?type=portal_link.created").await;
    assert!(
        !created.to_string().to_lowercase().contains("ann@"),
        "{created}"
    );
    assert_eq!(created["items"][0]["device"], json!(device));
    assert_eq!(created["items"][0]["actor"], "api:admin");
}

#[tokio::test]
async fn operators_make_and_end_links_and_auditors_look() {
    let server = Server::start();
    let device = anns(&server).await;
    let path = links_of(&device);
    let person = json!({"user": "ann@contoso.test", "devices": [device]});
    for (name, body, post, get) in [
        ("operator", json!({"role": "operator"}), 201, 200),
        (
            "north",
            json!({"role": "operator", "groups": ["north"]}),
            201,
            200,
        ),
        (
            "south",
            json!({"role": "operator", "groups": ["south"]}),
            404,
            404,
        ),
        ("auditor", json!({"role": "auditor"}), 403, 200),
        ("portal", json!({"role": "portal"}), 403, 403),
        ("ann", json!({"role": "portal", "person": person}), 403, 403),
    ] {
        let link = format!("{path}/{}", text(&make(&server, &device).await, "id"));
        let mut body = body;
        body["name"] = json!(name);
        let (_, token) = server.make_token(body).await;
        assert_eq!(ask(&server, &token, "GET", &path).await.0, get, "{name}");
        let (status, made) = ask(&server, &token, "POST", &path).await;
        assert_eq!(status, post, "{name}: {made}");
        let ended = if post == 201 { 204 } else { post };
        let (status, answer) = ask(&server, &token, "DELETE", &link).await;
        assert_eq!(status, ended, "{name}: {answer}");
        if post == 201 {
            let own = format!("{path}/{}", text(&made, "id"));
            assert_eq!(server.api("DELETE", &own, None).await.0, 204);
        }
        if ended != 204 {
            assert_eq!(server.api("DELETE", &link, None).await.0, 204);
        }
    }
    assert_eq!(listed(&server, &device).await, [] as [Value; 0]);
    let ended = server.get("/events?type=portal_link.ended").await;
    assert_eq!(ended["items"].as_array().unwrap().len(), 8);
}

#[tokio::test]
async fn what_is_not_there_is_told_and_nobody_gets_too_many() {
    let server = Server::start();
    let device = anns(&server).await;
    let nobodys = server.register(json!({"source": "nobodys"})).await;
    let (status, answer) = server.api("POST", &links_of(&nobodys), None).await;
    assert_eq!(status, 409, "{answer}");
    assert!(
        answer["detail"].as_str().unwrap().contains("\"user\""),
        "{answer}"
    );
    let unknown = "0".repeat(31) + "1";
    for (method, path) in [
        ("POST", links_of(&unknown)),
        ("GET", links_of(&unknown)),
        ("GET", links_of("x")),
        ("DELETE", format!("{}/{unknown}", links_of(&device))),
        ("DELETE", format!("{}/x", links_of(&device))),
    ] {
        let (status, answer) = server.api(method, &path, None).await;
        assert_eq!(status, 404, "{method} {path}: {answer}");
    }
    // One device's link is not another's.
    let link = text(&make(&server, &device).await, "id");
    let elsewhere = format!("{}/{link}", links_of(&nobodys));
    assert_eq!(server.api("DELETE", &elsewhere, None).await.0, 404);

    for _ in 1..portal_link::OPEN_LINKS {
        make(&server, &device).await;
    }
    let (status, answer) = server.api("POST", &links_of(&device), None).await;
    assert_eq!(status, 409, "{answer}");
    let own = format!("{}/{link}", links_of(&device));
    assert_eq!(server.api("DELETE", &own, None).await.0, 204);
    let (status, answer) = server.api("DELETE", &own, None).await;
    assert_eq!(status, 409, "{answer}");
    make(&server, &device).await;

    let path = format!("/devices/{device}");
    assert_eq!(server.api("DELETE", &path, None).await.0, 204);
    for method in ["POST", "GET"] {
        assert_eq!(server.api(method, &links_of(&device), None).await.0, 404);
    }
}

#[tokio::test]
async fn what_the_answer_holds_lets_one_in_once_and_no_other_user() {
    let mut server = Server::start();
    let device = anns(&server).await;
    let (used, typed) = (make(&server, &device).await, make(&server, &device).await);
    let late = make(&server, &device).await;
    assert_eq!(listed(&server, &device).await.len(), 3);
    let now = Timestamp::parse(&text(&late, "created_at")).unwrap();
    server.signal("TERM");
    server.wait();
    {
        let store = store(&server);
        let [by_text, by_code] = proofs(&used);
        assert_eq!(take(&store, by_text, now).await, Ok(()));
        for again in [by_text, by_code] {
            assert_eq!(take(&store, again, now).await, Err(LinkFault::Used));
        }
        assert_eq!(take(&store, proofs(&typed)[1], now).await, Ok(()));
        let expired = Timestamp::parse(&text(&late, "expires_at")).unwrap();
        let outcome = take(&store, proofs(&late)[0], expired).await;
        assert_eq!(outcome, Err(LinkFault::Expired));
        store.close().await;
    }
    server.kill_and_restart();
    let list = listed(&server, &device).await;
    assert_eq!(list.len(), 1, "{list:?}");
    assert_eq!(list[0]["id"], late["id"]);
    let path = format!("{}/{}", links_of(&device), text(&used, "id"));
    let (status, answer) = server.api("DELETE", &path, None).await;
    assert_eq!(status, 409, "{answer}");
    assert!(answer.to_string().contains("used already"), "{answer}");
    // Somebody else's tablet now: the link that was left is nobody's.
    let change = json!({"user": "bob@contoso.test"});
    let device_path = format!("/devices/{device}");
    assert_eq!(server.api("PATCH", &device_path, Some(change)).await.0, 200);
    assert_eq!(listed(&server, &device).await, [] as [Value; 0]);
    let events = server.get("/events?type=portal_link.used").await;
    let events = events["items"].as_array().unwrap();
    assert_eq!(events.len(), 2);
    for event in events {
        let actor = text(event, "actor");
        assert!(actor.starts_with("portal:") && actor.len() == 39, "{actor}");
    }
}
