//! The other families against the real server: a Windows Phone 8.1 and a
//! Windows 10, simulated apart from the server's code.

use modegate_sim::{Credentials, ServerCredentials, SessionReport, Tablet, Transport};
use serde_json::{Value, json};

use crate::harness::Server;

/// What Microsoft's samples use, and the server where nothing else is configured.
const PROVIDER: &str = "MS DM Server";
const PFN: &str = "Contoso.Push_8wekyb3d8bbwe";

fn transport(server: &Server) -> Transport {
    Transport::new(&format!("{}/sync", server.http), None, None).unwrap()
}

async fn poll(device: &mut Tablet) -> SessionReport {
    let report = device.poll().await.unwrap();
    assert_eq!(report.violations, []);
    assert_eq!(report.http_status, None);
    report
}

async fn phone() -> (Server, String, Tablet) {
    let server = Server::start_with(&[]);
    let id = server
        .register(
            json!({"source": "urn:uuid:0123", "family": "windows_phone81",
            "credentials": {"username": "phone", "password": "Distinct-S3cret"}}),
        )
        .await;
    let phone = Tablet::phone("urn:uuid:0123", PROVIDER, transport(&server));
    let phone = phone.with_credentials(Credentials {
        username: "phone".to_owned(),
        password: "Distinct-S3cret".to_owned(),
        md5: true,
    });
    (server, id, phone)
}

async fn ten() -> (Server, String, Tablet) {
    let server = Server::start();
    let id = server
        .register(json!({"source": "ten", "family": "windows10"}))
        .await;
    let ten = Tablet::windows10("ten", PROVIDER, transport(&server));
    (server, id, ten)
}

async fn results(server: &Server, command: &str) -> Vec<(u64, String)> {
    let read = server.get(&format!("/commands/{command}")).await;
    let results = read["results"].as_array().unwrap().clone();
    let data = |result: &Value| result["data"].as_str().unwrap_or("-").to_owned();
    results
        .iter()
        .map(|result| (result["status"].as_u64().unwrap_or(0), data(result)))
        .collect()
}

fn push() -> Value {
    json!({"type": "wns_update_configuration", "package_family_name": PFN})
}

#[tokio::test]
async fn a_phone_without_any_mode_gets_its_own_nodes() {
    let (server, id, mut phone) = phone().await;
    let mut commands = Vec::new();
    for body in [
        json!({"type": "inventory"}),
        push(),
        json!({"type": "poll_schedule", "settings": {
            "IntervalForFirstSetOfRetries": 15, "NumberOfFirstRetries": 5,
            "IntervalForRemainingScheduledRetries": 1440, "PollOnLogin": true}}),
        json!({"type": "remote_lock"}),
    ] {
        commands.push(server.queue(&id, body).await);
    }
    let report = poll(&mut phone).await;
    assert_eq!(report.query, "");
    assert!(report.received.iter().all(|r| !r.loc_uri.contains("cimv2")));
    for command in &commands {
        let read = server.get(&format!("/commands/{command}")).await;
        assert_eq!(read["state"], "succeeded", "{read}");
    }
    let node = |name: &str| format!("./Vendor/MSFT/DMClient/Provider/{PROVIDER}/{name}");
    assert_eq!(phone.node(&node("Push/PFN")).unwrap(), PFN.to_lowercase());
    assert_eq!(phone.node(&node("Poll/PollOnLogin")).unwrap(), "true");
    // The channel is read, and another name takes the place of the first: 418, then Replace.
    let read = server.queue(&id, json!({"type": "wns_read_channel"})).await;
    let other =
        json!({"type": "wns_update_configuration", "package_family_name": "other_8wekyb3d8bbwe"});
    let set = server.queue(&id, other).await;
    poll(&mut phone).await;
    let found = results(&server, &read).await;
    assert!(found.iter().any(|(_, data)| data == "***"), "{found:?}");
    assert!(!found.iter().any(|(_, data)| data.contains("windows.com")));
    assert_eq!(server.state(&set).await, "succeeded");
    assert_eq!(
        phone.node(&node("Push/PFN")).unwrap(),
        "other_8wekyb3d8bbwe"
    );
}

