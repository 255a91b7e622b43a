//! The server as an operator meets it: start, reload, lock, end, files.

use std::os::unix::fs::PermissionsExt;
use std::process::Output;

use serde_json::json;

use crate::harness::{Server, package1};
use crate::program::program;
use crate::wait::{DEADLINE, eventually, seen};

fn modegate(arguments: &[&str]) -> Output {
    program().args(arguments).output().unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn one_server_per_folder_and_what_is_unsafe_is_refused() {
    let server = Server::start();
    let dir = server.dir.to_str().unwrap();
    let second = modegate(&["serve", "--data", dir, "--listen", "127.0.0.1:0"]);
    assert!(
        !second.status.success() && stderr(&second).contains("in use by another server"),
        "{}",
        stderr(&second)
    );
    for arguments in [
        ["--insecure-http", "0.0.0.0:0"].as_slice(),
        &["--listen", "0.0.0.0:0", "--accept-unknown-devices"],
        &["--database", "mysql://x"],
    ] {
        let own = tempfile::tempdir().unwrap();
        let data = own.path().join("d");
        let refused = modegate(&[&["serve", "--data", data.to_str().unwrap()], arguments].concat());
        assert_eq!(refused.status.code(), Some(1), "{arguments:?}");
        assert!(refused.stdout.is_empty());
    }
    for name in ["key", "admin-token", "server-key.pem"] {
        let mode = std::fs::metadata(server.dir.join(name))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
}

#[test]
fn sigterm_ends_it_cleanly() {
    let mut server = Server::start();
    server.signal("TERM");
    assert_eq!(server.wait(), Some(0));
}

#[tokio::test]
async fn a_bad_policy_set_stops_the_start_and_is_refused_on_sighup() {
    let own = tempfile::tempdir().unwrap();
    let policies = own.path().join("policies");
    std::fs::create_dir(&policies).unwrap();
    let file = policies.join("mine.toml");
    let deliver = |kind: &str| {
        format!("[[rule]]\nid = \"mine\"\neffect = \"deliver\"\nkind = [\"{kind}\"]\n")
    };
    std::fs::write(&file, deliver("setings")).unwrap();
    let data = own.path().join("data");
    let refused = modegate(&[
        "serve",
        "--data",
        data.to_str().unwrap(),
        "--policies",
        policies.to_str().unwrap(),
    ]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(
        stderr(&refused).contains("mine.toml:4:9: expected one of"),
        "{}",
        stderr(&refused)
    );

    std::fs::write(&file, deliver("inventory")).unwrap();
    let server = Server::in_dir(
        &data,
        &[
            "--accept-unknown-devices",
            "--policies",
            policies.to_str().unwrap(),
        ],
    );
    let device = server
        .register(json!({"source": "d", "family": "windows81"}))
        .await;
    server
        .queue(
            &device,
            json!({"type": "reset_user_password", "user": "u", "password": "p"}),
        )
        .await;
    assert!(
        server
            .sync("Machine", &package1("d", "1", 1, "none"))
            .await
            .commands
            .is_empty()
    );

    std::fs::write(&file, "nonsense").unwrap();
    reload(&server, "policy.refused").await;
    assert!(
        server
            .sync("Machine", &package1("d", "2", 1, "none"))
            .await
            .commands
            .is_empty()
    );
    std::fs::write(&file, deliver("password_reset")).unwrap();
    reload(&server, "policy.loaded").await;
    assert_eq!(
        server
            .sync("Machine", &package1("d", "3", 1, "none"))
            .await
            .commands
            .len(),
        1
    );
}

/// Sends SIGHUP and waits until one more event of that type is on record.
async fn reload(server: &Server, what: &str) {
    let before = count(server, what).await;
    server.signal("HUP");
    let look = async || seen(count(server, what).await, |count| *count != before);
    eventually(DEADLINE, look).await;
}

async fn count(server: &Server, what: &str) -> usize {
    let events = server.get("/events?limit=200").await;
    events["items"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|event| event["type"] == what)
        .count()
}

#[test]
fn policy_check_and_explain_say_what_they_find() {
    let shipped = concat!(env!("CARGO_MANIFEST_DIR"), "/policies");
    let good = modegate(&["policy", "check", shipped]);
    assert!(
        good.status.success(),
        "{}",
        String::from_utf8_lossy(&good.stdout)
    );
    let explained = modegate(&[
        "policy",
        "explain",
        "--mode",
        "Machine",
        "--kind",
        "app_install",
        "--json",
    ]);
    let explained: serde_json::Value = serde_json::from_slice(&explained.stdout).unwrap();
    assert_eq!(explained["verdict"], "withhold");
    assert_eq!(explained["rules"][0]["id"], "floor.machine");
    assert_eq!(explained["modes"], json!(["Maintenance", "Apps"]));
}

#[tokio::test]
async fn simulated_tablets_have_nothing_to_complain_of() {
    let server = Server::start();
    for n in 0..4 {
        let device = server
            .register(json!({"source": format!("sim-{n}"), "family": "windows81"}))
            .await;
        for command in [
            json!({"type": "inventory"}),
            json!({"type": "lock_workstation"}),
            json!({"type": "wns_update_configuration", "app_id": "a", "package_family_name": "p_8wekyb3d8bbwe"}),
            json!({"type": "app_install", "job_data": "<a b=\"c\">&amp;\n</a>"}),
            json!({"type": "raw", "verb": "Get", "loc_uri": "./cimv2/MDM_Application"}),
            json!({"type": "sequence", "commands": [{"type": "raw", "verb": "Get", "loc_uri": "./DevInfo/DevId"}]}),
        ] {
            server.queue(&device, command).await;
        }
    }
    let url = format!("{}/sync", server.https.replace("127.0.0.1", "localhost"));
    let ca = server.dir.join("ca.pem");
    let arguments = [
        "simulate",
        "--url",
        &url,
        "--ca",
        ca.to_str().unwrap(),
        "--devices",
        "20",
        "--sessions",
        "6",
        "--trigger",
        "reboot,push,logon,nightly",
        "--json",
    ];
    let output = tokio::task::spawn_blocking({
        let arguments: Vec<String> = arguments.iter().map(|&a| a.to_owned()).collect();
        move || program().args(arguments).output().unwrap()
    })
    .await
    .unwrap();
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        (&report["violations"], &report["errors"]),
        (&json!(0), &json!(0)),
        "{report}"
    );
    assert_eq!(report["sessions"], 120);
    for n in 0..4 {
        let devices = server.get("/devices?limit=200").await;
        let device = devices["items"]
            .as_array()
            .unwrap()
            .iter()
            .find(|d| d["source"] == format!("sim-{n}"))
            .unwrap();
        assert_eq!(device["open_commands"], 0, "{device}");
    }
}

#[test]
fn an_rsa_key_on_the_device_listener_is_refused_and_told_why() {
    let own = tempfile::tempdir().unwrap();
    let dir = own.path().join("data");
    std::fs::create_dir(&dir).unwrap();
    let key = rcgen::KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, rcgen::RsaKeySize::_2048)
        .unwrap();
    let params = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    std::fs::write(
        dir.join("server.pem"),
        params.self_signed(&key).unwrap().pem(),
    )
    .unwrap();
    std::fs::write(dir.join("server-key.pem"), key.serialize_pem()).unwrap();
    let refused = modegate(&[
        "serve",
        "--data",
        dir.to_str().unwrap(),
        "--listen",
        "127.0.0.1:0",
    ]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(
        stderr(&refused).contains("--allow-rsa"),
        "{}",
        stderr(&refused)
    );
    let server = Server::in_dir(&dir, &["--allow-rsa"]);
    assert!(server.https.starts_with("https://"));
}

#[tokio::test]
async fn nights_are_machine_or_maintenance_by_who_is_logged_on() {
    use modegate_sim::{Tablet, Transport, Trigger};
    let server = Server::start();
    let transport = Transport::new(&format!("{}/sync", server.http), None, None).unwrap();
    let mut tablet = Tablet::new("t", transport);
    let mut modes = Vec::new();
    modes.push(tablet.trigger(Trigger::Reboot).await.unwrap().query);
    modes.push(tablet.trigger(Trigger::Logon).await.unwrap().query);
    tablet.lock();
    assert!(tablet.is_locked());
    modes.push(tablet.trigger(Trigger::Nightly).await.unwrap().query);
    tablet.log_off();
    modes.push(tablet.trigger(Trigger::Nightly).await.unwrap().query);
    modes.push(tablet.trigger(Trigger::Push).await.unwrap().query);
    let named: Vec<&str> = modes
        .iter()
        .map(|query| query.split(['=', '&']).nth(1).unwrap())
        .collect();
    assert_eq!(
        named,
        ["Machine", "Maintenance", "Maintenance", "Machine", "Apps"]
    );
    let id = server.get("/devices").await["items"][0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let sessions = server.get(&format!("/devices/{id}/sessions")).await;
    let decided: Vec<&str> = sessions["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|session| session["mode"].as_str().unwrap())
        .collect();
    assert_eq!(
        decided,
        ["Apps", "Machine", "Maintenance", "Maintenance", "Machine"],
        "the newest first"
    );
}
