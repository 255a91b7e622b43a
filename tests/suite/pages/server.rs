//! The server itself in the console.

use serde_json::json;

use super::client::Browser;
use super::commands::signed_in_as;
use crate::harness::Server;

const SERVER: &str = "/console/server";

#[actix_web::test]
async fn an_admin_sees_what_the_server_is_and_no_secret() {
    let server = Server::start();
    let mut admin = Browser::signed_in(&server, &server.token).await;
    let page = admin.get(SERVER).await;
    let words = page.words();
    for said in [
        env!("CARGO_PKG_VERSION"),
        "Ready",
        "localhost",
        "Schema version",
        "running",
        "retention.events_days",
        "--data",
    ] {
        assert!(words.contains(said), "{said}: {words}");
    }
    let key = std::fs::read_to_string(server.dir.join("key")).unwrap();
    for secret in [key.trim(), &*server.token] {
        assert!(!page.contains(secret));
    }

    let view = server.get("/server").await;
    assert_eq!(view["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(
        (&view["ready"], &view["fault"]),
        (&json!(true), &json!(null))
    );
    let directory = view["storage"]["directory"].as_str().unwrap();
    assert_eq!(std::path::Path::new(directory), server.dir);
    let sizes = ["directory_bytes", "database_bytes", "free_bytes"];
    assert!(
        sizes
            .iter()
            .all(|name| view["storage"][name].as_u64() > Some(0)),
        "{view}"
    );
    let newest = std::fs::read_dir("src/store/sqlite/migrations")
        .unwrap()
        .count();
    assert_eq!(view["storage"]["schema_version"], json!(newest));
    assert_eq!(view["writer"]["waiting"], 0);
    assert!(
        view["writer"]["commit_p99_ms"].as_f64() > Some(0.0),
        "{}",
        view["writer"]
    );
    let workers = view["workers"].as_array().unwrap();
    assert!(workers.len() > 3 && workers.iter().all(|one| one["running"] == true));
    let names = view["certificates"][0]["names"].as_array().unwrap();
    assert!(names.contains(&json!("localhost")) && names.contains(&json!("127.0.0.1")));
    assert_eq!(view["keys"]["main_key_from"], "the data directory");
    assert!(view["keys"]["main_key_written_at"].is_string());
    assert_eq!(view["keys"]["audit_keys"].as_array().unwrap().len(), 1);
    let settings = view["settings"].as_array().unwrap();
    let data = settings.iter().find(|one| one["key"] == "data").unwrap();
    assert_eq!(data["origin"], "--data");
    let listen = settings
        .iter()
        .find(|one| one["key"] == "sync_path")
        .unwrap();
    assert_eq!(
        (&listen["value"], &listen["origin"]),
        (&json!("/sync"), &json!("default"))
    );
}

#[actix_web::test]
async fn the_server_is_for_admins() {
    let server = Server::start();
    for role in ["operator", "auditor"] {
        let mut other = signed_in_as(&server, role, &[]).await;
        assert_eq!(other.get(SERVER).await.status, 403, "{role}");
        assert!(!other.get("/console").await.contains(SERVER));
    }
}
