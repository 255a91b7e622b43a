//! Baselines: loaded, replaced, refused.

use modegate_sim::Trigger;
use serde_json::{Value, json};

use super::{BASELINE, STATUS, World};
use crate::wait::{DEADLINE, eventually, seen};

async fn refused(world: &World) -> Value {
    let all = world.get("/alerts?state=open").await;
    let mut items = all["items"].as_array().unwrap().iter();
    let found = items.find(|alert| alert["kind"] == "baseline.refused");
    found.cloned().unwrap_or(Value::Null)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reload_judges_every_device_anew_and_a_bad_one_leaves_the_old() {
    let world = World::start().await;
    let (device, mut tablet) = world.tablet("t").await;
    assert!(tablet.set_property(STATUS, "FirewallStatus", "2"));
    world.sessions(&mut tablet, Trigger::Logon).await;
    let old = world.until(&device, "firewall", "not_compliant").await;
    let before = world.get("/compliance").await;
    assert_eq!(before["baselines"][0]["id"], "field", "{before}");
    assert_eq!(before["devices"], json!({"not_compliant": 1}));

    // Every fault is named, and the old set stays.
    let own = world.policies.join("compliance/own.toml");
    let bad = BASELINE.replace("is = [0]", "iss = [0]\nevery = 3");
    std::fs::write(&own, bad).unwrap();
    world.running.reload().await;
    let alert = refused(&world).await;
    let message = alert["message"].as_str().unwrap();
    assert!(
        message.contains("own.toml:") && message.contains("faults"),
        "{alert}"
    );
    let still = world.get("/compliance").await;
    assert_eq!(still["digest"], before["digest"]);
    assert_eq!(world.control(&device, "firewall").await, old);

    // A good one: the device is judged by it though nothing moved, the alert is over, and
    // the log names who loaded it.
    std::fs::write(&own, BASELINE.replace("is = [0]", "is = [0, 2]")).unwrap();
    world.running.reload().await;
    world.until(&device, "firewall", "compliant").await;
    assert_eq!(refused(&world).await, Value::Null);
    let loaded = world.get("/events?type=baseline.loaded").await;
    let loaded = loaded["items"].as_array().unwrap();
    let actors: Vec<&Value> = loaded.iter().map(|event| &event["actor"]).collect();
    assert_eq!(actors, ["server", "operator:SIGHUP"]);
    let now = world.get("/compliance/field").await;
    assert_eq!(
        loaded[1]["baselines"],
        json!([{"id": "field", "digest": now["digest"]}])
    );
    assert_ne!(now["digest"], before["baselines"][0]["digest"]);
    // The counts follow.
    let counts = async || {
        seen(world.get("/compliance/field").await, |one| {
            one["controls"][1]["devices"] == json!({"compliant": 1})
        })
    };
    eventually(DEADLINE, counts).await;
    // The same again changes nothing, and neither does a restart.
    world.running.reload().await;
    let world = world.restarted(|_| {}).await;
    let loaded = world.get("/events?type=baseline.loaded").await;
    assert_eq!(loaded["items"].as_array().unwrap().len(), 2);

    // None that covers the device: it is not covered, and never compliant.
    let other = BASELINE.replace("family = [\"windows81\"]", "family = [\"windows10\"]");
    std::fs::write(world.policies.join("compliance/own.toml"), other).unwrap();
    world.running.reload().await;
    let path = format!("/devices/{device}/compliance");
    let gone = async || seen(world.get(&path).await, |one| one["state"] == "not_covered");
    eventually(DEADLINE, gone).await;
    let last = world
        .events(&device, "compliance.changed")
        .await
        .pop()
        .unwrap();
    let ended = &last["compliance"]["ended"];
    assert_eq!(*ended, json!(["firewall", "password", "seen"]), "{last}");
    assert_eq!(
        world.get("/compliance").await["devices"],
        json!({"not_covered": 1})
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_shipped_baseline_is_in_force_where_no_other_is() {
    let world = World::with(BASELINE, |options| options.settings.policies = None).await;
    let found = world.get("/compliance").await;
    assert_eq!(found["baselines"][0]["id"], "windows81-starter", "{found}");
    let (device, _) = world.tablet("t").await;
    world.until(&device, "firewall.on", "unknown").await;
    // Switched off, nothing is in force, and that is on record.
    let world = world
        .restarted(|options| options.settings.compliance.enabled = false)
        .await;
    let found = world.get("/compliance").await;
    assert_eq!(found["baselines"], json!([]));
    let loaded = world.get("/events?type=baseline.loaded&order=desc").await;
    assert_eq!(loaded["items"][0]["baselines"], Value::Null, "{loaded}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_does_not_start_with_an_invalid_baseline() {
    let own = tempfile::tempdir().unwrap();
    let policies = own.path().join("policies");
    super::copy_policies(&policies);
    std::fs::create_dir(policies.join("compliance")).unwrap();
    std::fs::write(
        policies.join("compliance/a.toml"),
        "[baseline]\nid = 7\nfamilly = []\n",
    )
    .unwrap();
    let arguments = [
        "--policies".to_owned(),
        policies.to_str().unwrap().to_owned(),
    ];
    let mut command = crate::harness::serve_command(&own.path().join("data"), &arguments);
    command.env("MODEGATE_COMPLIANCE_ENABLED", "true");
    let output = command
        .stderr(std::process::Stdio::piped())
        .output()
        .unwrap();
    assert!(!output.status.success());
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.contains("a.toml:2:") && said.contains("a.toml:3:"),
        "{said}"
    );
}
