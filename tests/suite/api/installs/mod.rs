//! Installs, from pick to done, over real HTTP with the simulated tablet.

mod answers;

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Instant;

use modegate_sim::{Tablet, Trigger};
use serde_json::{Value, json};

use crate::harness::{Server, catalogue_app};
use crate::sync::simulated_device::{enrolled, sync, tablet};
use crate::wait::{DEADLINE, eventually, seen};

const PACKAGE: &str = "52314Publisher.TestWNS_1.1.0.0_x86__t6e9vsyjkrw9w";

/// Puts an app of one version into the catalogue.
pub async fn app(server: &Server, id: &str, version: &str) {
    let mut app = catalogue_app(id);
    app["version"] = json!(version);
    app["job_data"] = json!("<Job>secret-job</Job>");
    server.catalogue(app).await;
}

/// Asks for an app; the status and the install.
pub async fn ask(server: &Server, device: &str, body: Value) -> (u16, Value) {
    let path = format!("/devices/{device}/installs");
    server.api("POST", &path, Some(body)).await
}

/// Asks for an app, which must be new; its id.
pub async fn pick(server: &Server, device: &str, app: &str) -> String {
    let (status, answer) = ask(server, device, json!({"app": app})).await;
    assert_eq!(status, 201, "{answer}");
    answer["id"].as_str().unwrap().to_owned()
}

/// Waits until the install is as asked for.
pub async fn until(server: &Server, id: &str, is: impl Fn(&Value) -> bool) -> Value {
    let path = format!("/installs/{id}");
    eventually(DEADLINE, async || seen(server.get(&path).await, &is)).await
}

pub async fn until_state(server: &Server, id: &str, state: &str) -> Value {
    until(server, id, |install| install["state"] == state).await
}

/// Waits until the server has queued what reads the job.
async fn until_reading(server: &Server, device: &str) {
    let _begun = Instant::now();
    let path = format!("/devices/{device}/commands?state=queued");
    let is_queued = |queued: &Value| {
        let mut items = queued["items"].as_array().unwrap().iter();
        items.any(|command| command["type"] == "app_status")
    };
    eventually(DEADLINE, async || seen(server.get(&path).await, is_queued)).await;
}

pub fn states(install: &Value) -> Vec<&str> {
    let steps = install["steps"].as_array().unwrap();
    steps
        .iter()
        .map(|step| step["state"].as_str().unwrap())
        .collect()
}

/// Lets the tablet sync until the install is final.
pub async fn to_the_end(server: &Server, device: &str, id: &str, tablet: &mut Tablet) -> Value {
    for _ in 0..5 {
        let install = server.get(&format!("/installs/{id}")).await;
        if !install["finished_at"].is_null() {
            return install;
        }
        let reads = install["readings"].as_u64().unwrap();
        until_reading(server, device).await;
        sync(tablet, Trigger::Push).await;
        until(server, id, |install| {
            install["readings"].as_u64().unwrap() > reads || !install["finished_at"].is_null()
        })
        .await;
    }
    server.get(&format!("/installs/{id}")).await
}

#[tokio::test]
async fn from_pick_to_done() {
    let (server, device, mut tablet) = enrolled("t").await;
    app(&server, "erp", "1.0").await;
    let (status, picked) = ask(&server, &device, json!({"app": "erp"})).await;
    assert_eq!(
        (status, picked["state"].as_str().unwrap()),
        (201, "requested")
    );
    assert_eq!(picked["forecast"]["when"], "next_maintenance", "{picked}");
    let id = picked["id"].as_str().unwrap();
    // No channel was ever set: it says so, and waits.
    let waiting = until_state(&server, id, "waiting_for_channel").await;
    assert!(
        waiting["reason"]
            .as_str()
            .unwrap()
            .contains("only a Maintenance session")
    );

    sync(&mut tablet, Trigger::Push).await;
    let taken = until_state(&server, id, "accepted").await;
    assert_eq!(taken["forecast"], Value::Null);
    let job = taken["job_id"].as_str().unwrap();
    assert!(tablet.job_state(job).is_some());

    let done = to_the_end(&server, &device, id, &mut tablet).await;
    assert_eq!(
        states(&done),
        [
            "requested",
            "waiting_for_channel",
            "delivered",
            "accepted",
            "progress",
            "installed"
        ],
        "{done}"
    );
    let steps = done["steps"].as_array().unwrap();
    let times: Vec<&str> = steps
        .iter()
        .map(|step| step["at"].as_str().unwrap())
        .collect();
    assert!(times.is_sorted(), "{times:?}");
    assert_eq!(
        (&steps[4]["progress"], &done["progress"]),
        (&json!(50), &json!(100))
    );
    let list = server.get(&format!("/devices/{device}/installs")).await;
    assert_eq!(list["items"][0]["id"], id);
    // On record, and without what the job holds.
    let events = server
        .get(&format!("/devices/{device}/events?limit=200"))
        .await;
    let moved: Vec<&Value> = events["items"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|event| event["type"] == "install.moved")
        .collect();
    assert_eq!(moved.len(), 6);
    for text in [events.to_string(), done.to_string()] {
        assert!(!text.contains("secret-job"));
    }
    // Nothing more is asked of the device.
    let report = sync(&mut tablet, Trigger::Push).await;
    assert!(report.received.is_empty(), "{:?}", report.received);
}

