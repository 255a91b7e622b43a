//! Precedence, faults and defaults, source by source.
#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};

use proptest::prelude::*;

use super::key::variable;
use super::suggestion::NOT_IN_FILE;
use super::*;

const EXAMPLE: &str = include_str!("../../../packaging/modegate.toml");

fn parsed(text: &str) -> Loaded {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("m.toml");
    std::fs::write(&file, text).unwrap();
    let mut loaded = Loaded::read(Some(&file), &[], &Flags::default());
    for fault in &mut loaded.faults {
        if let SourceLocation::File { file, .. } = &mut fault.place {
            *file = "m.toml".to_owned();
        }
    }
    loaded
}

fn with_environment(variables: &[(&str, &str)]) -> Loaded {
    let variables: Vec<(String, String)> = variables
        .iter()
        .map(|&(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    Loaded::read(None, &variables, &Flags::default())
}

fn told(loaded: &Loaded) -> Vec<String> {
    loaded.faults.iter().map(ToString::to_string).collect()
}

/// The example with every key's line uncommented.
fn uncommented() -> String {
    EXAMPLE
        .lines()
        .map(|line| match line.strip_prefix('#') {
            Some(rest) if rest.starts_with(|c: char| c.is_ascii_lowercase() || c == '[') => rest,
            _ => line,
        })
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
fn the_example_names_every_key_at_its_default() {
    let loaded = parsed(&uncommented());
    assert_eq!(told(&loaded), [""; 0]);
    assert_eq!(loaded.settings, Settings::default());
    for key in KEYS.iter().filter(|key| *key != NOT_IN_FILE) {
        assert!(
            loaded.origins.contains_key(key.as_str()),
            "{key} is not in the example"
        );
    }
    let commented = parsed(EXAMPLE);
    assert_eq!(commented.settings, Settings::default());
    assert!(commented.origins.is_empty(), "{:?}", commented.origins);
}

#[test]
fn a_flag_beats_the_environment_beats_the_file_beats_the_default() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("m.toml");
    std::fs::write(
        &file,
        "data = 'file'\nsync_path = '/file'\nnames = ['file']\n",
    )
    .unwrap();
    let environment = [
        ("MODEGATE_DATA".to_owned(), "env".to_owned()),
        ("MODEGATE_SYNC_PATH".to_owned(), "/env".to_owned()),
    ];
    let mut flags = Flags::default();
    flags.set("data", "--data", "flag".to_owned());
    let loaded = Loaded::read(Some(&file), &environment, &flags);
    let settings = &loaded.settings;
    assert_eq!(settings.data, PathBuf::from("flag"));
    assert_eq!(settings.sync_path, "/env");
    assert_eq!(settings.names, ["file"]);
    assert_eq!(settings.listen, Settings::default().listen);
    assert_eq!(loaded.origin("data").to_string(), "--data");
    assert_eq!(loaded.origin("sync_path").to_string(), "MODEGATE_SYNC_PATH");
    assert!(loaded.origin("names").to_string().ends_with("m.toml:3:1"));
    assert_eq!(loaded.origin("listen"), SourceLocation::Default);
}

#[test]
fn every_fault_is_told_with_its_place() {
    let loaded = parsed(
        "listen = 8443\nlissten = ''\nnames = ['good', 'not good', 3]\nkey = 'x'\n\
         [limits]\nconnections = 0\nper_minute = 1\n[log]\nformat = 'xml'\n[nonsense]\n",
    );
    let expected = [
        "m.toml:1:10: expected an IP address with a port",
        "m.toml:2:1: expected 'listen', found the key 'lissten'",
        "m.toml:3:18: expected host names or IP addresses of this server, found 'not good'",
        "m.toml:3:30: expected text, found an integer",
        "m.toml:4:1: expected the key in key_file or in the variable MODEGATE_KEY",
        "m.toml:6:15: expected a number from 1 to 1000000, found 0",
        "m.toml:7:1: expected one of requests_per_device_per_minute, ",
        "m.toml:9:1: expected text or json, found 'xml'",
        "m.toml:10:2: expected one of data, listen, ",
    ];
    let told = told(&loaded);
    assert_eq!(told.len(), expected.len(), "{told:#?}");
    for (told, expected) in told.iter().zip(expected) {
        assert!(told.starts_with(expected), "{told}");
    }
}

#[test]
fn what_is_wrong_in_the_environment_is_told_by_its_variable() {
    for (variable, value, expected) in [
        (
            "MODEGATE_LISTEN",
            "",
            "MODEGATE_LISTEN: expected an IP address",
        ),
        (
            "MODEGATE_ALLOW_RSA",
            "yes",
            "expected true or false, found 'yes'",
        ),
        ("MODEGATE_LIMITS_CONNECTIONS", "-1", "found '-1'"),
        (
            "MODEGATE_TRUSTED_PROXIES",
            "10.0.0.0/8, 10.0.0.1/8",
            "found '10.0.0.1/8'",
        ),
        ("MODEGATE_PROXY_HEADER", "X-Cert", "expected Client-Cert,"),
        (
            "MODEGATE_PROXY_HEADER",
            "client-cert",
            "expected trusted_proxies beside",
        ),
        (
            "MODEGATE_SERVER_AUTH_BASIC",
            "true",
            "expected server_auth.name beside",
        ),
        ("MODEGATE_SYNC_PATH", "/api/sync", "expected a path"),
        ("MODEGATE_SYNC_PATH", "/{a}", "expected a path"),
        (
            "MODEGATE_INSECURE_HTTP",
            "0.0.0.0:80",
            "expected a loopback address",
        ),
        ("MODEGATE_LOG_FILTER", "a=b=c", "expected a filter"),
        ("MODEGATE_DATA", "", "expected a directory"),
        ("MODEGATE_NAMES", "-x", "expected host names"),
    ] {
        let loaded = with_environment(&[(variable, value)]);
        let all = told(&loaded).join("\n");
        assert!(all.contains(expected), "{variable}={value}: {all}");
        assert_eq!(loaded.faults.len(), 1, "{all}");
        assert!(all.starts_with(variable), "{all}");
    }
}

#[test]
fn what_may_be_a_secret_is_never_told() {
    let loaded = with_environment(&[
        ("MODEGATE_KEY", "s3cret"),
        ("MODEGATE_DATABASE", "postgres://u:s3cret@h/d"),
        ("MODEGATE_OTLP_ENDPOINT", "http://u:s3cret@h/"),
    ]);
    assert_eq!(loaded.faults.len(), 3, "{:?}", loaded.faults);
    assert!(!format!("{loaded:?}").contains("s3cret"));
    let key = "0f".repeat(32);
    let loaded = with_environment(&[("MODEGATE_KEY", &key)]);
    assert_eq!(told(&loaded), [""; 0]);
    let shown = serde_json::to_string(&loaded.entries()).unwrap();
    assert!(shown.contains(r#"{"key":"key","value":"***""#), "{shown}");
    assert!(!format!("{loaded:?}{shown}").contains(&key));
}

#[test]
fn a_secret_in_the_wrong_place_is_not_repeated() {
    let loaded = parsed("otlp = 'http://u:s3cret@h/'\nnames = 's3cret'\nallow_rsa = 's3cret'\n");
    assert_eq!(loaded.faults.len(), 3, "{:?}", loaded.faults);
    assert!(!format!("{loaded:?}").contains("s3cret"));
}

#[test]
fn a_value_that_a_stronger_source_replaces_is_checked_all_the_same() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("m.toml");
    std::fs::write(&file, "listen = 'x'\n[limits]\nconnections = 0\n").unwrap();
    let environment = [("MODEGATE_LIMITS_CONNECTIONS".to_owned(), "5".to_owned())];
    let mut flags = Flags::default();
    flags.set("listen", "--listen", "127.0.0.1:1".to_owned());
    let loaded = Loaded::read(Some(&file), &environment, &flags);
    assert_eq!(loaded.faults.len(), 2, "{:?}", loaded.faults);
    assert_eq!(loaded.settings.limits.connections, 5);
}

#[test]
fn each_template_is_checked() {
    let loaded = parsed("[templates]\nnope = ''\njob_data = 3\nunenroll = '{user}'\n");
    let places: Vec<String> = loaded.faults.iter().map(|f| f.place.to_string()).collect();
    assert_eq!(places, ["m.toml:2:1", "m.toml:3:12", "m.toml:4:1"]);
}

#[test]
fn a_variable_that_does_nothing_is_warned_of() {
    let loaded = with_environment(&[("MODEGATE_LISSTEN", "x"), ("MODEGATE_CONFIG", "f")]);
    assert!(loaded.faults.is_empty());
    assert_eq!(loaded.warnings.len(), 1);
    assert!(
        loaded.warnings[0]
            .to_string()
            .starts_with("MODEGATE_LISSTEN:")
    );
}

#[test]
fn settings_that_do_not_go_together_are_refused() {
    let key = "0".repeat(64);
    for (variables, expected) in [
        (
            [
                ("MODEGATE_LISTEN", "0.0.0.0:1"),
                ("MODEGATE_ACCEPT_UNKNOWN_DEVICES", "true"),
            ],
            "by its name alone",
        ),
        (
            [
                ("MODEGATE_LISTEN", "127.0.0.1:1"),
                ("MODEGATE_INSECURE_HTTP", "127.0.0.1:1"),
            ],
            "another address than 'listen'",
        ),
        (
            [("MODEGATE_KEY", key.as_str()), ("MODEGATE_KEY_FILE", "k")],
            "either key_file or MODEGATE_KEY",
        ),
    ] {
        let loaded = with_environment(&variables);
        assert!(
            told(&loaded).join("\n").contains(expected),
            "{:?}",
            loaded.faults
        );
    }
}

#[test]
fn files_that_are_named_are_looked_at() {
    let directory = tempfile::tempdir().unwrap();
    let name = |name: &str| directory.path().join(name).display().to_string();
    std::fs::write(name("bad"), "not a key").unwrap();
    let loaded = with_environment(&[
        ("MODEGATE_KEY_FILE", &name("bad")),
        ("MODEGATE_CLIENT_CA", &name("none")),
        ("MODEGATE_DATA", &name("bad")),
        ("MODEGATE_POLICIES", &name("none")),
        (
            "MODEGATE_DATABASE",
            &format!("sqlite:{}", name("none/m.db")),
        ),
        ("MODEGATE_SERVER_AUTH_NAME", "server"),
        ("MODEGATE_SERVER_AUTH_PASSWORD_FILE", &name("none")),
    ]);
    assert_eq!(told(&loaded), [""; 0], "files are not touched yet");
    let all = loaded.with_files(|_| ());
    assert_eq!(all.faults.len(), 6, "{:#?}", told(&all));
    assert!(!format!("{:?}", all.faults).contains("not a key"));
    std::fs::write(name("good"), format!("{}\n", "a1".repeat(32))).unwrap();
    let good = with_environment(&[
        ("MODEGATE_KEY_FILE", &name("good")),
        ("MODEGATE_DATA", &name("new")),
        ("MODEGATE_DATABASE", &format!("sqlite:{}", name("new/m.db"))),
    ])
    .with_files(|_| ());
    assert_eq!(told(&good), [""; 0]);
}

#[test]
fn every_key_is_shown_with_its_value() {
    let text = "data = 'd'\nlisten = '127.0.0.1:1'\ninsecure_http = '[::1]:2'\nnames = ['n']\n\
        allow_rsa = true\nclient_ca = 'c'\naccept_unknown_devices = false\npolicies = 'p'\n\
        database = 'sqlite:x'\nsync_path = '/s'\nkey_file = 'k'\ntrusted_proxies = ['10.0.0.0/8']\n\
        proxy_header = 'Client-Cert'\n[server_auth]\nname = 'n'\npassword_file = 'f'\n\
        [wns]\ntoken_url = 'https://t.test/x'\nhost_suffix = 't.test:444'\n\
        [audit]\nkey_file = 'a'\nexport_directory = 'e'\nwitness_ca = 'w'\n[siem]\nca = 'w'\n[retention]\nevents_days = 1_0\nresults_days = 0x2\n[web]\nlisten = '127.0.0.1:3'\nurl = 'https://m.test'\nuser_header = 'x-user'\n\
        brand_logo = 'l'\n[web.oidc]\nname = 'n'\nca = 'w'\n[log]\nformat = 'json'\nfilter = 'debug'\n\
        [enrollment]\nurl = 'https://m.test'\nportal_url = 'https://m.test/p'\nissuer_command = 'i'\n\
        [templates]\njob_data = '<a>{job_data}</a>'\n";
    let loaded = parsed(text);
    assert_eq!(told(&loaded), [""; 0]);
    for entry in loaded.entries() {
        let unset = matches!(
            entry.key,
            "key"
                | "otlp.endpoint"
                | "enrollment.issuer_url"
                | "web.oidc.issuer"
                | "web.oidc.client_id"
                | "web.oidc.client_secret_file"
        );
        assert_eq!(entry.value.is_null(), unset, "{entry:?}");
    }
    assert_eq!(loaded.settings.retention.events_days, 10);
    assert_eq!(loaded.settings.retention.results_days, 2);
    assert_eq!(
        loaded.settings.templates.own()["job_data"],
        "<a>{job_data}</a>"
    );
}

#[test]
fn a_file_that_cannot_be_read_is_a_fault() {
    let loaded = Loaded::read(
        Some(Path::new("/nonexistent/m.toml")),
        &[],
        &Flags::default(),
    );
    assert_eq!(loaded.faults.len(), 1);
    assert!(
        loaded.faults[0]
            .to_string()
            .starts_with("/nonexistent/m.toml:1:1: expected a readable")
    );
}

#[test]
fn a_main_key_is_64_hexadecimal_digits() {
    assert_eq!(hex_key(&"0f".repeat(32)), Some([15; 32]));
    for bad in [
        "",
        "0f",
        &"+f".repeat(32),
        &"0g".repeat(32),
        &"é".repeat(32),
    ] {
        assert_eq!(hex_key(bad), None, "{bad}");
    }
}

proptest! {
    #[test]
    fn no_text_breaks_the_reader(text in "\\PC{0,200}") {
        let mut faults = Vec::new();
        source::parse("m.toml", &text, &mut faults).read();
    }

    #[test]
    fn no_value_breaks_a_key(at in 0..KEYS.len(), text in "\\PC{0,60}") {
        with_environment(&[(&variable(&KEYS[at]), &text)]);
    }
}
