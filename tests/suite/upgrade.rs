//! A data directory that 0.1.0 wrote opens, says what 0.1.0 said of it, and plays on.
//!
//! The directory and how it was made: `tests/fixtures/data-0.1.0/README.md`. It is
//! looked at over HTTP only, so that this file stays as it is while what is inside
//! changes. `recorded.json` beside it holds what 0.1.0 answered; it is never made anew.

use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use aws_lc_rs::hmac;
use serde_json::{Value, json};

use crate::harness::{
    Reply, SYNCML, Sent, Server, answers, message, message_with, package1, silent_tokens,
};
use crate::program::program;
use crate::receiver::Received;
use crate::wait::{DEADLINE, eventually, eventually_blocking, seen};

/// The address that the directory's channel URIs and webhooks name.
const MOCK: &str = "127.77.0.1:18473";

/// A copy of the directory, and what was recorded of it.
struct Old {
    own: tempfile::TempDir,
    recorded: Value,
    /// A token service that never answers: nothing is sent to anybody.
    silent: (TcpListener, [String; 3]),
}

impl Old {
    fn copied() -> Old {
        let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/data-0.1.0");
        let own = tempfile::tempdir().unwrap();
        let dir = own.path().join("data");
        std::fs::create_dir(&dir).unwrap();
        mode(&dir, 0o700);
        for entry in std::fs::read_dir(from.join("data")).unwrap() {
            let entry = entry.unwrap();
            let to = dir.join(entry.file_name());
            std::fs::copy(entry.path(), &to).unwrap();
            // Git keeps no modes but the right to execute.
            mode(&to, 0o600);
        }
        let mut text = std::fs::read_to_string(from.join("recorded.json")).unwrap();
        let ids = serde_json::from_str::<Value>(&text).unwrap()["devices"].clone();
        for (source, id) in ids.as_object().unwrap() {
            text = text.replace(&format!("@{source}@"), id.as_str().unwrap());
        }
        Old {
            own,
            recorded: serde_json::from_str(&text).unwrap(),
            silent: silent_tokens(),
        }
    }

    fn dir(&self) -> PathBuf {
        self.own.path().join("data")
    }

    /// A server on it that takes devices by name and pushes nothing.
    fn serve(&self) -> Server {
        let arguments: Vec<&str> = self.silent.1.iter().map(String::as_str).collect();
        Server::in_dir(&self.dir(), &arguments)
    }

    /// The id of a device.
    fn id(&self, source: &str) -> &str {
        let id = self.recorded["devices"][source].as_str();
        id.unwrap_or_else(|| panic!("{source}"))
    }

    /// The id of a device's command.
    fn command(&self, source: &str, seq: u32) -> String {
        format!("{}-{seq}", self.id(source))
    }

    fn token(&self, name: &str) -> &str {
        self.recorded["tokens"][name].as_str().unwrap()
    }

    /// How many rows a table had.
    fn rows(&self, table: &str) -> usize {
        let rows = self.recorded["rows"][table].as_u64().unwrap();
        usize::try_from(rows).unwrap()
    }
}

fn mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

/// Everything of a list, page by page.
async fn all(server: &Server, path: &str) -> Vec<Value> {
    let (mut items, mut from) = (Vec::new(), String::new());
    loop {
        let page = server.get(&format!("{path}?limit=200{from}")).await;
        items.extend(page["items"].as_array().unwrap().iter().cloned());
        match page["next"].as_str() {
            Some(next) => from = format!("&after={next}"),
            None => return items,
        }
    }
}

/// Waits until what a path shows is as asked for.
async fn until(server: &Server, path: &str, is: impl Fn(&Value) -> bool) -> Value {
    eventually(DEADLINE, async || seen(server.get(path).await, &is)).await
}

