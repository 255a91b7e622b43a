//! Exports of a real server's log: written while events are, twice, broken off, of a log whose
//! beginning was deleted; verified by both verifiers.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use modegate_core::time::Timestamp;
use modegate_store::Store as _;
use modegate_store::proof::{ProofStore as _, Pruned};
use modegate_store::seal::Keys;
use modegate_store::sqlite::SqliteStore;
use serde_json::{Value, json};

use super::Database;
use super::sealing::{serve, stop};
use super::written_log::files;
use crate::harness::Server;
use crate::program::program;

/// Runs `modegate audit`; the exit code, standard output and standard error.
pub fn audit(arguments: &[&str]) -> (i32, String, String) {
    let output: Output = program().arg("audit").args(arguments).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let code = output.status.code().unwrap();
    (code, text(&output.stdout), text(&output.stderr))
}

/// Exports the log of a data directory, which must work; what was printed.
fn export(data: &Path, out: &Path, more: &[&str]) -> Value {
    let (data, out) = (data.to_str().unwrap(), out.to_str().unwrap());
    let arguments = [&["export", out, "--data", data, "--json"], more].concat();
    let (code, printed, why) = audit(&arguments);
    assert_eq!(code, 0, "{why}");
    serde_json::from_str(&printed).unwrap()
}

/// The verifier key of a data directory.
pub fn vkey(data: &Path) -> String {
    let (code, printed, why) = audit(&["key", "--data", data.to_str().unwrap()]);
    assert_eq!(code, 0, "{why}");
    printed.lines().next().unwrap().to_owned()
}

/// What both verifiers say of an export.
fn verified(out: &Path, key: &str) -> (i32, i32, String) {
    let (code, printed, why) = audit(&["verify", out.to_str().unwrap(), "--key", key]);
    let python = std::process::Command::new("python3")
        .arg(out.join("verify.py"))
        .arg(out)
        .arg(key)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&python.stdout).into_owned()
        + &String::from_utf8_lossy(&python.stderr);
    let python = python.status.code().unwrap();
    (code, python, format!("{printed}{why}{said}"))
}

/// Both say that it is good.
fn is_good(out: &Path, key: &str) {
    let (own, python, said) = verified(out, key);
    assert_eq!((own, python), (0, 0), "{said}");
}

/// Every file by its path, with its content.
fn contents(out: &Path) -> BTreeMap<String, Vec<u8>> {
    let content = |path: String| {
        let content = fs::read(out.join(&path)).unwrap();
        (path, content)
    };
    files(out).into_iter().map(content).collect()
}

/// The store of a data directory that no server uses.
pub fn open_store(data: &Path) -> SqliteStore {
    let key = fs::read_to_string(data.join("key")).unwrap();
    let key = data_encoding::HEXLOWER.decode(key.trim().as_bytes());
    let keys = Keys::from_bytes(&key.unwrap().try_into().unwrap()).unwrap();
    SqliteStore::open(&data.join("modegate.db"), keys).unwrap()
}

/// Writes events: each registered device is one.
async fn write(server: &Server, prefix: &str, count: usize) {
    for chunk in (0..count).collect::<Vec<_>>().chunks(500) {
        let device = |n: &usize| json!({"source": format!("{prefix}-{n}"), "groups": ["north"]});
        let devices: Vec<Value> = chunk.iter().map(device).collect();
        let body = json!({"devices": devices});
        let (status, answer) = server.api("POST", "/devices/import", Some(body)).await;
        assert_eq!(status, 200, "{answer}");
    }
}

/// Whether an entry's event is of this device.
pub fn is_of(event: &Value, device: &str) -> bool {
    event["device"].as_str().map(|id| id.replace('-', "")) == Some(device.to_owned())
}

struct World {
    own: tempfile::TempDir,
    data: PathBuf,
}

