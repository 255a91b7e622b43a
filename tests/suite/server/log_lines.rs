//! What the log of a server is like for who reads it: no colours where they are not
//! wanted, nothing of libraries, and a line for each refused request.

use std::process::Command;

use serde_json::{Value, json};

use crate::cli::configuration::{ConfigDir, Served, err};
use crate::harness::{SYNCML, Server, answers, message, package1};
use crate::tools::has_tool;

/// What the program writes to a terminal, with these variables.
fn on_a_terminal(place: &ConfigDir, arguments: &str, variables: &[(&str, &str)]) -> String {
    let command = place.command(&[], variables);
    let line = format!("{} {arguments}", command.get_program().to_str().unwrap());
    // Makes a terminal for it.
    let mut script = crate::program::without_settings(Command::new("script"));
    let script = script.args(["--quiet", "--return", "--command", &line, "/dev/null"]);
    script.env("TERM", "xterm");
    script
        .envs(variables.iter().copied())
        .current_dir(place.0.path());
    String::from_utf8_lossy(&script.output().unwrap().stdout).into_owned()
}

#[test]
fn no_color_and_a_pipe_mean_no_colours() {
    if !has_tool("script", "bsdutils") {
        return;
    }
    let place = ConfigDir::new();
    // A warning is logged before the fault ends it.
    let arguments = "serve --sync-path x";
    let nonsense = ("MODEGATE_NONSENSE", "1");
    for (variables, coloured) in [
        (&[nonsense][..], true),
        (&[nonsense, ("NO_COLOR", "1")], false),
        (&[nonsense, ("NO_COLOR", "")], true),
        (&[nonsense, ("TERM", "dumb")], false),
    ] {
        let text = on_a_terminal(&place, arguments, variables);
        assert!(text.contains("MODEGATE_NONSENSE"), "{text}");
        assert_eq!(text.contains('\u{1b}'), coloured, "{variables:?}: {text:?}");
    }
    let piped = place.run(&["serve", "--sync-path", "x"], &[nonsense]);
    assert!(err(&piped).contains("MODEGATE_NONSENSE"));
    assert!(!err(&piped).contains('\u{1b}'), "{}", err(&piped));
}

#[tokio::test]
async fn at_info_libraries_are_silent() {
    let place = ConfigDir::new();
    let serve = [
        "serve",
        "--data",
        "d",
        "--listen",
        "127.0.0.1:0",
        "--log-format",
        "json",
    ];
    for variables in [
        &[][..],
        &[("RUST_LOG", "info")],
        &[("MODEGATE_LOG_FILTER", "info")],
    ] {
        let mut served = Served::start(place.command(&serve, variables));
        let https = served.ready["listening"]["https"].as_str().unwrap();
        let _ = reqwest::get(format!("http://{https}/")).await;
        let log = served.end();
        let targets: Vec<String> = log
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap())
            .map(|line| line["target"].as_str().unwrap().to_owned())
            .collect();
        assert!(targets.len() >= 3, "{log}");
        let foreign = targets
            .iter()
            .find(|target| !target.starts_with("modegate"));
        assert_eq!(foreign, None, "{variables:?}: {log}");
    }
    // Who asks for a library by its name gets it.
    let variables = [("RUST_LOG", "info,actix_server=info")];
    let log = Served::start(place.command(&serve, &variables)).end();
    assert!(log.contains("actix_server"), "{log}");
}

#[tokio::test]
async fn each_refused_request_of_a_device_is_one_line_and_an_answered_one_is_none() {
    let server = Server::start_with(&[]);
    let credentials = json!({"username": "u", "password": "Pa55word"});
    let known = json!({"source": "known-tablet", "certificate_sha256": ["ab".repeat(32)]});
    server.register(known).await;
    server
        .register(json!({"source": "with-password", "credentials": credentials}))
        .await;
    let query = "mode=Machine&Platform=WoA";
    let body = |source: &str| package1(source, "1", 1, "none").into_bytes();
    let large = vec![b' '; 5 * 1024 * 1024];
    let cases: Vec<(&str, Vec<u8>, u16, &[&str])> = vec![
        (SYNCML, body("unknown-tablet"), 403, &["unknown-tablet"]),
        (SYNCML, body("known-tablet"), 403, &["known-tablet"]),
        (SYNCML, b"no SyncML".to_vec(), 400, &["not well-formed"]),
        ("text/plain", body("x"), 415, &["Content-Type"]),
        (SYNCML, large, 413, &["longer than"]),
    ];
    for (nth, (content_type, body, status, words)) in cases.into_iter().enumerate() {
        assert_eq!(server.post(query, content_type, body).await.0, status);
        let log = server.log();
        let lines: Vec<&str> = log
            .lines()
            .filter(|line| line.contains("refused a sync request"))
            .collect();
        assert_eq!(lines.len(), nth + 1, "{log}");
        let line = lines[nth];
        let status = format!("status={status}");
        for word in ["INFO", "peer=127.0.0.1", &status]
            .into_iter()
            .chain(words.iter().copied())
        {
            assert!(line.contains(word), "{word} in: {line}");
        }
    }
    // A challenge and an exchange are no refusals.
    let before = server.log().lines().count();
    server
        .sync("Machine", &package1("with-password", "1", 1, "none"))
        .await;
    let trusting = Server::start();
    let reply = trusting
        .sync("Machine", &package1("t", "1", 1, "none"))
        .await;
    trusting
        .sync("Machine", &message("t", "1", 2, &answers(&reply, 200)))
        .await;
    for log in [
        server.log().lines().skip(before).collect::<String>(),
        trusting.log(),
    ] {
        assert!(!log.contains("refused"), "{log}");
    }
}

#[tokio::test]
async fn a_flood_of_refused_requests_is_few_lines() {
    let server = Server::start_with(&[]);
    for n in 0..200 {
        let body = package1(&format!("d{n}"), "1", 1, "none").into_bytes();
        assert_eq!(server.post("mode=Machine", SYNCML, body).await.0, 403);
    }
    let log = server.log();
    let lines = log
        .lines()
        .filter(|line| line.contains("refused a sync request"));
    assert_eq!(lines.count(), 60);
}
