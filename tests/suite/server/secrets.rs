//! Secrets are planted, everything is run with logs at their loudest, and
//! then looked for wherever they must not be, in the forms they could take.

use std::path::Path;
use std::process::Stdio;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use md5::{Digest, Md5};
use serde_json::{Value, json};

use crate::files::files;
use crate::harness::{SYNCML, Server, message, message_with, serve_command};
use crate::program::program;
use crate::wait::{DEADLINE, eventually};

const PASSWORD: &str = "Zq7ResetPasswordQ1";
const WIFI: &str = "Zq7WirelessKeyQ2xyz";
const SIDELOADING: &str = "Zq7Sideload-Q3AB-CDEFG-HJKLM";
const SYNC_PASSWORD: &str = "Zq7SyncmlPasswordQ4";
const RESULT: &str = "Zq7ResultOfTheTabletQ5";
const JOB: &str = "Zq7LicenceInAJobQ6";
const WRONG_PASSWORD: &str = "Zq7WrongPasswordQ7";
const WRONG_TOKEN: &str = "Zq7WrongTokenQ8mdm";
const MALFORMED: &str = "Zq7InAMalformedBodyQ9";

/// A secret with the forms it could be found in.
struct Needle {
    name: &'static str,
    forms: Vec<(&'static str, Vec<u8>)>,
}

impl Needle {
    fn new(name: &'static str, secret: &[u8]) -> Needle {
        let utf16 = |swap: bool| -> Vec<u8> {
            let units = secret.iter().map(|&byte| u16::from(byte));
            units
                .flat_map(|unit| {
                    if swap {
                        unit.to_be_bytes()
                    } else {
                        unit.to_le_bytes()
                    }
                })
                .collect()
        };
        let hex: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
        let mut forms = vec![
            ("plain", secret.to_vec()),
            ("UTF-16 LE", utf16(false)),
            ("UTF-16 BE", utf16(true)),
            ("HEX", hex.to_uppercase().into_bytes()),
            ("hex", hex.into_bytes()),
            (
                "bytes as numbers",
                format!("{secret:?}")
                    .trim_matches(['[', ']'])
                    .as_bytes()
                    .to_vec(),
            ),
        ];
        // Inside of other text it begins at any of three places of the base64.
        for before in 0..3 {
            let text = [&vec![b'x'; before][..], secret].concat();
            for engine in [&STANDARD, &URL_SAFE] {
                let all = engine.encode(&text);
                let inner = &all[(before * 4).div_ceil(3)..text.len() / 3 * 4];
                forms.push(("base64", inner.as_bytes().to_vec()));
            }
            let wide = [&vec![b'x'; before][..], &utf16(false)].concat();
            let all = STANDARD.encode(&wide);
            let inner = &all[(before * 4).div_ceil(3)..wide.len() / 3 * 4];
            forms.push(("base64 of UTF-16", inner.as_bytes().to_vec()));
        }
        Needle { name, forms }
    }

    fn found_in(&self, hay: &[u8]) -> Option<&'static str> {
        self.forms
            .iter()
            .find(|(_, form)| hay.windows(form.len()).any(|window| window == form))
            .map(|(form, _)| *form)
    }
}

#[test]
fn the_search_finds_what_it_looks_for() {
    let needle = Needle::new("n", PASSWORD.as_bytes());
    for before in ["", "a", "ab", "abc"] {
        let text = format!("{before}{PASSWORD}:more");
        let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        for hay in [
            text.clone().into_bytes(),
            STANDARD.encode(&text).into_bytes(),
            STANDARD.encode(&wide).into_bytes(),
            wide,
        ] {
            assert!(needle.found_in(&hay).is_some(), "{before}: {hay:?}");
        }
    }
    assert_eq!(
        needle.found_in(b"nothing of the sort, at some length"),
        None
    );
}

