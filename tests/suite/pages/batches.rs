//! Batches in the console: for selected devices, for groups, for all; live, stopped, taken back.

use serde_json::json;

use super::client::{Browser, Page};
use super::commands::signed_in_as;
use crate::harness::Server;
use crate::wait::{DEADLINE, eventually};

const NEW: &str = "/console/batches/new";

/// Waits until the batch's page says this.
async fn says(browser: &mut Browser, batch: &str, text: &str) -> Page {
    eventually(DEADLINE, async || {
        let page = browser.get(batch).await;
        assert_eq!(page.status, 200, "{page:?}");
        match page.words().contains(text) {
            true => Ok(page),
            false => Err(page.words()),
        }
    })
    .await
}

#[actix_web::test]
async fn devices_that_were_selected_get_one_command() {
    let server = Server::start();
    let mut devices = Vec::new();
    for at in 0..3 {
        devices.push(server.register(json!({"source": format!("T{at}")})).await);
    }
    let mut browser = signed_in_as(&server, "operator", &[]).await;
    let empty = browser.get("/console/batches").await;
    assert!(
        empty.words().contains("No batch was started yet"),
        "{}",
        empty.words()
    );
    // As the list of devices sends them.
    let csrf = empty.field("csrf");
    let selected = [
        ("csrf", &*csrf),
        ("device", &devices[0]),
        ("device", &devices[2]),
    ];
    let types = browser.post(NEW, &selected).await;
    assert_eq!(types.status, 200, "{types:?}");
    assert!(
        types.words().contains("For 2 devices."),
        "{}",
        types.words()
    );
    let by_address = format!("{NEW}?device={}&device={}", devices[0], devices[2]);
    assert!(
        browser
            .get(&by_address)
            .await
            .words()
            .contains("For 2 devices.")
    );
    let form = browser
        .get(&format!("{by_address}&type=lock_workstation"))
        .await;
    assert!(
        form.contains(&format!("{}\n{}</textarea>", devices[0], devices[2])),
        "{}",
        form.main()
    );
    let listed = format!("{}\r\n{}", devices[0], devices[2]);
    let (csrf, once) = (form.field("csrf"), form.field("once"));
    let mut fields = vec![
        ("csrf", &*csrf),
        ("once", &*once),
        ("type", "lock_workstation"),
        ("to", "devices"),
        ("to.devices", &*listed),
        ("step", "preview"),
    ];
    let preview = browser.post(NEW, &fields).await;
    assert_eq!(preview.status, 200, "{preview:?}");
    assert!(
        preview.words().contains("As on T0 , the first"),
        "{}",
        preview.words()
    );
    assert_eq!(server.get("/batches").await["items"], json!([]));
    fields[5] = ("step", "queue");
    let started = browser.post(NEW, &fields).await;
    assert_eq!(started.status, 303, "{started:?}");
    assert_eq!(
        browser.post(NEW, &fields).await.location(),
        started.location()
    );
    let batch = started.location().to_owned();
    let page = says(
        &mut browser,
        &batch,
        "It is finished: 2 of 2 queued, 0 refused",
    )
    .await;
    assert!(
        page.contains("<progress max=\"2\" value=\"2\""),
        "{}",
        page.main()
    );
    assert!(
        page.words().contains("Of all 2: 2 queued"),
        "{}",
        page.words()
    );
    assert!(!page.contains("data-every"), "{}", page.main());
    let unchanged = format!("{batch}?since={}", page.attribute("data-rev"));
    assert_eq!(browser.get(&unchanged).await.status, 204);
    let commands = browser.get(&format!("{batch}/commands")).await;
    assert!(commands.words().contains("T0") && commands.words().contains("T2"));
    assert!(!commands.words().contains("T1"), "{}", commands.words());
    let list = browser.get("/console/batches").await;
    assert!(
        list.words()
            .contains("lock_workstation finished 2 devices 2 0 0"),
        "{}",
        list.words()
    );
}

#[actix_web::test]
async fn faults_of_a_batch_stand_at_their_fields() {
    let server = Server::start();
    let mut browser = signed_in_as(&server, "operator", &[]).await;
    let form = format!("{NEW}?type=reset_user_password");
    let send = async |browser: &mut Browser, fields: &[(&str, &str)]| {
        let all = [
            &[("type", "reset_user_password"), ("step", "queue")],
            fields,
        ]
        .concat();
        browser.submit(&form, NEW, &all).await
    };
    let page = send(
        &mut browser,
        &[("to", "devices"), ("to.devices", "nonsense")],
    )
    .await;
    assert_eq!(page.status, 422, "{page:?}");
    assert!(
        page.contains("id=\"f-to.devices-error\""),
        "{}",
        page.main()
    );
    let page = send(&mut browser, &[("to", "all"), ("user", "ann")]).await;
    assert_eq!(page.status, 422);
    assert!(page.contains("id=\"f-password-error\""), "{}", page.main());
    let page = send(
        &mut browser,
        &[("to", "groups"), ("user", "ann"), ("password", "p")],
    )
    .await;
    assert_eq!(page.status, 422);
    assert!(page.contains("id=\"f-to.groups-error\""), "{}", page.main());
    assert_eq!(
        send(&mut browser, &[("user", "ann"), ("password", "p")])
            .await
            .status,
        422
    );
    assert_eq!(server.get("/batches").await["items"], json!([]));
}

