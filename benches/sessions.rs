//! Full durable sessions (two requests, six commands) against an actix echo of
//! the same bytes, and with the log sealed against without, in turns on the same machine:
//! ratios are what counts.

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

/// How long a server rests behind its sessions, so that what it does behind them is counted.
const REST: Duration = Duration::from_millis(1_500);

fn main() {
    serve_if_told();
    let dir = tempfile::tempdir().expect("a folder");
    // There is no switch: one seals as often as can be set, the other not within the run.
    let mut sealing = Fleet::start(dir.path(), "sealing", 1);
    let mut idle = Fleet::start(dir.path(), "idle", 3_600);
    let echo = Echo::start();
    println!(
        "{DEVICES} devices, {IN_FLIGHT} sessions in flight, {} commands each, {ROUNDS} rounds in turns, HTTP on loopback",
        PROPERTIES.len()
    );
    let mut echoed = Total::default();
    for round in 0..ROUNDS {
        let mut turns = [&mut sealing, &mut idle];
        // Neither is always the first.
        turns.rotate_left(round % 2);
        let [_, bytes] = turns.map(|fleet| fleet.turn(round));
        echoed.add(echo.pid, |_| {
            let mut stream = connect(&echo.address);
            request(&mut stream, SYNC, &bytes.0);
            request(&mut stream, SYNC, &bytes.1);
            bytes.clone()
        });
    }
    sealing.report("durable sessions, the log sealed every second");
    idle.report("the same, the log not sealed");
    echoed.report("echo of the same bytes, two requests");
    println!(
        "one durable session costs the CPU of {:.1} echo requests, the median of the rounds (each with a connection per session; aim: 10)",
        median(&mut ratios(&sealing.served.rounds, &echoed.rounds, 2.0))
    );
    let whole: [f64; 2] = [&idle, &sealing].map(|fleet| fleet.whole.iter().sum());
    println!(
        "with sealing beside without it, commands queued and what follows the sessions counted: {:.3} of the work per CPU second, {:.3} the median of the rounds (aim: 0.98)",
        whole[0] / whole[1],
        median(&mut ratios(&idle.whole, &sealing.whole, 1.0))
    );
}

/// Each of these in multiples of its counterpart.
fn ratios(these: &[f64], others: &[f64], factor: f64) -> Vec<f64> {
    let pairs = these.iter().zip(others);
    pairs.map(|(this, other)| factor * this / other).collect()
}

/// A server and its devices.
struct Fleet {
    server: Server,
    ids: Vec<String>,
    served: Total,
    /// CPU seconds of each whole turn.
    whole: Vec<f64>,
}

impl Fleet {
    /// A server that seals its log every so many seconds.
    fn start(dir: &Path, name: &str, seal_seconds: u32) -> Fleet {
        let data = dir.join(name);
        let config = dir.join(format!("{name}.toml"));
        let text = format!("[audit]\nseal_seconds = {seal_seconds}\n");
        std::fs::write(&config, text).expect("written");
        let config = config.to_str().expect("a path");
        let server = Server::start_with(&data, &["--accept-unknown-devices", "--config", config]);
        Fleet {
            ids: register(&server),
            server,
            served: Total::default(),
            whole: Vec::new(),
        }
    }

    /// Queues commands and has one session of each device; the bytes of one of them.
    fn turn(&mut self, round: usize) -> (String, String) {
        let server = &self.server;
        let before = Usage::of(server.pid);
        fill(server, &self.ids);
        copy_log_back(&server.dir.join("modegate.db"));
        let bytes = self.served.add(server.pid, |n| {
            session(&mut connect(&server.http), n, round, PROPERTIES.len())
        });
        std::thread::sleep(REST);
        self.whole.push(Usage::of(server.pid).since(&before).cpu);
        bytes
    }

    fn report(&self, what: &str) {
        self.served.report(what);
        println!(
            "  anonymous memory of the server: {:.1} MiB; database {:.1} KB, log {:.1} MB",
            anonymous_kib(self.server.pid) as f64 / 1024.0,
            size(&self.server.dir.join("modegate.db")) as f64 / 1000.0,
            size(&self.server.dir.join("modegate.db-wal")) as f64 / 1e6
        );
    }
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
