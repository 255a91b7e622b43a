//! The main key: where it comes from, and that it can be changed at any point of
//! the work without losing anything.

use std::collections::HashSet;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest, Md5};
use modegate_core::time::Timestamp;
use modegate_core::tokens::{Role, TokenId};
use modegate_core::web_session::{SessionDigest, Subject, Surface, WebSession, WebSessionId};
use modegate_store::Store;
use modegate_store::seal::{Keys, SealContext};
use modegate_store::sqlite::SqliteStore;
use modegate_store::sqlite::reseal::Reseal;
use modegate_store::web::WebStore;
use rusqlite::Connection;
use serde_json::json;
use uuid::Uuid;

use crate::files::files;
use crate::harness::{Server, answers, message, message_with, package1, serve_command};
use crate::program::program;
use crate::wait::{DEADLINE, eventually_blocking};

fn rotate(dir: &Path) -> Command {
    let mut command = program();
    command.args(["key", "rotate", "--data"]).arg(dir);
    command
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn key(text: &str) -> [u8; 32] {
    let text = text.trim();
    let byte = |at: usize| u8::from_str_radix(&text[2 * at..2 * at + 2], 16).unwrap();
    std::array::from_fn(byte)
}

/// A folder with `devices` devices, each with a password waiting; served no more.
async fn folder(dir: &Path, devices: usize) {
    let mut server = Server::in_dir(dir, &["--accept-unknown-devices"]);
    for n in 0..devices {
        let device = json!({"source": format!("d{n}"), "user": "ann"});
        let device = server.register(device).await;
        let reset =
            json!({"type": "reset_user_password", "user": "u", "password": format!("Pa55-{n}")});
        server.queue(&device, reset).await;
        if n % 8 == 0 {
            let links = format!("/devices/{device}/portal-links");
            assert_eq!(server.api("POST", &links, None).await.0, 201);
            let source = format!("d{n}");
            let inventory = json!({"type": "raw", "verb": "Get", "loc_uri": "./DevInfo/Mod"});
            server.queue(&device, inventory).await;
            let reply = server
                .sync("Machine", &package1(&source, "1", 1, "none"))
                .await;
            let answers = message(&source, "1", 2, &answers(&reply, 200));
            server.sync("Machine", &answers).await;
        }
    }
    // An answer that is kept for who asks again.
    let named = [("idempotency-key", "k")];
    let token = json!({"name": "t", "role": "auditor"});
    assert_eq!(server.with("POST", "/tokens", &named, token).await.0, 201);
    server.signal("TERM");
    assert_eq!(server.wait(), Some(0));
    let keys = Keys::from_bytes(&key(&std::fs::read_to_string(dir.join("key")).unwrap())).unwrap();
    let store = SqliteStore::open(&dir.join("modegate.db"), keys).unwrap();
    let session = web_session();
    let at = session.made_at;
    store.put_web_session(session, None, at).await.unwrap();
    let digest = crate::store::enrollments::enroll(&store, 1, "ann").await;
    assert_eq!(digest.0[0], 1);
    store.close().await;
}

/// Somebody who is signed in, for ever.
fn web_session() -> WebSession {
    let id = Uuid::from_u128(1);
    WebSession {
        id: WebSessionId(id),
        key: SessionDigest::from_key("key"),
        surface: Surface::Console,
        subject: Subject::Token(TokenId(id)),
        name: "Ann".into(),
        role: Role::Operator,
        groups: None,
        person: None,
        language: None,
        made_at: Timestamp(0),
        seen_at: Timestamp(0),
        ends_at: Timestamp(i64::MAX),
        idle_ms: i64::MAX,
    }
}

/// Everything sealed in the database: (place, bytes).
fn sealed(dir: &Path) -> Vec<(SealContext, Vec<u8>)> {
    let db = Connection::open(dir.join("modegate.db")).unwrap();
    let mut all = Vec::new();
    let mut devices = db
        .prepare("SELECT number, record, reply FROM device")
        .unwrap();
    let mut rows = devices.query([]).unwrap();
    while let Some(row) = rows.next().unwrap() {
        let number = row.get::<_, i64>(0).unwrap() as u64;
        all.push((SealContext::Record(number), row.get(1).unwrap()));
        if let Some(reply) = row.get(2).unwrap() {
            all.push((SealContext::Reply(number), reply));
        }
    }
    let mut commands = db
        .prepare("SELECT device, seq, part, body FROM command")
        .unwrap();
    let mut rows = commands.query([]).unwrap();
    while let Some(row) = rows.next().unwrap() {
        let number = row.get::<_, i64>(0).unwrap() as u64;
        let place = SealContext::Command(number, row.get(1).unwrap(), row.get(2).unwrap());
        let body: Vec<u8> = row.get(3).unwrap();
        if body[0] != 0 {
            all.push((place, body));
        }
    }
    let mut inventories = db
        .prepare("SELECT device, sealed, part FROM inventory")
        .unwrap();
    let mut rows = inventories.query([]).unwrap();
    while let Some(row) = rows.next().unwrap() {
        let number = row.get::<_, i64>(0).unwrap() as u64;
        let place = SealContext::Inventory(number, row.get(2).unwrap());
        all.push((place, row.get(1).unwrap()));
    }
    let mut kept = db.prepare("SELECT number, answer FROM once").unwrap();
    let mut rows = kept.query([]).unwrap();
    while let Some(row) = rows.next().unwrap() {
        let number = row.get::<_, i64>(0).unwrap() as u64;
        all.push((SealContext::StoredResponse(number), row.get(1).unwrap()));
    }
    for (table, place) in [
        (
            "web_session",
            SealContext::WebSession as fn(u64) -> SealContext,
        ),
        ("portal_link", SealContext::PortalLink),
        ("enrollment", SealContext::Enrollment),
        ("enrollment_token", SealContext::EnrollmentToken),
        ("enrollment_ca", SealContext::EnrollmentAuthority),
    ] {
        let sql = format!("SELECT number, sealed FROM {table}");
        let mut found = db.prepare(&sql).unwrap();
        let mut rows = found.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            let number = row.get::<_, i64>(0).unwrap() as u64;
            all.push((place(number), row.get(1).unwrap()));
        }
    }
    let has = |wanted: fn(&SealContext) -> bool| all.iter().any(|(place, _)| wanted(place));
    assert!(has(|place| matches!(place, SealContext::Inventory(..))));
    assert!(has(|place| matches!(place, SealContext::StoredResponse(_))));
    assert!(has(|place| matches!(place, SealContext::WebSession(_))));
    assert!(has(|place| matches!(place, SealContext::PortalLink(_))));
    assert!(has(|place| matches!(place, SealContext::Enrollment(_))));
    all
}