/// Everything recorded must be there and equal; more may be.
fn compare(at: &str, recorded: &Value, now: &Value, differences: &mut Vec<String>) {
    match (recorded, now) {
        (Value::Object(recorded), Value::Object(now)) => {
            for (name, value) in recorded {
                let found = now.get(name).unwrap_or(&Value::Null);
                compare(&format!("{at}.{name}"), value, found, differences);
            }
        }
        (Value::Array(recorded), Value::Array(now)) if recorded.len() == now.len() => {
            for (nth, (value, found)) in recorded.iter().zip(now).enumerate() {
                compare(&format!("{at}[{nth}]"), value, found, differences);
            }
        }
        _ if recorded == now => {}
        _ => differences.push(format!("{at}: {recorded} was recorded, {now} is told")),
    }
}

/// What 0.1.0 answered is what this server answers.
async fn says_the_same(old: &Old, server: &Server) {
    let mut differences = Vec::new();
    for (path, recorded) in old.recorded["answers"].as_object().unwrap() {
        let items = recorded["items"].as_array();
        let is_long = items.is_some_and(|items| items.len() > 50);
        let limit = if is_long { "?limit=200" } else { "" };
        let now = server.get(&format!("{path}{limit}")).await;
        compare(path, recorded, &now, &mut differences);
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

/// A message of the device.
async fn say(
    server: &Server,
    mode: &str,
    source: &str,
    session: &str,
    at: u32,
    body: &str,
) -> Reply {
    server.sync(mode, &message(source, session, at, body)).await
}

/// A whole session of a device that answers every command with this code; what it was sent.
async fn session(server: &Server, mode: &str, source: &str, session: &str, code: u16) -> Vec<Sent> {
    let login = if mode == "Machine" { "none" } else { "user" };
    let mut reply = server
        .sync(mode, &package1(source, session, 1, login))
        .await;
    let mut sent = Vec::new();
    for number in 2..20 {
        if reply.commands.is_empty() {
            return sent;
        }
        sent.extend(reply.commands.clone());
        reply = say(
            server,
            mode,
            source,
            session,
            number,
            &answers(&reply, code),
        )
        .await;
    }
    panic!("a session without end: {sent:?}");
}

/// The last parts of the LocURIs.
fn ends(sent: &[Sent]) -> Vec<&str> {
    sent.iter()
        .map(|command| command.loc_uri.rsplit('/').next().unwrap())
        .collect()
}

/// The Data of the one command whose LocURI ends so.
fn data_of<'a>(sent: &'a [Sent], end: &str) -> &'a str {
    let mut of_it = sent.iter().filter(|command| command.loc_uri.ends_with(end));
    let (Some(command), None) = (of_it.next(), of_it.next()) else {
        panic!("one {end} in {sent:?}");
    };
    command.data.as_deref().unwrap_or_default()
}

#[tokio::test]
async fn everything_is_there_as_it_was() {
    let old = Old::copied();
    let mut server = old.serve();
    says_the_same(&old, &server).await;
    for (path, table) in [
        ("/devices", "device"),
        ("/apps", "app"),
        ("/push-profiles", "push_profile"),
        ("/tokens", "token"),
        ("/webhooks", "webhook"),
        ("/batches", "batch"),
    ] {
        assert_eq!(all(&server, path).await.len(), old.rows(table), "{path}");
    }
    let mut installs = 0;
    for id in old.recorded["devices"].as_object().unwrap().values() {
        let path = format!("/devices/{}/installs", id.as_str().unwrap());
        // One device is no more.
        if let (200, page) = server.api("GET", &path, None).await {
            installs += page["items"].as_array().unwrap().len();
        }
    }
    assert_eq!(installs, old.rows("install"));
    let events = all(&server, "/events").await;
    assert!(
        events.len() > old.rows("event"),
        "the log goes on behind what was: {}",
        events.len()
    );
    let started = |event: &Value| (event["type"].clone(), event["detail"].clone());
    assert_eq!(
        started(&events[0]),
        (json!("server.started"), json!("modegate 0.1.0"))
    );
    // Once more, after a start without a change of anything.
    server.kill_and_restart();
    says_the_same(&old, &server).await;
}

#[tokio::test]
async fn everything_sealed_can_be_sealed_anew() {
    let old = Old::copied();
    let rotated = program()
        .args(["key", "rotate", "--data"])
        .arg(old.dir())
        .output()
        .unwrap();
    assert!(rotated.status.success(), "{rotated:?}");
    let server = old.serve();
    says_the_same(&old, &server).await;
    let sent = session(&server, "Maintenance", "withheld", "3", 200).await;
    assert_eq!(
        data_of(&sent, "Exec=CreateJob"),
        "JobData=<Job>withheld</Job>"
    );
}

