//! Every type of command, against a tablet that checks it as the device would.

use modegate_sim::{Tablet, Trigger};
use serde_json::{Value, json};

use crate::harness::Server;
use crate::sync::simulated_device::{enrolled, sync};

fn certificate() -> String {
    let key = rcgen::KeyPair::generate().unwrap();
    let parameters = rcgen::CertificateParams::new(vec!["ca.example.test".into()]).unwrap();
    parameters.self_signed(&key).unwrap().pem()
}

async fn ends(server: &Server, command: &str) -> (String, String) {
    let read = server.get(&format!("/commands/{command}")).await;
    let text = |field: &str| read[field].as_str().unwrap_or_default().to_owned();
    (text("state"), text("reason"))
}

#[tokio::test]
async fn every_type_is_what_the_device_takes() {
    let (server, device, mut tablet) = enrolled("t").await;
    let pem = certificate();
    let mut commands = Vec::new();
    for body in [
        json!({"type": "inventory", "presets": ["os", "hardware", "storage", "network", "security", "updates"]}),
        json!({"type": "inventory", "presets": ["apps"]}),
        json!({"type": "inventory", "classes": ["Win32_Service"]}),
        json!({"type": "reset_user_password", "user": "ann@example.test", "password": "Distinct-Pa55word"}),
        json!({"type": "lock_workstation"}),
        json!({"type": "wns_update_configuration", "app_id": "mdm", "package_family_name": "contoso.mdm_8wekyb3d8bbwe"}),
        json!({"type": "eas_policy", "settings": {"MinPasswordLength": 8, "MaxPasswordFailedAttempts": 5}}),
        json!({"type": "restrictions", "settings": {"DataRoamingEnabled": false, "UserAccountControlStatus": "app_changes"}}),
        json!({"type": "restrictions_user", "settings": {"PCSettingsSyncEnabled": false}}),
        json!({"type": "browser_settings", "settings": {"AutofillEnabled": false, "InternetZoneSecurityLevel": "high"}}),
        json!({"type": "browser_security_zone", "zone": "intranet", "site": "https://intranet.example.test/"}),
        json!({"type": "updates", "settings": {"AutoUpdatePolicy": "recommended"}}),
        json!({"type": "security_settings", "settings": {"MaintenanceScheduleStartHour": 3}}),
        json!({"type": "agent_setting", "name": "UnEnrollOnCertExpiry", "value": "true"}),
        json!({"type": "application_setting", "package_family_name": "contoso.app_8wekyb3d8bbwe", "name": "Server", "value": "5", "value_type": "int"}),
        json!({"type": "certificate_install", "certificate": pem, "store": "machine"}),
        json!({"type": "scep_enroll", "request_id": "r", "enhanced_key_usages": ["1.3.6.1.5.5.7.3.2"], "issuers": ["CN=CA"], "configuration": "<scep/>"}),
        json!({"type": "wifi_profile", "name": "office", "profile": "<WLANProfile/>"}),
        json!({"type": "wifi", "name": "guest", "settings": {"SSID": "guest", "SecurityAuthentication": "open"}}),
        json!({"type": "vpn_trigger", "package_family_name": "contoso.app_8wekyb3d8bbwe"}),
        json!({"type": "sideload_key", "key": "ABCDE-12345-ABCDE-12345-ABCDE"}),
        json!({"type": "sideload_certificate", "certificate": pem}),
        json!({"type": "app_install", "job_data": "<Job/>", "job_id": "job-1"}),
        json!({"type": "app_upgrade", "job_data": "<Job/>"}),
        json!({"type": "app_uninstall", "job_data": "<Job/>"}),
        json!({"type": "app_status"}),
        json!({"type": "sequence", "commands": [{"type": "updates", "settings": {"AutoUpdatePolicy": "none"}}, {"verb": "Get", "loc_uri": "./DevInfo/Mod"}]}),
        json!({"type": "atomic", "commands": [{"type": "restrictions", "settings": {"WifiEnabled": true}}, {"type": "updates", "settings": {"AutoUpdatePolicy": "important"}}]}),
    ] {
        let name = body["type"].as_str().unwrap().to_owned();
        commands.push((name, server.queue(&device, body).await));
    }
    sync(&mut tablet, Trigger::Logon).await;
    for (name, command) in &commands {
        let (state, reason) = ends(&server, command).await;
        assert_eq!(state, "succeeded", "{name}: {reason}");
    }
    // And what needs the former.
    let mut later = Vec::new();
    for body in [
        json!({"type": "wns_read_channel", "app_id": "mdm"}),
        json!({"type": "app_status", "job_id": "job-1"}),
        json!({"type": "certificate_remove", "certificate": pem, "store": "machine"}),
        json!({"type": "wifi_remove", "name": "office"}),
        json!({"type": "browser_security_zone", "zone": "intranet", "site": "https://intranet.example.test/", "remove": true}),
        json!({"type": "sideload_deactivate"}),
        json!({"type": "unenroll"}),
    ] {
        let name = body["type"].as_str().unwrap().to_owned();
        later.push((name, server.queue(&device, body).await));
    }
    let report = sync(&mut tablet, Trigger::Logon).await;
    assert!(report.unenrolled);
    for (name, command) in &later {
        let (state, reason) = ends(&server, command).await;
        assert_eq!(state, "succeeded", "{name}: {reason}");
    }
    assert_eq!(tablet.eas_setting("MinPasswordLength"), Some("8"));
}

