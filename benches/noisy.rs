//! One device that floods beside 200 quiet ones, with the rates that ship: how
//! long the quiet ones' sessions take with and without it, in turns.
//!
//! `cargo bench --bench noisy -- [SECONDS]`: of each turn, 5 if not told. Each
//! device comes from an address of its own in 127.0.0.0/8, with credentials.

mod support;

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use base64::prelude::{BASE64_STANDARD, Engine};
use support::client::{ask, connect, connect_from, each_of, request};
use support::machine::{Usage, median, percentile};
use support::server::Server;
use support::tablet::{PACKAGE_1, SYNC, api, message};

const QUIET: usize = 200;
/// Quiet sessions under way at once, and how often each device comes.
const THREADS: usize = 20;
const EVERY: Duration = Duration::from_millis(500);
/// Connections of the flood, and its requests per second at most: the load
/// shares the machine with the server.
const FLOODING: usize = 8;
const FLOOD_PER_SECOND: f64 = 6_000.0;
const TURNS: usize = 3;
const NOISY: Ipv4Addr = Ipv4Addr::new(127, 0, 2, 1);

fn main() {
    let seconds = std::env::args().find_map(|argument| argument.parse().ok());
    let turn = Duration::from_secs(seconds.unwrap_or(5));
    let dir = tempfile::tempdir().expect("a folder");
    let server = Server::start_with(dir.path(), &[]);
    register(&server);
    println!(
        "{QUIET} quiet devices, a session every {} ms each; {TURNS} turns of {} s without and with one that floods",
        EVERY.as_millis(),
        turn.as_secs()
    );
    let mut ratios = [Vec::new(), Vec::new()];
    for _ in 0..TURNS {
        let calm = quiet(&server, turn, &AtomicBool::new(false));
        let (ended, answers) = (AtomicBool::new(false), Mutex::new(BTreeMap::new()));
        let before = Usage::of(server.pid);
        let beside = std::thread::scope(|scope| {
            for _ in 0..FLOODING {
                scope.spawn(|| flood(&server, &ended, &answers));
            }
            quiet(&server, turn, &ended)
        });
        let used = Usage::of(server.pid).since(&before).cpu;
        println!("calm:   {}", calm.words());
        println!("beside: {}", beside.words());
        let answers = answers.into_inner().expect("whole");
        let count: u64 = answers.values().sum();
        println!(
            "        the flood: {:.0} requests/s, answers by status {answers:?}; the server's CPU {:.0} %",
            count as f64 / turn.as_secs_f64(),
            100.0 * used / turn.as_secs_f64()
        );
        ratios[0].push(beside.p50 / calm.p50);
        ratios[1].push(beside.p99 / calm.p99);
    }
    println!(
        "quiet sessions beside the flood to calm ones, medians of the turns: p50 {:.2}, p99 {:.2}; none was refused",
        median(&mut ratios[0]),
        median(&mut ratios[1])
    );
}

fn register(server: &Server) {
    let mut stream = connect(&server.http);
    let names = (0..QUIET).map(|n| format!("q{n}"));
    for name in names.chain(["noisy".to_owned()]) {
        let body = format!(
            "{{\"source\":\"{name}\",\"credentials\":{{\"username\":\"u\",\"password\":\"secret-password\"}}}}"
        );
        request(&mut stream, &api(&server.token, "/devices"), &body);
    }
}

/// How long quiet sessions took, milliseconds.
struct Took {
    sessions: usize,
    p50: f64,
    p99: f64,
}

impl Took {
    fn words(&self) -> String {
        let Took { sessions, p50, p99 } = self;
        format!("{sessions} quiet sessions, p50 {p50:.2} ms, p99 {p99:.2} ms")
    }
}

/// Each quiet device has a session now and again; then `ended` turns true. Every
/// session must go well.
fn quiet(server: &Server, turn: Duration, ended: &AtomicBool) -> Took {
    let (begun, took) = (Instant::now(), Mutex::new(Vec::new()));
    each_of(THREADS, |thread| {
        let mut mine = Vec::new();
        let devices: Vec<usize> = (thread..QUIET).step_by(THREADS).collect();
        let gap = EVERY / u32::try_from(devices.len()).expect("few");
        let mut due = begun + gap * u32::try_from(thread).expect("few") / THREADS as u32;
        for (count, n) in devices.iter().cycle().enumerate() {
            if due.duration_since(begun) >= turn {
                break;
            }
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
            let one = Instant::now();
            session(server, *n, begun.elapsed().as_millis() as usize + count);
            mine.push(one.elapsed().as_secs_f64() * 1e3);
            due = (due + gap).max(Instant::now());
        }
        took.lock().expect("whole").extend(mine);
    });
    ended.store(true, Ordering::Relaxed);
    let mut took = took.into_inner().expect("whole");
    Took {
        sessions: took.len(),
        p50: percentile(&mut took, 0.5),
        p99: percentile(&mut took, 0.99),
    }
}

fn session(server: &Server, n: usize, session: usize) {
    let source = format!("q{n}");
    let mut stream = connect_from(quiet_address(n), &server.http);
    let first = message(&source, &cred(), session % 60_000, 1, PACKAGE_1);
    let reply = request(&mut stream, SYNC, &first);
    assert!(
        reply.contains("<Data>212</Data>") || reply.contains("<Data>200</Data>"),
        "{reply}"
    );
}

/// Asks as fast as it is answered, within a bound: what is right, what names
/// nobody, what is no SyncML, what is no message at all.
fn flood(server: &Server, ended: &AtomicBool, answers: &Mutex<BTreeMap<u16, u64>>) {
    let gap = Duration::from_secs_f64(FLOODING as f64 / FLOOD_PER_SECOND);
    let bodies = [
        message("noisy", &cred(), 1, 1, PACKAGE_1),
        message("nobody", "", 1, 1, PACKAGE_1),
        message("noisy", "", 1, 1, PACKAGE_1),
        "<SyncML><SyncHdr>".repeat(100),
        "x".repeat(2_000),
    ];
    let (mut stream, mut mine) = (connect_from(NOISY, &server.http), BTreeMap::new());
    let (mut due, mut turns) = (Instant::now(), bodies.iter().cycle());
    while !ended.load(Ordering::Relaxed) {
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        due = (due + gap).max(Instant::now() - gap);
        let body = turns.next().expect("endless");
        match ask(&mut stream, SYNC, body) {
            Some((status, _)) => *mine.entry(status).or_insert(0) += 1,
            None => stream = connect_from(NOISY, &server.http),
        }
    }
    let mut answers = answers.lock().expect("whole");
    for (status, count) in mine {
        *answers.entry(status).or_insert(0) += count;
    }
}

fn cred() -> String {
    let data = BASE64_STANDARD.encode("u:secret-password");
    format!(
        "<Cred><Meta><Format xmlns=\"syncml:metinf\">b64</Format><Type xmlns=\"syncml:metinf\">syncml:auth-basic</Type></Meta><Data>{data}</Data></Cred>"
    )
}

fn quiet_address(n: usize) -> Ipv4Addr {
    Ipv4Addr::new(127, 0, 1, u8::try_from(n + 1).expect("few"))
}