#[tokio::test]
async fn a_phone_is_wiped_once_and_unenrolled_by_its_node() {
    let (server, id, mut phone) = phone().await;
    // The first session heals the nonce; from then on message 1 is believed.
    poll(&mut phone).await;
    let wipe = server
        .queue(
            &id,
            json!({"type": "remote_wipe", "keep": "provisioned_data"}),
        )
        .await;
    phone.drop_replies(1);
    phone.poll().await.unwrap();
    poll(&mut phone).await;
    // Whether it was done is not known: it is never sent a second time.
    assert_eq!(server.state(&wipe).await, "unconfirmed");
    assert_eq!(phone.wiped(), None);
    let wipe = server.queue(&id, json!({"type": "remote_wipe"})).await;
    poll(&mut phone).await;
    assert_eq!(server.state(&wipe).await, "succeeded");
    assert_eq!(phone.wiped(), Some("dowipe"));
    // Its queue is closed until it comes back.
    let path = format!("/devices/{id}/commands");
    let unenroll = json!({"type": "unenroll"});
    let (status, _) = server.api("POST", &path, Some(unenroll.clone())).await;
    assert_eq!(status, 409);
    poll(&mut phone).await;
    let unenroll = server.queue(&id, unenroll).await;
    assert!(poll(&mut phone).await.unenrolled);
    assert_eq!(server.state(&unenroll).await, "succeeded", "by alert 1226");
}

#[tokio::test]
async fn a_phone_challenges_the_server_and_is_answered() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("password");
    std::fs::write(&file, "own-pa55word\n").unwrap();
    let text = format!(
        "[server_auth]\nname = '{PROVIDER}'\npassword_file = '{}'\n",
        file.display()
    );
    let server = Server::configured(&text, &[]);
    let credentials = json!({"username": "phone", "password": "Distinct-S3cret"});
    let body = json!({"source": "p", "family": "windows_phone81", "credentials": credentials});
    let id = server.register(body).await;
    let phone = Tablet::phone("p", PROVIDER, transport(&server));
    let mut phone = phone.with_credentials(Credentials {
        username: "phone".to_owned(),
        password: "Distinct-S3cret".to_owned(),
        md5: true,
    });
    phone.challenges_server(Some(ServerCredentials {
        name: PROVIDER.to_owned(),
        password: modegate_sim::Secret::new("own-pa55word"),
        strict: true,
    }));
    let lock = server.queue(&id, json!({"type": "remote_lock"})).await;
    let report = poll(&mut phone).await;
    assert!(report.server_proven);
    assert_eq!(server.state(&lock).await, "succeeded");
}

#[tokio::test]
async fn windows_10_answers_item_by_item_and_within_its_limits() {
    for wbxml in [false, true] {
        let (server, id, mut ten) = ten().await;
        ten.speaks_wbxml(wbxml);
        let get = |loc_uri: &str| json!({"verb": "Get", "loc_uri": loc_uri});
        let missing = json!({"type": "raw", "verb": "Get", "loc_uri": "./DevDetail/Nothing"});
        let missing = server.queue(&id, missing).await;
        let read_in_atomic = json!({"type": "atomic", "commands": [get("./DevDetail/SwV")]});
        let read_in_atomic = server.queue(&id, read_in_atomic).await;
        let nested = json!({"type": "atomic", "commands": [{"type": "atomic", "commands": [{"type": "remote_lock"}]}]});
        let nested = server.queue(&id, nested).await;
        let sequence = json!({"type": "sequence", "commands": [push(), get("./DevDetail/SwV")]});
        let sequence = server.queue(&id, sequence).await;
        let inventory = server
            .queue(&id, json!({"type": "inventory", "presets": ["os"]}))
            .await;
        let report = poll(&mut ten).await;
        assert_eq!(report.query, "mode=Maintenance&Platform=WoA");
        for (command, state, status) in [
            (&missing, "failed", 404),
            (&read_in_atomic, "failed", 507),
            (&nested, "failed", 507),
            (&sequence, "succeeded", 200),
            (&inventory, "succeeded", 200),
        ] {
            let read = server.get(&format!("/commands/{command}")).await;
            assert_eq!(read["state"], state, "{status} {read}");
        }
        let node = format!("./Vendor/MSFT/DMClient/Provider/{PROVIDER}/Push/PFN");
        assert_eq!(ten.node(&node).as_deref(), Some(PFN));
    }
}

