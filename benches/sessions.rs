//! Full durable sessions (two requests, six commands) against an actix echo of
//! the same bytes, in turns on the same machine: ratios are what counts.

mod support;

use std::path::Path;
use std::time::{Duration, Instant};

use support::client::{connect, each_of, request};
use support::echo::{Echo, serve_if_told};
use support::machine::{Usage, anonymous_kib, median, size};
use support::server::Server;
use support::tablet::{PROPERTIES, SYNC, api, session};

const DEVICES: usize = 1_000;
const IN_FLIGHT: usize = 64;
const ROUNDS: usize = 10;

fn main() {
    serve_if_told();
    let dir = tempfile::tempdir().expect("a folder");
    let server = Server::start(dir.path());
    let echo = Echo::start();
    println!(
        "{DEVICES} devices, {IN_FLIGHT} sessions in flight, {} commands each, {ROUNDS} rounds in turns, HTTP on loopback",
        PROPERTIES.len()
    );
    let ids = register(&server);
    let (mut served, mut echoed) = (Total::default(), Total::default());
    for round in 0..ROUNDS {
        fill(&server, &ids);
        copy_log_back(&dir.path().join("modegate.db"));
        let bytes = served.add(server.pid, |n| {
            session(&mut connect(&server.http), n, round, PROPERTIES.len())
        });
        echoed.add(echo.pid, |_| {
            let mut stream = connect(&echo.address);
            request(&mut stream, SYNC, &bytes.0);
            request(&mut stream, SYNC, &bytes.1);
            bytes.clone()
        });
    }
    served.report("durable sessions");
    println!(
        "  anonymous memory of the server: {:.1} MiB; database {:.1} KB, log {:.1} MB",
        anonymous_kib(server.pid) as f64 / 1024.0,
        size(&dir.path().join("modegate.db")) as f64 / 1000.0,
        size(&dir.path().join("modegate.db-wal")) as f64 / 1e6
    );
    echoed.report("echo of the same bytes, two requests");
    let mut ratios: Vec<f64> = served
        .rounds
        .iter()
        .zip(&echoed.rounds)
        .map(|(served, echoed)| 2.0 * served / echoed)
        .collect();
    println!(
        "one durable session costs the CPU of {:.1} echo requests, the median of the rounds (each with a connection per session; aim: 10)",
        median(&mut ratios)
    );
}

/// Sessions and what they took.
#[derive(Default)]
struct Total {
    sessions: u64,
    time: Duration,
    used: Usage,
    /// CPU seconds of each round.
    rounds: Vec<f64>,
}

impl Total {
    /// One session of each device; the bytes of one of them.
    fn add(
        &mut self,
        pid: u32,
        session: impl Fn(usize) -> (String, String) + Sync,
    ) -> (String, String) {
        let (before, begun) = (Usage::of(pid), Instant::now());
        let last = std::sync::Mutex::default();
        each_of(IN_FLIGHT, |thread| {
            for n in (thread..DEVICES).step_by(IN_FLIGHT) {
                let bytes = session(n);
                if n == 0 {
                    *last.lock().expect("whole") = bytes;
                }
            }
        });
        self.time += begun.elapsed();
        self.sessions += DEVICES as u64;
        let used = Usage::of(pid).since(&before);
        self.used.add(&used);
        self.rounds.push(used.cpu);
        last.into_inner().expect("whole")
    }

    fn report(&self, what: &str) {
        let count = self.sessions as f64;
        println!(
            "{what}: {:.0} sessions/s; per session {:.0} µs CPU, {:.1} KB written",
            count / self.time.as_secs_f64(),
            self.used.cpu * 1e6 / count,
            self.used.written as f64 / 1000.0 / count
        );
    }
}

fn register(server: &Server) -> Vec<String> {
    let ids: Vec<std::sync::Mutex<String>> =
        (0..DEVICES).map(|_| std::sync::Mutex::default()).collect();
    each_of(IN_FLIGHT, |thread| {
        let mut stream = connect(&server.http);
        for n in (thread..DEVICES).step_by(IN_FLIGHT) {
            let head = api(&server.token, "/devices");
            let answer = request(&mut stream, &head, &format!("{{\"source\":\"d{n}\"}}"));
            let answer: serde_json::Value = serde_json::from_str(&answer).expect("JSON");
            *ids[n].lock().expect("whole") = answer["id"].as_str().expect("an id").to_owned();
        }
    });
    ids.into_iter()
        .map(|id| id.into_inner().expect("whole"))
        .collect()
}

/// Six commands for each device.
fn fill(server: &Server, ids: &[String]) {
    each_of(IN_FLIGHT, |thread| {
        let mut stream = connect(&server.http);
        for n in (thread..DEVICES).step_by(IN_FLIGHT) {
            let head = api(&server.token, &format!("/devices/{}/commands", ids[n]));
            for property in PROPERTIES {
                let node = format!("./DevDetail/{property}");
                let body = format!("{{\"type\":\"inventory\",\"classes\":[\"{node}\"]}}");
                request(&mut stream, &head, &body);
            }
        }
    });
}

/// Copies the write-ahead log back from this process, so that what the filling
/// wrote is not counted as the sessions' doing.
fn copy_log_back(database: &Path) {
    let db = rusqlite::Connection::open(database).expect("the database");
    db.busy_timeout(Duration::from_secs(5)).expect("set");
    db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
        .expect("copied back");
}
