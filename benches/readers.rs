//! How long a session takes beside four readers of the API, and beside one request that
//! is made to take long.
//!
//! `cargo bench --bench readers -- [SECONDS]`: of each turn, 5 if not told. With
//! `MODEGATE_BEFORE=PROGRAM` in the environment another program takes turns with this one.

mod support;

use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use support::client::{ask, connect, each_of, request};
use support::machine::{median, percentile};
use support::server::Server;
use support::tablet::{PACKAGE_1, SYNC, api, message};

const DEVICES: usize = 2_000;
const READERS: usize = 4;
/// Sessions under way at once, and the pause of each thread between two.
const SYNCS: usize = 4;
const PAUSE: Duration = Duration::from_millis(10);
const TURNS: usize = 3;
/// What the readers ask for: a page of devices, a walk that finds none, a page of events.
const READS: [&str; 3] = [
    "/devices?limit=200",
    "/devices?user=nobody",
    "/events?limit=200",
];

fn main() {
    let seconds = std::env::args().find_map(|argument| argument.parse().ok());
    let turn = Duration::from_secs(seconds.unwrap_or(5));
    let before = std::env::var("MODEGATE_BEFORE").ok();
    let own = env!("CARGO_BIN_EXE_modegate").to_owned();
    let programs = before.map(|path| ("before", path)).into_iter();
    let programs: Vec<(&str, String)> = programs.chain([("now", own)]).collect();
    let dirs: Vec<_> = programs.iter().map(|_| tempfile::tempdir()).collect();
    let servers: Vec<Server> = programs
        .iter()
        .zip(&dirs)
        .map(|((_, program), dir)| {
            let dir = dir.as_ref().expect("a folder").path();
            filled(program, dir)
        })
        .collect();
    println!(
        "{DEVICES} devices, {SYNCS} sessions at once, {READERS} readers, {TURNS} turns of {turn:?}"
    );
    for turn_no in 1..=TURNS {
        for ((name, _), server) in programs.iter().zip(&servers) {
            let calm = sessions(server, turn, &|_| {});
            let reads = AtomicU64::new(0);
            let beside = sessions(server, turn, &|ended| readers(server, ended, &reads));
            let reads = reads.load(Ordering::Relaxed) as f64 / turn.as_secs_f64();
            println!("{turn_no} {name}: calm {calm}; beside readers {beside}, {reads:.0} reads/s");
        }
    }
    for (what, path, body) in hostile() {
        for ((name, _), server) in programs.iter().zip(&servers) {
            let took = Mutex::new(Vec::new());
            let turn = Duration::from_millis(500);
            let beside = sessions(server, turn, &|_| {
                took.lock().expect("whole").push(one(server, path, &body));
            });
            let took = median(&mut took.into_inner().expect("whole"));
            println!("{what}, {name}: {took:.1} ms; sessions beside it {beside}");
        }
    }
}

/// A server with devices.
fn filled(program: &str, dir: &Path) -> Server {
    let server = Server::start_program(program, dir, &["--accept-unknown-devices"]);
    let mut stream = connect(&server.http);
    for chunk in 0..DEVICES / 500 {
        let device = |n| format!("{{\"source\":\"d{n}\",\"user\":\"u{n}\",\"groups\":[\"g\"]}}");
        let devices: Vec<String> = (chunk * 500..(chunk + 1) * 500).map(device).collect();
        let body = format!("{{\"devices\":[{}]}}", devices.join(","));
        request(&mut stream, &api(&server.token, "/devices/import"), &body);
    }
    server
}

/// What was made to take long: nested namespaces, a batch of them, and faults.
fn hostile() -> [(&'static str, &'static str, String); 2] {
    let open: String = (0..2_300).map(|n| format!("<a xmlns:n{n}='u'>")).collect();
    let nested = format!("{open}{}", "</a>".repeat(2_300));
    let licence = format!("{{\"name\":\"n\",\"version\":\"1\",\"licence\":\"{nested}\"}}");
    let rule = "[[rule]]\\nid = 'same'\\neffect = 'nonsense'\\nmode = ['x']\\n".repeat(4_500);
    let file = |n| format!("{{\"name\":\"{n}.toml\",\"text\":\"{rule}\"}}");
    let files: Vec<String> = (0..3).map(file).collect();
    let faults = format!("{{\"files\":[{}]}}", files.join(","));
    [
        ("nested namespaces of 61 KB", "/apps", licence),
        ("a policy set of faults", "/policies/try", faults),
    ]
}

/// One request, whatever the answer; how long it took, milliseconds.
fn one(server: &Server, path: &str, body: &str) -> f64 {
    let begun = Instant::now();
    let _ = ask(&mut connect(&server.http), &api(&server.token, path), body);
    begun.elapsed().as_secs_f64() * 1e3
}

/// Reads until the sessions have ended.
fn readers(server: &Server, ended: &AtomicBool, reads: &AtomicU64) {
    each_of(READERS, |reader| {
        let mut stream = connect(&server.http);
        for path in READS.iter().cycle().skip(reader) {
            if ended.load(Ordering::Relaxed) {
                return;
            }
            let head = format!(
                "GET /api/v1{path} HTTP/1.1\r\nAuthorization: Bearer {}\r\n",
                server.token
            );
            request(&mut stream, &head, "");
            reads.fetch_add(1, Ordering::Relaxed);
        }
    });
}

/// First messages of sessions for so long, and until `beside` is done; how long each took.
fn sessions(server: &Server, turn: Duration, beside: &(impl Fn(&AtomicBool) + Sync)) -> String {
    static SESSION: AtomicU64 = AtomicU64::new(1);
    let (ended, done) = (AtomicBool::new(false), AtomicBool::new(false));
    let took = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        scope.spawn(|| {
            beside(&ended);
            done.store(true, Ordering::Relaxed);
        });
        let begun = Instant::now();
        each_of(SYNCS, |thread| {
            let (mut stream, mut mine) = (connect(&server.http), Vec::new());
            for n in (thread..DEVICES).step_by(SYNCS).cycle() {
                if begun.elapsed() >= turn {
                    ended.store(true, Ordering::Relaxed);
                    if done.load(Ordering::Relaxed) {
                        break;
                    }
                }
                let session = SESSION.fetch_add(1, Ordering::Relaxed) as usize % 60_000;
                let first = message(&format!("d{n}"), "", session, 1, PACKAGE_1);
                let one = Instant::now();
                // A server that is held up for long ends connections: the device comes again.
                while ask(&mut stream, SYNC, &first).is_none_or(|(status, _)| status != 200) {
                    stream = connect(&server.http);
                }
                mine.push(one.elapsed().as_secs_f64() * 1e3);
                std::thread::sleep(PAUSE);
            }
            took.lock().expect("whole").extend(mine);
        });
    });
    let mut took = took.into_inner().expect("whole");
    format!(
        "p50 {:.2}, p99 {:.2}, longest {:.1} ms of {}",
        percentile(&mut took, 0.5),
        percentile(&mut took, 0.99),
        percentile(&mut took, 1.0),
        took.len()
    )
}
