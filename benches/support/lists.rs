//! Pages of a list of devices, each beside the statement that finds its devices.

use std::path::Path;
use std::time::Instant;

use rusqlite::{Connection, OpenFlags};

use super::client::{connect, request};
use super::fill::GROUPS;
use super::machine::percentile;
use super::server::Server;

/// Devices of a page.
const PAGE: usize = 50;
/// Pages of each kind, each at another place.
const PAGES: usize = 300;

/// A kind of page: its name, the query of the nth one, and the statement, which reads the rows
/// of its devices.
type Kind = (&'static str, fn(usize, usize) -> String, &'static str);

const KINDS: [Kind; 6] = [
    (
        "first",
        |_, _| String::new(),
        "SELECT record, state FROM device WHERE number > 0 * ?1 ORDER BY number LIMIT 50",
    ),
    (
        "further",
        |nth, devices| format!("&after={}", place(nth, devices)),
        "SELECT record, state FROM device WHERE number > ?1 ORDER BY number LIMIT 50",
    ),
    (
        "prefix",
        |nth, devices| format!("&prefix=D{}", place(nth, devices)),
        "SELECT record, state FROM name_index JOIN device ON number = device \
         WHERE name >= 'd' || ?1 AND name < 'd' || ?1 || ':' ORDER BY name, number LIMIT 50",
    ),
    (
        "group",
        |nth, _| format!("&group=g{}", nth % GROUPS),
        "SELECT record, state FROM term_index JOIN device ON number = device \
         WHERE kind = 2 AND term = CAST('g' || (?1 % 100) AS BLOB) ORDER BY device LIMIT 50",
    ),
    (
        "flag",
        |_, _| "&flag=never_seen".to_owned(),
        "SELECT record, state FROM term_index JOIN device ON number = device \
         WHERE kind = 4 AND term = CAST('never_seen' AS BLOB) AND 0 * ?1 = 0 \
         ORDER BY device LIMIT 50",
    ),
    (
        "flag and group",
        |nth, _| format!("&flag=never_seen&group=g{}", nth % GROUPS),
        "SELECT record, state FROM term_index a JOIN term_index b USING (device) \
         JOIN device ON number = device \
         WHERE a.kind = 4 AND a.term = CAST('never_seen' AS BLOB) \
         AND b.kind = 2 AND b.term = CAST('g' || (?1 % 100) AS BLOB) ORDER BY device LIMIT 50",
    ),
];

/// A number of a device, another for each page.
fn place(nth: usize, devices: usize) -> usize {
    nth * 7_919 % devices
}

/// Tells how long pages of a served fleet take.
pub(crate) fn tell(server: &Server, database: &Path, devices: usize) {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = Connection::open_with_flags(database, flags).expect("a database");
    let mut stream = connect(&server.http);
    println!("pages of {PAGE} devices, p50 / p95 ms over HTTP (aim: 20), and the bare statement:");
    for (name, query, sql) in KINDS {
        let mut took = Vec::new();
        let mut bare = Vec::new();
        let mut statement = db.prepare(sql).expect("a statement");
        for nth in 0..PAGES {
            let head = format!(
                "GET /api/v1/devices?limit={PAGE}{} HTTP/1.1\r\nAuthorization: Bearer {}\r\n",
                query(nth, devices),
                server.token
            );
            let begun = Instant::now();
            request(&mut stream, &head, "");
            took.push(begun.elapsed().as_secs_f64() * 1e3);
            let begun = Instant::now();
            let mut rows = statement.query([place(nth, devices) as i64]).expect("rows");
            while let Some(row) = rows.next().expect("a row") {
                let _: (Vec<u8>, Vec<u8>) = row.try_into().expect("two columns");
            }
            bare.push(begun.elapsed().as_secs_f64() * 1e3);
        }
        let (p50, p95) = (percentile(&mut took, 0.5), percentile(&mut took, 0.95));
        let (bare50, bare95) = (percentile(&mut bare, 0.5), percentile(&mut bare, 0.95));
        println!("  {name}: {p50:.2} / {p95:.2}; bare {bare50:.3} / {bare95:.3}");
    }
}
