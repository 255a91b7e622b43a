//! The configuration through the real program: sources, faults, what is shown, logs.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;

use crate::program::program;

/// A folder of its own for a test, with files in it.
pub struct ConfigDir(pub tempfile::TempDir);

impl ConfigDir {
    pub fn new() -> ConfigDir {
        ConfigDir(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).display().to_string()
    }

    pub fn file(&self, name: &str, text: &str) -> String {
        std::fs::write(self.path(name), text).unwrap();
        self.path(name)
    }

    /// The program, started in the folder with nothing set but these variables.
    pub fn command(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Command {
        let mut command = program();
        command
            .args(arguments)
            .envs(variables.iter().copied())
            .current_dir(self.0.path());
        command
    }

    pub fn run(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
        self.command(arguments, variables).output().unwrap()
    }

    /// `config show --json` as values by key: (value, where it comes from).
    fn shown(&self, arguments: &[&str], variables: &[(&str, &str)]) -> impl Fn(&str) -> Value {
        let all = [&["config", "show", "--json"], arguments].concat();
        let output = self.run(&all, variables);
        let shown: Value = serde_json::from_slice(&output.stdout).unwrap();
        move |key| {
            let entries = shown["settings"].as_array().unwrap();
            entries
                .iter()
                .find(|entry| entry["key"] == key)
                .unwrap()
                .clone()
        }
    }
}

pub fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

pub fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A server that a test reads the lines of; killed when it goes.
pub struct Served {
    child: Child,
    pub ready: Value,
}

impl Served {
    pub fn start(mut command: Command) -> Served {
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let ready = serde_json::from_str(&line);
        let mut served = Served {
            child,
            ready: Value::Null,
        };
        match ready {
            Ok(ready) => served.ready = ready,
            Err(_) => panic!("it ended before it listened: {}", served.end()),
        }
        served
    }