async fn everything_opens(dir: &Path, keys: impl Fn() -> Keys, devices: usize) {
    {
        // Every row by itself, under the keys as the database numbers them.
        let db = Connection::open(dir.join("modegate.db")).unwrap();
        let sql = "SELECT sealed FROM key_check";
        let check: Vec<u8> = db.query_row(sql, [], |row| row.get(0)).unwrap();
        let keys = keys().numbered(&check).unwrap();
        for (place, bytes) in sealed(dir) {
            assert!(keys.open(place, &bytes).is_ok(), "{place:?}");
        }
    }
    let store = SqliteStore::open(&dir.join("modegate.db"), keys()).unwrap();
    let mut all = store.devices(0, 10_000).await.unwrap();
    // The one that enrolled has no command.
    all.retain(|device| device.record.enrollment.is_none());
    assert_eq!(all.len(), devices);
    for device in all {
        assert!(
            !store
                .commands(device.id, 0, 10, u64::MAX)
                .await
                .unwrap()
                .items
                .is_empty()
        );
    }
}

#[tokio::test]
async fn a_change_broken_off_after_any_step_goes_on() {
    let own = tempfile::tempdir().unwrap();
    let dir = own.path().join("data");
    folder(&dir, 300).await;
    let database = dir.join("modegate.db");
    let old = key(&std::fs::read_to_string(dir.join("key")).unwrap());
    let new = [9; 32];
    let both = || Keys::with_next(&old, &new).unwrap();
    let before = sealed(&dir);
    // A server that runs deletes it, as it has expired.
    let is_token = |place: &SealContext| matches!(place, SealContext::EnrollmentToken(_));
    assert!(before.iter().any(|(place, _)| is_token(place)));
    let mut steps = 0;
    loop {
        let mut work = Reseal::open(&database, both()).unwrap();
        let mut ended = false;
        for _ in 0..steps {
            ended = work.step().unwrap().is_none();
        }
        // Broken off here: both keys together still open everything, for a server too.
        drop(work);
        everything_opens(&dir, both, 300).await;
        if ended {
            break;
        }
        // The old key alone is still the one that the database is known by.
        assert!(SqliteStore::open(&database, Keys::from_bytes(&new).unwrap()).is_err());
        steps += 1;
    }
    assert!(steps >= 4, "{steps} steps are not enough to show anything");

    let mut work = Reseal::open(&database, both()).unwrap();
    while work.step().unwrap().is_some() {}
    work.finish(Timestamp(1)).unwrap();
    // Broken off before the key file was renamed: again, to the same end.
    everything_opens(&dir, both, 300).await;
    let mut work = Reseal::open(&database, both()).unwrap();
    while work.step().unwrap().is_some() {}
    work.finish(Timestamp(2)).unwrap();

    everything_opens(&dir, || Keys::from_bytes(&new).unwrap(), 300).await;
    assert!(SqliteStore::open(&database, Keys::from_bytes(&old).unwrap()).is_err());
    the_old_key_opens_nothing(&dir, &old, &before);
}

