//! Tokens of portals: what they have installed is the catalogue's, and one that acts for
//! a person sees that person's devices and installs only.

use serde_json::{Value, json};

use crate::harness::{Server, catalogue_app, package1};
use crate::wait::{DEADLINE, eventually};

/// The answer to one request with a token.
async fn ask(server: &Server, token: &str, method: &str, path: &str, body: Value) -> (u16, Value) {
    let body = (!body.is_null()).then(|| body.to_string().into_bytes());
    let (status, _, answer) = server.call(token, method, path, &[], body).await.unwrap();
    (status, answer)
}

async fn app(server: &Server, id: &str, groups: Value) {
    let mut app = catalogue_app(id);
    app["groups"] = groups;
    server.catalogue(app).await;
}

/// A token of the role portal for this user of this device.
async fn person(server: &Server, name: &str, user: &str, device: &str) -> (String, String) {
    let person = json!({"user": user, "devices": [device]});
    let body = json!({"name": name, "role": "portal", "person": person});
    server.make_token(body).await
}

fn ids(list: &Value) -> Vec<&str> {
    let items = list["items"].as_array().unwrap();
    items
        .iter()
        .map(|item| item["id"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn a_person_sees_own_devices_apps_and_installs_and_nothing_else() {
    let server = Server::start();
    let of = |source: &str, user: &str, group: &str| {
        json!({"source": source, "user": user, "groups": [group],
               "credentials": {"username": "u", "password": "p"}})
    };
    let anns = server
        .register(of("anns", "Ann@contoso.test", "sales"))
        .await;
    let bobs = server.register(of("bobs", "bob@contoso.test", "it")).await;
    app(&server, "erp", json!(["sales"])).await;
    app(&server, "cad", json!(["it"])).await;
    app(&server, "notes", json!([])).await;
    let by_admin = format!("/devices/{anns}/installs");
    let (status, theirs) = server
        .api("POST", &by_admin, Some(json!({"app": "notes"})))
        .await;
    assert_eq!(status, 201, "{theirs}");
    let theirs = theirs["id"].as_str().unwrap();
    let (id, ann) = person(&server, "portal of ann", "ann@contoso.test", &anns).await;

    let (_, devices) = ask(&server, &ann, "GET", "/devices", Value::Null).await;
    assert_eq!(ids(&devices), [&*anns]);
    let shown = &devices["items"][0];
    assert_eq!(
        (&shown["groups"], &shown["credentials"]),
        (&json!([]), &Value::Null)
    );
    let (_, apps) = ask(&server, &ann, "GET", "/apps", Value::Null).await;
    assert_eq!(ids(&apps), ["erp", "notes"]);
    assert!(!apps.to_string().contains("sales"), "{apps}");
    let (status, mine) = ask(&server, &ann, "POST", &by_admin, json!({"app": "erp"})).await;
    assert_eq!(status, 201, "{mine}");
    assert_eq!(mine["requested_by"], format!("portal:{id}"));
    let mine = mine["id"].as_str().unwrap();
    let (_, list) = ask(&server, &ann, "GET", &by_admin, Value::Null).await;
    assert_eq!(ids(&list), [mine]);

    for (method, path, body, expected) in [
        ("GET", format!("/devices/{bobs}"), Value::Null, 404),
        ("GET", format!("/devices/{bobs}/installs"), Value::Null, 404),
        (
            "POST",
            format!("/devices/{bobs}/installs"),
            json!({"app": "notes"}),
            404,
        ),
        ("GET", format!("/installs/{theirs}"), Value::Null, 404),
        (
            "GET",
            format!("/installs/{theirs}/events"),
            Value::Null,
            404,
        ),
        ("DELETE", format!("/installs/{theirs}"), Value::Null, 404),
        ("GET", "/apps/cad".to_owned(), Value::Null, 404),
        ("POST", by_admin.clone(), json!({"app": "cad"}), 422),
        // The admin's install is nobody's business here, and is not replaced.
        ("POST", by_admin.clone(), json!({"app": "notes"}), 409),
        (
            "POST",
            by_admin.clone(),
            json!({"app": "erp", "priority": 1}),
            422,
        ),
        ("GET", format!("/devices/{anns}/commands"), Value::Null, 403),
        (
            "POST",
            format!("/devices/{anns}/commands"),
            json!({"type": "app_install", "app": "erp"}),
            403,
        ),
        ("GET", format!("/devices/{anns}/channel"), Value::Null, 403),
        ("GET", "/batches".to_owned(), Value::Null, 403),
        ("GET", "/events".to_owned(), Value::Null, 403),
    ] {
        let (status, answer) = ask(&server, &ann, method, &path, body).await;
        assert_eq!(status, expected, "{method} {path}: {answer}");
        assert!(!answer.to_string().contains("admin"), "{answer}");
    }

    // Another token of the same person sees the same; a back end sees all.
    let (_, again) = person(&server, "again", "ANN@contoso.test", &anns).await;
    let (status, _) = ask(
        &server,
        &again,
        "GET",
        &format!("/installs/{mine}"),
        Value::Null,
    )
    .await;
    assert_eq!(status, 200);
    let backend = json!({"name": "backend", "role": "portal", "groups": ["sales"]});
    let (_, backend) = server.make_token(backend).await;
    let (_, list) = ask(&server, &backend, "GET", &by_admin, Value::Null).await;
    assert_eq!(ids(&list), [mine, theirs]);
    // A device that is another's now is no longer hers.
    let change = json!({"user": "carl@contoso.test"});
    let path = format!("/devices/{anns}");
    assert_eq!(server.api("PATCH", &path, Some(change)).await.0, 200);
    let (status, _) = ask(
        &server,
        &ann,
        "GET",
        &format!("/installs/{mine}"),
        Value::Null,
    )
    .await;
    assert_eq!(status, 404);
    // The log, which stays for ever, has no name of hers.
    let events = server.get("/events?limit=200").await.to_string();
    assert!(events.contains(&format!("portal:{id}")), "{events}");
    let events = events.to_lowercase();
    assert!(
        !events.contains("ann@") && !events.contains("portal of ann"),
        "{events}"
    );
}

#[tokio::test]
async fn a_person_outlives_the_process_and_is_checked_when_the_token_is_made() {
    let mut server = Server::start();
    let device = server.register(json!({"source": "t", "user": "ann"})).await;
    let (_, ann) = person(&server, "ann's", "ann", &device).await;
    server.kill_and_restart();
    let (_, devices) = ask(&server, &ann, "GET", "/devices", Value::Null).await;
    assert_eq!(ids(&devices), [&*device]);
    assert_eq!(
        server.get("/tokens").await["items"][0]["person"],
        json!({"user": "ann", "devices": [device]})
    );
    let nobody = "0".repeat(32);
    for (role, person, field) in [
        (
            "operator",
            json!({"user": "ann", "devices": [device]}),
            "person",
        ),
        (
            "portal",
            json!({"user": "ann", "devices": [nobody]}),
            "person.devices[0]",
        ),
        (
            "portal",
            json!({"user": "ann", "devices": []}),
            "person.devices",
        ),
        ("portal", json!({"user": "ann"}), "person.devices"),
        (
            "portal",
            json!({"user": "ann", "devices": [device], "group": "x"}),
            "person.group",
        ),
    ] {
        let body = json!({"name": "x", "role": role, "person": person});
        let (status, answer) = server.api("POST", "/tokens", Some(body)).await;
        assert_eq!((status, &answer["field"]), (422, &json!(field)), "{answer}");
    }
}

#[tokio::test]
async fn a_token_has_so_many_installs_under_way_and_no_more() {
    let text = "[limits]\nopen_installs_per_token = 3\n";
    let server = Server::configured(text, &["--accept-unknown-devices"]);
    let device = server.register(json!({"source": "t", "user": "ann"})).await;
    for nth in 0..5 {
        app(&server, &format!("app{nth}"), json!([])).await;
    }
    let backend = json!({"name": "backend", "role": "portal"});
    let (_, backend) = server.make_token(backend).await;
    let path = format!("/devices/{device}/installs");
    let install = async |token: &str, nth: u32| {
        let body = json!({"app": format!("app{nth}")});
        ask(&server, token, "POST", &path, body).await
    };
    let mut made = Vec::new();
    for nth in 0..3 {
        let (status, answer) = install(&backend, nth).await;
        assert_eq!(status, 201, "{answer}");
        made.push(answer["id"].as_str().unwrap().to_owned());
    }
    let (status, answer) = install(&backend, 3).await;
    assert_eq!(status, 409, "{answer}");
    assert!(
        answer["detail"].as_str().unwrap().contains("3 installs"),
        "{answer}"
    );
    assert_eq!(install(&backend, 0).await.0, 200, "it is there already");
    assert_eq!(
        install(&server.token, 3).await.0,
        201,
        "others have their own"
    );
    let (status, _) = ask(
        &server,
        &backend,
        "DELETE",
        &format!("/installs/{}", made[0]),
        Value::Null,
    )
    .await;
    assert_eq!(status, 200);
    assert_eq!(install(&backend, 4).await.0, 201, "there is room again");
}

#[tokio::test]
async fn a_token_has_so_many_streams_open_and_leaves_places_to_others() {
    let text = "[limits]\nevent_streams_per_token = 2\n";
    let server = Server::configured(text, &["--accept-unknown-devices"]);
    let (_, auditor) = server
        .make_token(json!({"name": "a", "role": "auditor"}))
        .await;
    let open = async |token: &str| {
        let url = format!("{}/api/v1/events/stream", server.http);
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        client.get(url).bearer_auth(token).send().await.unwrap()
    };
    let (one, two) = (open(&auditor).await, open(&auditor).await);
    assert_eq!(
        (one.status(), two.status()),
        (200.try_into().unwrap(), 200.try_into().unwrap())
    );
    let refused = open(&auditor).await;
    assert_eq!(refused.status(), 429);
    assert!(refused.headers().contains_key("retry-after"));
    assert_eq!(open(&server.token).await.status(), 200);
    drop(one);
    let again = async || match open(&auditor).await.status().as_u16() {
        200 => Ok(()),
        status => {
            // Whoever went away is noticed at the next event.
            server
                .register(json!({"source": uuid::Uuid::now_v7().to_string()}))
                .await;
            Err(status)
        }
    };
    eventually(DEADLINE, again).await;
}

#[tokio::test]
async fn a_rule_on_an_app_believes_the_catalogue_and_not_the_label() {
    let policies = tempfile::tempdir().unwrap();
    for name in ["context.toml", "windows81.toml"] {
        let from = concat!(env!("CARGO_MANIFEST_DIR"), "/policies/");
        std::fs::copy(format!("{from}{name}"), policies.path().join(name)).unwrap();
    }
    let rule = "[[rule]]\nid = \"site.erp-in-maintenance-only\"\neffect = \"withhold\"\nmode = [\"Apps\"]\n\
                app = [\"erp\"]\nsays = \"ERP is installed at night.\"\n";
    std::fs::write(policies.path().join("site.toml"), rule).unwrap();
    let path = policies.path().to_str().unwrap();
    let server = Server::start_with(&["--accept-unknown-devices", "--policies", path]);
    let device = server.register(json!({"source": "t"})).await;
    app(&server, "erp", json!([])).await;
    let labelled = json!({"type": "app_install", "app": "erp", "job_data": "<Label/>"});
    let labelled = server.queue(&device, labelled).await;
    let listed = server
        .queue(&device, json!({"type": "app_install", "app": "erp"}))
        .await;
    for command in [&labelled, &listed] {
        let shown = server.get(&format!("/commands/{command}")).await;
        assert_eq!(shown["app"], "erp");
    }
    let reply = server.sync("Apps", &package1("t", "1", 1, "user")).await;
    let sent: Vec<&str> = reply
        .commands
        .iter()
        .filter_map(|c| c.data.as_deref())
        .collect();
    assert_eq!(
        sent,
        ["JobData=<Label/>"],
        "the rule concerns the catalogue's app only"
    );
    let preview = server
        .get(&format!("/devices/{device}/preview?mode=Apps"))
        .await;
    assert_eq!(preview["withhold"][0]["command"], json!(listed));
}