#[actix_web::test]
async fn refusals_are_told_by_reason_and_a_batch_is_taken_back() {
    let server = Server::start();
    for at in 0..3 {
        server
            .register(json!({"source": format!("T{at}"), "groups": ["north"]}))
            .await;
    }
    let phone = json!({"source": "P", "groups": ["north"], "family": "windows_phone81"});
    server.register(phone).await;
    let mut browser = signed_in_as(&server, "operator", &[]).await;
    let form = format!("{NEW}?group=north&type=lock_workstation");
    let fields = [
        ("type", "lock_workstation"),
        ("to", "groups"),
        ("to.groups", "north"),
        ("step", "queue"),
    ];
    let started = browser.submit(&form, NEW, &fields).await;
    assert_eq!(started.status, 303, "{started:?}");
    let page = says(
        &mut browser,
        started.location(),
        "finished: 3 queued, 1 refused",
    )
    .await;
    assert!(
        page.words().contains("Refused, by reason"),
        "{}",
        page.words()
    );
    assert!(page.words().contains("windows_phone81"), "{}", page.words());
    // It is over: nothing is left to stop.
    let stop = format!("{}/stop", started.location());
    assert!(!page.contains(&stop), "{}", page.main());
    let csrf = page.field("csrf");
    assert_eq!(browser.post(&stop, &[("csrf", &csrf)]).await.status, 409);
    // One over many devices is stopped while it works, or was quicker.
    for at in 0..300 {
        server
            .register(json!({"source": format!("many{at}")}))
            .await;
    }
    let (status, batch) = server
        .api(
            "POST",
            "/commands",
            Some(json!({"to": {"all": true}, "command": {"type": "inventory"}})),
        )
        .await;
    assert_eq!(status, 202);
    let batch = format!("/console/batches/{}", batch["id"].as_str().unwrap());
    let take_back = format!("{batch}/take-back");
    let done = browser.submit(&take_back, &take_back, &[]).await;
    match done.status {
        303 => {
            let page = says(&mut browser, &batch, "It is stopped").await;
            assert!(!page.contains("data-every"), "{}", page.main());
        }
        409 => {
            says(&mut browser, &batch, "It is finished").await;
        }
        other => panic!("{other}: {done:?}"),
    }
}

#[actix_web::test]
async fn a_batch_is_for_whom_it_was_started_and_for_operators() {
    let server = Server::start();
    server
        .register(json!({"source": "T", "groups": ["north"]}))
        .await;
    let (status, batch) = server
        .api(
            "POST",
            "/commands",
            Some(json!({"to": {"all": true}, "command": {"type": "inventory"}})),
        )
        .await;
    assert_eq!(status, 202);
    let here = format!("/console/batches/{}", batch["id"].as_str().unwrap());
    let mut auditor = signed_in_as(&server, "auditor", &[]).await;
    let page = auditor.get(&here).await;
    assert_eq!(page.status, 200);
    assert!(
        !page.contains("/take-back\"") && !page.contains("/stop\""),
        "{}",
        page.main()
    );
    assert!(
        !auditor
            .get("/console/batches")
            .await
            .contains("/batches/new\"")
    );
    for path in [NEW.to_owned(), format!("{here}/take-back")] {
        assert_eq!(auditor.get(&path).await.status, 403, "{path}");
        let csrf = auditor.get("/console").await.field("csrf");
        assert_eq!(
            auditor.post(&path, &[("csrf", &csrf)]).await.status,
            403,
            "{path}"
        );
    }
    let mut bound = signed_in_as(&server, "operator", &["north"]).await;
    assert_eq!(bound.get(&here).await.status, 404);
    assert!(
        bound
            .get("/console/batches")
            .await
            .words()
            .contains("No batch was started yet")
    );
    for after in ["nonsense", "-1", "99999999999999999999"] {
        let page = auditor
            .get(&format!("/console/batches?after={after}"))
            .await;
        assert_eq!(page.status, 422, "{after}");
    }
    // Nobody is led to the sign-in, and back.
    let mut nobody = Browser::new(&server.http);
    let page = nobody.get(&here).await;
    assert_eq!(page.status, 303);
    assert!(
        page.location().starts_with("/console/sign-in?to="),
        "{page:?}"
    );
}
