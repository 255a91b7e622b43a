//! The catalogue over the API, and what goes to a device of it.

use serde_json::{Value, json};

use crate::files::files;
use crate::harness::{Server, package1};
use crate::wait::{DEADLINE, eventually, seen};

const PACKAGE: &str = "52314Publisher.TestWNS_1.1.0.0_x86__t6e9vsyjkrw9w";

fn whole() -> Value {
    json!({
        "id": "erp", "name": "ERP", "description": "Enterprise things", "groups": ["sales"],
        "package_full_name": PACKAGE, "urls": ["https://apps.contoso.test/erp.appx"],
        "dependencies": [{"package_full_name": PACKAGE, "urls": ["https://apps.contoso.test/vc.appx"]}],
        "licence": "<Licence>distinct-licence</Licence>", "action": "install", "options": 1,
        "job_data": "<Job>distinct-job</Job>",
    })
}

#[tokio::test]
async fn apps_come_change_and_go() {
    let server = Server::start();
    let (status, headers, made) = server.with("POST", "/apps", &[], whole()).await;
    assert_eq!(status, 201, "{made}");
    assert_eq!(headers["location"], "/api/v1/apps/erp");
    assert_eq!(made["versions"][0]["version"], "1.1.0.0");
    assert_eq!(made["versions"][0]["has_licence"], true);
    assert_eq!(server.api("POST", "/apps", Some(whole())).await.0, 409);
    let (status, unnamed) = server
        .api(
            "POST",
            "/apps",
            Some(json!({"name": "Other", "version": "1"})),
        )
        .await;
    assert_eq!(status, 201);
    assert!(
        unnamed["warnings"][0]
            .as_str()
            .unwrap()
            .contains("templates.app_install")
    );
    let list = server.get("/apps?limit=1").await;
    assert_eq!(list["items"][0]["id"], "erp");
    let next = list["next"].as_str().unwrap();
    let rest = server.get(&format!("/apps?after={next}")).await;
    assert_eq!(rest["items"][0], unnamed);

    let (_, headers, one) = server.with("GET", "/apps/erp", &[], Value::Null).await;
    let tag = headers["etag"].to_str().unwrap().to_owned();
    assert_eq!(one, made);
    let change = json!({"version": "1.2", "job_data": "<Job/>", "name": "ERP 2"});
    let (status, _, changed) = server
        .with("PATCH", "/apps/erp", &[("if-match", &tag)], change.clone())
        .await;
    assert_eq!(status, 200, "{changed}");
    assert_eq!(
        (&changed["name"], &changed["version"]),
        (&json!("ERP 2"), &json!("1.2"))
    );
    let (status, ..) = server
        .with("PATCH", "/apps/erp", &[("if-match", &tag)], change)
        .await;
    assert_eq!(status, 412);
    assert_eq!(server.api("DELETE", "/apps/erp", None).await.0, 204);
    assert_eq!(server.api("GET", "/apps/erp", None).await.0, 404);
    assert_eq!(server.api("DELETE", "/apps/erp", None).await.0, 404);

    // What is Data is shown nowhere, and lies sealed.
    let shown = [server.get("/events?limit=200").await, made, changed];
    for secret in ["distinct-licence", "distinct-job"] {
        assert!(
            shown
                .iter()
                .all(|shown| !shown.to_string().contains(secret))
        );
        for path in files(&server.dir) {
            let bytes = std::fs::read(path).unwrap();
            let found = bytes
                .windows(secret.len())
                .any(|window| window == secret.as_bytes());
            assert!(!found, "{secret}");
        }
    }
}

/// What a session in Apps carries for the first command.
async fn carried(server: &Server) -> (String, String) {
    let reply = server.sync("Apps", &package1("t", "1", 1, "user")).await;
    let command = &reply.commands[0];
    (command.loc_uri.clone(), command.data.clone().unwrap())
}

