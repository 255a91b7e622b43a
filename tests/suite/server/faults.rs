//! What goes wrong around the server, and what it does then (docs/running.md).

use std::os::unix::fs::{PermissionsExt, chown};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};

use crate::harness::{SYNCML, Server, answers, message, package1, serve_command};
use crate::wait::{DEADLINE, eventually, seen};

/// The same server, unable to make a file longer than this (`ulimit -f`), with
/// the signal ignored that would end it: its disk is full.
fn with_small_disk(command: &Command, blocks_of_512: u32) -> Command {
    let mut small = Command::new("sh");
    let script = format!("trap '' XFSZ; ulimit -S -f {blocks_of_512}; exec \"$@\"");
    small.args(["-c", &script, "sh"]).arg(command.get_program());
    small.args(command.get_args());
    let set = command.get_envs();
    small.envs(set.filter_map(|(name, value)| Some((name, value?))));
    small.stdout(Stdio::piped()).stderr(Stdio::null());
    small
}

/// Makes room again.
fn make_room(server: &Server) {
    let pid = server.pid().to_string();
    let done = Command::new("prlimit")
        .args(["--pid", &pid, "--fsize=unlimited:unlimited"])
        .status()
        .unwrap();
    assert!(done.success());
}

async fn ready(server: &Server) -> (u16, String) {
    let answer = reqwest::get(format!("{}/readyz", server.http))
        .await
        .unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

/// Asks until it is as it should be.
async fn until_ready(server: &Server, expected: u16) -> String {
    let look = async || seen(ready(server).await, |(status, _)| *status == expected);
    eventually(DEADLINE, look).await.1
}

async fn try_queue(server: &Server, device: &str, data: &str) -> (u16, Value) {
    let command =
        json!({"type": "raw", "verb": "Get", "loc_uri": "./cimv2/Win32_BIOS", "data": data});
    server
        .api(
            "POST",
            &format!("/devices/{device}/commands"),
            Some(command),
        )
        .await
}

#[tokio::test]
async fn a_full_disk_refuses_work_loses_nothing_and_is_survived() {
    let own = tempfile::tempdir().unwrap();
    let dir = own.path().join("data");
    let arguments = vec!["--accept-unknown-devices".to_owned()];
    let command = with_small_disk(&serve_command(&dir, &arguments), 2 * 1024);
    let mut server = Server::by(command, &dir, arguments);
    let device = server.register(json!({"source": "d"})).await;
    let other = server.register(json!({"source": "e"})).await;
    server
        .queue(
            &other,
            json!({"type": "inventory", "classes": ["Win32_BIOS"]}),
        )
        .await;
    let mut acknowledged = Vec::new();
    let data = "x".repeat(20_000);
    loop {
        let (status, answer) = try_queue(&server, &device, &data).await;
        if status != 201 {
            assert_eq!(status, 503, "{answer}");
            break;
        }
        acknowledged.push(answer["id"].as_str().unwrap().to_owned());
        assert!(acknowledged.len() < 1000, "the disk is never full");
    }
    assert!(acknowledged.len() > 10);
    // The last pages take some small ones yet.
    loop {
        let (status, answer) = try_queue(&server, &device, "x").await;
        if status == 503 && ready(&server).await.0 == 503 {
            break;
        }
        if status == 201 {
            acknowledged.push(answer["id"].as_str().unwrap().to_owned());
        }
        assert!(acknowledged.len() < 1000, "the disk is never full");
    }
    // It says so, and goes on reading.
    let why = until_ready(&server, 503).await;
    assert!(why.contains("could not write"), "{why}");
    let alive = reqwest::get(format!("{}/healthz", server.http))
        .await
        .unwrap();
    assert_eq!(alive.status(), 200);
    for _ in 0..3 {
        assert_eq!(try_queue(&server, &device, &data).await.0, 503);
        let body = package1("e", "1", 1, "none").into_bytes();
        let (status, headers, text) = server.post("mode=Machine&Platform=WoA", SYNCML, body).await;
        assert_eq!(status, 503, "{text}");
        assert!(headers.contains_key("retry-after"));
    }
    everything_is_there(&server, &acknowledged).await;

    // Room again: nobody has to touch the server.
    make_room(&server);
    until_ready(&server, 200).await;
    let reply = server.sync("Machine", &package1("e", "1", 1, "none")).await;
    assert_eq!(reply.commands.len(), 1, "{}", reply.text);
    let end = server
        .sync("Machine", &message("e", "1", 2, &answers(&reply, 200)))
        .await;
    assert!(end.commands.is_empty());
    let (status, answer) = try_queue(&server, &device, &data).await;
    assert_eq!(status, 201, "{answer}");
    acknowledged.push(answer["id"].as_str().unwrap().to_owned());
    everything_is_there(&server, &acknowledged).await;
    server.kill_and_restart();
    everything_is_there(&server, &acknowledged).await;
    let refused = server
        .get(&format!("/devices/{device}/commands?limit=200"))
        .await;
    assert_eq!(
        refused["items"].as_array().unwrap().len(),
        acknowledged.len(),
        "refused work was done"
    );
}

async fn everything_is_there(server: &Server, commands: &[String]) {
    for id in commands {
        assert_eq!(server.state(id).await, "queued");
    }
}

fn refused(command: &mut Command) -> String {
    let Output {
        status,
        stdout,
        stderr,
    } = command.stderr(Stdio::piped()).output().unwrap();
    let text = String::from_utf8_lossy(&stderr).into_owned();
    assert_eq!(status.code(), Some(1), "{text}");
    assert!(stdout.is_empty(), "it said that it listens");
    text
}

#[tokio::test]
async fn a_second_server_on_a_folder_is_refused_and_the_first_goes_on() {
    let server = Server::start();
    let why = refused(&mut serve_command(&server.dir, &[]));
    assert!(why.contains("in use by another server"), "{why}");
    assert_eq!(ready(&server).await.0, 200);
}

#[tokio::test]
async fn a_database_of_a_newer_version_is_left_as_it_is() {
    let own = tempfile::tempdir().unwrap();
    let dir = own.path().join("data");
    let mut server = Server::in_dir(&dir, &[]);
    server.signal("TERM");
    assert_eq!(server.wait(), Some(0));
    let database = dir.join("modegate.db");
    let db = rusqlite::Connection::open(&database).unwrap();
    let sql = "INSERT INTO refinery_schema_history SELECT 999, name, applied_on, checksum FROM refinery_schema_history LIMIT 1";
    db.execute_batch(&format!("{sql}; PRAGMA wal_checkpoint(TRUNCATE)"))
        .unwrap();
    drop(db);
    let before = std::fs::read(&database).unwrap();
    let why = refused(&mut serve_command(&dir, &[]));
    assert!(
        why.contains("schema version 999") && why.contains("newer"),
        "{why}"
    );
    assert!(std::fs::read(&database).unwrap() == before);
}

const NOBODY: u32 = 65_534;

/// The server as a user without rights, for a folder below `own`. Tests run as
/// root where containers do; else they run as such a user already.
fn unprivileged(own: &Path, dir: &Path) -> Command {
    let command = serve_command(dir, &[]);
    if !is_root() {
        return command;
    }
    // A program that this user may reach.
    let program = own.join("modegate");
    // By another process: a file that this one holds open to write could be
    // inherited by whatever another test starts just now, and is busy then.
    let copied = Command::new("cp")
        .arg(command.get_program())
        .arg(&program)
        .status();
    assert!(copied.unwrap().success());
    for path in [own, &program] {
        std::fs::set_permissions(path, PermissionsExt::from_mode(0o755)).unwrap();
    }
    let mut other = Command::new("setpriv");
    let id = NOBODY.to_string();
    other.args(["--reuid", &id, "--regid", &id, "--clear-groups"]);
    other.arg(program).args(command.get_args());
    other.stdout(Stdio::piped());
    other
}

fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata("/proc/self").unwrap().uid() == 0
}

