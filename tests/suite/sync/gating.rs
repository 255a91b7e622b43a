//! What each mode gets out of one queue.

use serde_json::{Value, json};

use crate::harness::{Server, answers, demo_queue, message, package1};

fn kinds(list: &Value) -> Vec<&str> {
    list.as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["kind"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn a_preview_says_what_a_mode_gets_and_who_gets_the_rest() {
    let server = Server::start();
    let (device, _) = demo_queue(&server, "tablet").await;
    let preview = server
        .get(&format!("/devices/{device}/preview?mode=Machine"))
        .await;
    assert_eq!(kinds(&preview["deliver"]), ["inventory", "password_reset"]);
    assert_eq!(
        kinds(&preview["withhold"]),
        ["wns_configuration", "app_install"]
    );
    for held in preview["withhold"].as_array().unwrap() {
        assert!(!held["rules"].as_array().unwrap().is_empty(), "{held}");
    }
    assert_eq!(preview["withhold"][0]["modes"], json!(["Maintenance"]));
    assert_eq!(
        preview["withhold"][1]["modes"],
        json!(["Maintenance", "Apps"])
    );
}

#[tokio::test]
async fn machine_gets_inventory_and_password_reset_and_maintenance_the_rest() {
    let server = Server::start();
    let (_, [inventory, reset, wns, install]) = demo_queue(&server, "tablet").await;

    let reply = server
        .sync("Machine", &package1("tablet", "1", 1, "none"))
        .await;
    assert_eq!(
        reply.loc_uris(),
        [
            "./cimv2/Win32_OperatingSystem",
            "./cimv2/MDM_Client/MDM_Client.DeviceClientID=%22tablet%22/Exec=ResetUserPassword"
        ]
    );
    assert_eq!(
        reply.statuses[0],
        ("0".into(), "SyncHdr".into(), 200),
        "the header's Status is the first"
    );
    assert_eq!(
        reply.statuses.len(),
        4,
        "and one for each of the device's commands"
    );
    assert!(
        !reply.text.contains('\n') && !reply.text.contains("> <"),
        "one single line"
    );
    assert_eq!(server.state(&inventory).await, "sent");

    let end = server
        .sync("Machine", &message("tablet", "1", 2, &answers(&reply, 200)))
        .await;
    assert!(end.commands.is_empty() && end.is_final, "{}", end.text);
    assert_eq!(server.state(&inventory).await, "succeeded");
    assert_eq!(server.state(&reset).await, "succeeded");
    assert_eq!(server.state(&wns).await, "queued");
    let read = server.get(&format!("/commands/{inventory}")).await;
    assert_eq!(read["results"][0]["status"], 200);
    assert_eq!(
        read["results"][0]["data"],
        "value of ./cimv2/Win32_OperatingSystem"
    );

    let reply = server
        .sync("Maintenance", &package1("tablet", "2", 1, "user"))
        .await;
    assert_eq!(reply.commands.len(), 1, "{}", reply.text);
    assert!(reply.loc_uris()[0].ends_with("/Exec=CreateJob"));
    let reply = server
        .sync(
            "Maintenance",
            &message("tablet", "2", 2, &answers(&reply, 202)),
        )
        .await;
    assert_eq!(server.state(&install).await, "accepted");
    // On the set of the channel a device may hang: it goes alone and last.
    assert_eq!(reply.commands.len(), 1, "{}", reply.text);
    assert!(reply.loc_uris()[0].ends_with("/Exec=UpdateConfiguration"));
}

#[tokio::test]
async fn the_log_says_what_was_delivered_and_withheld() {
    let server = Server::start();
    let (device, _) = demo_queue(&server, "tablet").await;
    server
        .sync("Machine", &package1("tablet", "1", 1, "none"))
        .await;
    let events = server.get(&format!("/devices/{device}/events")).await;
    let first = events["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|e| e["type"] == "exchange")
        .unwrap();
    assert_eq!(first["query"], "mode=Machine&Platform=WoA");
    assert_eq!(first["mode"], "Machine");
    assert_eq!(first["policy_set"].as_str().unwrap().len(), 64);
    assert_eq!(kinds(&first["delivered"]), ["inventory", "password_reset"]);
    assert_eq!(
        kinds(&first["withheld"]),
        ["wns_configuration", "app_install"]
    );
}

#[tokio::test]
async fn apps_gets_the_install_but_no_wns_configuration() {
    let server = Server::start();
    let (_, [_, _, wns, install]) = demo_queue(&server, "tablet").await;
    let reply = server
        .sync("Apps", &package1("tablet", "1", 1, "user"))
        .await;
    // The password reset shares its reply with no other Exec.
    assert_eq!(reply.commands.len(), 2, "{}", reply.text);
    let body = answers(&reply, 200);
    let next = server.sync("Apps", &message("tablet", "1", 2, &body)).await;
    assert_eq!(next.commands.len(), 1, "{}", next.text);
    for reply in [&reply, &next] {
        assert!(!reply.text.contains("UpdateConfiguration"));
    }
    assert_eq!(server.state(&wns).await, "queued");
    assert_eq!(server.state(&install).await, "sent");
}

#[tokio::test]
async fn doubt_about_the_mode_narrows_and_is_never_an_error() {
    let server = Server::start();
    for (n, query) in [
        "",
        "mode=",
        "mode=Nightly&Platform=WoA",
        "mode=Apps&mode=Maintenance&Platform=WoA",
        "mode=Maintenance&Platform=x86",
        "%",
        "mode=%00",
        &format!(
            "mode=Maintenance&Platform=WoA&pad={}&mode=Machine",
            "x".repeat(1100)
        ),
    ]
    .iter()
    .enumerate()
    {
        let source = format!("doubt-{n}");
        let (device, _) = demo_queue(&server, &source).await;
        let body = package1(&source, "1", 1, "user");
        let (status, _, text) = server
            .post(query, crate::harness::SYNCML, body.into_bytes())
            .await;
        assert_eq!(status, 200, "{query}: {text}");
        let reply = crate::harness::Reply::read(text);
        assert_eq!(
            reply.commands.len(),
            2,
            "{query}: only inventory and password reset: {}",
            reply.text
        );
        let events = server.get(&format!("/devices/{device}/events")).await;
        let event = events["items"]
            .as_array()
            .unwrap()
            .iter()
            .find(|e| e["type"] == "exchange")
            .unwrap();
        assert!(
            query.starts_with(event["query"].as_str().unwrap()),
            "what was sent is on record"
        );
    }
}

#[tokio::test]
async fn a_query_that_changes_within_a_session_never_widens_it() {
    let server = Server::start();
    demo_queue(&server, "tablet").await;
    let reply = server
        .sync("Machine", &package1("tablet", "1", 1, "none"))
        .await;
    let second = server
        .sync(
            "Maintenance",
            &message("tablet", "1", 2, &answers(&reply, 200)),
        )
        .await;
    assert!(second.commands.is_empty(), "{}", second.text);
}

#[tokio::test]
async fn nobody_logged_on_is_machines_set_even_in_maintenance() {
    let server = Server::start();
    demo_queue(&server, "tablet").await;
    let reply = server
        .sync("Maintenance", &package1("tablet", "1", 1, "none"))
        .await;
    assert_eq!(reply.commands.len(), 2, "{}", reply.text);
}

#[tokio::test]
async fn what_hides_in_an_atomic_is_looked_at() {
    let server = Server::start();
    let device = server
        .register(json!({"source": "tablet", "family": "windows81"}))
        .await;
    let id = server
        .queue(
            &device,
            json!({"type": "atomic", "commands": [
                {"type": "raw", "verb": "Get", "loc_uri": "./cimv2/Win32_OperatingSystem"},
                {"type": "sequence", "commands": [
                    {"type": "raw", "verb": "Replace", "loc_uri": "./cimv2/MDM_Restrictions/MDM_Restrictions.Key=%221%22/WifiEnabled", "data": "false"}
                ]}
            ]}),
        )
        .await;
    let read = server.get(&format!("/commands/{id}")).await;
    assert_eq!(read["kind"], "setting");
    assert!(
        server
            .sync("Machine", &package1("tablet", "1", 1, "none"))
            .await
            .commands
            .is_empty()
    );
    let reply = server
        .sync("Maintenance", &package1("tablet", "2", 1, "user"))
        .await;
    assert_eq!(reply.commands[0].verb, "Atomic");
}

#[tokio::test]
async fn what_cannot_be_classified_waits_and_says_so() {
    let server = Server::start();
    let device = server
        .register(json!({"source": "tablet", "family": "windows81"}))
        .await;
    let (status, answer) = server
        .api(
            "POST",
            &format!("/devices/{device}/commands"),
            Some(json!({"type": "raw", "verb": "Replace", "loc_uri": "./Vendor/Unknown/Node", "data": "1"})),
        )
        .await;
    assert_eq!(
        (status, &answer["kind"]),
        (201, &json!("unclassified")),
        "{answer}"
    );
    assert!(answer["warning"].is_string());
    for (session, mode) in ["Machine", "Maintenance", "Apps"].iter().enumerate() {
        let reply = server
            .sync(mode, &package1("tablet", &session.to_string(), 1, "user"))
            .await;
        assert!(reply.commands.is_empty(), "{mode}");
    }
}

#[tokio::test]
async fn a_phone_that_names_machine_and_another_mode_gets_machines_set() {
    let server = Server::start();
    let device = server
        .register(json!({"source": "phone", "family": "windows_phone81"}))
        .await;
    let lock = json!({"type": "raw", "verb": "Replace", "loc_uri": "./Vendor/MSFT/DMClient/Provider/p/Poll/PollOnLogin", "data": "true"});
    server.queue(&device, lock).await;
    let body = package1("phone", "1", 1, "user").into_bytes();
    let (_, _, text) = server
        .post("mode=Machine&mode=Apps", crate::harness::SYNCML, body)
        .await;
    assert!(crate::harness::Reply::read(text).commands.is_empty());
    let body = package1("phone", "2", 1, "user").into_bytes();
    let (_, _, text) = server.post("", crate::harness::SYNCML, body).await;
    assert_eq!(crate::harness::Reply::read(text).commands.len(), 1);
}
