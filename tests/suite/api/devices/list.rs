//! `GET /devices`: pages, filters, and devices by what they have been doing.

use std::collections::HashSet;

use modegate_sim::Trigger;
use serde_json::{Value, json};

use crate::harness::Server;
use crate::sync::simulated_device::{enrolled, sync, tablet};

#[tokio::test]
async fn lists_are_filtered_and_go_on_where_they_stopped() {
    let server = Server::start();
    let devices: Vec<Value> = (0..450)
        .map(|n| {
            let family = if n % 2 == 0 { "windows81" } else { "windows10" };
            let groups = if n % 90 == 0 { vec!["rare", "all"] } else { vec!["all"] };
            json!({"source": format!("d{n}"), "family": family, "groups": groups, "user": format!("u{}", n % 3)})
        })
        .collect();
    let (status, _, _) = server
        .with("POST", "/devices/import", &[], json!({"devices": devices}))
        .await;
    assert_eq!(status, 200);
    for (filter, expected) in [
        ("", 450),
        ("group=rare", 5),
        ("group=none", 0),
        ("group=&user=", 450),
        ("family=windows10", 225),
        ("user=u1&family=windows81", 75),
        ("source=d7", 1),
        ("source=d7&group=rare", 0),
        ("source=d", 0),
    ] {
        let (mut after, mut sources) = ("0".to_owned(), HashSet::new());
        loop {
            let page = server
                .get(&format!("/devices?{filter}&limit=60&after={after}"))
                .await;
            let items = page["items"].as_array().unwrap();
            assert!(items.len() <= 60);
            sources.extend(
                items
                    .iter()
                    .map(|item| item["source"].as_str().unwrap().to_owned()),
            );
            match page["next"].as_str() {
                Some(next) => after = next.to_owned(),
                None => break,
            }
        }
        assert_eq!(sources.len(), expected, "{filter}");
    }
}

#[tokio::test]
async fn devices_are_found_by_what_they_have_been_doing() {
    let (server, device, mut only_machine) = enrolled("machine").await;
    let mut mode_less = tablet(&server, "mode-less");
    let quiet = server.register(json!({"source": "quiet"})).await;
    server.register(json!({"source": "mode-less"})).await;
    let by_hand = server.register(json!({"source": "hand"})).await;
    mode_less.names_mode(false);
    sync(&mut only_machine, Trigger::Reboot).await;
    sync(&mut mode_less, Trigger::Logon).await;
    let mut hand = tablet(&server, "hand");
    hand.runs_by_hand(true);
    for body in [
        json!({"type": "inventory", "classes": ["Win32_BIOS"]}),
        json!({"type": "wns_update_configuration", "app_id": "mdm", "package_family_name": "contoso.mdm_8wekyb3d8bbwe"}),
    ] {
        server.queue(&by_hand, body).await;
    }
    sync(&mut hand, Trigger::Logon).await;
    for (habit, source) in [
        ("only_machine", "machine"),
        ("names_no_mode", "mode-less"),
        ("never_seen", "quiet"),
        ("by_hand", "hand"),
    ] {
        let page = server.get(&format!("/devices?activity={habit}")).await;
        let sources: Vec<&str> = page["items"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(|item| item["source"].as_str())
            .collect();
        assert_eq!(sources, [source], "{habit}");
    }
    let (status, problem) = server.api("GET", "/devices?activity=nothing", None).await;
    assert_eq!((status, &problem["field"]), (422, &json!("activity")));
    let session = &server.get(&format!("/devices/{by_hand}/sessions")).await["items"][0];
    assert_eq!(session["trigger"]["likely"], "manual", "{session}");
    assert_eq!(
        server.get(&format!("/devices/{quiet}/sessions")).await["items"],
        json!([])
    );
    // A device whose zone is known tells its nights from its restarts.
    server
        .queue(&device, json!({"type": "inventory", "presets": ["os"]}))
        .await;
    sync(&mut only_machine, Trigger::Reboot).await;
    let session = &server.get(&format!("/devices/{device}/sessions")).await["items"][0];
    assert!(session["trigger"]["because"].is_string(), "{session}");
}