fn needles(server: &Server, token: &str) -> Vec<Needle> {
    let of_user = Md5::digest(format!("u:{SYNC_PASSWORD}"));
    let mut needles: Vec<Needle> = [
        ("the password of a reset", PASSWORD),
        ("a Wi-Fi key", WIFI),
        ("a sideloading key", SIDELOADING),
        ("a SyncML password", SYNC_PASSWORD),
        ("a result", RESULT),
        ("an app job", JOB),
        ("a wrong password", WRONG_PASSWORD),
        ("a wrong token", WRONG_TOKEN),
        ("a malformed body", MALFORMED),
        ("the admin token", server.token.as_str()),
        ("a token", token),
    ]
    .map(|(name, secret)| Needle::new(name, secret.as_bytes()))
    .into();
    needles.push(Needle::new("the digest of a SyncML password", &of_user));
    let key = std::fs::read_to_string(server.dir.join("key")).unwrap();
    needles.push(Needle::new("the main key", key.trim().as_bytes()));
    needles
}

/// Every answer that may be looked at: all but a command's own page and what
/// goes to the device.
struct Captured(Vec<(String, String)>);

impl Captured {
    async fn api(
        &mut self,
        server: &Server,
        method: &str,
        path: &str,
        body: Option<Value>,
    ) -> (u16, Value) {
        let (status, answer) = server.api(method, path, body).await;
        self.0
            .push((format!("{method} {path}: {status}"), answer.to_string()));
        (status, answer)
    }

    async fn queue(&mut self, server: &Server, device: &str, command: Value) -> Value {
        let path = format!("/devices/{device}/commands");
        self.api(server, "POST", &path, Some(command)).await.1
    }

    async fn page(&mut self, server: &Server, path: &str) {
        let answer = reqwest::get(format!("{}{path}", server.http))
            .await
            .unwrap();
        self.0
            .push((format!("GET {path}"), answer.text().await.unwrap()));
    }
}

fn basic(password: &str) -> String {
    let data = STANDARD.encode(format!("u:{password}"));
    format!(
        "<Cred><Meta><Type xmlns=\"syncml:metinf\">syncml:auth-basic</Type></Meta><Data>{data}</Data></Cred>"
    )
}

async fn plant(server: &Server, captured: &mut Captured) -> (String, Vec<Value>) {
    let credentials = json!({"username": "u", "password": SYNC_PASSWORD});
    let device = json!({"source": "t", "credentials": credentials});
    let (status, device) = captured.api(server, "POST", "/devices", Some(device)).await;
    assert_eq!(status, 201, "{device}");
    let id = device["id"].as_str().unwrap().to_owned();
    let commands = [
        json!({"type": "reset_user_password", "user": "u", "password": PASSWORD}),
        json!({"type": "raw", "verb": "Replace", "loc_uri": "./cimv2/MDM_WirelessProfileXml/MDM_WirelessProfileXml.Name=x/Xml", "data": format!("<keyMaterial>{WIFI}</keyMaterial>")}),
        json!({"type": "raw", "verb": "Add", "loc_uri": "./Vendor/MSFT/Sideloading/Key", "data": SIDELOADING}),
        json!({"type": "app_install", "job_data": format!("<Job>{JOB}</Job>")}),
        json!({"type": "inventory", "classes": ["Win32_BIOS"]}),
        json!({"type": "sequence", "commands": [{"type": "raw", "verb": "Replace", "loc_uri": "./cimv2/MDM_X", "data": WIFI}]}),
    ];
    let batch = json!({"type": "raw", "verb": "Replace", "loc_uri": "./cimv2/MDM_WirelessProfileXml/MDM_WirelessProfileXml.Name=y/Xml", "data": WIFI});
    let batch = json!({"to": {"all": true}, "command": batch});
    let (status, batch) = captured.api(server, "POST", "/commands", Some(batch)).await;
    assert_eq!(status, 202, "{batch}");
    // The password reset goes in a message of its own: what is first in the queue decides
    // what the first message carries.
    eventually(DEADLINE, async || {
        let commands = server.get(&format!("/devices/{id}/commands")).await;
        let is_there = !commands["items"].as_array().unwrap().is_empty();
        is_there.then_some(()).ok_or(commands)
    })
    .await;
    let mut queued = Vec::new();
    for command in commands {
        queued.push(captured.queue(server, &id, command).await);
    }
    (id, queued)
}

