//! Forecasts where they are shown: preview, command, log.

use modegate_sim::Trigger;
use serde_json::{Value, json};

use crate::harness::{answers, message, package1};
use crate::sync::simulated_device::{enrolled, sync};

/// The forecast of each kind that a preview withholds.
fn withheld(preview: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let held = preview["withhold"].as_array().unwrap().iter();
    held.map(|held| (text(&held["kind"]), text(&held["forecast"]["when"])))
        .collect()
}

#[tokio::test]
async fn by_mode_in_preview_command_and_log() {
    let (server, device, mut tablet) = enrolled("t").await;
    sync(&mut tablet, Trigger::Logon).await;
    let mut commands = Vec::new();
    for body in [
        json!({"type": "app_install", "job_data": "<Job/>"}),
        json!({"type": "wns_update_configuration", "app_id": "mdm", "package_family_name": "contoso.mdm_8wekyb3d8bbwe"}),
        json!({"type": "raw", "verb": "Get", "loc_uri": "./cimv2/MDM_Nothing"}),
        json!({"type": "inventory", "classes": ["Win32_BIOS"], "not_before": "2100-01-01T00:00:00Z"}),
        json!({"type": "inventory", "classes": ["Win32_Processor"]}),
    ] {
        commands.push(server.queue(&device, body).await);
    }
    let preview = server
        .get(&format!(
            "/devices/{device}/preview?mode=Machine&login=none"
        ))
        .await;
    let expected = [
        ("app_install", "next_maintenance"),
        ("wns_configuration", "next_maintenance"),
        ("unclassified", "never"),
        ("inventory", "not_before"),
    ];
    let expected = expected.map(|(kind, when)| (kind.to_owned(), when.to_owned()));
    assert_eq!(withheld(&preview), expected, "{preview}");
    // Beside `next`, and with when Maintenance was last seen.
    let first = &preview["withhold"][0];
    assert!(first["next"].is_string());
    assert_eq!(
        first["forecast"]["last_seen"],
        server.get(&format!("/devices/{device}")).await["last_seen"]["Maintenance"]
    );
    for (command, expected) in commands.iter().zip([
        "next_maintenance",
        "next_maintenance",
        "never",
        "not_before",
        "any_session",
    ]) {
        let shown = server.get(&format!("/commands/{command}")).await;
        assert_eq!(shown["forecast"]["when"], expected, "{shown}");
    }
    // The log keeps what it looked like when it was queued.
    let events = server
        .get(&format!("/devices/{device}/events?limit=200"))
        .await;
    let queued: Vec<&str> = events["items"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|event| event["type"] == "command.queued")
        .map(|event| {
            event["forecast"]
                .as_str()
                .unwrap()
                .split(':')
                .next()
                .unwrap()
        })
        .collect();
    assert_eq!(
        queued,
        [
            "next_maintenance",
            "next_maintenance",
            "never",
            "not_before",
            "any_session"
        ]
    );
}

#[tokio::test]
async fn while_a_session_is_open_it_is_now() {
    let (server, device, _) = enrolled("t").await;
    let first = server
        .queue(
            &device,
            json!({"type": "inventory", "classes": ["Win32_BIOS"], "walk": false}),
        )
        .await;
    let reply = server.sync("Apps", &package1("t", "1", 1, "user")).await;
    assert_eq!(
        server.get(&format!("/commands/{first}")).await["forecast"]["when"],
        "sent"
    );
    let install = server
        .queue(
            &device,
            json!({"type": "app_install", "job_data": "<Job/>"}),
        )
        .await;
    let channel = server
        .queue(&device, json!({"type": "wns_update_configuration", "app_id": "mdm", "package_family_name": "contoso.mdm_8wekyb3d8bbwe"}))
        .await;
    let shown = server.get(&format!("/commands/{install}")).await;
    assert_eq!(
        (&shown["forecast"]["when"], &shown["forecast"]["session"]),
        (&json!("now"), &json!(1))
    );
    // A push brings Apps, which sets no channel: nothing is promised.
    let shown = server.get(&format!("/commands/{channel}")).await;
    assert_eq!(shown["forecast"]["when"], "next_maintenance");
    let reply = server
        .sync("Apps", &message("t", "1", 2, &answers(&reply, 200)))
        .await;
    assert_eq!(reply.commands.len(), 1);
    assert!(reply.commands[0].loc_uri.ends_with("/Exec=CreateJob"));
    server
        .sync("Apps", &message("t", "1", 3, &answers(&reply, 200)))
        .await;
    let shown = server.get(&format!("/commands/{install}")).await;
    assert_eq!(
        (&shown["state"], &shown["forecast"]),
        (&json!("succeeded"), &Value::Null)
    );
}