impl World {
    fn new() -> World {
        let own = tempfile::tempdir().unwrap();
        let data = own.path().join("data");
        World { own, data }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.own.path().join(name)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_is_whole_and_the_next_adds_what_is_new() {
    let world = World::new();
    let (server, out) = (serve(&world.data, 3600), world.path("out"));
    write(&server, "a", 600).await;
    let device = server.register_tablet("t1").await;
    server.begin("Machine", "t1", "1").await;
    // What is not sealed yet is sealed first, and the export is on record.
    let first = export(&world.data, &out, &["--jsonl", "--csv"]);
    assert_eq!(first["counts"], true, "{first}");
    assert_eq!(first["first"], 0);
    let size = first["size"].as_u64().unwrap();
    assert!(size >= 603);
    let key = vkey(&world.data);
    is_good(&out, &key);
    let before = contents(&out);
    for name in [
        "checkpoint",
        "manifest.json",
        "verify.py",
        "tile/0/000",
        "tile/entries/001",
    ] {
        assert!(before.contains_key(name), "{name}: {:?}", before.keys());
    }
    let set = before.keys().find(|name| name.starts_with("policy-sets/"));
    assert!(set.is_some(), "{:?}", before.keys());
    let keys: Vec<_> = before
        .iter()
        .filter(|(name, _)| name.starts_with("keys/"))
        .collect();
    assert_eq!(keys.len(), 1);
    assert_eq!(*keys[0].1, format!("{key}\n").into_bytes());
    let events = server.get("/events?type=audit.exported").await;
    let event = &events["items"][0];
    assert_eq!(event["log"]["export"]["size"], size, "{event}");
    // Its number in the log is the one that it has in the tree.
    assert_eq!(event["entry"], size);

    // Again, while others write.
    let (second, ()) = tokio::join!(
        async {
            let (data, out) = (world.data.clone(), out.clone());
            tokio::task::spawn_blocking(move || export(&data, &out, &["--jsonl", "--csv"]))
                .await
                .unwrap()
        },
        write(&server, "b", 400)
    );
    let third = export(&world.data, &out, &["--jsonl", "--csv"]);
    let sizes = [&first, &second, &third].map(|export| export["size"].as_u64().unwrap());
    assert!(sizes.is_sorted() && sizes[2] > sizes[0] + 400, "{sizes:?}");
    let added = [&first, &second, &third].map(|export| export["added"].as_u64().unwrap());
    assert_eq!(added.iter().sum::<u64>(), sizes[2]);
    is_good(&out, &key);
    let after = contents(&out);
    // What was full is as it was; of what was not, only the newest is there.
    for (name, content) in &before {
        let is_full = name.starts_with("tile/") && !name.contains(".p/");
        if is_full || name.starts_with("policy-sets/") || name.starts_with("jsonl/") {
            assert_eq!(after.get(name), Some(content), "{name}");
        }
    }
    let partial = |name: &&String| name.starts_with("tile/entries/") && name.contains(".p/");
    assert!(
        after.keys().filter(partial).count() <= 1,
        "{:?}",
        after.keys()
    );

    // The views have every entry once, and an outside reader sees what the API shows.
    let mut lines = Vec::new();
    for (name, content) in &after {
        if name.starts_with("jsonl/") {
            let text = String::from_utf8(content.clone()).unwrap();
            lines.extend(
                text.lines()
                    .map(|line| serde_json::from_str::<Value>(line).unwrap()),
            );
        }
    }
    let numbers: Vec<u64> = lines
        .iter()
        .map(|line| line["entry"].as_u64().unwrap())
        .collect();
    assert_eq!(numbers, (0..sizes[2]).collect::<Vec<_>>());
    assert!(lines.iter().any(|line| is_of(&line["event"], &device)));
    let rows = after.iter().filter(|(name, _)| name.starts_with("csv/"));
    let rows = rows.map(|(_, content)| content.iter().filter(|byte| **byte == b'\n').count() - 1);
    assert_eq!(rows.sum::<usize>() as u64, sizes[2]);
    stop(server);

    // With no server running, the command records it by itself.
    let alone = export(&world.data, &out, &[]);
    assert_eq!(alone["counts"], true, "{alone}");
    is_good(&out, &key);
    let database = Database::of(&world.data);
    assert_eq!(database.sealed(), database.entries().len() as u64);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_that_was_broken_off_is_completed() {
    let world = World::new();
    let server = serve(&world.data, 3600);
    write(&server, "a", 900).await;
    let (whole, out) = (world.path("whole"), world.path("out"));
    export(&world.data, &whole, &[]);
    let key = vkey(&world.data);
    let all = contents(&whole);
    // As a kill in the middle leaves it: for each kind of file a run that ended before it,
    // the last of what is there cut off.
    let order = [
        "tile/entries/",
        "tile/0/",
        "tile/1/",
        "policy-sets/",
        "keys/",
        "manifest.json",
        "checkpoint",
    ];
    for ended in 1..order.len() {
        let _ = fs::remove_dir_all(&out);
        fs::create_dir(&out).unwrap();
        let origin = key.split('+').next().unwrap();
        let log = origin.rsplit_once('/').unwrap().0;
        fs::write(out.join(".unfinished"), format!("{log} from entry 0\n")).unwrap();
        let is_there = |name: &str| order[..ended].iter().any(|kind| name.starts_with(kind));
        for (name, content) in all.iter().filter(|(name, _)| is_there(name)) {
            let path = out.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            let is_last = name.starts_with(order[ended - 1]) && !name.contains("json");
            let kept = if is_last {
                content.len() / 2
            } else {
                content.len()
            };
            fs::write(path, &content[..kept]).unwrap();
        }
        if is_there("manifest.json") {
            let about = all.keys().find(|name| name.starts_with("export-")).unwrap();
            fs::write(out.join(about), &all[about]).unwrap();
            for name in all.keys().filter(|name| !name.starts_with("manifest")) {
                // All of it was durable before the manifest.
                fs::create_dir_all(out.join(name).parent().unwrap()).unwrap();
                if name != "checkpoint" {
                    fs::write(out.join(name), &all[name]).unwrap();
                }
            }
        }
        write(&server, &format!("more-{ended}"), 30).await;
        export(&world.data, &out, &[]);
        is_good(&out, &key);
        assert!(!out.join(".unfinished").exists());
    }
    // Killed for real, at whatever step it is by then: whatever the machine's speed, the next run
    // completes it. Each step is shown for certain above.
    for wait in [0, 3, 6, 10, 15, 25] {
        let out = world.path(&format!("killed-{wait}"));
        let mut child = program()
            .args(["audit", "export"])
            .arg(&out)
            .arg("--data")
            .arg(&world.data)
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(std::time::Duration::from_millis(wait));
        child.kill().unwrap();
        child.wait().unwrap();
        export(&world.data, &out, &[]);
        is_good(&out, &key);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_directory_of_something_else_is_left_as_it_is() {
    let (one, other) = (World::new(), World::new());
    let (first, second) = (serve(&one.data, 3600), serve(&other.data, 3600));
    write(&first, "a", 300).await;
    write(&second, "b", 300).await;
    let out = one.path("out");
    export(&one.data, &out, &[]);
    let before = contents(&out);
    let path = out.to_str().unwrap();
    let refused = |data: &Path, more: &[&str]| {
        let data = data.to_str().unwrap();
        let (code, _, why) = audit(&[&["export", path, "--data", data], more].concat());
        assert_eq!(code, 1, "{why}");
        assert!(contents(&out) == before, "{:?}", contents(&out).keys());
        why
    };
    let why = refused(&other.data, &[]);
    assert!(why.contains("it is of the log"), "{why}");
    let why = refused(&one.data, &["--since", "256"]);
    assert!(why.contains("it begins with entry 0"), "{why}");
    let foreign = one.path("foreign");
    fs::create_dir(&foreign).unwrap();
    fs::write(foreign.join("letter"), "dear").unwrap();
    let data = one.data.to_str().unwrap();
    let (code, _, why) = audit(&["export", foreign.to_str().unwrap(), "--data", data]);
    assert_eq!(code, 1);
    assert!(why.contains("not empty"), "{why}");
    assert_eq!(files(&foreign).len(), 1);
    // A part that begins later is no reason to delete what is before it.
    let since = export(&one.data, &one.path("since"), &["--since", "300"]);
    assert_eq!(
        (since["first"].as_u64(), since["counts"].as_bool()),
        (Some(256), Some(true))
    );
    let third = World::new();
    let fresh = serve(&third.data, 3600);
    write(&fresh, "c", 600).await;
    let since = export(&fresh.dir, &one.path("later"), &["--since", "300"]);
    assert_eq!(since["counts"], false, "{since}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_part_of_one_device_has_every_event_with_its_proof() {
    let world = World::new();
    let server = serve(&world.data, 3600);
    write(&server, "a", 300).await;
    let device = server.register_tablet("t1").await;
    server.queue_read(&device, "Win32_OperatingSystem").await;
    server.begin("Machine", "t1", "1").await;
    let out = world.path("device");
    let exported = export(&world.data, &out, &["--device", &device, "--jsonl"]);
    assert_eq!(exported["counts"], false);
    let events = server.get(&format!("/devices/{device}/events")).await;
    let events = events["items"].as_array().unwrap().clone();
    assert_eq!(exported["added"].as_u64(), Some(events.len() as u64));
    let key: modegate_core::tlog::VerifierKey = vkey(&world.data).parse().unwrap();
    for event in &events {
        let name = format!("proofs/{:010}.tlog-proof", event["seq"].as_u64().unwrap());
        let proof = fs::read(out.join(name)).unwrap();
        let proof = modegate_core::tlog::ProofFile::parse(&proof).unwrap();
        assert_eq!(Some(proof.index), event["entry"].as_u64());
        let verify = modegate_server::audit::ed25519::verify;
        let (_, entry) = proof.check(&key, &verify).unwrap();
        let entry: Value = serde_json::from_slice(&entry[17..]).unwrap();
        assert!(is_of(&entry, &device), "{entry}");
        assert_eq!(entry["type"], event["type"]);
    }
    let part: Value = serde_json::from_slice(&fs::read(out.join("device.json")).unwrap()).unwrap();
    assert_eq!(
        (part["first_seq"].as_u64(), part["last_seq"].as_u64()),
        (Some(1), Some(events.len() as u64))
    );
    let again = audit(&[
        "export",
        out.to_str().unwrap(),
        "--device",
        &device,
        "--data",
        world.data.to_str().unwrap(),
    ]);
    assert_eq!(again.0, 1, "{}", again.2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_whose_beginning_was_deleted_is_exported_from_there() {
    let world = World::new();
    let server = serve(&world.data, 3600);
    write(&server, "a", 700).await;
    let whole = world.path("whole");
    export(&world.data, &whole, &[]);
    stop(server);
    let (store, later) = (open_store(&world.data), Timestamp(i64::MAX));
    for _ in 0..2 {
        let pruned = store.purge_events(later).await;
        assert!(matches!(pruned, Ok(Pruned::Deleted { .. })), "{pruned:?}");
    }
    store.close().await;
    drop(store);
    let (server, rest, key) = (
        serve(&world.data, 3600),
        world.path("rest"),
        vkey(&world.data),
    );
    let exported = export(&world.data, &rest, &["--jsonl"]);
    assert_eq!(
        (exported["first"].as_u64(), exported["counts"].as_bool()),
        (Some(512), Some(true))
    );
    let (own, python, said) = verified(&rest, &key);
    assert_eq!((own, python), (3, 3), "{said}");
    let (out, data) = (rest.to_str().unwrap(), world.data.to_str().unwrap());
    let (code, said, _) = audit(&["verify", out, "--key", &key, "--accept-first", "512"]);
    assert_eq!(code, 0, "{said}");
    let (code, said, _) = audit(&["verify", data, "--accept-first", "512"]);
    assert_eq!(code, 0, "{said}");
    // What was exported before goes on without a gap, and stays whole.
    export(&world.data, &whole, &[]);
    is_good(&whole, &key);
    let (code, proof, why) = audit(&["prove", "--event", "600", "--data", data]);
    assert_eq!(code, 0, "{why}");
    let (_, same, _) = audit(&["prove", whole.to_str().unwrap(), "--event", "600"]);
    assert_eq!(
        proof.lines().take(3).collect::<Vec<_>>(),
        same.lines().take(3).collect::<Vec<_>>()
    );
    let (code, _, why) = audit(&["prove", "--event", "100", "--data", data]);
    assert_eq!(code, 2, "{why}");
    let (code, _, why) = audit(&["prove", whole.to_str().unwrap(), "--event", "100"]);
    assert_eq!(code, 0, "{why}");
    stop(server);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_exports_by_itself_where_that_is_set() {
    let own = tempfile::tempdir().unwrap();
    let out = own.path().join("out");
    let text = format!("[audit]\nexport_directory = {:?}\n", out.to_str().unwrap());
    let server = Server::configured(&text, &[]);
    let look = async || {
        let events = server.get("/events?type=audit.exported").await;
        crate::wait::seen(events, |events| events["items"][0]["actor"] == "server")
    };
    crate::wait::eventually(crate::wait::DEADLINE, look).await;
    is_good(&out, &vkey(&server.dir));
}