/// Not what is in the tables now, whatever number it goes by, and of what was
/// there before nothing is left in any file.
fn the_old_key_opens_nothing(dir: &Path, old: &[u8; 32], before: &[(SealContext, Vec<u8>)]) {
    let old = Keys::from_bytes(old).unwrap();
    let now = sealed(dir);
    assert!(!now.is_empty());
    for (place, mut bytes) in now {
        bytes[0] = old.number();
        assert!(old.open(place, &bytes).is_err(), "{place:?}");
    }
    let gone: HashSet<&[u8]> = before.iter().map(|(_, bytes)| &bytes[1..17]).collect();
    for path in files(dir) {
        let bytes = std::fs::read(&path).unwrap();
        assert!(
            !bytes.windows(16).any(|window| gone.contains(window)),
            "{} still holds what the old key sealed",
            path.display()
        );
    }
}

#[tokio::test]
async fn killed_in_the_middle_it_serves_and_ends_when_run_again() {
    let own = tempfile::tempdir().unwrap();
    let dir = own.path().join("data");
    folder(&dir, 60).await;
    let before = sealed(&dir);
    let old = std::fs::read_to_string(dir.join("key")).unwrap();
    let mut child = rotate(&dir).stderr(Stdio::null()).spawn().unwrap();
    // As soon as the new key is there, the work is under way.
    eventually_blocking(DEADLINE, || {
        let begun = dir.join("key.next").exists() || child.try_wait().unwrap().is_some();
        begun.then_some(()).ok_or("no new key")
    });
    child.kill().unwrap();
    child.wait().unwrap();
    {
        let server = Server::in_dir(&dir, &["--accept-unknown-devices"]);
        let reply = server
            .sync("Machine", &package1("d1", "9", 1, "none"))
            .await;
        assert!(reply.text.contains("Pa55-1"), "{}", reply.text);
        let copied = program()
            .args(["backup", dir.join("copy").to_str().unwrap(), "--data"])
            .arg(&dir)
            .output()
            .unwrap();
        let is_changing = dir.join("key.next").exists();
        assert_eq!(copied.status.success(), !is_changing, "{}", said(&copied));
        let refused = rotate(&dir).output().unwrap();
        assert_eq!(refused.status.code(), Some(1));
        assert!(
            said(&refused).contains("in use by another server"),
            "{}",
            said(&refused)
        );
    }
    let again = rotate(&dir).output().unwrap();
    assert!(again.status.success(), "{}", said(&again));
    assert!(!dir.join("key.next").exists());
    let new = std::fs::read_to_string(dir.join("key")).unwrap();
    assert!(new != old && !said(&again).contains(new.trim()));
    the_old_key_opens_nothing(&dir, &key(&old), &before);
    let server = Server::in_dir(&dir, &["--accept-unknown-devices"]);
    let reply = server
        .sync("Machine", &package1("d2", "9", 1, "none"))
        .await;
    assert!(reply.text.contains("Pa55-2"), "{}", reply.text);
    let events = server.get("/events?limit=200").await;
    let events = events["items"].as_array().unwrap();
    assert!(events.iter().any(|event| event["type"] == "key.rotated"));
}

