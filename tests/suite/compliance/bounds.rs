//! What compliance may cost and show, and who may see it.

use modegate_sim::Trigger;
use reqwest::Method;
use serde_json::{Value, json};

use super::{BASELINE, DAY, OF_USER, STATUS, World};

#[tokio::test(flavor = "multi_thread")]
async fn a_token_with_groups_sees_its_own_devices_alone() {
    let world = World::start().await;
    let mut devices = Vec::new();
    for group in ["north", "south"] {
        let body = json!({"source": group, "family": "windows81", "groups": [group]});
        let made = world.post("/devices", body).await;
        devices.push(made["id"].as_str().unwrap().to_owned());
    }
    for device in &devices {
        world.until(device, "firewall", "unknown").await;
    }
    let body = json!({"name": "north", "role": "auditor", "groups": ["north"]});
    let made = world.post("/tokens", body).await;
    let token = made["token"].as_str().unwrap();
    let get = async |path: &str| world.by(token, Method::GET, path, Value::Null).await;
    let (status, own) = get(&format!("/devices/{}/compliance", devices[0])).await;
    assert_eq!((status, &own["state"]), (200, &json!("unknown")));
    let (status, _) = get(&format!("/devices/{}/compliance", devices[1])).await;
    assert_eq!(status, 404);
    let (status, listed) = get("/compliance/field/devices?state=unknown").await;
    assert_eq!(status, 200, "{listed}");
    let named: Vec<&Value> = listed["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["device"])
        .collect();
    assert_eq!(named, [&json!(devices[0])]);
    // How many there are in all is not said, and neither is the text with its groups.
    let (_, whole) = get("/compliance").await;
    assert_eq!(
        (&whole["devices"], &whole["waiting"]),
        (&Value::Null, &Value::Null)
    );
    assert_eq!(whole["baselines"][0]["text"], Value::Null, "{whole}");
    let all = world.get("/compliance/field/devices").await;
    assert_eq!(all["items"].as_array().unwrap().len(), 2);
    let wrong = "/compliance/field/devices?control=nothing";
    assert_eq!(world.call(Method::GET, wrong, Value::Null).await.0, 422);
    assert_eq!(
        world
            .call(Method::GET, "/compliance/none", Value::Null)
            .await
            .0,
        404
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_year_without_news_adds_nothing_of_compliance_to_the_log() {
    let world = World::with(BASELINE, |options| options.settings.policies = None).await;
    let (device, mut tablet) = world.tablet("t").await;
    let mut first = Vec::new();
    for turn in 0..61 {
        world.turn(6 * DAY).await;
        world.sessions(&mut tablet, Trigger::Nightly).await;
        let events = world.events(&device, "compliance.changed").await;
        if turn == 0 {
            // The first verdicts, and what the first readings made of them.
            assert!((1..=4).contains(&events.len()), "{events:?}");
            first = events;
        } else {
            assert_eq!(events, first, "after {} days", 6 * turn);
        }
    }
    let found = world.control(&device, "firewall.on").await;
    assert_eq!(found["since"], first.last().unwrap()["at"], "{found}");
}

#[tokio::test(flavor = "multi_thread")]
async fn readings_are_queued_once_and_never_for_a_device_that_does_not_come_or_left() {
    let world = World::start().await;
    let (device, mut tablet) = world.tablet("t").await;
    let queued = async || {
        let all = world.get(&format!("/devices/{device}/commands")).await;
        all["items"].as_array().unwrap().len()
    };
    // One that never came is not asked.
    world.until(&device, "firewall", "unknown").await;
    assert_eq!(queued().await, 0);
    tablet.trigger(Trigger::Reboot).await.unwrap();
    world.settled().await;
    let first = queued().await;
    assert!(first > 0);
    // It does not come again: for weeks nothing is added.
    for _ in 0..20 {
        world.turn(2 * DAY).await;
        world.settled().await;
    }
    assert_eq!(queued().await, first);
    // It left: nothing is queued for it.
    world.sessions(&mut tablet, Trigger::Logon).await;
    world
        .post(
            &format!("/devices/{device}/commands"),
            json!({"type": "unenroll"}),
        )
        .await;
    assert!(tablet.trigger(Trigger::Nightly).await.unwrap().unenrolled);
    world.settled().await;
    let left = queued().await;
    for _ in 0..10 {
        world.turn(3 * DAY).await;
        world.settled().await;
    }
    assert_eq!(queued().await, left);
    world.until(&device, "firewall", "unknown").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_event_of_compliance_has_what_no_control_reads() {
    let world = World::start().await;
    let body = json!({
        "source": "source-of-ann", "family": "windows81", "user": "ann@example.test",
        "groups": ["group-of-ann"], "credentials": {"username": "name-of-ann", "password": "Distinct-Pa55word"},
    });
    let made = world.post("/devices", body).await;
    let device = made["id"].as_str().unwrap().to_owned();
    let url = format!("http://{}/sync", world.running.http.unwrap());
    let transport = modegate_sim::Transport::new(&url, None, None).unwrap();
    let mut tablet = modegate_sim::Tablet::new("source-of-ann", transport).with_credentials(
        modegate_sim::Credentials {
            username: "name-of-ann".to_owned(),
            password: "Distinct-Pa55word".to_owned(),
            md5: false,
        },
    );
    assert!(tablet.set_property(STATUS, "FirewallStatus", "a wall of ann"));
    assert!(tablet.set_property(OF_USER, "PasswordStatus", "2"));
    let planted = [
        (
            "Win32_ComputerSystem.Name=\"TABLET-OF-ANN\"",
            "UserName",
            "planted-user",
        ),
        ("Win32_BIOS.Name=\"x\"", "SerialNumber", "planted-serial"),
    ];
    for (instance, name, value) in planted {
        let _ = tablet.set_property(instance, name, value);
    }
    let read = json!({"type": "inventory", "presets": ["os", "hardware", "network"]});
    world
        .post(&format!("/devices/{device}/commands"), read)
        .await;
    world.sessions(&mut tablet, Trigger::Logon).await;
    let mut seen = world.events(&device, "compliance.changed").await;
    for what in ["baseline.loaded", "compliance.snapshot"] {
        let all = world.get(&format!("/events?type={what}")).await;
        seen.extend(all["items"].as_array().unwrap().clone());
    }
    let text = serde_json::to_string(&seen).unwrap();
    assert!(
        text.contains("a wall of ann"),
        "the control reads exactly that: {text}"
    );
    let text = text.replace("a wall of ann", "");
    for name in ["ann", "ANN", "Distinct", "planted", "example.test"] {
        assert!(!text.contains(name), "{name}: {text}");
    }
}