    /// Ends it as a supervisor does; what it wrote to standard error.
    pub fn end(&mut self) -> String {
        let pid = self.child.id().to_string();
        let _ = Command::new("kill").args(["-TERM", &pid]).status();
        let mut text = String::new();
        let mut stderr = self.child.stderr.take().unwrap();
        stderr.read_to_string(&mut text).unwrap();
        assert!(self.child.wait().unwrap().success(), "{text}");
        text
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_flag_beats_the_environment_beats_the_file_beats_the_default() {
    let place = ConfigDir::new();
    let file = place.file(
        "m.toml",
        "data = 'of-file'\nsync_path = '/of-file'\nnames = ['of-file']\nallow_rsa = true\n",
    );
    let variables = [
        ("MODEGATE_CONFIG", file.as_str()),
        ("MODEGATE_DATA", "of-environment"),
        ("MODEGATE_SYNC_PATH", "/of-environment"),
    ];
    let shown = place.shown(&["--data", "of-flag", "--allow-rsa=false"], &variables);
    for (key, value, from) in [
        ("data", Value::from("of-flag"), "flag"),
        ("sync_path", Value::from("/of-environment"), "environment"),
        ("names", Value::from(vec!["of-file"]), "file"),
        ("allow_rsa", Value::from(false), "flag"),
        ("listen", Value::from("127.0.0.1:8443"), "default"),
    ] {
        let entry = shown(key);
        assert_eq!(
            (&entry["value"], &entry["origin"]["from"]),
            (&value, &from.into()),
            "{entry}"
        );
    }
    assert_eq!(shown("names")["origin"]["line"], 3);
}

#[test]
fn serve_does_as_the_file_says_unless_told_otherwise() {
    let place = ConfigDir::new();
    let file = place.file(
        "m.toml",
        "data = 'd'\nlisten = '127.0.0.1:0'\nsync_path = '/omadm'\n",
    );
    let mut served =
        Served::start(place.command(&["serve", "--config", &file], &[("MODEGATE_DATA", "e")]));
    assert_eq!(served.ready["sync"], "/omadm");
    assert!(place.0.path().join("e/modegate.db").exists());
    assert!(!place.0.path().join("d").exists());
    served.end();
}

#[test]
fn every_fault_is_told_at_once_and_serve_does_not_start() {
    let place = ConfigDir::new();
    let file = place.file(
        "m.toml",
        "lissten = ''\ninsecure_http = '0.0.0.0:80'\nclient_ca = 'not-there.pem'\n[limits]\nconnections = 0\n",
    );
    let variables = [("MODEGATE_ALLOW_RSA", "perhaps")];
    let output = place.run(
        &["config", "check", &file, "--sync-path", "/api/sync"],
        &variables,
    );
    assert_eq!(output.status.code(), Some(1));
    let text = out(&output);
    let expected = [
        format!("{file}:1:1: expected 'listen', found the key 'lissten'"),
        format!("{file}:2:1: expected a loopback address"),
        format!("{file}:3:1: expected certificates of issuers in PEM, found not-there.pem:"),
        format!("{file}:5:15: expected a number from 1 to 1000000, found 0"),
        "MODEGATE_ALLOW_RSA: expected true or false, found 'perhaps'".to_owned(),
        "--sync-path: expected a path that begins with '/'".to_owned(),
    ];
    for (line, expected) in text.lines().zip(&expected) {
        assert!(line.starts_with(expected.as_str()), "{line}\n{expected}");
    }
    assert_eq!(text.lines().count(), expected.len(), "{text}");

    let serve = place.run(
        &["serve", "--config", &file, "--sync-path", "/api/sync"],
        &variables,
    );
    assert_eq!(serve.status.code(), Some(1));
    assert!(serve.stdout.is_empty());
    for line in text.lines() {
        assert!(err(&serve).contains(line), "{}", err(&serve));
    }
    assert!(!place.0.path().join("data").exists());
}

/// Whether a line of the example sets a key.
fn is_key((name, _): (&str, &str)) -> bool {
    let of_key = |c: char| c.is_ascii_lowercase() || c == '_';
    name.trim_start_matches('#').chars().all(of_key)
}

#[test]
fn a_check_says_so_when_all_is_well_in_text_and_in_json() {
    let place = ConfigDir::new();
    let file = place.file("m.toml", "names = ['mdm.example.org']\n");
    let good = place.run(&["config", "check", &file], &[]);
    assert!(good.status.success());
    // The example names all but the main key itself and the table of templates.
    let example = include_str!("../../../packaging/modegate.toml");
    let named = |line: &&str| line.starts_with('#') && line.split_once(" = ").is_some_and(is_key);
    let keys = example.lines().filter(named).count() + 2;
    assert_eq!(out(&good), format!("ok: 1 of {keys} keys set\n"));
    let bad = place.run(
        &["config", "check", &file, "--json"],
        &[
            ("MODEGATE_ACCEPT_UNKNOWN_DEVICES", "true"),
            ("MODEGATE_LISTEN", "0.0.0.0:8443"),
            ("MODEGATE_NONSENSE", "1"),
        ],
    );
    assert_eq!(bad.status.code(), Some(1));
    let report: Value = serde_json::from_slice(&bad.stdout).unwrap();
    assert_eq!(report["ok"], false);
    assert_eq!(
        report["faults"][0]["variable"],
        "MODEGATE_ACCEPT_UNKNOWN_DEVICES"
    );
    assert_eq!(report["warnings"][0]["variable"], "MODEGATE_NONSENSE");
    let missing = place.run(&["config", "check", "nowhere.toml"], &[]);
    assert_eq!(missing.status.code(), Some(1));
    assert!(
        out(&missing).starts_with("nowhere.toml:1:1: "),
        "{}",
        out(&missing)
    );
}

#[test]
fn what_is_shown_is_a_file_that_says_the_same_and_holds_no_secret() {
    let place = ConfigDir::new();
    let key = "5a".repeat(32);
    let variables = [
        ("MODEGATE_KEY", key.as_str()),
        ("MODEGATE_TRUSTED_PROXIES", "10.0.0.0/8,::1"),
        ("MODEGATE_PROXY_HEADER", "Client-Cert"),
        ("MODEGATE_RETENTION_EVENTS_DAYS", "90"),
    ];
    let shown = place.run(&["config", "show"], &variables);
    assert!(shown.status.success(), "{}", err(&shown));
    let text = out(&shown);
    assert!(!text.contains(&key));
    assert!(text.contains("# key = \"***\"  # MODEGATE_KEY\n"), "{text}");
    assert!(
        text.contains("retention.events_days = 90  # MODEGATE_RETENTION_EVENTS_DAYS\n"),
        "{text}"
    );
    let file = place.file("m.toml", &text);
    let again = place.run(&["config", "show", "--config", &file], &[]);
    assert!(again.status.success(), "{}", err(&again));
    let values = |text: &str| -> Vec<String> {
        let lines = text.lines().filter(|line| !line.starts_with("# key"));
        lines
            .map(|line| line.split("  # ").next().unwrap().to_owned())
            .collect()
    };
    assert_eq!(values(&out(&again)), values(&text));
}

#[test]
fn a_key_from_outside_opens_the_database_and_lies_in_no_file() {
    let place = ConfigDir::new();
    let key = "0123456789abcdef".repeat(4);
    let file = place.file("main-key", &key);
    let serve = ["serve", "--data", "d", "--listen", "127.0.0.1:0"];
    Served::start(place.command(&serve, &[("MODEGATE_KEY", &key)])).end();
    assert!(!place.0.path().join("d/key").exists());
    Served::start(place.command(&[serve.as_slice(), &["--key-file", &file]].concat(), &[])).end();
    let other = "1".repeat(64);
    let refused = place.run(&serve, &[("MODEGATE_KEY", &other)]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(err(&refused).contains("key"), "{}", err(&refused));
    assert!(!err(&refused).contains(&other));
}

#[test]
fn json_logs_are_json_lines_from_the_first_to_the_last() {
    let place = ConfigDir::new();
    let serve = ["serve", "--data", "d", "--listen", "127.0.0.1:0"];
    let arguments = [serve.as_slice(), &["--log-format", "json"]].concat();
    let variables = [("MODEGATE_NONSENSE", "1"), ("MODEGATE_LOG_FORMAT", "text")];
    let mut served = Served::start(place.command(&arguments, &variables));
    let ended = served.end();
    let refused = err(&place.run(
        &[arguments.as_slice(), &["--sync-path", "x"]].concat(),
        &variables,
    ));
    let mut messages = Vec::new();
    for line in ended.lines().chain(refused.lines()) {
        let entry: Value = serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"));
        let at = entry["timestamp"].as_str().unwrap();
        assert!(
            at.ends_with('Z') && at.parse::<jiff::Timestamp>().is_ok(),
            "{line}"
        );
        assert!(entry["level"].is_string(), "{line}");
        messages.push(entry["message"].as_str().unwrap().to_owned());
    }
    for expected in [
        "MODEGATE_NONSENSE",
        "the admin token is in",
        "shutting down",
        "--sync-path: expected",
    ] {
        assert!(
            messages.iter().any(|message| message.contains(expected)),
            "{messages:#?}"
        );
    }
}