/// The Cred of an MD5 answer to this nonce (OMA DM Security 5.4).
fn cred(nonce: &str) -> String {
    let of_user = STANDARD.encode(Md5::digest(b"u:p"));
    let nonce = STANDARD.decode(nonce).unwrap();
    let digest = Md5::digest([of_user.as_bytes(), b":", &nonce].concat());
    let digest = STANDARD.encode(digest);
    format!(
        "<Cred><Meta><Format xmlns=\"syncml:metinf\">b64</Format><Type xmlns=\"syncml:metinf\">syncml:auth-md5</Type></Meta><Data>{digest}</Data></Cred>"
    )
}

#[tokio::test]
async fn a_tablet_with_a_nonce_from_before_heals_by_one_challenge() {
    let own = tempfile::tempdir().unwrap();
    let dir = own.path().join("data");
    let mut server = Server::in_dir(&dir, &[]);
    let credentials = json!({"username": "u", "password": "p"});
    server
        .register(json!({"source": "t", "credentials": credentials}))
        .await;
    let package = |session: &str, message: u32, nonce: &str| {
        let header = format!("<LocName>u</LocName></Source>{}", cred(nonce));
        message_with(
            "t",
            session,
            message,
            "",
            "<Alert><CmdID>1</CmdID><Data>1201</Data></Alert><Final/>",
        )
        .replacen("</Source>", &header, 1)
    };
    let challenge = server.sync("Machine", &package1("t", "1", 1, "none")).await;
    let first = server
        .sync("Machine", &package("1", 1, &challenge.nonce.unwrap()))
        .await;
    assert_eq!(first.statuses[0].2, 200, "{}", first.text);
    let kept = first.nonce.unwrap();
    server.signal("TERM");
    assert_eq!(server.wait(), Some(0));
    assert!(rotate(&dir).output().unwrap().status.success());

    let server = Server::in_dir(&dir, &[]);
    let challenged = server.sync("Machine", &package("2", 1, &kept)).await;
    assert_eq!(challenged.statuses[0].2, 401, "{}", challenged.text);
    let healed = server
        .sync("Machine", &package("2", 1, &challenged.nonce.unwrap()))
        .await;
    assert_eq!(healed.statuses[0].2, 200, "{}", healed.text);
}

