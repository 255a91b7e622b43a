//! The real server and a tablet that checks what it gets as the device would.

use modegate_sim::{ClientIdentity, JobStage, SessionReport, Tablet, Transport, Trigger};
use serde_json::{Value, json};

use crate::harness::Server;
use crate::program::program;

const WIFI: &str = "./cimv2/MDM_Restrictions/MDM_Restrictions.Key=%221%22/WifiEnabled";
const FAMILY: &str = "contoso.mdm_8wekyb3d8bbwe";

pub fn tablet(server: &Server, source: &str) -> Tablet {
    let url = format!("{}/sync", server.http);
    Tablet::new(source, Transport::new(&url, None, None).unwrap())
}

pub async fn enrolled(source: &str) -> (Server, String, Tablet) {
    let server = Server::start();
    let device = server
        .register(json!({"source": source, "family": "windows81"}))
        .await;
    let tablet = tablet(&server, source);
    (server, device, tablet)
}

fn raw(verb: &str, rest: &str, data: &str) -> Value {
    let mut command = json!({"type": "raw", "verb": verb, "loc_uri": format!("./cimv2/{rest}")});
    if !data.is_empty() {
        command["data"] = json!(data);
    }
    command
}

/// One session that sees no breach.
pub async fn sync(tablet: &mut Tablet, trigger: Trigger) -> SessionReport {
    let report = tablet.trigger(trigger).await.unwrap();
    assert!(report.violations.is_empty(), "{:?}", report.violations);
    assert_eq!(report.http_status, None);
    report
}

/// What came back for each node: (status, data).
async fn results(server: &Server, command: &str) -> Vec<(u64, String)> {
    let read = server.get(&format!("/commands/{command}")).await;
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let results = read["results"].as_array().unwrap();
    results
        .iter()
        .map(|result| (result["status"].as_u64().unwrap(), text(&result["data"])))
        .collect()
}

#[tokio::test]
async fn every_typed_command_is_what_the_device_takes() {
    let (server, device, mut tablet) = enrolled("t").await;
    let mut commands = Vec::new();
    for body in [
        json!({"type": "inventory"}),
        json!({"type": "reset_user_password", "user": "ann@example.test", "password": "Distinct-Pa55word"}),
        json!({"type": "wns_update_configuration", "app_id": "mdm", "package_family_name": FAMILY}),
        json!({"type": "app_install", "job_data": "<Job/>"}),
        json!({"type": "lock_workstation"}),
    ] {
        commands.push(server.queue(&device, body).await);
    }
    sync(&mut tablet, Trigger::Logon).await;
    for command in &commands {
        assert_eq!(server.state(command).await, "succeeded");
    }
    assert_eq!(tablet.password_resets(), 1);
    assert!(tablet.has_channel() && tablet.is_locked());
    assert_eq!(tablet.jobs().len(), 1);
    let unenroll = server.queue(&device, json!({"type": "unenroll"})).await;
    let report = sync(&mut tablet, Trigger::Nightly).await;
    assert!(report.unenrolled);
    assert_eq!(server.state(&unenroll).await, "succeeded", "by alert 1226");
}

#[tokio::test]
async fn an_unenrolment_without_a_word_stays_open() {
    let (server, device, mut tablet) = enrolled("t").await;
    tablet.silent_unenroll(true);
    let unenroll = server.queue(&device, json!({"type": "unenroll"})).await;
    assert!(sync(&mut tablet, Trigger::Reboot).await.unenrolled);
    assert_eq!(server.state(&unenroll).await, "unconfirmed");
}