#[tokio::test]
async fn set_adds_what_is_not_there_and_replaces_what_is() {
    let (server, device, mut tablet) = enrolled("t").await;
    let profile = |key: &str| json!({"type": "wifi_profile", "name": "office", "profile": format!("<WLANProfile><k>{key}</k></WLANProfile>")});
    for key in ["one", "two"] {
        let command = server.queue(&device, profile(key)).await;
        sync(&mut tablet, Trigger::Logon).await;
        assert_eq!(ends(&server, &command).await.0, "succeeded");
        let held = tablet
            .property("MDM_WirelessProfileXml.Name=\"office\"", "ProfileXml")
            .unwrap();
        assert!(held.contains(key), "{held}");
        let read = server.get(&format!("/commands/{command}")).await;
        let told = read["history"].as_array().unwrap().iter().any(|part| {
            part["reason"]
                .as_str()
                .is_some_and(|reason| reason.contains("418"))
        });
        assert_eq!(told, key == "two", "{read}");
    }
}

#[tokio::test]
async fn the_newer_takes_the_place_of_the_older_that_waits() {
    let (server, device, mut tablet) = enrolled("t").await;
    let reset = |password: &str| json!({"type": "reset_user_password", "user": "ann", "password": password});
    let old = server.queue(&device, reset("one")).await;
    let after: Value = json!({"type": "lock_workstation", "after": [old]});
    let waits = server.queue(&device, after).await;
    let other = server
        .queue(
            &device,
            json!({"type": "reset_user_password", "user": "bob", "password": "p"}),
        )
        .await;
    let new = server.queue(&device, reset("two")).await;
    let (state, reason) = ends(&server, &old).await;
    assert_eq!(state, "cancelled");
    assert!(reason.contains("superseded"), "{reason}");
    sync(&mut tablet, Trigger::Logon).await;
    for command in [&other, &new, &waits] {
        assert_eq!(ends(&server, command).await.0, "succeeded");
    }
    assert_eq!(tablet.password_resets(), 2);
    // What is out or done is not touched, and nobody need want it.
    let third = server.queue(&device, reset("three")).await;
    let mut kept = reset("four");
    kept["supersede"] = json!(false);
    server.queue(&device, kept).await;
    assert_eq!(ends(&server, &third).await.0, "queued");
    assert_eq!(ends(&server, &new).await.0, "succeeded");
}

#[tokio::test]
async fn who_waits_for_another_goes_after_it_or_fails_with_it() {
    let (server, device, mut tablet) = enrolled("t").await;
    let first = server
        .queue(
            &device,
            json!({"type": "eas_policy", "settings": {"MinPasswordLength": 8}}),
        )
        .await;
    let second = server
        .queue(
            &device,
            json!({"type": "lock_workstation", "after": [first], "priority": 9}),
        )
        .await;
    let preview = server
        .get(&format!("/devices/{device}/preview?mode=Maintenance"))
        .await;
    assert_eq!(
        preview["withhold"][0]["rules"],
        json!(["queue.after"]),
        "{preview}"
    );
    tablet.answer_once("MDM_EASPolicy", 500);
    sync(&mut tablet, Trigger::Logon).await;
    assert_eq!(ends(&server, &first).await.0, "failed");
    let (state, reason) = ends(&server, &second).await;
    assert_eq!(state, "failed");
    assert!(reason.contains("waited for"), "{reason}");
    assert!(!tablet.is_locked());
    let gone = json!({"type": "lock_workstation", "after": [first]});
    let (status, problem) = server
        .api("POST", &format!("/devices/{device}/commands"), Some(gone))
        .await;
    assert_eq!(
        (status, &problem["field"]),
        (422, &json!("after[0]")),
        "{problem}"
    );
}