#[tokio::test]
async fn an_app_is_installed_by_its_own_job_data() {
    let server = Server::start();
    let device = server
        .register(json!({"source": "t", "groups": ["sales"]}))
        .await;
    server.api("POST", "/apps", Some(whole())).await;
    let command = json!({"type": "app_install", "app": "erp", "job_id": "mine"});
    let queued = server.queue(&device, command).await;
    let shown = server.get(&format!("/commands/{queued}")).await;
    assert_eq!(
        (&shown["kind"], &shown["app"]),
        (&json!("app_install"), &json!("erp"))
    );
    let (loc_uri, data) = carried(&server).await;
    assert!(loc_uri.ends_with("JobID=%22mine%22/Exec=CreateJob"));
    assert_eq!(data, "JobData=<Job>distinct-job</Job>");
    // Without an app of that id the caller brings the data.
    let path = format!("/devices/{device}/commands");
    let other = json!({"type": "app_install", "app": "other"});
    let (status, refused) = server.api("POST", &path, Some(other.clone())).await;
    assert_eq!((status, &refused["field"]), (422, &json!("job_data")));
    let mut own = other;
    own["job_data"] = json!("<Own/>");
    assert_eq!(server.api("POST", &path, Some(own)).await.0, 201);
    let version = json!({"type": "app_install", "app": "erp", "version": "9"});
    let (status, refused) = server.api("POST", &path, Some(version)).await;
    assert_eq!((status, &refused["field"]), (422, &json!("version")));
}

#[tokio::test]
async fn or_by_the_operators_template() {
    let own = tempfile::tempdir().unwrap();
    let config = own.path().join("modegate.toml");
    let template = "JobData=<Job name=\"{package_full_name}\" action=\"{action}\" options=\"{options}\">{urls}|{dependencies}|{dependency_urls}|{licence}</Job>";
    std::fs::write(
        &config,
        format!("[templates]\napp_install = '{template}'\n"),
    )
    .unwrap();
    let server = Server::start_with(&[
        "--accept-unknown-devices",
        "--config",
        config.to_str().unwrap(),
    ]);
    let device = server
        .register(json!({"source": "t", "groups": ["sales"]}))
        .await;
    let mut app = whole();
    app["job_data"] = Value::Null;
    let (status, made) = server.api("POST", "/apps", Some(app)).await;
    assert_eq!((status, &made["warnings"]), (201, &Value::Null));
    server
        .queue(&device, json!({"type": "app_install", "app": "erp"}))
        .await;
    let (_, data) = carried(&server).await;
    assert_eq!(
        data,
        format!(
            "JobData=<Job name=\"{PACKAGE}\" action=\"install\" options=\"1\">https://apps.contoso.test/erp.appx|\
             {PACKAGE}|https://apps.contoso.test/vc.appx|<Licence>distinct-licence</Licence></Job>"
        )
    );
}

#[tokio::test]
async fn a_batch_installs_from_the_catalogue_where_the_app_is_for_the_device() {
    let server = Server::start();
    for (source, group) in [("t", "sales"), ("other", "it")] {
        server
            .register(json!({"source": source, "groups": [group]}))
            .await;
    }
    server.api("POST", "/apps", Some(whole())).await;
    let batch = json!({"to": {"all": true}, "command": {"type": "app_install", "app": "erp"}});
    let (status, made) = server.api("POST", "/commands", Some(batch)).await;
    assert_eq!(status, 202, "{made}");
    let path = format!("/batches/{}", made["id"].as_str().unwrap());
    let look = async || seen(server.get(&path).await, |batch| batch["state"] != "running");
    let done = eventually(DEADLINE, look).await;
    assert_eq!(
        (&done["progress"]["queued"], &done["progress"]["refused"]),
        (&json!(1), &json!(1)),
        "{done}"
    );
    let (_, data) = carried(&server).await;
    assert_eq!(data, "JobData=<Job>distinct-job</Job>");
}
