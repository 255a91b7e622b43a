//! The log of 0.1.0 is sealed as it is: its events as they were written, without salts.

use rusqlite::Connection;

use super::Old;
use crate::audit::sealing::{everything_is_sealed, stop};
use crate::audit::{Database, newest};

/// The rows of the log, and the place of the first.
fn rows(old: &Old) -> (Vec<Vec<u8>>, i64) {
    let db = Connection::open(old.dir().join("modegate.db")).unwrap();
    let mut rows = db
        .prepare("SELECT bytes FROM event ORDER BY place")
        .unwrap();
    let rows = rows.query_map([], |row| row.get(0)).unwrap();
    let rows = rows.map(Result::unwrap).collect();
    let first = db.query_row("SELECT min(place) FROM event", [], |row| row.get(0));
    (rows, first.unwrap())
}

#[tokio::test]
async fn events_of_before_are_sealed_unsalted_and_new_ones_salted() {
    let old = Old::copied();
    let (before, first) = rows(&old);
    assert!(before.len() > 10);
    stop(old.serve());
    let size = everything_is_sealed(&old.dir(), 1);
    let entries = Database::of(&old.dir()).entries();
    assert!(size > before.len() as u64);
    let (unsalted, salted) = entries.split_at(before.len());
    for (entry, row) in unsalted.iter().zip(&before) {
        assert_eq!((entry[0], &entry[1..]), (0x00, &row[..]));
    }
    assert!(salted.iter().all(|entry| entry[0] == 0x10));
    let db = Connection::open(old.dir().join("modegate.db")).unwrap();
    let sql = "SELECT base FROM tree";
    let base: i64 = db.query_row(sql, [], |row| row.get(0)).unwrap();
    assert_eq!(base, first);
    // Its next life goes on under the same origin.
    stop(old.serve());
    assert!(everything_is_sealed(&old.dir(), 1) > size);
    assert!(newest(&old.dir(), 2).is_none());
}
