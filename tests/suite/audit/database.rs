//! The log in a database is changed by one who may write to it and has no key: `audit verify`
//! finds it, whichever row and whichever bit it is.

use std::fs;
use std::path::{Path, PathBuf};

use proptest::strategy::{Strategy as _, ValueTree as _};
use proptest::test_runner::{Config, TestRunner};
use rusqlite::types::Value;
use rusqlite::{Connection, params};
use serde_json::json;

use super::exports::audit;
use super::sealing::{serve, stop};
use crate::harness::demo_queue;

/// Entries that the log has, at the least: more than one tile of 256.
const EVENTS: usize = 520;

/// A data directory whose server ended, with a log that has all that a log can have.
struct LogDirectory {
    own: tempfile::TempDir,
    pristine: Vec<u8>,
}

impl LogDirectory {
    async fn log() -> LogDirectory {
        let own = tempfile::tempdir().unwrap();
        let dir = own.path().join("data");
        let server = serve(&dir, 3_600);
        demo_queue(&server, "t1").await;
        for (session, mode) in [("1", "Machine"), ("2", "Maintenance"), ("3", "Apps")] {
            server.begin(mode, "t1", session).await;
        }
        for n in 0..EVENTS {
            server.register(json!({"source": format!("d{n}")})).await;
        }
        stop(server);
        let database = dir.join("modegate.db");
        assert!(!dir.join("modegate.db-wal").exists());
        let pristine = fs::read(&database).unwrap();
        LogDirectory { own, pristine }
    }

    fn data(&self) -> PathBuf {
        self.own.path().join("data")
    }

    /// Writes to the database as one who may: triggers are no hindrance.
    fn change(&self, change: impl FnOnce(&Connection)) {
        let path = self.data().join("modegate.db");
        for beside in ["-wal", "-shm"] {
            let _ = fs::remove_file(path.with_extension(format!("db{beside}")));
        }
        fs::write(&path, &self.pristine).unwrap();
        let db = Connection::open(&path).unwrap();
        db.execute_batch("DROP TRIGGER event_is_final; DROP TRIGGER event_stays; BEGIN")
            .unwrap();
        change(&db);
        db.execute_batch("COMMIT; PRAGMA wal_checkpoint(TRUNCATE)")
            .unwrap();
    }

    fn verify(&self) -> (i32, String) {
        let (code, said, why) = audit(&["verify", "--data", self.data().to_str().unwrap()]);
        (code, format!("{said}{why}"))
    }

    fn is_found(&self, what: &str, change: impl FnOnce(&Connection)) {
        self.change(change);
        let (code, said) = self.verify();
        assert!([1, 2].contains(&code), "{what}: {code}\n{said}");
    }
}

fn run(db: &Connection, sql: &str) {
    let changed = db.execute(sql, []).unwrap();
    assert!(changed > 0, "{sql}");
}

/// The rows of these tables that a verification of the log reads, with their values of bytes
/// or text.
const READ: [(&str, &[&str]); 6] = [
    ("event", &["bytes"]),
    ("tile", &["hashes"]),
    ("tree", &["origin", "frontier"]),
    ("checkpoint", &["note", "root"]),
    ("audit_key", &["vkey"]),
    ("policy_set", &["files", "digest"]),
];

/// Values that no verification depends on: the frontier is worked out again when it is
/// sealed on, and the key comes from its own file.
const NOT_PROOF: [&str; 2] = ["tree.frontier", "tree.origin"];

#[tokio::test]
async fn a_bit_of_any_row_of_the_log_is_found() {
    let given = LogDirectory::log().await;
    given.change(|_| {});
    let (code, said) = given.verify();
    assert_eq!(code, 0, "{said}");
    let mut runner = TestRunner::new(Config::default());
    let mut random = |below: usize| {
        let number = (0..below).new_tree(&mut runner);
        number.unwrap().current()
    };
    let (mut flips, mut used) = (0, Vec::new());
    for (table, columns) in READ {
        for column in columns {
            let name = format!("{table}.{column}");
            let each = if table == "event" { 40 } else { 12 };
            for _ in 0..each {
                let mut what = String::new();
                given.change(|db| what = flip(db, table, column, &mut random));
                let (code, said) = given.verify();
                if NOT_PROOF.contains(&name.as_str()) {
                    used.push((what, code));
                    continue;
                }
                assert!([1, 2].contains(&code), "{what}: {code}\n{said}");
                flips += 1;
            }
        }
    }
    assert!(flips >= 80, "{flips}");
    // What is no proof harms none: no answer but good or found.
    let wrong = used.iter().find(|(_, code)| ![0, 1, 2].contains(code));
    assert!(wrong.is_none(), "{wrong:?}");
}