/// A token of the API, whose answer the server keeps for who asks again.
async fn make_token(server: &Server, captured: &mut Captured) -> String {
    let body = json!({"name": "a-token", "role": "auditor"});
    let named = [("idempotency-key", "k-1")];
    let (status, _, made) = server.with("POST", "/tokens", &named, body.clone()).await;
    assert_eq!(status, 201, "{made}");
    let again = server.with("POST", "/tokens", &named, body.clone()).await.2;
    assert_eq!(again["token"], made["token"]);
    captured.api(server, "POST", "/tokens", Some(body)).await;
    captured.api(server, "GET", "/tokens", None).await;
    let token = made["token"].as_str().unwrap().to_owned();
    let url = format!("{}/api/v1/tokens", server.http);
    let client = reqwest::Client::new();
    let forbidden = client
        .post(url)
        .bearer_auth(&token)
        .body("{}")
        .send()
        .await
        .unwrap();
    assert!(forbidden.status().is_client_error());
    captured.0.push((
        "a forbidden request".into(),
        forbidden.text().await.unwrap(),
    ));
    token
}

/// Commands that are refused.
async fn make_command_errors(server: &Server, captured: &mut Captured, device: &str) {
    for (verb, body) in [
        (
            "reset_user_password",
            json!({"type": "reset_user_password", "user": 7, "password": PASSWORD}),
        ),
        (
            "a field too many",
            json!({"type": "reset_user_password", "user": "u", "password": [PASSWORD]}),
        ),
        (
            "an unknown type",
            json!({"type": "nonsense", "password": PASSWORD}),
        ),
        (
            "an unknown verb",
            json!({"type": "raw", "verb": "Nonsense", "loc_uri": "./x", "data": WIFI}),
        ),
        (
            "data that is no text",
            json!({"type": "raw", "verb": "Replace", "loc_uri": "./x", "data": {WIFI: 1}}),
        ),
        (
            "a credential that is none",
            json!({"type": "raw", "verb": "Get", "loc_uri": 1, "data": SIDELOADING}),
        ),
    ] {
        let answer = captured.queue(server, device, body).await;
        assert!(
            answer["status"].as_u64().unwrap_or(0) >= 400,
            "{verb}: {answer}"
        );
    }
}

/// Requests to the API that are refused.
async fn make_request_errors(server: &Server, captured: &mut Captured) {
    let wrong = json!({"source": "x", "credentials": {"username": 1, "password": SYNC_PASSWORD}});
    captured.api(server, "POST", "/devices", Some(wrong)).await;
    let client = reqwest::Client::new();
    for (token, body) in [
        (WRONG_TOKEN, "{}".to_owned()),
        (
            server.token.as_str(),
            format!("{{\"source\": \"{MALFORMED}"),
        ),
        (server.token.as_str(), format!("[\"{MALFORMED}\"]")),
    ] {
        let url = format!("{}/api/v1/devices", server.http);
        let answer = client
            .post(url)
            .bearer_auth(token)
            .body(body)
            .send()
            .await
            .unwrap();
        assert!(answer.status().is_client_error());
        captured
            .0
            .push(("a bad request".into(), answer.text().await.unwrap()));
    }
}