#[tokio::test]
async fn operations_end_as_the_device_answers_them() {
    let (server, device, mut tablet) = enrolled("t").await;
    let mut queued = Vec::new();
    for (verb, rest, data, status) in [
        (
            "Replace",
            "MDM_Restrictions/MDM_Restrictions.Key=%221%22/BluetoothEnabled",
            "false",
            200,
        ),
        (
            "Replace",
            "MDM_Restrictions/MDM_Restrictions.Key=%221%22/DataRoamingEnabled",
            "no",
            500,
        ),
        (
            "Replace",
            "MDM_SecurityStatus/MDM_SecurityStatus.Key=%221%22/FirewallStatus",
            "0",
            405,
        ),
        (
            "Replace",
            "MDM_ConfigSetting/MDM_ConfigSetting.SettingName=%22None%22/SettingValue",
            "x",
            404,
        ),
        (
            "Exec",
            "MDM_EASPolicy/MDM_EASPolicy.Key=%221%22/Exec=SetValues",
            "NamedValuesList=MinPasswordLength,8;",
            200,
        ),
        (
            "Exec",
            "MDM_EASPolicy/MDM_EASPolicy.Key=%221%22/Exec=SetValues",
            "NamedValuesList=MinPasswordLength,99;",
            500,
        ),
        (
            "Exec",
            "MDM_SideLoader/MDM_SideLoader.key=%221%22/Exec=ActivateKey",
            "ProductKey=ABCDE-12345-FGHIJ-67890-KLMNO",
            200,
        ),
        (
            "Exec",
            "MDM_SideLoader/MDM_SideLoader.key=%221%22/Exec=AddCertificate",
            "CertificateBlob=MIIBCgKC",
            200,
        ),
        (
            "Add",
            "MDM_Certificate/MDM_Certificate.StoreLocation=%222%22,StoreName=%22CA%22,Thumbprint=%22AB%22",
            "MIIBCgKC",
            200,
        ),
        (
            "Add",
            "MDM_WirelessProfileXml/MDM_WirelessProfileXml.Name=%22Contoso%22",
            "<WLANProfile/>",
            418,
        ),
        (
            "Add",
            "MDM_WirelessProfileXml/MDM_WirelessProfileXml.Name=%22guest%22",
            "<WLANProfile>",
            500,
        ),
        (
            "Delete",
            "MDM_WebApplication/MDM_WebApplication.PackageName=%22Timesheet%22",
            "",
            200,
        ),
        (
            "Delete",
            "MDM_WebApplication/MDM_WebApplication.PackageName=%22None%22",
            "",
            404,
        ),
    ] {
        let command = server.queue(&device, raw(verb, rest, data)).await;
        queued.push((command, rest, status));
    }
    sync(&mut tablet, Trigger::Logon).await;
    for (command, rest, status) in queued {
        let state = if status == 200 { "succeeded" } else { "failed" };
        assert_eq!(server.state(&command).await, state, "{rest}");
        assert_eq!(results(&server, &command).await[0].0, status, "{rest}");
    }
    assert_eq!(tablet.eas_setting("MinPasswordLength"), Some("8"));
}

#[tokio::test]
async fn an_atomic_that_fails_leaves_the_device_as_it_was() {
    let (server, device, mut tablet) = enrolled("t").await;
    let other = "MDM_Restrictions/MDM_Restrictions.Key=%221%22/BluetoothEnabled";
    let commands = [
        raw("Replace", WIFI.trim_start_matches("./cimv2/"), "false"),
        raw("Replace", other, "perhaps"),
    ];
    let atomic = json!({"type": "atomic", "commands": commands});
    let atomic = server.queue(&device, atomic).await;
    sync(&mut tablet, Trigger::Logon).await;
    assert_eq!(server.state(&atomic).await, "failed");
    let held = tablet.property("MDM_Restrictions.Key=\"1\"", "WifiEnabled");
    assert_eq!(held.as_deref(), Some("true"));
}

#[tokio::test]
async fn inventory_takes_what_is_absent_null_or_empty() {
    let (server, device, mut tablet) = enrolled("t").await;
    let os = |name: &str| format!("./cimv2/Win32_OperatingSystem/Win32_OperatingSystem=@/{name}");
    tablet.set_property("Win32_OperatingSystem=@", "Caption", "Windows & <more>");
    tablet.remove_property("Win32_OperatingSystem=@", "CSName");
    let nodes: Vec<String> = [
        "Caption",
        "CSDVersion",
        "PlusVersionNumber",
        "CSName",
        "InstallDate",
    ]
    .iter()
    .map(|name| os(name))
    .chain(["./cimv2/MDM_RemoteApplication".to_owned()])
    .collect();
    let command = json!({"type": "inventory", "classes": nodes[..5]});
    let inventory = server.queue(&device, command).await;
    let feeds = server
        .queue(&device, raw("Get", "MDM_RemoteApplication", ""))
        .await;
    sync(&mut tablet, Trigger::Logon).await;
    let got = results(&server, &inventory).await;
    assert_eq!(
        got,
        [
            (200, "Windows & <more>".to_owned()),
            (200, String::new()),
            (500, "-".to_owned()),
            (404, "-".to_owned()),
            (200, "20140318091500.000000+060".to_owned()),
        ]
    );
    let names = &results(&server, &feeds).await[0].1;
    assert!(
        names.contains("FeedUrl=\"https://apps.contoso.test/rdweb/feed.aspx\""),
        "{names}"
    );
    tablet.encodes_names(true);
    let feeds = server
        .queue(&device, raw("Get", "MDM_RemoteApplication", ""))
        .await;
    sync(&mut tablet, Trigger::Logon).await;
    let names = &results(&server, &feeds).await[0].1;
    assert!(
        names.contains("%22https%3A%2F%2Fapps.contoso.test%2F"),
        "{names}"
    );
}