/// Flips a random bit of a random row's value; what it was.
fn flip(
    db: &Connection,
    table: &str,
    column: &str,
    random: &mut impl FnMut(usize) -> usize,
) -> String {
    // Of checkpoints only the newest is verified: older ones are proof where others have them.
    let only = match table {
        "checkpoint" => "ORDER BY size DESC LIMIT 1",
        "policy_set" => "WHERE digest IN (SELECT digest FROM policy_set)",
        _ => "",
    };
    let sql = format!("SELECT {column} FROM {table} {only}");
    let mut rows = db.prepare(&sql).unwrap();
    let values: Vec<Value> = rows
        .query_map([], |row| row.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    let at = random(values.len());
    let bytes = match &values[at] {
        Value::Blob(bytes) => bytes.clone(),
        Value::Text(text) => text.clone().into_bytes(),
        other => panic!("{table}.{column}: {other:?}"),
    };
    let bit = random(bytes.len() * 8);
    let mut bad = bytes;
    bad[bit / 8] ^= 1 << (bit % 8);
    let new = match &values[at] {
        // As text again, where it still is some.
        Value::Text(_) => String::from_utf8(bad.clone()).map_or(Value::Blob(bad), Value::Text),
        _ => Value::Blob(bad),
    };
    let sql = format!("UPDATE {table} SET {column} = ?1 WHERE {column} = ?2");
    let changed = db.execute(&sql, params![new, values[at]]).unwrap();
    assert!(changed > 0);
    format!("bit {bit} of {table}.{column}, row {at}")
}

#[tokio::test]
async fn rows_that_are_deleted_swapped_moved_or_doubled_are_found() {
    let given = LogDirectory::log().await;
    for (what, sql) in [
        ("an event deleted", "DELETE FROM event WHERE place = 100"),
        (
            "the last event deleted",
            "DELETE FROM event WHERE place = (SELECT max(place) FROM event)",
        ),
        (
            "the first event deleted",
            "DELETE FROM event WHERE place = 1",
        ),
        (
            "the first hundred deleted",
            "DELETE FROM event WHERE place <= 100",
        ),
        (
            "events swapped",
            "UPDATE event SET bytes = (SELECT bytes FROM event AS other WHERE other.place = 301 - event.place) WHERE place IN (100, 201)",
        ),
        (
            "an event in the place of another",
            "UPDATE event SET bytes = (SELECT bytes FROM event AS other WHERE other.place = 100) WHERE place = 101",
        ),
        (
            "an event moved to the end",
            "UPDATE event SET place = (SELECT max(place) + 1 FROM event) WHERE place = 100",
        ),
        (
            "a redaction that nothing names",
            "UPDATE event SET bytes = CAST(x'FF' || randomblob(32) AS BLOB) WHERE place = 100",
        ),
        ("the base moved", "UPDATE tree SET base = base + 1"),
        (
            "the minimum moved within a tile",
            "UPDATE tree SET minimum = 100",
        ),
        ("the tree's tiles deleted", "DELETE FROM tile"),
        (
            "the newest checkpoint deleted",
            "DELETE FROM checkpoint WHERE size = (SELECT max(size) FROM checkpoint)",
        ),
        ("all checkpoints deleted", "DELETE FROM checkpoint"),
        ("policy sets deleted", "DELETE FROM policy_set"),
        (
            "another size of the newest checkpoint",
            "UPDATE checkpoint SET note = replace(note, char(10) || size || char(10), char(10) || (size - 1) || char(10))",
        ),
    ] {
        given.is_found(what, |db| run(db, sql));
    }
    // Moved to another device, in its bytes.
    given.is_found("an event of another device", |db| {
        let sql = "SELECT a.place, a.bytes, b.bytes FROM event a, event b \
                   WHERE a.device <> 0 AND b.device NOT IN (0, a.device) LIMIT 1";
        let (place, one, other): (i64, Vec<u8>, Vec<u8>) = db
            .query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
            .unwrap();
        let moved = replaced(&one, &device_of(&one), &device_of(&other));
        let sql = "UPDATE event SET bytes = ?2 WHERE place = ?1";
        assert_eq!(db.execute(sql, params![place, moved]).unwrap(), 1);
    });
}

/// What lists go by, and is in no tree.
#[tokio::test]
async fn what_is_kept_beside_the_entries_is_compared_with_them() {
    let given = LogDirectory::log().await;
    let of_t1 = "(SELECT device FROM event WHERE device <> 0 GROUP BY device ORDER BY count(*) DESC LIMIT 1)";
    let last = format!("place = (SELECT max(place) FROM event WHERE device = {of_t1})");
    for (what, sql, expected) in [
        (
            "an event that another device's list shows",
            format!("UPDATE event SET device = device + 1 WHERE {last}"),
            "database.index at entry ",
        ),
        (
            "an event with another number",
            format!("UPDATE event SET seq = seq + 1 WHERE {last}"),
            "database.index at entry ",
        ),
        (
            "an event that no list shows",
            format!(
                "UPDATE event SET prev = (SELECT before.prev FROM event AS before WHERE before.place = event.prev) \
                 WHERE {last}"
            ),
            "database.index at entry ",
        ),
        (
            "an event behind another mark",
            format!("UPDATE event SET mark = 3 WHERE {last}"),
            "database.index at entry ",
        ),
        (
            "a list that ends before the last event",
            format!(
                "UPDATE device SET event_head = (SELECT prev FROM event WHERE {last}), next_event = next_event - 1 \
                 WHERE number = {of_t1}"
            ),
            "database.index at device ",
        ),
        (
            "a list without a beginning",
            format!("UPDATE device SET event_head = 0, next_event = 1 WHERE number = {of_t1}"),
            "database.index at device ",
        ),
        (
            "a list of what concerns no device",
            "UPDATE chain SET event_head = 0".to_owned(),
            "database.index at what concerns no device",
        ),
        (
            "a device that has another's events",
            format!("UPDATE device SET id = randomblob(16) WHERE number = {of_t1}"),
            "database.index at device ",
        ),
        (
            "a device without a row",
            format!("DELETE FROM device WHERE number = {of_t1}"),
            "database.index at device ",
        ),
        (
            "another root of an older checkpoint",
            "INSERT INTO checkpoint (size, root, note, at, kept) SELECT size - 1, root, note, at, 'left' FROM checkpoint"
                .to_owned(),
            "database.checkpoint at kept checkpoint ",
        ),
        (
            "another root beside the note of an older checkpoint",
            "INSERT INTO checkpoint (size, root, note, at, kept) SELECT 1, zeroblob(32), note, at, 'left' FROM checkpoint"
                .to_owned(),
            "database.checkpoint at kept checkpoint 1",
        ),
        (
            "a key that is not the log's",
            "INSERT INTO audit_key (vkey, since) VALUES ('a.example+00000000+AAAA', 1)".to_owned(),
            "database.key at recorded keys",
        ),
        (
            "the end of a key",
            "UPDATE audit_key SET until = since".to_owned(),
            "database.key at recorded keys",
        ),
        (
            "no key",
            "DELETE FROM audit_key".to_owned(),
            "database.key at recorded keys",
        ),
    ] {
        given.change(|db| run(db, &sql));
        let (code, said) = given.verify();
        assert!(code == 1 && said.contains(expected), "{what}: {code}\n{said}");
    }
}

/// What an auditor did to an earlier version, and nobody noticed.
#[tokio::test]
async fn a_renamed_actor_and_the_exchange_of_a_password_reset_deleted_are_found() {
    let given = LogDirectory::log().await;
    given.is_found("six events of another actor", |db| {
        let of_actor = "SELECT place, bytes FROM event WHERE instr(bytes, CAST('\"actor\":\"api:admin\"' AS BLOB)) > 0 LIMIT 6";
        let mut rows = db.prepare(of_actor).unwrap();
        let rows = rows.query_map([], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, Vec<u8>>(1)?)));
        let rows: Vec<_> = rows.unwrap().map(Result::unwrap).collect();
        assert_eq!(rows.len(), 6);
        for (place, bytes) in rows {
            let other = replaced(&bytes, "\"api:admin\"", "\"api:other\"");
            let sql = "UPDATE event SET bytes = ?2 WHERE place = ?1";
            db.execute(sql, params![place, other]).unwrap();
        }
    });
    let place: i64 = {
        let db = Connection::open(given.data().join("modegate.db")).unwrap();
        let carried = "SELECT max(place) FROM event WHERE instr(bytes, CAST('\"mode\":\"Maintenance\"' AS BLOB)) > 0 \
                       AND instr(bytes, CAST('\"type\":\"exchange\"' AS BLOB)) > 0";
        db.query_row(carried, [], |row| row.get(0)).unwrap()
    };
    given.is_found("the exchange deleted", |db| {
        run(db, &format!("DELETE FROM event WHERE place = {place}"));
    });
    given.is_found("the exchange deleted, and the gap closed", |db| {
        run(db, &format!("DELETE FROM event WHERE place = {place}"));
        // One by one, so that no place is taken twice.
        let last: i64 = db
            .query_row("SELECT max(place) FROM event", [], |row| row.get(0))
            .unwrap();
        for from in place + 1..=last {
            run(
                db,
                &format!("UPDATE event SET place = place - 1 WHERE place = {from}"),
            );
        }
    });
    // A server on such a database says what it finds as well.
    let out = given.own.path().join("out");
    let data = given.data();
    let arguments = ["export", path(&out), "--data", path(&data)];
    let (code, said, why) = audit(&arguments);
    assert_ne!(code, 0, "{said}{why}");
}

fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn device_of(entry: &[u8]) -> String {
    let event: serde_json::Value = serde_json::from_slice(&entry[17..]).unwrap();
    event["device"].as_str().unwrap().to_owned()
}

/// The entry with one text for another; its salt stays.
fn replaced(entry: &[u8], from: &str, to: &str) -> Vec<u8> {
    let (salt, json) = entry.split_at(17);
    let json = std::str::from_utf8(json).unwrap();
    assert!(json.contains(from), "{json}");
    [salt, json.replace(from, to).as_bytes()].concat()
}
