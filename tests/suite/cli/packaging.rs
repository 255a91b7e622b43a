//! What a package needs, through the real program: health, spans, completions,
//! manual pages, the unit and the example configuration.

#[cfg(feature = "otlp")]
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::cli::configuration::{ConfigDir, Served, err, out};
use crate::tools::has_tool;

#[test]
fn a_server_that_answers_is_healthy() {
    let place = ConfigDir::new();
    let served =
        Served::start(place.command(&["serve", "--data", "d", "--listen", "127.0.0.1:0"], &[]));
    let url = format!(
        "https://{}",
        served.ready["listening"]["https"].as_str().unwrap()
    );
    for arguments in [
        ["health", &url].as_slice(),
        &["health", &url, "--ca", "d/ca.pem"],
    ] {
        let output = place.run(arguments, &[]);
        assert!(output.status.success(), "{arguments:?}: {}", err(&output));
    }
    let nothing = format!("{url}/nothing-here");
    let output = place.run(&["health", &nothing], &[]);
    assert_eq!(output.status.code(), Some(1));
    assert!(err(&output).contains("found 404"), "{}", err(&output));
    drop(served);
    assert_eq!(place.run(&["health", &url], &[]).status.code(), Some(1));
}

#[test]
fn completions_and_manual_pages_are_made() {
    let place = ConfigDir::new();
    for (shell, sign) in [
        ("bash", "complete -F"),
        ("zsh", "#compdef modegate"),
        ("fish", "complete -c modegate"),
        ("powershell", "Register-ArgumentCompleter"),
    ] {
        let output = place.run(&["completions", shell], &[]);
        assert!(
            output.status.success() && out(&output).contains(sign),
            "{shell}"
        );
    }
    assert!(place.run(&["man", "deep/man1"], &[]).status.success());
    let folder = place.0.path().join("deep/man1");
    for page in [
        "modegate.1",
        "modegate-serve.1",
        "modegate-config-check.1",
        "modegate-policy-explain.1",
    ] {
        let text = std::fs::read_to_string(folder.join(page)).unwrap();
        assert!(text.contains(".TH"), "{page}");
    }
    let serve = std::fs::read_to_string(folder.join("modegate-serve.1")).unwrap();
    assert!(serve.contains("Examples:"), "{serve}");
}

/// Takes one request as a collector does, and answers 200: head and body.
#[cfg(feature = "otlp")]
fn collected(collector: &std::net::TcpListener) -> (String, Vec<u8>) {
    use std::io::Write;
    let (mut stream, _) = collector.accept().unwrap();
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let (mut head, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        if line.trim().is_empty() {
            break;
        }
        if let Some(digits) = line.to_lowercase().strip_prefix("content-length:") {
            length = digits.trim().parse().unwrap();
        }
        head += &line;
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    stream.write_all(answer).unwrap();
    (head, body)
}

#[cfg(feature = "otlp")]
#[tokio::test]
async fn spans_reach_the_collector_at_the_latest_when_the_server_ends() {
    let collector = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", collector.local_addr().unwrap());
    let collecting = std::thread::spawn(move || collected(&collector));
    let place = ConfigDir::new();
    let serve = ["serve", "--data", "d", "--listen", "127.0.0.1:0"];
    let mut served = Served::start(place.command(
        &[serve.as_slice(), &["--insecure-http", "127.0.0.1:0"]].concat(),
        &[("MODEGATE_OTLP_ENDPOINT", &endpoint)],
    ));
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let http = served.ready["listening"]["http"].as_str().unwrap();
    let answer = reqwest::Client::new()
        .post(format!("http://{http}/sync?mode=Machine"))
        .header("content-type", crate::harness::SYNCML)
        .body("no SyncML")
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 400);
    served.end();
    let (head, body) = collecting.join().unwrap();
    assert!(head.starts_with("POST /v1/traces "), "{head}");
    let text = String::from_utf8_lossy(&body).into_owned();
    assert!(
        text.contains("service.name") && text.contains("sync"),
        "{text:?}"
    );
    assert!(!text.contains("no SyncML"), "{text:?}");
}

fn packaged(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("packaging")
        .join(name)
}

#[test]
fn the_packaged_configuration_is_good_as_it_is() {
    let place = ConfigDir::new();
    let file = packaged("modegate.toml").display().to_string();
    let output = place.run(&["config", "check", &file], &[]);
    assert!(output.status.success(), "{}", out(&output));
}

#[test]
fn systemd_takes_the_unit() {
    let unit = std::fs::read_to_string(packaged("modegate.service")).unwrap();
    let at = unit.find("\nExecStart=").unwrap();
    let start = unit[at..].lines().nth(1).unwrap();
    let arguments: Vec<&str> = start.split(' ').skip(1).collect();
    assert_eq!(
        arguments,
        ["serve", "--config", "/etc/modegate/modegate.toml"]
    );
    if !has_tool("systemd-analyze", "systemd") {
        return;
    }
    // It asks for programs that are there; this one is not installed.
    let place = ConfigDir::new();
    let here = unit.replace("/usr/bin/modegate", env!("CARGO_BIN_EXE_modegate"));
    let file = place.file("modegate.service", &here);
    let output = Command::new("systemd-analyze")
        .args(["verify", "--man=no", &file])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", err(&output));
}
