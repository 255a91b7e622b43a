//! What the portal and the operator are told of an install: readiness, scopes,
//! steps as they come.

use modegate_sim::Trigger;
use serde_json::{Value, json};

use crate::api::installs::{app, ask, pick, states, to_the_end, until_state};
use crate::harness::{Server, catalogue_app};
use crate::sync::simulated_device::{enrolled, sync, tablet};
use crate::wait::DEADLINE;

#[tokio::test]
async fn sideloading_is_looked_at_before_a_promise_is_made() {
    let (server, device, mut tablet) = enrolled("t").await;
    app(&server, "erp", "1.0").await;
    let strict = json!({"app": "erp", "require_ready": true});
    let (status, refused) = ask(&server, &device, strict.clone()).await;
    assert_eq!(status, 409);
    assert!(
        refused["detail"].as_str().unwrap().contains("sideload_key"),
        "{refused}"
    );
    let (_, doubtful) = ask(&server, &device, json!({"app": "erp"})).await;
    assert_eq!(
        doubtful["warnings"].as_array().unwrap().len(),
        2,
        "{doubtful}"
    );
    let path = format!("/installs/{}", doubtful["id"].as_str().unwrap());
    server.api("DELETE", &path, None).await;

    let key = json!({"type": "sideload_key", "key": "AAAAA-BBBBB-CCCCC-DDDDD-EEEEE"});
    let key = server.queue(&device, key).await;
    let (status, _) = ask(&server, &device, strict.clone()).await;
    assert_eq!(status, 409, "a key that is only queued counts for nothing");
    sync(&mut tablet, Trigger::Logon).await;
    assert_eq!(server.state(&key).await, "succeeded");
    let (status, ready) = ask(&server, &device, strict.clone()).await;
    assert_eq!(status, 201, "{ready}");
    assert_eq!(
        ready["warnings"].as_array().unwrap().len(),
        1,
        "the certificate: {ready}"
    );

    // A domain's member needs no key.
    let member = server.register(json!({"source": "member"})).await;
    let mut agent = crate::sync::simulated_device::tablet(&server, "member");
    let system = "Win32_ComputerSystem.Name=\"MEMBER\"";
    assert!(agent.set_property(system, "PartOfDomain", "true"));
    server
        .queue(
            &member,
            json!({"type": "inventory", "classes": ["Win32_ComputerSystem"]}),
        )
        .await;
    sync(&mut agent, Trigger::Logon).await;
    assert_eq!(ask(&server, &member, strict.clone()).await.0, 201);
    // And other families none of it.
    let ten = server
        .register(json!({"source": "ten", "family": "windows10"}))
        .await;
    let (status, install) = ask(&server, &ten, strict).await;
    assert_eq!((status, &install["warnings"]), (201, &json!([])));
}

#[tokio::test]
async fn the_steps_are_told_as_they_come() {
    let (server, device, mut tablet) = enrolled("t").await;
    app(&server, "erp", "1.0").await;
    let id = pick(&server, &device, "erp").await;
    let path = format!("/installs/{id}/events");
    let mut stream = server.open(&path, &[]).await;
    assert_eq!(stream.headers()["content-type"], "text/event-stream");
    sync(&mut tablet, Trigger::Push).await;
    until_state(&server, &id, "accepted").await;
    let done = to_the_end(&server, &device, &id, &mut tablet).await;
    assert_eq!(done["state"], "installed");
    let mut text = String::new();
    while let Some(piece) = tokio::time::timeout(DEADLINE, stream.chunk())
        .await
        .unwrap()
        .unwrap()
    {
        text += std::str::from_utf8(&piece).unwrap();
    }
    let told: Vec<&str> = text
        .lines()
        .filter_map(|line| line.strip_prefix("event: "))
        .collect();
    assert_eq!(told, states(&done), "all of them, and then it ends");
    let data: Vec<Value> = text
        .lines()
        .filter_map(|line| line.strip_prefix("data: "))
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(json!(data), done["steps"]);
    // A reader that comes back gets what it has not.
    let rest = server
        .open(&path, &[("last-event-id", "3")])
        .await
        .text()
        .await
        .unwrap();
    assert_eq!(rest.matches("event: ").count(), data.len() - 4, "{rest}");
    assert!(rest.contains("id: 4\n"));
    let wrong = server.open(&path, &[("last-event-id", "x")]).await;
    assert_eq!(wrong.status(), 422);
    assert_eq!(
        server.open("/installs/none/events", &[]).await.status(),
        404
    );
}

/// The MDMAgent article: a user picks an app in the portal; the session that a push brings
/// carries the install.
#[tokio::test]
async fn the_portals_workflow() {
    let server = Server::start();
    let device = server
        .register(json!({"source": "t", "groups": ["sales"], "user": "ann@contoso.test"}))
        .await;
    let other = server
        .register(json!({"source": "o", "groups": ["it"]}))
        .await;
    let mut erp = catalogue_app("erp");
    erp["groups"] = json!(["sales"]);
    server.catalogue(erp).await;
    let (_, portal) = server
        .make_token(json!({"name": "portal", "role": "portal", "groups": ["sales"]}))
        .await;
    let call = async |method: &'static str, path: String, body: Option<Value>| {
        let body = body.map(|body| body.to_string().into_bytes());
        let (status, _, answer) = server
            .call(&portal, method, &path, &[], body)
            .await
            .unwrap();
        (status, answer)
    };
    // Step 1 and 2: the portal shows the catalogue, the user picks.
    let (_, apps) = call("GET", "/apps".into(), None).await;
    assert_eq!(apps["items"][0]["id"], "erp");
    let pick = json!({"app": "erp"});
    let (status, install) = call(
        "POST",
        format!("/devices/{device}/installs"),
        Some(pick.clone()),
    )
    .await;
    assert_eq!(
        (status, &install["requested_by"]),
        (201, &json!("api:portal"))
    );
    // Not on a device out of its scope, nor an app for other groups, nor the catalogue itself.
    let elsewhere = format!("/devices/{other}/installs");
    assert_eq!(
        call("POST", elsewhere.clone(), Some(pick.clone())).await.0,
        404
    );
    let (status, not_for) = server.api("POST", &elsewhere, Some(pick)).await;
    assert_eq!(status, 409, "{not_for}");
    let app = json!({"name": "x", "version": "1"});
    assert_eq!(call("POST", "/apps".into(), Some(app)).await.0, 403);
    assert_eq!(
        call("POST", "/webhooks".into(), Some(json!({}))).await.0,
        403
    );
    // Step 4 and 5: the push brings mode Apps, which carries the install.
    let mut tablet = tablet(&server, "t");
    let report = sync(&mut tablet, Trigger::Push).await;
    assert_eq!(report.query, "mode=Apps&Platform=WoA");
    assert!(report.received[0].loc_uri.ends_with("/Exec=CreateJob"));
    let id = install["id"].as_str().unwrap();
    until_state(&server, id, "accepted").await;
    let (status, seen) = call("GET", format!("/installs/{id}"), None).await;
    assert_eq!((status, &seen["state"]), (200, &json!("accepted")));
}

#[tokio::test]
async fn a_retired_device_leaves_nothing_behind() {
    let (server, device, _) = enrolled("t").await;
    app(&server, "erp", "1.0").await;
    let id = pick(&server, &device, "erp").await;
    assert_eq!(
        server
            .api("DELETE", &format!("/devices/{device}"), None)
            .await
            .0,
        204
    );
    assert_eq!(
        server.api("GET", &format!("/installs/{id}"), None).await.0,
        404
    );
}