#[tokio::test]
async fn the_batch_that_was_cut_off_comes_to_its_end() {
    let old = Old::copied();
    let server = old.serve();
    let batches = all(&server, "/batches").await;
    let (newest, older) = (&batches[0], &batches[1]);
    assert_eq!(older["state"], "finished");
    assert_eq!(
        older["progress"],
        json!({"queued": 1, "refused": 1, "cancelled": 0})
    );
    let path = format!("/batches/{}", newest["id"].as_str().unwrap());
    let ended = until(&server, &path, |batch| batch["state"] == "finished").await;
    let fleet = old.recorded["fleet"].as_u64().unwrap();
    assert_eq!(
        ended["progress"],
        json!({"queued": fleet, "refused": 0, "cancelled": 0})
    );
    let commands = all(&server, &format!("{path}/commands")).await;
    assert_eq!(commands.len() as u64, fleet);
    let fleet = server.get("/devices?group=fleet&limit=200").await;
    for device in fleet["items"].as_array().unwrap() {
        assert_eq!(device["open_commands"], 1, "each has it once: {device}");
    }
    let sent = session(&server, "Maintenance", "fleet-000", "1", 200).await;
    assert_eq!(ends(&sent), ["Exec=LockWorkstation"]);
}

#[tokio::test]
async fn tokens_and_answers_to_named_writes_are_known() {
    let old = Old::copied();
    let server = old.serve();
    let seen = async |name: &str, path: &str| {
        let answer = server.call(old.token(name), "GET", path, &[], None).await;
        let (status, _, body) = answer.unwrap();
        (status, body)
    };
    assert_eq!(seen("eye", "/events").await.0, 200);
    assert_eq!(seen("eye", "/tokens").await.0, 403);
    for name in ["revoked", "expired"] {
        assert_eq!(seen(name, "/devices").await.0, 401, "{name}");
    }
    for (name, sources) in [
        ("helpdesk", ["once", "open-session", "history"].as_slice()),
        ("once", &[]),
    ] {
        let (status, page) = seen(name, "/devices?limit=200").await;
        assert_eq!(status, 200);
        let seen = page["items"].as_array().unwrap();
        if sources.is_empty() {
            assert_eq!(seen.len(), old.rows("device"), "no groups, no bounds");
        } else {
            let seen: Vec<&str> = seen
                .iter()
                .map(|device| device["source"].as_str().unwrap())
                .collect();
            assert_eq!(seen, sources, "{name}");
        }
    }
    // Written down under a clock that is ahead, so that a day has not gone by.
    let once = async |path: &str, key: &str, body: &str| {
        let headers = [("idempotency-key", key)];
        let body = Some(body.as_bytes().to_vec());
        let answer = server
            .call(&server.token, "POST", path, &headers, body)
            .await;
        let (status, headers, answer) = answer.unwrap();
        let replayed = headers.get("idempotency-replayed").is_some();
        (status, replayed, answer)
    };
    let device = r#"{"source":"once","groups":["north"]}"#;
    let answer = once("/devices", "device of 0.1.0", device).await;
    assert_eq!(answer, (201, true, old.recorded["once"].clone()));
    let token = r#"{"name":"once","role":"auditor"}"#;
    let (status, replayed, answer) = once("/tokens", "token of 0.1.0", token).await;
    assert_eq!((status, replayed), (201, true));
    assert_eq!(answer["token"], old.token("once"));
    assert_eq!(once("/devices", "device of 0.1.0", "{}").await.0, 422);
    // More than a day ago: it is done again, and the device is there already.
    let lapsed = once("/devices", "lapsed", r#"{"source":"once-long-ago"}"#).await;
    assert_eq!(lapsed.0, 409, "{lapsed:?}");
}

#[tokio::test]
async fn the_open_session_goes_on() {
    let old = Old::copied();
    let server = old.serve();
    let open = &old.recorded["open_session"];
    let commands = open["commands"].as_array().unwrap().iter().map(|command| {
        let text = |at: usize| command[at].as_str().unwrap().to_owned();
        Sent {
            verb: text(0),
            cmd_id: u32::try_from(command[1].as_u64().unwrap()).unwrap(),
            loc_uri: text(2),
            data: None,
        }
    });
    let carried = Reply {
        text: String::new(),
        msg_id: 1,
        statuses: Vec::new(),
        commands: commands.collect(),
        alerts: Vec::new(),
        nonce: None,
        is_final: true,
    };
    assert_eq!((&open["message"], carried.commands.len()), (&json!(1), 2));
    let body = answers(&carried, 200);
    let reply = say(&server, "Maintenance", "open-session", "7", 2, &body).await;
    assert_eq!(reply.msg_id, 2, "it counts on");
    assert!(
        reply.commands.is_empty() && reply.is_final,
        "{}",
        reply.text
    );
    let read = server
        .get(&format!("/commands/{}", old.command("open-session", 1)))
        .await;
    assert_eq!(read["state"], "succeeded");
    assert_eq!(
        read["results"][0]["data"],
        "value of ./cimv2/Win32_OperatingSystem"
    );
    let lock = old.command("open-session", 2);
    assert_eq!(server.state(&lock).await, "succeeded");
    let device = server
        .get(&format!("/devices/{}", old.id("open-session")))
        .await;
    assert_eq!(
        (&device["sessions"], &device["open_commands"]),
        (&json!(1), &json!(0))
    );
    // The next session goes on in numbers, too.
    let next = package1("open-session", "8", 1, "user");
    assert_eq!(server.sync("Maintenance", &next).await.msg_id, 3);
}

#[tokio::test]
async fn large_objects_that_were_half_sent_become_whole() {
    let old = Old::copied();
    let server = old.serve();
    let node = "./DevDetail/Ext/Microsoft/DeviceName";
    for (source, place, pieces) in [
        (
            "ten",
            "<Item><Source><LocURI>{node}</LocURI></Source>{data}</Item>",
            [(3, "abcdefghij"), (4, "ABCDEFGHIJ")].as_slice(),
        ),
        (
            "phone",
            "<SourceRef>{node}</SourceRef><Item>{data}</Item>",
            &[(4, "ABCDEFGHIJ")],
        ),
    ] {
        let refs = &old.recorded["large"][source];
        for &(number, piece) in pieces {
            let is_last = number == 4;
            let more = if is_last { "" } else { "<MoreData/>" };
            let data = format!("<Data>{piece}</Data>{more}");
            let item = place.replace("{node}", node).replace("{data}", &data);
            let body = format!(
                "<Results><CmdID>3</CmdID><MsgRef>{}</MsgRef><CmdRef>{}</CmdRef>{item}</Results>{}",
                refs["message"],
                refs["command"],
                if is_last { "<Final/>" } else { "" }
            );
            let reply = say(&server, "Maintenance", source, "3", number, &body).await;
            let pieces = reply.statuses.iter().filter(|status| status.1 == "Results");
            let codes: Vec<u16> = pieces.map(|status| status.2).collect();
            let expected: &[u16] = if is_last { &[] } else { &[213] };
            assert_eq!(codes, expected, "{source}: {}", reply.text);
        }
        let read = server
            .get(&format!("/commands/{}", old.command(source, 1)))
            .await;
        assert_eq!(read["state"], "succeeded", "{read}");
        assert_eq!(
            read["results"],
            json!([{"loc_uri": node, "status": 200, "format": null, "data": "0123456789abcdefghijABCDEFGHIJ"}]),
            "{source}"
        );
    }
}

#[tokio::test]
async fn what_was_withheld_is_told_as_before_and_goes_when_it_may() {
    let old = Old::copied();
    let server = old.serve();
    let events = format!("/devices/{}/events", old.id("withheld"));
    let withheld = |event: &Value| {
        let list = event["withheld"].as_array().cloned();
        list.filter(|list| !list.is_empty())
    };
    let before: Vec<Vec<Value>> = all(&server, &events)
        .await
        .iter()
        .filter_map(withheld)
        .collect();
    assert_eq!((before.len(), before[0].len()), (2, 3), "{before:?}");
    assert_eq!(before[0], before[1]);
    let sent = session(&server, "Machine", "withheld", "3", 200).await;
    assert!(sent.is_empty(), "{sent:?}");
    let after: Vec<Vec<Value>> = all(&server, &events)
        .await
        .iter()
        .filter_map(withheld)
        .collect();
    assert_eq!((after.len(), &after[2]), (3, &before[0]));
    let sent = session(&server, "Maintenance", "withheld", "4", 200).await;
    assert_eq!(ends(&sent), ["Exec=UpdateConfiguration", "Exec=CreateJob"]);
    assert_eq!(
        data_of(&sent, "Exec=CreateJob"),
        "JobData=<Job>withheld</Job>"
    );
    assert_eq!(
        data_of(&sent, "Exec=UpdateConfiguration"),
        "ConfigString=mdm;contoso.mdm_8wekyb3d8bbwe"
    );
    for (seq, state) in [(1, "succeeded"), (2, "succeeded"), (3, "queued")] {
        let command = old.command("withheld", seq);
        assert_eq!(server.state(&command).await, state, "{seq}");
    }
}

#[tokio::test]
async fn open_commands_go_on_from_where_they_were() {
    let old = Old::copied();
    let server = old.serve();
    // Accepted: what the device says later ends it.
    let refs = &old.recorded["accepted"];
    let first = package1("accepted", "2", 1, "user");
    assert!(server.sync("Maintenance", &first).await.commands.is_empty());
    let late = format!(
        "<Status><CmdID>1</CmdID><MsgRef>{}</MsgRef><CmdRef>{}</CmdRef><Cmd>Exec</Cmd><Data>200</Data></Status><Final/>",
        refs["message"], refs["command"]
    );
    say(&server, "Maintenance", "accepted", "2", 2, &late).await;
    let accepted = old.command("accepted", 1);
    assert_eq!(server.state(&accepted).await, "succeeded");

    // Unconfirmed: the reset goes again when asked for, the job is asked about.
    for (source, seq, password) in [
        ("unconfirmed", 1, "ann@example.test;Pa55word-of-0.1.0"),
        ("silent", 2, "cat@example.test;Lapsed-Pa55word"),
    ] {
        let reset = old.command(source, seq);
        assert_eq!(server.state(&reset).await, "unconfirmed");
        let path = format!("/commands/{reset}/retry");
        assert_eq!(server.api("POST", &path, None).await.0, 200);
        let sent = session(&server, "Machine", source, "9", 200).await;
        assert_eq!(
            data_of(&sent, "Exec=ResetUserPassword"),
            format!("ConfigString={password}")
        );
        assert_eq!(server.state(&reset).await, "succeeded");
        // Of the session that fell silent the other command goes by itself.
        let inventory = sent.iter().any(|one| one.loc_uri.ends_with("Win32_BIOS"));
        assert_eq!(inventory, source == "silent");
    }
    let job = old.command("unconfirmed", 2);
    let sent = session(&server, "Maintenance", "unconfirmed", "10", 200).await;
    assert_eq!(ends(&sent), ["Status"]);
    assert_eq!(server.state(&job).await, "succeeded");

    // By priority, then age; what waited for another goes behind it, and what waits
    // for a time stays.
    let sent = session(&server, "Maintenance", "ordered", "1", 200).await;
    let shown = ends(&sent);
    assert_eq!(shown.len(), 3, "{sent:?}");
    assert!(sent[0].loc_uri.contains("MDM_SideLoader"), "{sent:?}");
    assert_eq!(shown[1..], ["Win32_BIOS", "Exec=LockWorkstation"]);
    for (seq, state) in [
        (1, "succeeded"),
        (2, "succeeded"),
        (3, "succeeded"),
        (4, "queued"),
        (5, "queued"),
    ] {
        let command = old.command("ordered", seq);
        assert_eq!(server.state(&command).await, state, "{seq}");
    }

    // A pause that is over, and one that is not.
    let sent = session(&server, "Maintenance", "try-again", "2", 200).await;
    assert_eq!(ends(&sent), ["Exec=LockWorkstation"]);
    let sent = session(&server, "Maintenance", "try-later", "2", 200).await;
    assert!(sent.is_empty(), "{sent:?}");

    // A newer setting of the same node takes the place of one of then.
    let newer = json!({"type": "agent_setting", "name": "Setting", "value": "3"});
    server.queue(old.id("history"), newer).await;
    assert_eq!(server.state(&old.command("history", 11)).await, "cancelled");
    let sent = session(&server, "Maintenance", "history", "13", 200).await;
    assert_eq!(sent.len(), 1, "{sent:?}");
    assert!(sent[0].data.as_deref().unwrap().contains('3'), "{sent:?}");
}

#[tokio::test]
async fn devices_that_had_gone_stay_gone_until_they_come_again() {
    let old = Old::copied();
    let server = old.serve();
    for source in ["unenrolled", "gone-silent"] {
        let path = format!("/devices/{}/commands", old.id(source));
        let lock = json!({"type": "lock_workstation"});
        let (status, answer) = server.api("POST", &path, Some(lock.clone())).await;
        assert_eq!(status, 409, "{source}: {answer}");
        let sent = session(&server, "Maintenance", source, "5", 200).await;
        assert!(sent.is_empty(), "{source}: {sent:?}");
        for (seq, state) in [(1, "succeeded"), (2, "cancelled")] {
            let command = old.command(source, seq);
            assert_eq!(server.state(&command).await, state, "{source} {seq}");
        }
        assert_eq!(server.api("POST", &path, Some(lock)).await.0, 201);
    }
    // No news of how it ended: the next session writes down what time did.
    session(&server, "Maintenance", "no-news", "2", 200).await;
    session(&server, "Maintenance", "expires", "1", 200).await;
    for (source, state) in [("no-news", "failed"), ("expires", "expired")] {
        let command = old.command(source, 1);
        let command = server.get(&format!("/commands/{command}")).await;
        assert_eq!(command["state"], state);
        let history = command["history"].as_array().unwrap();
        assert_eq!(history.last().unwrap()["state"], state, "{command}");
    }
}

#[tokio::test]
async fn who_a_device_is_and_by_what_the_server_proves_itself() {
    let old = Old::copied();
    let password = old.own.path().join("password");
    std::fs::write(&password, "own-pa55word\n").unwrap();
    let config = old.own.path().join("modegate.toml");
    let text = format!(
        "[server_auth]\nname = 'Contoso MDM'\npassword_file = '{}'\n",
        password.display()
    );
    std::fs::write(&config, text).unwrap();
    let [accept, flag, url] = &old.silent.1;
    let server = Server::in_dir(
        &old.dir(),
        &["--config", config.to_str().unwrap(), accept, flag, url],
    );
    let reply = server
        .sync("Machine", &package1("proof", "2", 1, "none"))
        .await;
    let cred = old.recorded["proof"].as_str().unwrap();
    assert!(
        reply.text.contains(&format!("<Data>{cred}</Data></Cred>")),
        "the nonce that the device gave out is kept: {}",
        reply.text
    );
    drop(server);
    // Without the flag nobody is believed by name.
    let server = Server::in_dir(&old.dir(), &[flag, url]);
    let body = "<Alert><CmdID>1</CmdID><Data>1201</Data></Alert><Final/>";
    let cred = |data: &str| {
        format!(
            "<Cred><Meta><Type xmlns=\"syncml:metinf\">syncml:auth-basic</Type></Meta><Data>{data}</Data></Cred>"
        )
    };
    // u:no, and u:p-of-0.1.0
    for (data, code) in [("dTpubw==", 401), ("dTpwLW9mLTAuMS4w", 200)] {
        let text = message_with("credentials", "2", 1, &cred(data), body);
        let reply = server.sync("Machine", &text).await;
        assert_eq!(reply.statuses[0].2, code, "{}", reply.text);
    }
    for source in ["certificates", "withheld"] {
        let text = package1(source, "9", 1, "none").into_bytes();
        let (status, _, _) = server.post("mode=Machine&Platform=WoA", SYNCML, text).await;
        assert_eq!(status, 403, "{source}");
    }
}

#[tokio::test]
async fn installs_go_on_from_where_they_were() {
    let old = Old::copied();
    let server = old.serve();
    let install = |name: &str| format!("/installs/{}-i1", old.id(&format!("install-{name}")));
    // Its command went out in the session that is open.
    let delivered = server
        .get(&format!(
            "/commands/{}",
            old.command("install-delivered", 1)
        ))
        .await;
    assert_eq!(delivered["state"], "sent");
    let taken = "<Status><CmdID>1</CmdID><MsgRef>1</MsgRef><CmdRef>0</CmdRef><Cmd>SyncHdr</Cmd><Data>200</Data></Status>\
         <Status><CmdID>2</CmdID><MsgRef>1</MsgRef><CmdRef>5</CmdRef><Cmd>Exec</Cmd><Data>200</Data></Status><Final/>";
    say(&server, "Apps", "install-delivered", "1", 2, taken).await;
    until(&server, &install("delivered"), |install| {
        install["state"] == "accepted"
    })
    .await;
    // Its job is read in the next session.
    for name in ["accepted", "progress"] {
        let source = format!("install-{name}");
        let first = package1(&source, "9", 1, "user");
        let reply = server.sync("Apps", &first).await;
        let mut body = answers(&reply, 404);
        for (nth, command) in reply.commands.iter().enumerate() {
            let value = match command.loc_uri.rsplit('/').next().unwrap() {
                "Progress" => "100",
                "LastError" => "0",
                "Status" => "2",
                _ => continue,
            };
            let refs = format!("<CmdRef>{}</CmdRef><Cmd>Get</Cmd>", command.cmd_id);
            body = body.replace(&format!("{refs}<Data>404"), &format!("{refs}<Data>200"));
            body = body.replace(
                "<Final/>",
                &format!(
                    "<Results><CmdID>{}</CmdID><MsgRef>{}</MsgRef><CmdRef>{}</CmdRef><Item><Data>{value}</Data></Item></Results><Final/>",
                    100 + nth, reply.msg_id, command.cmd_id
                ),
            );
        }
        say(&server, "Apps", &source, "9", 2, &body).await;
        let done = until(&server, &install(name), |install| {
            install["state"] == "installed"
        })
        .await;
        assert_eq!(done["progress"], 100, "{done}");
    }
    // What waits for Maintenance is carried by it, with the licence and job of the catalogue.
    let sent = session(&server, "Maintenance", "install-waiting", "1", 200).await;
    assert_eq!(
        data_of(&sent, "Exec=CreateJob"),
        "JobData=<Job>erp 2.0</Job>"
    );
    until(&server, &install("waiting"), |install| {
        install["state"] == "accepted"
    })
    .await;
    // What was taken back may be asked for again; what is installed is.
    for (name, expected) in [("cancelled", 201), ("failed", 201), ("installed", 200)] {
        let path = format!("/devices/{}/installs", old.id(&format!("install-{name}")));
        let (status, answer) = server.api("POST", &path, Some(json!({"app": "erp"}))).await;
        assert_eq!(status, expected, "{name}: {answer}");
    }
}

#[tokio::test]
async fn channels_are_used_wakes_sent_and_webhooks_told() {
    let old = Old::copied();
    let outside = Outside::start();
    let url = format!("http://{MOCK}/accesstoken.srf");
    let arguments = [
        "--accept-unknown-devices",
        "--wns-host-suffix",
        MOCK,
        "--wns-token-url",
        &url,
    ];
    let server = Server::in_dir(&old.dir(), &arguments);
    let channel = |source: &str| format!("/devices/{}/channel", old.id(source));
    for (source, state) in [
        ("channel-active", "active"),
        ("channel-dead", "dead"),
        ("channel-refused", "set_failed"),
    ] {
        assert_eq!(
            server.get(&channel(source)).await["state"],
            state,
            "{source}"
        );
    }
    // The credentials of both profiles are opened and tried.
    outside
        .until("/accesstoken.srf", "client_secret=app+secret+of+0.1.0")
        .await;
    outside
        .until("/accesstoken.srf", "client_secret=another+secret")
        .await;
    // The wake that was to be tried again is too old to be; the next one is sent, to the
    // URI of then.
    let path = format!("/installs/{}-i1", old.id("install-behind"));
    until(&server, &path, |install| {
        let reason = install["reason"].as_str().unwrap_or_default();
        reason.starts_with("no push was delivered")
    })
    .await;
    let wake = format!("/devices/{}/wake", old.id("install-behind"));
    assert_eq!(server.api("POST", &wake, None).await.0, 202);
    outside.until("/busy", "").await;
    until(&server, &path, |install| install["state"] == "woken").await;
    let sent = session(&server, "Apps", "install-behind", "2", 200).await;
    assert_eq!(
        data_of(&sent, "Exec=CreateJob"),
        "JobData=<Job>erp 2.0</Job>"
    );
    let taken = until(&server, &path, |install| install["state"] == "accepted").await;
    let wake = &server.get(&channel("install-behind")).await["wake"];
    assert_eq!(wake["state"], "answered", "{wake}");
    // One that WNS took under the clock that was ahead waits on: only a session begun
    // after the wish answers it.
    let wake = &server.get(&channel("channel-woken")).await["wake"];
    assert_eq!(wake["state"], "accepted", "{wake}");
    // And a channel of then can be sent to anew.
    let path = format!("/devices/{}/wake", old.id("channel-active"));
    assert_eq!(server.api("POST", &path, None).await.0, 202);
    outside.until("/channel-active", "").await;

    // Webhooks: the delivery that waited, then each step since, signed with the secret
    // of then; another waits for its time. Servers of other tests here tell the same.
    let key = hmac::Key::new(hmac::HMAC_SHA256, b"secret of the hook behind");
    for step in taken["steps"].as_array().unwrap() {
        let event = format!("\"type\":\"install.{}\"", step["state"].as_str().unwrap());
        let got = outside.until("/hook-behind", &event).await;
        let signed = format!("{}.{}", got.header("modegate-timestamp"), got.body);
        let tag = hmac::sign(&key, signed.as_bytes());
        let tag: String = tag
            .as_ref()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        assert_eq!(got.header("modegate-signature"), format!("v1={tag}"));
    }
    let waiting = |hooks: &Value| [0, 1].map(|at| hooks["items"][at]["waiting"].as_u64());
    until(&server, "/webhooks", |hooks| {
        waiting(hooks) == [Some(1), Some(0)]
    })
    .await;
}

/// The token service, WNS and a receiver of webhooks, where the directory says that
/// they are. All agree to everything.
struct Outside(Arc<Mutex<Vec<Received>>>);

impl Outside {
    fn start() -> Outside {
        // The address is fixed: another run of this test on this machine may have it.
        let listener = eventually_blocking(DEADLINE, || TcpListener::bind(MOCK));
        let got: Arc<Mutex<Vec<Received>>> = Arc::default();
        let seen = Arc::clone(&got);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if let Some(request) = answered(stream) {
                    seen.lock().unwrap().push(request);
                }
            }
        });
        Outside(got)
    }

    /// Waits until a request came to that path with this text in its body.
    async fn until(&self, path: &str, text: &str) -> Received {
        let look = async || {
            let got = self.0.lock().unwrap().clone();
            let is_it = |got: &&Received| got.path == path && got.body.contains(text);
            got.iter().find(is_it).cloned().ok_or(got)
        };
        eventually(DEADLINE, look).await
    }
}

/// Reads one request and answers it; nothing if the connection ends before.
fn answered(mut stream: TcpStream) -> Option<Received> {
    let request = Received::read(&stream)?;
    let (more, answer) = if request.path == "/accesstoken.srf" {
        (
            "content-type: application/json",
            r#"{"token_type":"bearer","access_token":"granted","expires_in":86400}"#,
        )
    } else {
        ("X-WNS-Status: received", "")
    };
    let length = answer.len();
    write!(
        stream,
        "HTTP/1.1 200 OK\r\n{more}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{answer}"
    )
    .ok()?;
    Some(request)
}
