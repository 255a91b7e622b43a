//! Secrets and names in every input that takes one: none is in a line of any form.

use serde_json::json;

use super::syslog::SyslogReceiver;
use super::{arrived, in_file, sealed, serve};
use crate::harness::{answers, message, package1};

/// What is planted: secrets, and names of people and their things.
const PLANTED: [&str; 12] = [
    "Zq7Password",
    "Zq7WifiKey",
    "Zq7Sideload",
    "Zq7JobLicence",
    "Zq7HookSecret",
    "Zq7HookPath",
    "Zq7SyncPassword",
    "Zq7ProfileSecret",
    "zq7.owner@example.test",
    "Zq7DeviceName",
    "Zq7Result",
    "Zq7WrongToken",
];

#[tokio::test(flavor = "multi_thread")]
async fn no_line_has_a_secret_or_a_persons_name() {
    let own = tempfile::tempdir().unwrap();
    let (dir, path) = (own.path().join("data"), own.path().join("events"));
    let receiver = SyslogReceiver::start();
    let sinks = [
        format!("o ocsf file:{}", path.with_extension("o").display()),
        format!("j jsonl file:{}", path.with_extension("j").display()),
        format!("s ocsf {}", receiver.target()),
    ];
    let sinks = sinks.each_ref().map(String::as_str);
    let ca = receiver.ca(own.path());
    let server = serve(&dir, &sinks, &[("MODEGATE_SIEM_CA", &ca)]);
    let device = server
        .register(json!({
            "source": "Zq7DeviceName", "family": "windows81", "user": "zq7.owner@example.test",
            "credentials": {"username": "zq7.owner@example.test", "password": "Zq7SyncPassword"},
        }))
        .await;
    for command in [
        json!({"type": "reset_user_password", "user": "zq7.owner@example.test", "password": "Zq7Password"}),
        json!({"type": "app_install", "job_data": "<Job>Zq7JobLicence</Job>"}),
        json!({"type": "raw", "verb": "Replace", "loc_uri": "./cimv2/x/y", "data": "Zq7WifiKey"}),
        json!({"type": "raw", "verb": "Add", "loc_uri": "./Vendor/MSFT/Sideloading/Key", "data": "Zq7Sideload"}),
    ] {
        server.queue(&device, command).await;
    }
    // What is refused is an input too.
    let refused = json!({"type": "sideloading_key", "key": ["Zq7Sideload"]});
    let commands = format!("/devices/{device}/commands");
    let (status, answer) = server.api("POST", &commands, Some(refused)).await;
    assert_eq!(status, 422, "{answer}");
    let hook = json!({"url": "https://hooks.example.test/Zq7HookPath", "secret": "Zq7HookSecret of 16", "events": ["install.*"]});
    let (status, answer) = server.api("POST", "/webhooks", Some(hook)).await;
    assert_eq!(status, 201, "{answer}");
    let mut profile = crate::harness::push_profile();
    profile["secret"] = json!("Zq7ProfileSecret");
    server.push_profile(profile).await;
    server
        .call("Zq7WrongToken", "GET", "/devices", &[], None)
        .await;
    server.queue_read(&device, "Win32_OperatingSystem").await;
    let basic = "Zq7DeviceName";
    let query = "mode=Maintenance&Platform=WoA";
    let kind = crate::harness::SYNCML;
    for body in [
        package1(basic, "1", 1, "user"),
        message(basic, "1", 2, "<Final/>").replace("</SyncBody>", "Zq7Result</SyncBody>"),
        "Zq7Result".to_owned(),
    ] {
        server.post(query, kind, body.into_bytes()).await;
    }
    // A tablet that anybody may be, with values of its own.
    let reply = server
        .sync("Maintenance", &package1("t", "1", 1, "user"))
        .await;
    let values = answers(&reply, 200).replace("value of", "Zq7Result of");
    server
        .sync("Maintenance", &message("t", "1", 2, &values))
        .await;
    let size = sealed(&dir);
    let text = |extension: &str| {
        std::fs::read_to_string(path.with_extension(extension)).unwrap_or_default()
    };
    for form in ["o", "j"] {
        arrived(size, || in_file(&path.with_extension(form)));
    }
    let messages = arrived(size, || receiver.lines());
    let messages: Vec<String> = messages.iter().map(ToString::to_string).collect();
    for (of, text) in [
        ("ocsf", text("o")),
        ("jsonl", text("j")),
        ("syslog", messages.join("\n")),
    ] {
        let lower = text.to_lowercase();
        for planted in PLANTED {
            let at = lower.find(&planted.to_lowercase());
            let around = at.map(|at| &text[at.saturating_sub(200)..(at + 80).min(text.len())]);
            assert_eq!(around, None, "{planted} in {of}");
        }
    }
}
