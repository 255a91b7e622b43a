//! `simulate` and `mock-wns` as programs: what a portal is built with that knows no Rust.

use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};

use modegate_sim::https_client;
use serde_json::{Value, json};

use crate::harness::Server;
use crate::program::program;
use crate::wait::{DEADLINE, eventually, seen};

/// A running `mock-wns`.
struct Mock {
    child: Child,
    line: Value,
}

impl Mock {
    fn start() -> Mock {
        let mut child = program()
            .arg("mock-wns")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let stdout = child.stdout.take().unwrap();
        BufReader::new(stdout).read_line(&mut line).unwrap();
        let line = serde_json::from_str(&line).unwrap();
        Mock { child, line }
    }

    fn text(&self, name: &str) -> &str {
        self.line[name].as_str().unwrap()
    }

    async fn post(&self, path: &str, body: Value) -> (u16, Value) {
        let url = format!("{}{path}", self.text("control"));
        let answer = https_client(None, None)
            .unwrap()
            .post(url)
            .json(&body)
            .send()
            .await;
        let answer = answer.unwrap();
        let status = answer.status().as_u16();
        (status, answer.json().await.unwrap_or_default())
    }

    async fn received(&self) -> usize {
        let url = format!("{}/received", self.text("control"));
        let body: Value = https_client(None, None)
            .unwrap()
            .get(url)
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap();
        body["items"].as_array().unwrap().len()
    }
}

impl Drop for Mock {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs `simulate` and reads its report; `None` as code: it was ended by a signal.
fn simulate(arguments: &[&str]) -> (Option<i32>, Value, String) {
    let output = program()
        .args(["simulate", "--json"])
        .args(arguments)
        .output()
        .unwrap();
    let report = serde_json::from_slice(&output.stdout).unwrap_or_default();
    let errors = String::from_utf8(output.stderr).unwrap();
    (output.status.code(), report, errors)
}

/// A server on the mock, with its app as push profile.
async fn server_on(mock: &Mock) -> Server {
    let server = Server::start_with(&[
        "--accept-unknown-devices",
        "--wns-token-url",
        mock.text("token_url"),
        "--wns-host-suffix",
        mock.text("host_suffix"),
    ]);
    server.push_profile(mock.line["push_profile"].clone()).await;
    server
}

#[tokio::test(flavor = "multi_thread")]
async fn tablets_are_woken_by_the_mock_and_go_on_in_a_later_run() {
    let mock = Mock::start();
    let server = server_on(&mock).await;
    let device = server.register(json!({"source": "kept-0"})).await;
    let dir = tempfile::tempdir().unwrap();
    let state = dir.path().join("tablets");
    let url = format!("{}/sync", server.http);
    let common = [
        "--url",
        &url,
        "--devices",
        "1",
        "--source-prefix",
        "kept-",
        "--state",
        state.to_str().unwrap(),
        "--wns",
        mock.text("url"),
    ];
    // One run sets the channel, another one reads it: the tablet is the same.
    for _ in 0..2 {
        let logon = [&common[..], &["--sessions", "1", "--trigger", "logon"]].concat();
        let (code, report, errors) = simulate(&logon);
        assert_eq!(code, Some(0), "{report} {errors}");
    }
    let channel = server.get(&format!("/devices/{device}/channel")).await;
    assert_eq!(channel["state"], "active", "{channel}");
    // The file is its owner's only.
    let kept = std::fs::metadata(state.join("kept%2D0.json")).unwrap();
    let mode = std::os::unix::fs::PermissionsExt::mode(&kept.permissions());
    assert_eq!(mode & 0o777, 0o600);

    let woken = [
        &common[..],
        &["--sessions", "1", "--trigger", "push", "--push-wait", "60"],
    ]
    .concat();
    let path = format!("/devices/{device}/wake");
    let (status, wake) = server.api("POST", &path, None).await;
    assert_eq!(status, 202, "{wake}");
    let (code, report, errors) = simulate(&woken);
    assert_eq!(
        (code, &report["sessions"]),
        (Some(0), &json!(1)),
        "{errors}"
    );
    assert_eq!(mock.received().await, 1);
    let channel = server.get(&format!("/devices/{device}/channel")).await;
    assert_eq!(channel["wake"]["state"], "answered", "{channel}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_mock_misbehaves_when_it_is_told_to() {
    let mock = Mock::start();
    let server = server_on(&mock).await;
    let device = server.register(json!({"source": "odd-0"})).await;
    let dir = tempfile::tempdir().unwrap();
    let url = format!("{}/sync", server.http);
    let logon = [
        "--url",
        &url,
        "--devices",
        "1",
        "--sessions",
        "2",
        "--source-prefix",
        "odd-",
        "--trigger",
        "logon",
        "--state",
        dir.path().to_str().unwrap(),
        "--wns",
        mock.text("url"),
    ];
    assert_eq!(simulate(&logon).0, Some(0));
    let gone = json!({"to": "push", "reply": {"documented": "gone"}});
    assert_eq!(mock.post("/next", gone).await.0, 204);
    let path = format!("/devices/{device}/wake");
    server.api("POST", &path, None).await;
    let path = format!("/devices/{device}/channel");
    eventually(DEADLINE, async || {
        seen(server.get(&path).await, |channel| {
            channel["state"] == "dead"
        })
    })
    .await;
    let wrong = json!({"to": "push", "reply": {"documented": "lost"}});
    let (status, answer) = mock.post("/next", wrong).await;
    assert_eq!(status, 422);
    assert!(
        answer["detail"]
            .as_str()
            .unwrap()
            .contains("channel_throttled"),
        "{answer}"
    );
    let typo = json!({"cut_connections": true});
    let (status, answer) = mock.post("/settings", typo).await;
    assert_eq!(status, 422);
    assert!(
        answer["detail"]
            .as_str()
            .unwrap()
            .contains("cut_reused_connections")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn simulate_names_the_reasons_of_its_errors() {
    let server = Server::start_with(&[]);
    let url = format!("{}/sync", server.http);
    let strangers = ["--url", &url, "--devices", "3", "--sessions", "2"];
    let (code, report, _) = simulate(&strangers);
    assert_eq!((code, &report["errors"]), (Some(1), &json!(6)), "{report}");
    let reasons = report["errors_by_reason"].as_object().unwrap();
    let (reason, count) = reasons.iter().next().unwrap();
    assert!(
        reason.starts_with("HTTP 403: no registered device"),
        "{reason}"
    );
    assert_eq!(count, 6);
    // Nobody listens there.
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let nobody = format!("http://{}/sync", free.local_addr().unwrap());
    drop(free);
    let alone = ["--url", &nobody, "--devices", "1", "--sessions", "1"];
    let (code, report, _) = simulate(&alone);
    assert_eq!(code, Some(1));
    let reasons = report["errors_by_reason"].to_string();
    assert!(
        reasons.contains("could not connect: Connection refused"),
        "{reasons}"
    );
    // A mock that is not there is named before anything runs.
    let wns = nobody.replace("/sync", "");
    let (code, _, errors) = simulate(&[&alone[..], &["--wns", &wns]].concat());
    assert_eq!(code, Some(1));
    assert!(
        errors.contains("Connection refused") || errors.contains(&wns),
        "{errors}"
    );
}

#[test]
fn the_mock_stays_on_loopback() {
    let output = program()
        .args(["mock-wns", "--listen", "0.0.0.0:0"])
        .output()
        .unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{errors}");
    assert!(errors.contains("expected a loopback address"), "{errors}");
}
