//! A backup, a restore and a key rotation never harm a database in use; one that was
//! moved all the same under a server turns it off instead of losing what it acknowledges.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use serde_json::json;

use crate::harness::Server;
use crate::program::program;
use crate::wait::{DEADLINE, eventually, seen};

/// Runs the program; its exit code and what it wrote to standard error.
fn run(arguments: &[&str]) -> (Option<i32>, String) {
    let output = program().args(arguments).output().unwrap();
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.code(), text)
}

/// Runs it; it must fail with 1 and say why.
fn refused(arguments: &[&str], why: &str) {
    let (code, text) = run(arguments);
    assert_eq!(code, Some(1), "{arguments:?}: {text}");
    assert!(text.contains(why), "{arguments:?}: {text}");
}

fn done(arguments: &[&str]) {
    let (code, text) = run(arguments);
    assert_eq!(code, Some(0), "{arguments:?}: {text}");
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Everything in a directory by name, and what each is.
fn contents(dir: &Path) -> Vec<(String, Vec<u8>)> {
    let mut all: Vec<_> = fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| !text(path).ends_with("-shm"))
        .map(|path| (text(&path).to_owned(), fs::read(&path).unwrap_or_default()))
        .collect();
    all.sort();
    all
}

async fn ready(server: &Server) -> (u16, String) {
    let answer = reqwest::get(format!("{}/readyz", server.http)).await;
    let answer = answer.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

#[tokio::test]
async fn a_backup_replaces_no_file_of_a_data_directory_by_whatever_name() {
    let mut server = Server::start_with(&[]);
    server.register(json!({"source": "before"})).await;
    let own = tempfile::tempdir().unwrap();
    let dir = server.dir.clone();
    let at = |name: &str| dir.join(name);
    let hard = own.path().join("hard");
    fs::hard_link(at("modegate.db"), &hard).unwrap();
    let soft = own.path().join("soft");
    symlink(at("modegate.db"), &soft).unwrap();
    let of_log = own.path().join("of-log");
    symlink(at("modegate.db-wal"), &of_log).unwrap();
    symlink(&dir, own.path().join("dir")).unwrap();
    let before = contents(&dir);
    for (file, why) in [
        (at("modegate.db"), "of the database itself"),
        (at("modegate.db-wal"), "of the database itself"),
        (at("modegate.db-shm"), "of the database itself"),
        (own.path().join("dir/modegate.db"), "of the database itself"),
        (
            dir.join("../data/modegate.db-wal"),
            "of the database itself",
        ),
        (hard, "of the database itself"),
        (soft, "of the database itself"),
        (of_log, "of the database itself"),
        (at("key"), "is not a backup"),
        (at("admin-token"), "is not a backup"),
        (at("server-key.pem"), "is not a backup"),
        (at("lock"), "is not a backup"),
        (at("modegate.db-lock"), "is not a backup"),
    ] {
        refused(
            &["backup", text(&file), "--force", "--data", text(&dir)],
            why,
        );
    }
    let now = contents(&dir);
    let changed = now.iter().filter(|file| !before.contains(file));
    let changed: Vec<&String> = changed.map(|(name, _)| name).collect();
    assert!(now == before, "changed: {changed:?}");
    assert_eq!(ready(&server).await.0, 200);

    // The live database of another server is none of its business either.
    let other = Server::start_with(&[]);
    let database = other.dir.join("modegate.db");
    let onto_other = ["backup", text(&database), "--force", "--data", text(&dir)];
    refused(&onto_other, "is not a backup");
    assert_eq!(ready(&other).await.0, 200);

    // What was acknowledged afterwards is there after a crash.
    let after = server.register(json!({"source": "after"})).await;
    server.kill_and_restart();
    let devices = server.get("/devices").await;
    assert_eq!(devices["items"].as_array().unwrap().len(), 2);
    server.get(&format!("/devices/{after}")).await;

    // A backup by force replaces an earlier one, under a name that is a link too.
    let good = own.path().join("good");
    done(&["backup", text(&good), "--data", text(&dir)]);
    done(&["backup", text(&good), "--force", "--data", text(&dir)]);
    let link = own.path().join("link");
    symlink(&good, &link).unwrap();
    done(&["backup", text(&link), "--force", "--data", text(&dir)]);
    let mode = fs::metadata(&link).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[tokio::test]
async fn a_restore_takes_no_database_for_a_backup_of_itself() {
    let mut server = Server::start_with(&[]);
    let dir = server.dir.clone();
    server.register(json!({"source": "d"})).await;
    let own = tempfile::tempdir().unwrap();
    // A copy of the file alone lacks what is in its log: with the log beside it, that is known.
    let copy = own.path().join("copy.db");
    fs::copy(dir.join("modegate.db"), &copy).unwrap();
    fs::copy(dir.join("modegate.db-wal"), own.path().join("copy.db-wal")).unwrap();
    server.signal("KILL");
    server.wait();
    let database = dir.join("modegate.db");
    let log = fs::read(dir.join("modegate.db-wal")).unwrap();
    assert!(!log.is_empty(), "the device is in the log");
    let link = own.path().join("link");
    symlink(&database, &link).unwrap();
    let unfinished = dir.join("modegate.db.unfinished");
    fs::write(&unfinished, "a backup of that name").unwrap();
    for (file, why) in [
        (&database, "of the database itself"),
        (&dir.join("modegate.db-wal"), "of the database itself"),
        (&link, "of the database itself"),
        (&unfinished, "of the database itself"),
        (&copy, "is not whole without"),
    ] {
        refused(
            &["restore", text(file), "--force", "--data", text(&dir)],
            why,
        );
    }
    assert!(fs::read(dir.join("modegate.db-wal")).unwrap() == log);
    assert_eq!(fs::read(&unfinished).unwrap(), b"a backup of that name");

    // What the refusal recommends works.
    let whole = own.path().join("whole");
    let url = format!("sqlite:{}", text(&copy));
    done(&[
        "backup",
        text(&whole),
        "--database",
        &url,
        "--data",
        text(&dir),
    ]);
    done(&["restore", text(&whole), "--data", text(&dir)]);
    let again = Server::in_dir(&dir, &[]);
    assert_eq!(again.get("/devices").await["items"][0]["source"], "d");
}

#[tokio::test]
async fn a_database_has_one_user_whatever_the_data_directory_is_called() {
    let server = Server::start_with(&[]);
    let own = tempfile::tempdir().unwrap();
    let (file, other) = (own.path().join("b"), own.path().join("other"));
    done(&["backup", text(&file), "--data", text(&server.dir)]);
    fs::create_dir(&other).unwrap();
    fs::copy(server.dir.join("key"), other.join("key")).unwrap();
    let link = own.path().join("link.db");
    symlink(server.dir.join("modegate.db"), &link).unwrap();
    let (data, key_file) = (text(&other).to_owned(), other.join("key"));
    for database in [&server.dir.join("modegate.db"), &link] {
        let url = format!("sqlite:{}", text(database));
        for command in [
            &["restore", text(&file)][..],
            &["key", "rotate"],
            &["serve", "--listen", "127.0.0.1:0"],
        ] {
            let at = ["--data", &data, "--database", &url];
            let at = [&at[..], &["--key-file", text(&key_file)]].concat();
            refused(&[command, &at].concat(), "is in use by another");
        }
    }
    assert_eq!(ready(&server).await.0, 200);
    server.register(json!({"source": "d"})).await;
}

#[tokio::test]
async fn a_link_to_the_database_stays_one_when_it_is_restored() {
    let own = tempfile::tempdir().unwrap();
    let (dir, disk) = (own.path().join("data"), own.path().join("disk"));
    fs::create_dir(&dir).unwrap();
    fs::create_dir(&disk).unwrap();
    symlink(disk.join("real.db"), dir.join("modegate.db")).unwrap();
    let file = own.path().join("b");
    // A disk that is not mounted is no reason to begin anew.
    let serve = ["serve", "--listen", "127.0.0.1:0", "--data", text(&dir)];
    refused(&serve, "real.db, which is not there");
    assert!(!disk.join("real.db").exists());
    fs::write(disk.join("real.db"), "").unwrap();
    let mut server = Server::in_dir(&dir, &[]);
    server.register(json!({"source": "early"})).await;
    done(&["backup", text(&file), "--data", text(&dir)]);
    server.register(json!({"source": "late"})).await;
    server.signal("TERM");
    server.wait();
    done(&["restore", text(&file), "--data", text(&dir)]);
    assert!(
        fs::symlink_metadata(dir.join("modegate.db"))
            .unwrap()
            .is_symlink()
    );
    assert!(disk.join("real.db.before-restore").exists());
    let again = Server::in_dir(&dir, &[]);
    let devices = again.get("/devices").await;
    assert_eq!(devices["items"].as_array().unwrap().len(), 1);
}

/// What somebody does to the files of a database while it is served.
type Misfortune = fn(&Path);

#[tokio::test]
async fn a_database_that_was_replaced_takes_no_writes_and_is_reported() {
    let misfortunes: [(&str, Misfortune); 5] = [
        ("replaced", |dir| {
            fs::copy(dir.join("modegate.db"), dir.join("x")).unwrap();
            fs::rename(dir.join("x"), dir.join("modegate.db")).unwrap();
        }),
        ("moved", |dir| {
            fs::rename(dir.join("modegate.db"), dir.join("x")).unwrap();
        }),
        ("deleted", |dir| {
            fs::remove_file(dir.join("modegate.db")).unwrap();
        }),
        ("log deleted", |dir| {
            fs::remove_file(dir.join("modegate.db-wal")).unwrap();
        }),
        ("index deleted", |dir| {
            fs::remove_file(dir.join("modegate.db-shm")).unwrap();
        }),
    ];
    for (what, happens) in misfortunes {
        let server = Server::start_with(&[]);
        server.register(json!({"source": "before"})).await;
        assert_eq!(ready(&server).await.0, 200);
        happens(&server.dir);
        let device = json!({"source": "after"});
        let (status, answer) = server.api("POST", "/devices", Some(device)).await;
        assert_eq!(status, 503, "{what}: acknowledged and lost: {answer}");
        let look = async || seen(ready(&server).await, |(status, _)| *status == 503);
        let (_, why) = eventually(DEADLINE, look).await;
        assert!(why.contains("moved, deleted or replaced"), "{what}: {why}");
        server.logged("nothing more is written");
        let alive = reqwest::get(format!("{}/healthz", server.http)).await;
        assert_eq!(alive.unwrap().status(), 200, "{what}");
    }
}

#[tokio::test]
async fn putting_the_database_back_and_restarting_recovers_everything() {
    let mut server = Server::start_with(&[]);
    let device = server.register(json!({"source": "d"})).await;
    let (database, aside) = (server.dir.join("modegate.db"), server.dir.join("aside"));
    fs::rename(&database, &aside).unwrap();
    let (status, _) = server
        .api("POST", "/devices", Some(json!({"source": "e"})))
        .await;
    assert_eq!(status, 503);
    // Without its database the log is not thrown away, nor a new database made beside it.
    server.signal("KILL");
    server.wait();
    let serve = [
        "serve",
        "--listen",
        "127.0.0.1:0",
        "--data",
        text(&server.dir),
    ];
    refused(&serve, "put the database back beside its log");
    assert!(!database.exists());
    fs::rename(&aside, &database).unwrap();
    server.kill_and_restart();
    server.get(&format!("/devices/{device}")).await;
    assert_eq!(ready(&server).await.0, 200);
}

#[tokio::test]
async fn when_the_server_has_ended_the_database_is_whole_without_its_log() {
    let mut server = Server::start_with(&[]);
    for n in 0..4 {
        server.register(json!({"source": format!("d{n}")})).await;
        // A connection that is still open does not keep it from ending in order.
        let _reading = server.open("/events/stream", &[]).await;
        server.signal("TERM");
        assert_eq!(server.wait(), Some(0));
        let log = server.dir.join("modegate.db-wal");
        assert!(!log.exists(), "writes are left in the log");
        let copy = server.dir.join("copy.db");
        fs::copy(server.dir.join("modegate.db"), &copy).unwrap();
        let db = rusqlite::Connection::open(&copy).unwrap();
        let sql = "SELECT count(*) FROM device";
        let devices: i64 = db.query_row(sql, [], |row| row.get(0)).unwrap();
        assert_eq!(devices, n + 1);
        drop(db);
        server.kill_and_restart();
    }
}
