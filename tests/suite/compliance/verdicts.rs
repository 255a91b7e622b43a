//! From what a tablet answers to a verdict with its evidence.

use modegate_sim::Trigger;
use reqwest::Method;
use serde_json::{Value, json};

use super::{BASELINE, DAY, HOUR, OF_USER, STATUS, World};

#[tokio::test(flavor = "multi_thread")]
async fn what_a_tablet_answers_becomes_a_verdict_with_its_evidence() {
    let world = World::start().await;
    let (device, mut tablet) = world.tablet("t").await;
    assert!(tablet.set_property(STATUS, "FirewallStatus", "0"));
    assert!(tablet.set_property(OF_USER, "PasswordStatus", "2"));
    let never = world.until(&device, "firewall", "unknown").await;
    assert_eq!(never["reason"], "never_read", "{never}");
    assert_eq!(never["evidence"], Value::Null);

    world.sessions(&mut tablet, Trigger::Logon).await;
    let firewall = world.until(&device, "firewall", "compliant").await;
    let evidence = &firewall["evidence"];
    assert_eq!(evidence["value"], 0, "{firewall}");
    assert_eq!(firewall["asks"], "MDM_SecurityStatus.FirewallStatus");
    // The command is one that the server queued, as an ordinary one behind all others.
    let command = evidence["command"].as_str().unwrap();
    let command = world.get(&format!("/commands/{command}")).await;
    assert_eq!(command["actor"], "server", "{command}");
    // The event is that of the exchange which brought it.
    let number = evidence["event"].as_u64().unwrap();
    let events = world
        .get(&format!(
            "/devices/{device}/events?after={}&limit=1",
            number - 1
        ))
        .await;
    let event = &events["items"][0];
    assert_eq!(
        (&event["seq"], &event["type"]),
        (&json!(number), &json!("exchange"))
    );
    let exchange = &evidence["exchange"];
    assert_eq!(exchange["mode"], "Maintenance", "{evidence}");
    assert_eq!(exchange["session"], event["session"], "{event}");
    assert_eq!(exchange["policy_set"], event["policy_set"]);
    assert_eq!(evidence["read_at"], event["at"]);
    world.until(&device, "password", "compliant").await;
    world.until(&device, "seen", "compliant").await;
    let whole = world.get(&format!("/devices/{device}/compliance")).await;
    assert_eq!(whole["state"], "compliant", "{whole}");

    // The log has each change once, with the same evidence.
    let changes = world.events(&device, "compliance.changed").await;
    let mut said: Vec<&Value> = Vec::new();
    for change in &changes {
        said.extend(change["compliance"]["controls"].as_array().unwrap());
    }
    let of = |name: &str| -> Vec<&&Value> {
        let own = said.iter().filter(|one| one["control"] == name);
        own.collect()
    };
    let states: Vec<&Value> = of("firewall").iter().map(|one| &one["state"]).collect();
    assert_eq!(states, ["unknown", "compliant"], "{changes:?}");
    let last = of("firewall")[1];
    assert_eq!(
        (&last["value"], &last["event"]),
        (&json!(0), &json!(number))
    );
    assert_eq!(last["command"], evidence["command"]);

    // Read again with the same value: nothing new to say.
    let before = changes.len();
    world.turn(2 * HOUR).await;
    let read = json!({"type": "inventory", "classes": ["MDM_SecurityStatus"]});
    world
        .post(&format!("/devices/{device}/commands"), read)
        .await;
    world.sessions(&mut tablet, Trigger::Nightly).await;
    let again = world.control(&device, "firewall").await;
    assert_ne!(again["evidence"]["read_at"], evidence["read_at"], "{again}");
    assert_eq!(again["since"], firewall["since"]);
    assert_eq!(
        world.events(&device, "compliance.changed").await.len(),
        before
    );

    // Another value: not compliant since it was read.
    assert!(tablet.set_property(STATUS, "FirewallStatus", "2"));
    let read = json!({"type": "inventory", "classes": ["MDM_SecurityStatus"]});
    world
        .post(&format!("/devices/{device}/commands"), read)
        .await;
    world.sessions(&mut tablet, Trigger::Nightly).await;
    let off = world.until(&device, "firewall", "not_compliant").await;
    assert_eq!(off["evidence"]["value"], 2);
    assert!(off["since"].as_str() > again["since"].as_str(), "{off}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tablet_only_ever_seen_in_machine_never_proves_what_needs_the_user() {
    let world = World::start().await;
    let (device, mut tablet) = world.tablet("t").await;
    assert!(tablet.set_property(STATUS, "FirewallStatus", "0"));
    assert!(tablet.set_property(OF_USER, "PasswordStatus", "2"));
    world.sessions(&mut tablet, Trigger::Reboot).await;
    let firewall = world.until(&device, "firewall", "compliant").await;
    assert_eq!(
        firewall["evidence"]["exchange"]["mode"], "Machine",
        "{firewall}"
    );
    let password = world.control(&device, "password").await;
    assert_eq!(
        (&password["state"], &password["reason"]),
        (&json!("unknown"), &json!("needs_user"))
    );
    // What needs the user is not even queued: it would wait for ever.
    let queued = world.get(&format!("/devices/{device}/commands")).await;
    let all = queued["items"].as_array().unwrap();
    assert!(
        !all.is_empty() && all.iter().all(|one| one["kind"] == "inventory"),
        "{queued}"
    );
    world.sessions(&mut tablet, Trigger::Logon).await;
    world.until(&device, "password", "compliant").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reading_grows_stale_by_the_clock_alone_and_is_asked_for_again() {
    let world = World::with(BASELINE, |options| {
        options.settings.compliance.read_hours = 0;
    })
    .await;
    let (device, mut tablet) = world.tablet("t").await;
    assert!(tablet.set_property(STATUS, "FirewallStatus", "0"));
    // Nothing is read of its own accord.
    world.sessions(&mut tablet, Trigger::Logon).await;
    let none = world.get(&format!("/devices/{device}/commands")).await;
    assert_eq!(none["items"], json!([]));
    let read = json!({"type": "inventory", "classes": ["MDM_SecurityStatus"]});
    world
        .post(&format!("/devices/{device}/commands"), read)
        .await;
    world.sessions(&mut tablet, Trigger::Logon).await;
    world.until(&device, "firewall", "compliant").await;
    world.turn(6 * DAY).await;
    world.settled().await;
    assert_eq!(
        world.control(&device, "firewall").await["state"],
        "compliant"
    );
    world.turn(DAY + HOUR).await;
    let stale = world.until(&device, "firewall", "unknown").await;
    assert_eq!(stale["reason"], "stale", "{stale}");
    let seen = world.until(&device, "seen", "not_compliant").await;
    // A clock that is set back makes nothing better.
    world.turn(-3 * DAY).await;
    world.settled().await;
    assert_eq!(world.control(&device, "firewall").await["state"], "unknown");
    world.turn(3 * DAY).await;
    // With the next session the server asks by itself, where it may.
    let world = world.restarted(|_| {}).await;
    let url = format!("http://{}/sync", world.running.http.unwrap());
    tablet.find_server_at(&url);
    world.sessions(&mut tablet, Trigger::Reboot).await;
    let fresh = world.until(&device, "firewall", "compliant").await;
    assert!(fresh["since"].as_str() > seen["since"].as_str(), "{fresh}");
    world.until(&device, "seen", "compliant").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn null_absent_and_odd_values_are_unknown_and_never_compliant() {
    let world = World::start().await;
    for (source, reason) in [
        ("null", "null"),
        ("absent", "absent"),
        ("odd", "unreadable"),
    ] {
        let (device, mut tablet) = world.tablet(source).await;
        match source {
            "null" => assert!(tablet.null_property(STATUS, "FirewallStatus")),
            "absent" => assert!(tablet.remove_property(STATUS, "FirewallStatus")),
            _ => assert!(tablet.set_property(STATUS, "FirewallStatus", "soon")),
        }
        world.sessions(&mut tablet, Trigger::Logon).await;
        let found = world.control(&device, "firewall").await;
        assert_eq!(
            (&found["state"], &found["reason"]),
            (&json!("unknown"), &json!(reason)),
            "{found}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_exemption_ends_on_its_day() {
    let today =
        modegate_core::time::Timestamp(modegate_server::clock::Clock::default().now().0 + 10 * DAY);
    let day = today.to_string()[..10].to_owned();
    let exempt = format!(
        "{BASELINE}\n[[exempt]]\ncontrol = \"firewall\"\nuntil = {day}\nreason = \"moving house\"\napproved_by = \"ann\"\n"
    );
    let world = World::with(&exempt, |_| {}).await;
    let (device, mut tablet) = world.tablet("t").await;
    assert!(tablet.set_property(STATUS, "FirewallStatus", "2"));
    world.sessions(&mut tablet, Trigger::Logon).await;
    let found = world.until(&device, "firewall", "exempt").await;
    assert_eq!(found["beneath"], "not_compliant", "{found}");
    assert!(found["until"].as_str().unwrap() > day.as_str(), "{found}");
    world.turn(11 * DAY).await;
    world.sessions(&mut tablet, Trigger::Logon).await;
    let ended = world.until(&device, "firewall", "not_compliant").await;
    assert_eq!(ended["until"], Value::Null);
    // Who approved it is in the baseline, and not among the events of the device.
    let events = world.events(&device, "compliance.changed").await;
    let text = serde_json::to_string(&events).unwrap();
    assert!(!text.contains("ann") && !text.contains("moving"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_that_requires_a_compliant_device_is_refused_on_another() {
    let world = World::start().await;
    let (device, mut tablet) = world.tablet("t").await;
    assert!(tablet.set_property(STATUS, "FirewallStatus", "2"));
    assert!(tablet.set_property(OF_USER, "PasswordStatus", "2"));
    let app = json!({"id": "erp", "name": "ERP", "version": "1.0", "job_data": "<Job/>", "requires": "compliant"});
    let made = world.post("/apps", app).await;
    assert_eq!(
        (&made["requires"], &made["requires_baseline"]),
        (&json!("compliant"), &Value::Null)
    );
    world.sessions(&mut tablet, Trigger::Logon).await;
    world.until(&device, "firewall", "not_compliant").await;
    let install = format!("/devices/{device}/installs");
    let command = format!("/devices/{device}/commands");
    for (path, body) in [
        (&install, json!({"app": "erp"})),
        (&command, json!({"type": "app_install", "app": "erp"})),
    ] {
        let (status, refused) = world.call(Method::POST, path, body).await;
        assert_eq!(status, 409, "{refused}");
        let detail = refused["detail"].as_str().unwrap();
        assert!(
            detail.contains("firewall of field is not_compliant"),
            "{refused}"
        );
        assert!(!detail.contains("password"), "{refused}");
    }
    let batch =
        json!({"command": {"type": "app_install", "app": "erp"}, "to": {"devices": [device]}});
    let (status, batch) = world.call(Method::POST, "/commands", batch).await;
    assert_eq!(status, 202, "{batch}");
    let path = format!("/batches/{}", batch["id"].as_str().unwrap());
    let look = async || crate::wait::seen(world.get(&path).await, |one| one["state"] == "finished");
    let ended = crate::wait::eventually(crate::wait::DEADLINE, look).await;
    assert_eq!(ended["progress"]["refused"], 1, "{ended}");
    assert!(tablet.set_property(STATUS, "FirewallStatus", "0"));
    let read = json!({"type": "inventory", "classes": ["MDM_SecurityStatus"]});
    world.post(&command, read).await;
    world.sessions(&mut tablet, Trigger::Logon).await;
    world.until(&device, "firewall", "compliant").await;
    world.post(&install, json!({"app": "erp"})).await;
    // A baseline that does not cover the device never lets it.
    let patch = json!({"requires_baseline": "nobody"});
    let (status, changed) = world.call(Method::PATCH, "/apps/erp", patch).await;
    assert_eq!(
        (status, &changed["requires_baseline"]),
        (200, &json!("nobody"))
    );
    let again = json!({"app": "erp", "again": true});
    let (status, refused) = world.call(Method::POST, &install, again).await;
    assert_eq!(status, 409, "{refused}");
    let (status, changed) = world
        .call(Method::PATCH, "/apps/erp", json!({"requires": null}))
        .await;
    assert_eq!((status, &changed["requires"]), (200, &Value::Null));
    let (status, wrong) = world
        .call(
            Method::PATCH,
            "/apps/erp",
            json!({"requires_baseline": "field"}),
        )
        .await;
    assert_eq!(status, 422, "{wrong}");
}