#[tokio::test]
async fn a_folder_of_another_user_is_refused_by_name() {
    if !is_root() {
        // Only root can make a folder for somebody else: the system's own serves.
        let why = refused(&mut serve_command(Path::new("/root"), &[]));
        assert!(why.contains("data directory /root"), "{why}");
        return;
    }
    let own = tempfile::tempdir().unwrap();
    let dir = own.path().join("data");
    drop(Server::in_dir(&dir, &[]));
    std::fs::set_permissions(&dir, PermissionsExt::from_mode(0o755)).unwrap();
    let why = refused(&mut unprivileged(own.path(), &dir));
    assert!(
        why.contains(
            "belongs to the user with id 0, but this process runs as the user with id 65534"
        ),
        "{why}"
    );
}

#[tokio::test]
async fn a_folder_that_cannot_be_written_is_refused_at_the_start() {
    let own = tempfile::tempdir().unwrap();
    let dir = own.path().join("data");
    drop(Server::in_dir(&dir, &[]));
    let entries = || {
        std::fs::read_dir(&dir)
            .unwrap()
            .map(|entry| entry.unwrap().path())
    };
    for path in entries().chain([dir.clone()]) {
        if is_root() {
            chown(&path, Some(NOBODY), Some(NOBODY)).unwrap();
        }
        let mode = if path.is_dir() { 0o555 } else { 0o444 };
        std::fs::set_permissions(&path, PermissionsExt::from_mode(mode)).unwrap();
    }
    let why = refused(&mut unprivileged(own.path(), &dir));
    assert!(
        why.contains("data directory") && why.contains("Permission denied"),
        "{why}"
    );
    // So that the folder can be taken away.
    std::fs::set_permissions(&dir, PermissionsExt::from_mode(0o755)).unwrap();
}