#[tokio::test]
async fn a_status_that_may_pass_is_tried_again_and_one_that_cannot_fails() {
    let (server, device, mut tablet) = enrolled("t").await;
    let inventory = json!({"type": "inventory", "classes": ["Win32_BIOS"], "retries": 2});
    let command = server.queue(&device, inventory).await;
    tablet.answer("Win32_BIOS", 503);
    let retry = format!("/commands/{command}/retry");
    sync(&mut tablet, Trigger::Logon).await;
    let read = server.get(&format!("/commands/{command}")).await;
    assert_eq!(
        (&read["state"], &read["attempts"]),
        (&json!("queued"), &json!(1)),
        "{read}"
    );
    let report = sync(&mut tablet, Trigger::Logon).await;
    assert!(report.received.is_empty(), "it pauses");
    // Until somebody asks for it at once, which begins anew.
    assert_eq!(server.api("POST", &retry, None).await.0, 200);
    let read = server.get(&format!("/commands/{command}")).await;
    assert_eq!(read["attempts"], 0);
    sync(&mut tablet, Trigger::Logon).await;
    tablet.answer_truly();
    server
        .api("POST", &format!("/commands/{command}/retry"), None)
        .await;
    sync(&mut tablet, Trigger::Logon).await;
    assert_eq!(ends(&server, &command).await.0, "succeeded");
    let never = server
        .queue(
            &device,
            json!({"type": "restrictions", "settings": {"WifiEnabled": true}}),
        )
        .await;
    tablet.answer_once("MDM_Restrictions", 405);
    sync(&mut tablet, Trigger::Logon).await;
    let (state, reason) = ends(&server, &never).await;
    assert_eq!(
        (state.as_str(), reason.as_str()),
        ("failed", "not allowed on this node (405)")
    );
}

/// A tablet that was sent an install, and nothing came back of it: server, device,
/// tablet and the command.
async fn after_a_lost_answer() -> (Server, String, Tablet, String) {
    let (server, device, mut tablet) = enrolled("t").await;
    let install = json!({"type": "app_install", "job_data": "<Job/>"});
    let install = server.queue(&device, install).await;
    tablet.drop_replies(1);
    tablet.trigger(Trigger::Logon).await.unwrap();
    (server, device, tablet, install)
}

#[tokio::test]
async fn an_install_whose_answer_was_lost_is_asked_about() {
    let (server, device, mut tablet, install) = after_a_lost_answer().await;
    let lost = server.state(&install).await;
    assert!(lost == "sent" || lost == "unconfirmed", "{lost}");
    let mut state = String::new();
    for _ in 0..3 {
        sync(&mut tablet, Trigger::Logon).await;
        state = ends(&server, &install).await.0;
        if state == "succeeded" {
            break;
        }
    }
    assert_eq!(state, "succeeded");
    assert_eq!(
        tablet.jobs().len(),
        1,
        "it runs once, whether it was the first or the second"
    );
    let commands = server.get(&format!("/devices/{device}/commands")).await;
    let asked = commands["items"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|command| command["type"] == "app_status");
    assert_eq!(asked.count(), 1, "{commands}");
}

#[tokio::test]
async fn an_unenrolled_device_has_a_closed_queue_until_it_comes_back() {
    let (server, device, mut tablet) = enrolled("t").await;
    let waits = server
        .queue(
            &device,
            json!({"type": "lock_workstation", "not_before": "2999-01-01T00:00:00Z"}),
        )
        .await;
    let unenroll = server.queue(&device, json!({"type": "unenroll"})).await;
    sync(&mut tablet, Trigger::Logon).await;
    assert_eq!(ends(&server, &unenroll).await.0, "succeeded");
    let (state, reason) = ends(&server, &waits).await;
    assert_eq!(state, "cancelled");
    assert!(reason.contains("unenrolled"), "{reason}");
    let lock = || Some(json!({"type": "lock_workstation"}));
    let path = format!("/devices/{device}/commands");
    let (status, problem) = server.api("POST", &path, lock()).await;
    assert_eq!(status, 409, "{problem}");
    let mut enrolled_again = crate::sync::simulated_device::tablet(&server, "t");
    sync(&mut enrolled_again, Trigger::Logon).await;
    assert_eq!(server.api("POST", &path, lock()).await.0, 201);
}

#[tokio::test]
async fn what_served_a_cancelled_command_is_taken_back_with_it() {
    // Its job is not known to have been made; in Machine the question about it waits.
    let (server, device, mut tablet, install) = after_a_lost_answer().await;
    sync(&mut tablet, Trigger::Reboot).await;
    let waiting = server
        .get(&format!("/devices/{device}/commands?state=queued"))
        .await;
    let items = waiting["items"].as_array().unwrap();
    let question = items
        .iter()
        .find(|item| item["type"] == "app_status")
        .expect("a question about the job");
    assert_eq!(question["serves"], json!(install), "{question}");
    let (status, _) = server
        .api("DELETE", &format!("/commands/{install}"), None)
        .await;
    assert_eq!(status, 200);
    let id = question["id"].as_str().unwrap();
    assert_eq!(ends(&server, id).await.0, "cancelled");
}

#[tokio::test]
async fn a_command_that_was_withheld_for_long_shows_its_latest_decisions() {
    let server = Server::start();
    let device = server.register_tablet("t1").await;
    let command = server
        .queue(&device, json!({"type": "lock_workstation"}))
        .await;
    for session in 1..=60 {
        server.begin("Machine", "t1", &session.to_string()).await;
    }
    let read = server.get(&format!("/commands/{command}")).await;
    let decisions = read["decisions"].as_array().unwrap();
    assert_eq!(decisions.len(), 50);
    assert_eq!(decisions[0]["session"], 60, "the newest first");
    assert_eq!(decisions[49]["session"], 11);
}
