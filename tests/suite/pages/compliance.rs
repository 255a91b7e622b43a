//! Compliance in the console: baselines, devices by state, one device with its evidence.

use modegate_sim::Trigger;
use reqwest::Method;
use serde_json::{Value, json};

use super::client::Browser;
use crate::compliance::World;

async fn signed_in(world: &World, body: Value) -> Browser {
    let (_, made) = world.call(Method::POST, "/tokens", body).await;
    let mut browser = Browser::new(&format!("http://{}", world.running.http.unwrap()));
    let page = browser.sign_in(made["token"].as_str().unwrap()).await;
    assert_eq!(page.status, 303, "{page:?}");
    browser
}

#[tokio::test(flavor = "multi_thread")]
async fn an_auditor_gets_from_the_baseline_to_the_exchange_that_brought_the_evidence() {
    let world = World::start().await;
    let (device, mut tablet) = world.tablet("TABLET-7").await;
    world.sessions(&mut tablet, Trigger::Nightly).await;
    world.until(&device, "seen", "compliant").await;
    let mut auditor = signed_in(&world, json!({"name": "carol", "role": "auditor"})).await;

    let page = auditor.get("/console/compliance").await;
    assert!(
        page.contains("href=\"/console/compliance/field\""),
        "{}",
        page.main()
    );
    let page = auditor.get("/console/compliance/field").await;
    let words = page.words();
    for expected in [
        "Baseline field",
        "firewall",
        "is within 7 days",
        "evidence for 7 days",
    ] {
        assert!(words.contains(expected), "{expected}: {words}");
    }
    let page = auditor
        .get("/console/compliance/field/devices?control=seen&state=compliant")
        .await;
    let own = format!("/console/devices/{device}/compliance");
    assert!(page.contains(&own), "{}", page.words());
    let page = auditor
        .get("/console/compliance/field/devices?control=seen&state=not_compliant")
        .await;
    assert!(page.words().contains("No device is like that."));

    let (_, standing) = world
        .call(
            Method::GET,
            &format!("/devices/{device}/compliance"),
            Value::Null,
        )
        .await;
    let page = auditor.get(&own).await;
    let words = page.words();
    for control in standing["baselines"][0]["controls"].as_array().unwrap() {
        let name = control["control"].as_str().unwrap();
        assert!(words.contains(name), "{name}: {words}");
        if let Some(command) = control["evidence"]["command"].as_str() {
            assert!(page.contains(&format!("/console/commands/{command}")));
            assert!(words.contains("session"), "{words}");
        }
    }
    for (path, status) in [
        ("/console/compliance/none", 404),
        ("/console/compliance/none/devices", 404),
        ("/console/compliance/field/devices?control=%3Cb%3E", 422),
        ("/console/compliance/field/devices?state=good", 422),
        ("/console/compliance/field/devices?after=nonsense", 200),
    ] {
        assert_eq!(auditor.get(path).await.status, status, "{path}");
    }
    // Who is bound to other devices sees neither this one nor any count.
    let bound = json!({"name": "dave", "role": "auditor", "groups": ["north"]});
    let mut bound = signed_in(&world, bound).await;
    assert_eq!(bound.get(&own).await.status, 404);
    let page = bound.get("/console/compliance/field").await;
    assert!(
        page.words()
            .contains("it is not shown to who is bound to some")
    );
    assert!(!page.contains("max_age_days"), "{}", page.main());
}

#[tokio::test(flavor = "multi_thread")]
async fn where_no_baseline_is_set_the_page_says_what_to_do() {
    let off = |options: &mut modegate_server::serve::Options| {
        options.settings.compliance.enabled = false;
    };
    let world = World::with(crate::compliance::BASELINE, off).await;
    let mut auditor = signed_in(&world, json!({"name": "carol", "role": "auditor"})).await;
    let words = auditor.get("/console/compliance").await.words();
    assert!(words.contains("No baseline is set"), "{words}");
    assert!(words.contains("modegate compliance check"), "{words}");
}