#[tokio::test]
async fn a_job_that_fails_says_how() {
    let (server, device, mut tablet) = enrolled("t").await;
    app(&server, "erp", "1.0").await;
    let id = pick(&server, &device, "erp").await;
    sync(&mut tablet, Trigger::Logon).await;
    until_state(&server, &id, "accepted").await;
    tablet.fail_job(0x8007_3CF9);
    let failed = to_the_end(&server, &device, &id, &mut tablet).await;
    assert_eq!(failed["state"], "failed");
    assert_eq!(failed["reason"], "the job's LastError is 0x80073CF9");
    // A device that refuses the command says it in the words of SyncML.
    tablet.answer("Exec=CreateJob", 405);
    let (status, again) = ask(&server, &device, json!({"app": "erp"})).await;
    assert_eq!(status, 201, "what failed may be asked for again: {again}");
    let id = again["id"].as_str().unwrap();
    sync(&mut tablet, Trigger::Push).await;
    let failed = until_state(&server, id, "failed").await;
    assert_eq!(failed["reason"], "not allowed on this node (405)");
    assert!(states(&failed).contains(&"delivered"));
}

#[tokio::test]
async fn a_device_that_has_the_package_has_it_installed() {
    let (server, device, mut tablet) = enrolled("t").await;
    let mut app = catalogue_app("wns");
    app["package_full_name"] = json!(PACKAGE);
    app.as_object_mut().unwrap().remove("version");
    server.catalogue(app).await;
    let id = pick(&server, &device, "wns").await;
    sync(&mut tablet, Trigger::Logon).await;
    until_state(&server, &id, "accepted").await;
    until_reading(&server, &device).await;
    let instance = format!("MDM_Application.PackageFullName=\"{PACKAGE}\"");
    assert!(tablet.set_property(&instance, "PackageVersion", "1.1.0.0"));
    sync(&mut tablet, Trigger::Push).await;
    let done = until_state(&server, &id, "installed").await;
    assert_eq!(
        done["reason"],
        "the device has the package (MDM_Application)"
    );
}

#[tokio::test]
async fn another_version_takes_the_place_of_what_waits() {
    let (server, device, mut tablet) = enrolled("t").await;
    app(&server, "erp", "1.0").await;
    let old = pick(&server, &device, "erp").await;
    let newer = json!({"version": "2.0", "job_data": "<Job>2</Job>"});
    let (status, changed) = server.api("PATCH", "/apps/erp", Some(newer)).await;
    assert_eq!((status, &changed["version"]), (200, &json!("2.0")));
    let new = pick(&server, &device, "erp").await;
    let gone = server.get(&format!("/installs/{old}")).await;
    assert_eq!(
        (&gone["state"], &gone["superseded_by"]),
        (&json!("superseded"), &json!(new))
    );
    let command = gone["command"].as_str().unwrap();
    assert_eq!(server.state(command).await, "cancelled");
    sync(&mut tablet, Trigger::Push).await;
    assert_eq!(tablet.jobs().len(), 1);
    let done = {
        until_state(&server, &new, "accepted").await;
        to_the_end(&server, &device, &new, &mut tablet).await
    };
    assert_eq!(done["state"], "installed");
    // Done counts as asked for; the older version is another thing.
    let (status, same) = ask(&server, &device, json!({"app": "erp"})).await;
    assert_eq!((status, &same["id"]), (200, &json!(new)));
    let (status, older) = ask(&server, &device, json!({"app": "erp", "version": "1"})).await;
    assert_eq!((status, &older["version"]), (201, &json!("1.0")));
    let (status, again) = ask(&server, &device, json!({"app": "erp", "again": true})).await;
    assert_eq!(status, 201, "{again}");
    let older = older["id"].as_str().unwrap();
    assert_eq!(
        server.get(&format!("/installs/{older}")).await["state"],
        "superseded"
    );
}