#[tokio::test]
async fn a_job_is_watched_to_its_end() {
    for (error, stage, last_error) in [
        (None, JobStage::Done, "0"),
        (Some(5), JobStage::Failed, "5"),
    ] {
        let (server, device, mut tablet) = enrolled("t").await;
        let install = json!({"type": "app_install", "job_data": "<Job/>"});
        let install = server.queue(&device, install).await;
        sync(&mut tablet, Trigger::Push).await;
        assert_eq!(server.state(&install).await, "succeeded");
        let job = tablet.jobs().remove(0);
        assert_eq!(job.stage, JobStage::Waiting);
        if let Some(error) = error {
            tablet.fail_job(error);
        }
        let instance = format!("MDM_AppInstallJob/MDM_AppInstallJob.JobID=%22{}%22", job.id);
        let mut seen = Vec::new();
        for _ in 0..2 {
            let progress = server
                .queue(&device, raw("Get", &format!("{instance}/Progress"), ""))
                .await;
            let ended = server
                .queue(&device, raw("Get", &format!("{instance}/LastError"), ""))
                .await;
            sync(&mut tablet, Trigger::Logon).await;
            let progress = results(&server, &progress).await[0].1.clone();
            seen.push((progress, results(&server, &ended).await[0].1.clone()));
        }
        assert_eq!(seen[0], ("50".to_owned(), "0".to_owned()));
        assert_eq!(seen[1].1, last_error);
        assert_eq!(seen[1].0 == "100", error.is_none());
        assert_eq!(tablet.job_state(&job.id).unwrap().stage, stage);
    }
}

#[tokio::test]
async fn after_a_lost_reply_what_may_run_twice_comes_again() {
    let (server, device, mut tablet) = enrolled("t").await;
    let read = server
        .queue(
            &device,
            json!({"type": "inventory", "classes": ["Win32_BIOS"]}),
        )
        .await;
    let reset = server
        .queue(
            &device,
            json!({"type": "reset_user_password", "user": "a", "password": "b"}),
        )
        .await;
    tablet.drop_replies(1);
    assert!(sync(&mut tablet, Trigger::Reboot).await.lost);
    assert_eq!(server.state(&read).await, "sent");
    sync(&mut tablet, Trigger::Reboot).await;
    assert_eq!(server.state(&read).await, "succeeded");
    assert_eq!(server.state(&reset).await, "unconfirmed");
    assert_eq!(
        tablet.password_resets(),
        0,
        "nobody knows, so it is not done twice"
    );
}

#[tokio::test]
async fn repeated_messages_get_the_same_bytes_and_nothing_is_done_twice() {
    let (server, device, mut tablet) = enrolled("t").await;
    let reset = json!({"type": "reset_user_password", "user": "a", "password": "b"});
    let mut commands = vec![server.queue(&device, reset).await];
    let install = json!({"type": "app_install", "job_data": "<Job/>"});
    commands.push(server.queue(&device, install).await);
    tablet.retransmit(10);
    let report = sync(&mut tablet, Trigger::Logon).await;
    assert!(report.retransmitted >= 2, "{report:?}");
    for command in &commands {
        assert_eq!(server.state(command).await, "succeeded");
    }
    assert_eq!((tablet.password_resets(), tablet.jobs().len()), (1, 1));
}

#[tokio::test]
async fn a_package_of_two_messages_is_answered_when_it_is_whole() {
    let (server, device, mut tablet) = enrolled("t").await;
    let classes = json!(["Win32_NetworkAdapter", "Win32_BIOS"]);
    let inventory = server
        .queue(&device, json!({"type": "inventory", "classes": classes}))
        .await;
    tablet.splits_results(true);
    let report = sync(&mut tablet, Trigger::Reboot).await;
    assert!(report.exchanges > 3, "{report:?}");
    assert_eq!(server.state(&inventory).await, "succeeded");
    // Of what the second message brought nothing is lost.
    let known = server.get(&format!("/devices/{device}/inventory")).await;
    let adapters = &known["classes"]["Win32_NetworkAdapter"]["instances"];
    assert_eq!(adapters.as_object().unwrap().len(), 3, "{known}");
}