/// Messages that are refused or challenged.
async fn make_message_errors(server: &Server, captured: &mut Captured) {
    for body in [
        format!("<SyncML a=\"{MALFORMED}\"><!--{MALFORMED}--><x>{MALFORMED}</y></SyncML>"),
        format!("<SyncML xmlns=\"SYNCML:SYNCML1.2\"><SyncHdr>{MALFORMED}"),
        message_with("t", "9", 1, &basic(WRONG_PASSWORD), "<Bogus/>"),
        message_with("nobody", "9", 1, &basic(WRONG_PASSWORD), "<Final/>"),
        message(
            "t",
            "9",
            1,
            &format!("<Results><CmdID>1</CmdID><Item><Data>{RESULT}</Data></Item>"),
        ),
    ] {
        let (_, _, text) = server
            .post("mode=Machine&Platform=WoA", SYNCML, body.into_bytes())
            .await;
        captured.0.push(("a bad message".into(), text));
    }
    let wrong = message_with(
        "t",
        "9",
        1,
        &basic(WRONG_PASSWORD),
        "<Alert><CmdID>1</CmdID><Data>1201</Data></Alert><Final/>",
    );
    let challenged = server.sync("Machine", &wrong).await;
    assert_eq!(challenged.statuses[0].2, 401);
    captured.0.push(("a challenge".into(), challenged.text));
}

/// One whole session with everything; what was delivered as the device saw it.
async fn play(server: &Server) -> String {
    let start = "<Alert><CmdID>1</CmdID><Data>1201</Data></Alert><Final/>";
    let first = message_with("t", "1", 1, &basic(SYNC_PASSWORD), start);
    let reply = server.sync("Maintenance", &first).await;
    let mut seen = reply.text.clone();
    let again = server.sync("Maintenance", &first).await;
    seen += &again.text;
    let mut reply = reply;
    for number in 2.. {
        let answered = crate::harness::answers(&reply, 200).replace("value of ", RESULT);
        let next = message_with("t", "1", number, &basic(SYNC_PASSWORD), &answered);
        reply = server.sync("Maintenance", &next).await;
        seen += &reply.text;
        if reply.commands.is_empty() {
            break;
        }
        assert!(number < 9, "the session does not end");
    }
    seen
}

/// Reads whatever shows something of the device or of the server.
async fn read_everything(server: &Server, captured: &mut Captured, device: &str) {
    for path in ["/devices", "/events?limit=200"] {
        captured.api(server, "GET", path, None).await;
    }
    for path in [
        "",
        "/commands",
        "/events",
        "/sessions",
        "/preview?mode=Apps",
    ] {
        captured
            .api(server, "GET", &format!("/devices/{device}{path}"), None)
            .await;
    }
    for page in ["/metrics", "/healthz", "/readyz", "/nowhere"] {
        captured.page(server, page).await;
    }
}

/// Which secret is where in what form, but for those that must be there.
fn found(hay: &[(String, Vec<u8>)], needles: &[Needle]) -> Vec<String> {
    let mut found = Vec::new();
    for (place, bytes) in hay {
        for needle in needles {
            let allowed = match needle.name {
                "the admin token" => place == "admin-token",
                "the main key" => place == "key",
                // A list of commands shows what one shows: results, to the caller.
                "a result" => place.ends_with("/commands: 200"),
                _ => false,
            };
            if allowed {
                continue;
            }
            if let Some(form) = needle.found_in(bytes) {
                found.push(format!("{} as {form} in {place}", needle.name));
            }
        }
    }
    found
}

/// The log in every form that leaves the house: an export with its views, proofs, one device's
/// part, and what verifying and replaying say.
fn audit_forms(own: &Path, data: &Path) -> Vec<(String, Vec<u8>)> {
    let (out, data) = (own.join("export"), data.to_str().unwrap());
    let out_text = out.to_str().unwrap();
    let mut hay = Vec::new();
    let runs: [&[&str]; 6] = [
        &["checkpoint", "--data", data],
        &["export", out_text, "--data", data, "--jsonl", "--csv"],
        &["verify", "--data", data, "--json"],
        &["verify", out_text, "--json", "--key"],
        &["replay", out_text, "--json"],
        &["prove", "--event", "3", "--data", data],
    ];
    for arguments in runs {
        let mut command = program();
        command.arg("audit").args(arguments);
        if arguments.last() == Some(&"--key") {
            let key = program().args(["audit", "key", "--data", data]).output();
            let key = String::from_utf8(key.unwrap().stdout).unwrap();
            command.arg(key.lines().next().unwrap());
        }
        let said = command.env("RUST_LOG", "trace").output().unwrap();
        let code = said.status.code();
        let text = [said.stdout, said.stderr].concat();
        let shown = String::from_utf8_lossy(&text);
        assert!([Some(0), Some(3)].contains(&code), "{arguments:?}: {shown}");
        hay.push((format!("audit {}", arguments[0]), text));
    }
    let exported = contents(&out);
    for part in ["jsonl", "csv", "manifest.json", "tile/entries"] {
        let has = |(name, _): &(String, Vec<u8>)| name.contains(part);
        assert!(exported.iter().any(has), "no {part} in the export");
    }
    hay.extend(
        exported
            .into_iter()
            .map(|(name, bytes)| (format!("export {name}"), bytes)),
    );
    hay
}