#[tokio::test]
async fn the_key_may_come_from_the_environment_and_be_changed_there() {
    let own = tempfile::tempdir().unwrap();
    let dir = own.path().join("data");
    let (old, new) = ("5a".repeat(32), "c3".repeat(32));
    let serve = |variables: &[(&str, &str)]| {
        let arguments = vec!["--accept-unknown-devices".to_owned()];
        let mut command = serve_command(&dir, &arguments);
        command.envs(variables.iter().copied());
        command
    };
    let start = |variables: &[(&str, &str)]| Server::by(serve(variables), &dir, Vec::new());
    {
        let mut server = start(&[("MODEGATE_KEY", &old)]);
        let device = server.register(json!({"source": "d"})).await;
        server
            .queue(
                &device,
                json!({"type": "reset_user_password", "user": "u", "password": "Pa55-env"}),
            )
            .await;
        assert!(
            !dir.join("key").exists(),
            "a key was made beside the one that was told"
        );
        server.signal("TERM");
        assert_eq!(server.wait(), Some(0));
    }
    for (variables, why) in [
        (
            vec![("MODEGATE_KEY", new.as_str())],
            "not the one that this database was created with",
        ),
        (
            vec![("MODEGATE_KEY", "5a5a")],
            "expected 64 hexadecimal digits",
        ),
    ] {
        let output = serve(&variables).stderr(Stdio::piped()).output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        assert!(said(&output).contains(why), "{}", said(&output));
    }
    let alone = rotate(&dir).env("MODEGATE_KEY", &old).output().unwrap();
    assert!(!alone.status.success() && said(&alone).contains("MODEGATE_KEY_NEXT"));
    let both = [
        ("MODEGATE_KEY", old.as_str()),
        ("MODEGATE_KEY_NEXT", new.as_str()),
    ];
    let changed = rotate(&dir).envs(both).output().unwrap();
    assert!(changed.status.success(), "{}", said(&changed));
    let server = start(&[("MODEGATE_KEY", &new)]);
    let reply = server.sync("Machine", &package1("d", "1", 1, "none")).await;
    assert!(reply.text.contains("Pa55-env"));
}

/// A table with sealed columns that the change of the key does not know would be
/// lost with the old key.
#[test]
fn every_column_of_bytes_is_known_to_be_sealed_or_not() {
    let own = tempfile::tempdir().unwrap();
    let path = own.path().join("db");
    drop(SqliteStore::open(&path, Keys::from_bytes(&[1; 32]).unwrap()).unwrap());
    let db = Connection::open(&path).unwrap();
    let sql = "SELECT t.name || '.' || c.name FROM sqlite_schema t, pragma_table_info(t.name) c \
               WHERE t.type = 'table' AND c.type = 'BLOB' ORDER BY 1";
    let mut statement = db.prepare(sql).unwrap();
    let found: Vec<String> = statement
        .query_map([], |row| row.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    let resealed = [
        "app.sealed",
        "batch.sealed",
        "command.body",
        "device.record",
        "device.reply",
        "enrollment.sealed",
        "enrollment_ca.sealed",
        "enrollment_token.sealed",
        "inventory.sealed",
        "inventory_change.sealed",
        "key_check.sealed",
        "once.answer",
        "portal_link.sealed",
        "push_channel.sealed",
        "push_profile.sealed",
        "web_session.sealed",
        "webhook.sealed",
    ];
    let not_sealed = [
        "alert.id",
        "batch.id",
        "batch_item.device",
        "chain.id",
        "checkpoint.root",
        "compliance.body",
        "delivery.body",
        "device.id",
        "device.state",
        "enrollment.id",
        "enrollment_certificate.digest",
        "enrollment_certificate.public_key",
        "enrollment_token.digest",
        "enrollment_token.id",
        "event.bytes",
        "install.body",
        "once.digest",
        "once.name",
        "policy_set.files",
        "portal_link.id",
        "portal_link.text",
        "push_profile.id",
        "term_index.term",
        "tile.hashes",
        "token.body",
        "token.id",
        "tree.frontier",
        "web_session.id",
        "web_session.key",
        "web_session.subject",
        "webhook.id",
    ];
    let mut known = [&resealed[..], &not_sealed].concat();
    known.sort_unstable();
    assert_eq!(
        found, known,
        "what is sealed must be known to store/sqlite/reseal.rs"
    );
}