#[tokio::test]
async fn an_install_is_taken_back() {
    let (server, device, mut tablet) = enrolled("t").await;
    app(&server, "erp", "1.0").await;
    let id = pick(&server, &device, "erp").await;
    let path = format!("/installs/{id}");
    let (status, gone) = server.api("DELETE", &path, None).await;
    assert_eq!((status, &gone["state"]), (200, &json!("cancelled")));
    assert_eq!(gone["reason"], "cancelled by api:admin");
    assert_eq!(
        server.state(gone["command"].as_str().unwrap()).await,
        "cancelled"
    );
    assert_eq!(server.api("DELETE", &path, None).await.0, 409);
    let report = sync(&mut tablet, Trigger::Push).await;
    assert!(report.received.is_empty());

    // What the device has already is not undone, and that is said.
    let id = pick(&server, &device, "erp").await;
    sync(&mut tablet, Trigger::Push).await;
    until_state(&server, &id, "accepted").await;
    until_reading(&server, &device).await;
    let (_, gone) = server.api("DELETE", &format!("/installs/{id}"), None).await;
    assert!(
        gone["reason"]
            .as_str()
            .unwrap()
            .contains("may still install it")
    );
    let report = sync(&mut tablet, Trigger::Push).await;
    assert!(report.received.is_empty(), "{:?}", report.received);

    // Taking the command back is taking the install back.
    let id = pick(&server, &device, "erp").await;
    let command = server.get(&format!("/installs/{id}")).await["command"].clone();
    let path = format!("/commands/{}", command.as_str().unwrap());
    assert_eq!(server.api("DELETE", &path, None).await.0, 200);
    until_state(&server, &id, "cancelled").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_requests_at_once_are_one_install() {
    let server = Arc::new(Server::start());
    let device = server.register(json!({"source": "t"})).await;
    app(&server, "erp", "1.0").await;
    let mut all = tokio::task::JoinSet::new();
    for _ in 0..30 {
        let (server, device) = (Arc::clone(&server), device.clone());
        all.spawn(async move { ask(&server, &device, json!({"app": "erp"})).await });
    }
    let (mut ids, mut created) = (HashSet::new(), 0);
    while let Some(done) = all.join_next().await {
        let (status, install) = done.unwrap();
        assert!(matches!(status, 200 | 201), "{install}");
        created += usize::from(status == 201);
        ids.insert(install["id"].as_str().unwrap().to_owned());
    }
    assert_eq!((ids.len(), created), (1, 1));
    let commands = server.get(&format!("/devices/{device}/commands")).await;
    assert_eq!(commands["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn killed_between_any_two_steps_it_goes_on_by_itself() {
    let own = tempfile::tempdir().unwrap();
    let arguments = ["--accept-unknown-devices"];
    let mut server = Server::in_dir(&own.path().join("data"), &arguments);
    let device = server.register(json!({"source": "t"})).await;
    app(&server, "erp", "1.0").await;
    let id = pick(&server, &device, "erp").await;
    let mut job = None;
    for _ in 0..8 {
        // Killed at once: what the worker had not seen yet, the next one sees.
        server.kill_and_restart();
        let install = server.get(&format!("/installs/{id}")).await;
        if install["state"] == "installed" {
            break;
        }
        // The tablet lives on; it only learns where the server listens now.
        let url = format!("{}/sync", server.http);
        let mut agent = job.take().unwrap_or_else(|| tablet(&server, "t"));
        agent = moved(agent, &url);
        if !matches!(
            install["state"].as_str().unwrap(),
            "requested" | "waiting_for_channel"
        ) {
            until(&server, &id, |install| {
                matches!(
                    install["state"].as_str().unwrap(),
                    "accepted" | "progress" | "installed"
                )
            })
            .await;
        }
        sync(&mut agent, Trigger::Push).await;
        job = Some(agent);
    }
    let done = until_state(&server, &id, "installed").await;
    let jobs = job.unwrap().jobs();
    assert_eq!(jobs.len(), 1, "made once: {jobs:?}");
    let states = states(&done);
    for state in ["requested", "delivered", "accepted", "installed"] {
        assert_eq!(
            states.iter().filter(|one| **one == state).count(),
            1,
            "{states:?}"
        );
    }
}

/// The tablet, which finds the server at that address from now on.
fn moved(mut tablet: Tablet, url: &str) -> Tablet {
    tablet.find_server_at(url);
    tablet
}