#[tokio::test]
async fn planted_secrets_are_nowhere_but_where_they_must_be() {
    let own = tempfile::tempdir().unwrap();
    let (dir, log) = (own.path().join("data"), own.path().join("log"));
    let mut command = serve_command(&dir, &[]);
    command
        .env("RUST_LOG", "trace")
        .stderr(Stdio::from(std::fs::File::create(&log).unwrap()));
    let mut server = Server::by(command, &dir, Vec::new());
    let mut captured = Captured(Vec::new());
    let (device, queued) = plant(&server, &mut captured).await;
    let token = make_token(&server, &mut captured).await;
    make_command_errors(&server, &mut captured, &device).await;
    make_request_errors(&server, &mut captured).await;
    make_message_errors(&server, &mut captured).await;
    let seen = play(&server).await;
    for secret in [PASSWORD, WIFI, JOB] {
        assert!(
            seen.contains(secret),
            "{secret} was not delivered, so nothing is shown:\n{seen}"
        );
    }
    read_everything(&server, &mut captured, &device).await;
    // To the caller, results and nothing else.
    let mut results = String::new();
    for command in &queued {
        let id = command["id"].as_str().unwrap();
        let page = server.get(&format!("/commands/{id}")).await;
        results += &page["results"].to_string();
    }
    assert!(results.contains(RESULT), "{results}");
    let backup = own.path().join("backup");
    let made = program()
        .args([
            "backup",
            backup.to_str().unwrap(),
            "--data",
            dir.to_str().unwrap(),
        ])
        .env("RUST_LOG", "trace")
        .output()
        .unwrap();
    assert!(made.status.success());
    let audited = audit_forms(own.path(), &dir);
    server.signal("HUP");
    captured
        .api(&server, "DELETE", &format!("/devices/{device}"), None)
        .await;
    // While it runs, with a log beside the database; and once more when it has ended.
    let needles = needles(&server, &token);
    let running = contents(&dir);
    server.signal("TERM");
    assert_eq!(server.wait(), Some(0));

    let mut hay: Vec<(String, Vec<u8>)> = vec![
        ("the log".into(), std::fs::read(&log).unwrap()),
        ("the backup".into(), std::fs::read(&backup).unwrap()),
        (
            "what backup says".into(),
            [made.stdout, made.stderr].concat(),
        ),
    ];
    assert!(
        hay[0].1.len() > 10_000,
        "logs at their loudest are longer than that"
    );
    hay.extend(audited);
    hay.extend(
        captured
            .0
            .into_iter()
            .map(|(what, text)| (what, text.into_bytes())),
    );
    hay.extend(running);
    hay.extend(contents(&dir));
    let found = found(&hay, &needles);
    assert!(found.is_empty(), "{}", found.join("\n"));
}

fn contents(dir: &Path) -> Vec<(String, Vec<u8>)> {
    let content = |path: std::path::PathBuf| {
        let name = path.strip_prefix(dir).unwrap().to_str().unwrap().to_owned();
        (name, std::fs::read(path).unwrap())
    };
    files(dir).into_iter().map(content).collect()
}