#[tokio::test]
async fn an_agent_run_by_hand_fails_where_it_must_impersonate() {
    let (server, device, mut tablet) = enrolled("t").await;
    let wns =
        json!({"type": "wns_update_configuration", "app_id": "mdm", "package_family_name": FAMILY});
    let failed = server.queue(&device, wns).await;
    let read = server.queue(&device, json!({"type": "inventory"})).await;
    tablet.runs_by_hand(true);
    sync(&mut tablet, Trigger::Logon).await;
    // It counts as not tried.
    assert_eq!(server.state(&failed).await, "queued");
    assert_eq!(server.state(&read).await, "succeeded");
    assert!(!tablet.has_channel());
    // It counts as not tried: it goes again with the next Maintenance.
    tablet.runs_by_hand(false);
    sync(&mut tablet, Trigger::Logon).await;
    assert_eq!(server.state(&failed).await, "succeeded");
}

#[tokio::test]
async fn a_device_that_names_no_mode_gets_the_narrow_set() {
    let (server, device, mut tablet) = enrolled("t").await;
    let setting = json!({"type": "raw", "verb": "Replace", "loc_uri": WIFI, "data": "false"});
    let setting = server.queue(&device, setting).await;
    let read = server.queue(&device, json!({"type": "inventory"})).await;
    tablet.names_mode(false);
    let report = sync(&mut tablet, Trigger::Logon).await;
    assert_eq!(report.query, "Platform=WoA");
    assert_eq!(server.state(&setting).await, "queued");
    assert_eq!(server.state(&read).await, "succeeded");
}

#[tokio::test]
async fn forced_statuses_are_taken_as_they_come() {
    let (server, device, mut tablet) = enrolled("t").await;
    let mut states = Vec::new();
    for (code, expected) in [(202, "accepted"), (425, "failed"), (201, "succeeded")] {
        let setting = json!({"type": "raw", "verb": "Replace", "loc_uri": WIFI, "data": "false"});
        let command = server.queue(&device, setting).await;
        tablet.answer_once("WifiEnabled", code);
        sync(&mut tablet, Trigger::Logon).await;
        states.push((server.state(&command).await, expected));
    }
    for (state, expected) in states {
        assert_eq!(state, expected);
    }
}

#[tokio::test]
async fn simulate_takes_the_manner_as_flags() {
    let server = Server::start();
    let run = |more: &[&str]| {
        let output = program()
            .args(["simulate", "--devices", "2", "--sessions", "3", "--json"])
            .args(more)
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let report: Value = serde_json::from_str(&text).unwrap_or_default();
        (output.status.code(), report)
    };
    let url = format!("{}/sync", server.http);
    let (code, report) = run(&[
        "--url",
        &url,
        "--mode-less",
        "--by-hand",
        "--split-results",
        "--encoded-names",
        "--retransmit",
    ]);
    assert_eq!(
        (code, &report["sessions"]),
        (Some(0), &json!(6)),
        "{report}"
    );
    let dir = tempfile::tempdir().unwrap();
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate = rcgen::CertificateParams::default()
        .self_signed(&key)
        .unwrap();
    let file = |name: &str, text: &str| {
        let path = dir.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let own = file("own.pem", &certificate.pem());
    let key = file("key.pem", &key.serialize_pem());
    let pem = std::fs::read(&own).unwrap();
    let identity = ClientIdentity::from_pem(&pem, &std::fs::read(&key).unwrap()).unwrap();
    for source in ["own-0", "own-1"] {
        server
            .register(json!({"source": source, "certificate_sha256": [identity.sha256()]}))
            .await;
    }
    let ca = server.dir.join("ca.pem");
    let https = format!("{}/sync", server.https.replace("127.0.0.1", "localhost"));
    let secure = [
        "--url",
        &https,
        "--ca",
        ca.to_str().unwrap(),
        "--source-prefix",
        "own-",
    ];
    let (code, report) = run(&[&secure[..], &["--certificate", &own, "--key", &key]].concat());
    assert_eq!((code, &report["errors"]), (Some(0), &json!(0)), "{report}");
    let (code, report) = run(&secure);
    assert_eq!(
        (code, &report["sessions"]),
        (Some(1), &json!(0)),
        "{report}"
    );
}
