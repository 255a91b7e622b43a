//! Servers and commands that are killed anywhere while they export, redact, change the key or
//! begin an epoch: no size falls, none is published with two roots, and a second run completes.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use modegate_core::tlog::entry::hash_of;
use modegate_core::tlog::{Checkpoint, Frontier};
use rusqlite::Connection;
use serde_json::json;

use super::exports::{audit, vkey};
use super::sealing::{everything_is_sealed, serve, stop};
use super::{Database, published};
use crate::program::program;

/// What is killed in each round, and after how many milliseconds. Where a kill meets it is left
/// to chance: what must be true after it is true wherever it came. That every step is met is
/// shown by `steps` and `exports`, which end before each of them.
const ROUNDS: [(&[&str], u64); 12] = [
    (&["export"], 5),
    (&["export"], 20),
    (&["export"], 40),
    (&["export"], 80),
    (&["key", "rotate"], 10),
    (&["key", "rotate"], 30),
    (&["key", "rotate"], 60),
    (&["redact"], 10),
    (&["redact"], 30),
    (&["redact"], 60),
    (&["checkpoint"], 20),
    (&["export"], 160),
];

/// The roots that were published, by origin and size.
#[derive(Default)]
struct Seen(BTreeMap<(String, u64), String>);

impl Seen {
    /// Looks at what is published and what the database keeps.
    fn look(&mut self, dir: &Path) {
        let notes = published(dir).into_values().map(|(newest, _)| newest);
        let mut all: Vec<Checkpoint> = notes.collect();
        let db = Connection::open(dir.join("modegate.db")).unwrap();
        let mut rows = db.prepare("SELECT note FROM checkpoint").unwrap();
        let rows = rows.query_map([], |row| row.get::<_, String>(0)).unwrap();
        for note in rows {
            all.push(Checkpoint::from_note(note.unwrap().as_bytes()).unwrap().0);
        }
        for checkpoint in all {
            let root = checkpoint.root.base64();
            let of = (checkpoint.origin.to_string(), checkpoint.size);
            let known = self.0.entry(of).or_insert_with(|| root.clone());
            assert_eq!(*known, root, "{checkpoint:?}");
        }
    }
}

/// The sealed size, the first entry that is left and how far the log was exported.
fn tree(dir: &Path) -> (u64, u64, u64) {
    let db = Connection::open(dir.join("modegate.db")).unwrap();
    let sql = "SELECT size, minimum, exported FROM tree";
    let numbers = |row: &rusqlite::Row<'_>| {
        Ok((
            row.get::<_, i64>(0)?,
            row.get::<_, i64>(1)?,
            row.get::<_, i64>(2)?,
        ))
    };
    let (size, minimum, exported) = db.query_row(sql, [], numbers).unwrap();
    (size as u64, minimum as u64, exported as u64)
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_killed_no_size_falls_and_the_next_run_completes() {
    let own = tempfile::tempdir().unwrap();
    let (dir, out) = (own.path().join("data"), own.path().join("out"));
    let (data, out_text) = (dir.to_str().unwrap(), out.to_str().unwrap());
    let (mut seen, mut before) = (Seen::default(), (0, 0, 0));
    for (round, (what, pause)) in ROUNDS.into_iter().enumerate() {
        let mut server = serve(&dir, 1);
        for n in 0..40 {
            server
                .register(json!({"source": format!("d{round}.{n}")}))
                .await;
        }
        let entry = (2 + round).to_string();
        let mut command = program();
        command
            .arg("audit")
            .args(what)
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        match what {
            ["export"] => command.args([out_text, "--data", data]),
            ["redact"] => command.args(["--event", &entry, "--reason", "x", "--data", data]),
            _ => command.args(["--data", data]),
        };
        let mut child = command.spawn().unwrap();
        tokio::time::sleep(Duration::from_millis(pause)).await;
        // The command in even rounds, the server in odd ones, both in every third.
        if round % 2 == 0 || round % 3 == 0 {
            let _ = child.kill();
        }
        if round % 2 == 1 || round % 3 == 0 {
            server.signal("KILL");
            server.wait();
            let _ = child.kill();
            child.wait().unwrap();
        } else {
            child.wait().unwrap();
            stop(server);
        }
        seen.look(&dir);
        let now = tree(&dir);
        assert!(
            now.0 >= before.0 && now.1 >= before.1 && now.2 >= before.2,
            "{now:?} {before:?}"
        );
        assert!(now.1 <= now.2 && now.2 <= now.0, "{now:?}");
        before = now;
    }
    stop(serve(&dir, 3_600));
    seen.look(&dir);
    let entries = Database::of(&dir).entries();
    assert_eq!(Database::of(&dir).sealed(), entries.len() as u64);
    // What was published is what is there.
    let redacted = entries.iter().filter(|entry| entry[0] == 0xFF).count();
    for ((_, size), published) in &seen.0 {
        let mut tree = Frontier::default();
        for entry in &entries[..*size as usize] {
            // Behind the entry, a redacted row has what is shown instead.
            let length = if entry[0] == 0xFF { 33 } else { entry.len() };
            tree.push(hash_of(&entry[..length]).unwrap(), |_, _| {});
        }
        assert_eq!(tree.root().base64(), *published);
    }
    let (code, said, why) = audit(&["export", out_text, "--data", data]);
    assert_eq!(code, 0, "{said}{why}");
    let redacted = redacted.to_string();
    let key = vkey(&dir);
    for of in [
        &["verify", out_text, "--key", &key][..],
        &["verify", "--data", data],
    ] {
        let accepted = ["--accept-redacted", &redacted];
        let (code, said, why) = audit(&[of, &accepted].concat());
        assert_eq!(code, 0, "{said}{why}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_while_an_epoch_begins_the_log_begins_it_once() {
    let own = tempfile::tempdir().unwrap();
    let dir = own.path().join("data");
    stop(serve(&dir, 3_600));
    let mut seen = Seen::default();
    seen.look(&dir);
    // What is published cannot be read: the next start begins an epoch.
    fs::write(dir.join("audit/last-checkpoint"), "{").unwrap();
    // Somewhere before, within or behind that; where is left to chance, as above.
    for pause in [5, 15, 25, 40, 60, 80, 100, 130, 160, 200] {
        let mut command = crate::harness::serve_command(&dir, &[]);
        let mut child = command
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        tokio::time::sleep(Duration::from_millis(pause)).await;
        child.kill().unwrap();
        child.wait().unwrap();
    }
    stop(serve(&dir, 3_600));
    let db = Connection::open(dir.join("modegate.db")).unwrap();
    let epoch: i64 = db
        .query_row("SELECT epoch FROM tree", [], |row| row.get(0))
        .unwrap();
    let sql = "SELECT count(*) FROM event WHERE instr(bytes, CAST('\"type\":\"log.forked\"' AS BLOB)) > 0";
    let forked: i64 = db.query_row(sql, [], |row| row.get(0)).unwrap();
    // Until an epoch is published the file says nothing, so that each start may begin one.
    assert_eq!(forked, epoch - 1);
    everything_is_sealed(&dir, epoch as u64);
    seen.look(&dir);
    let (code, said, why) = audit(&["verify", "--data", dir.to_str().unwrap()]);
    assert_eq!(code, 0, "{said}{why}");
}