#[tokio::test]
async fn machine_carries_three_kinds_whatever_the_family() {
    let (server, id, mut ten) = ten().await;
    for body in [
        json!({"type": "remote_wipe"}),
        json!({"type": "remote_lock"}),
        push(),
        json!({"type": "poll_schedule", "settings": {"PollOnLogin": true}}),
    ] {
        server.queue(&id, body).await;
    }
    let read = server
        .queue(
            &id,
            json!({"type": "raw", "verb": "Get", "loc_uri": "./DevInfo/Mod"}),
        )
        .await;
    let report = ten.session("Machine", "none").await.unwrap();
    assert_eq!(report.violations, []);
    let came: Vec<&str> = report.received.iter().map(|r| r.loc_uri.as_str()).collect();
    assert_eq!(came, ["./DevInfo/Mod"]);
    assert_eq!(server.state(&read).await, "succeeded");
    assert_eq!(ten.wiped(), None);
    let preview = server
        .get(&format!("/devices/{id}/preview?mode=Machine"))
        .await;
    let kinds: Vec<&str> = preview["withhold"]
        .as_array()
        .unwrap()
        .iter()
        .map(|w| w["kind"].as_str().unwrap())
        .collect();
    assert!(
        kinds.contains(&"remote_wipe") && kinds.contains(&"lock"),
        "{kinds:?}"
    );
}

#[tokio::test]
async fn a_type_that_a_family_does_not_have_is_422_or_400_with_its_field() {
    let (server, id, _) = phone().await;
    let eight = server
        .register(json!({"source": "eight", "family": "windows81"}))
        .await;
    for (device, body) in [
        (
            &id,
            json!({"type": "reset_user_password", "user": "a", "password": "b"}),
        ),
        (&id, json!({"type": "lock_workstation"})),
        (&eight, json!({"type": "remote_wipe"})),
    ] {
        let (status, answer) = server
            .api("POST", &format!("/devices/{device}/commands"), Some(body))
            .await;
        assert!(matches!(status, 400 | 422), "{status} {answer}");
        assert!(answer.to_string().contains("\"type\""), "{answer}");
    }
    let queue = server.get(&format!("/devices/{id}/commands")).await;
    assert_eq!(queue["items"].as_array().unwrap().len(), 0);
}

#[tokio::test]
async fn large_objects_come_in_pieces_and_are_put_together() {
    let (server, id, mut ten) = ten().await;
    let node = format!("./Vendor/MSFT/DMClient/Provider/{PROVIDER}/EntDMID");
    let value: String = (0..6000)
        .map(|n| char::from(b'a' + (n % 26) as u8))
        .collect::<String>()
        + "ä€😀";
    ten.set_node(&node, &value);
    ten.sends_pieces(1000);
    for wbxml in [false, true] {
        ten.speaks_wbxml(wbxml);
        let read = server
            .queue(
                &id,
                json!({"type": "raw", "verb": "Get", "loc_uri": node.replace(' ', "%20")}),
            )
            .await;
        let report = poll(&mut ten).await;
        assert!(report.exchanges >= 7, "{}", report.exchanges);
        assert_eq!(results(&server, &read).await, [(200, value.clone())]);
        assert_eq!(server.state(&read).await, "succeeded");
    }
}

#[tokio::test]
async fn objects_that_are_too_large_are_refused_and_the_session_goes_on() {
    let (server, id, mut ten) = ten().await;
    let node = format!("./Vendor/MSFT/DMClient/Provider/{PROVIDER}/EntDMID");
    ten.set_node(&node, &"x".repeat(5 * 1024 * 1024));
    ten.sends_pieces(200_000);
    let large = server
        .queue(
            &id,
            json!({"type": "raw", "verb": "Get", "loc_uri": node.replace(' ', "%20")}),
        )
        .await;
    let after = server
        .queue(
            &id,
            json!({"type": "raw", "verb": "Get", "loc_uri": "./DevDetail/SwV"}),
        )
        .await;
    let report = poll(&mut ten).await;
    assert_eq!(report.refused_pieces, 1);
    assert_eq!(server.state(&large).await, "failed");
    let large = server.get(&format!("/commands/{large}")).await;
    assert!(large.to_string().contains("answer too large: an object"));
    assert_eq!(server.state(&after).await, "succeeded");
    // Windows 8.1 cannot: refused, and no half value is kept for a whole one.
    let server = Server::start();
    let id = server
        .register(json!({"source": "t", "family": "windows81"}))
        .await;
    let mut tablet = Tablet::new("t", transport(&server));
    tablet.sends_pieces(4);
    let read = server
        .queue(
            &id,
            json!({"type": "raw", "verb": "Get", "loc_uri": "./DevDetail/SwV"}),
        )
        .await;
    let report = tablet.session("Maintenance", "user").await.unwrap();
    assert!(report.refused_pieces > 0);
    assert!(
        results(&server, &read)
            .await
            .iter()
            .all(|(_, data)| data == "-")
    );
}
