//! How long an honest client waits while strangers misuse connections, and without them,
//! in the same run.
//!
//! `cargo bench --bench strangers`. With `MODEGATE_BEFORE=PROGRAM` in the environment another
//! program takes turns with this one. The strangers come from 127.0.0.1, the honest client
//! from another address and from the same one.

mod support;

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use base64::prelude::{BASE64_STANDARD, Engine};
use support::client::{Tls, ask, connect, connect_from, each_of, request};
use support::machine::{median, percentile};
use support::server::Server;
use support::tablet::{PACKAGE_1, SYNC, api, message};

/// How long a request is waited for.
const PATIENCE: Duration = Duration::from_secs(60);
const PING: &str = "GET /healthz HTTP/1.1\r\n";

/// What strangers do, and whom that could harm.
struct Case {
    name: &'static str,
    config: &'static str,
    /// Until told to end.
    strangers: fn(&Server, &AtomicBool),
    /// How long they have done it when the honest client comes.
    lead: Duration,
    honest: fn(&Server, Ipv4Addr) -> Waits,
}

const CASES: [Case; 3] = [
    Case {
        name: "100 connections that began something, of 100 that are allowed",
        config: "[limits]\nconnections = 100\n",
        strangers: stalled,
        lead: Duration::from_secs(2),
        honest: plain,
    },
    Case {
        name: "196 silent connections a second",
        config: "",
        strangers: silent,
        lead: Duration::from_secs(10),
        honest: over_tls,
    },
    Case {
        name: "24 strangers who name the device",
        config: "",
        strangers: naming,
        lead: Duration::from_millis(300),
        honest: device,
    },
];

fn main() {
    let before = std::env::var("MODEGATE_BEFORE").ok();
    let own = env!("CARGO_BIN_EXE_modegate").to_owned();
    let programs = before.map(|path| ("before", path)).into_iter();
    let programs: Vec<(&str, String)> = programs.chain([("now", own)]).collect();
    for case in &CASES {
        println!("{}", case.name);
        for last in [2, 1] {
            for (name, program) in &programs {
                let from = Ipv4Addr::new(127, 0, 0, last);
                let dir = tempfile::tempdir().expect("a folder");
                let server = start(program, dir.path(), case.config);
                let calm = (case.honest)(&server, from);
                let beside = beside(case, &server, from);
                println!("  {name}, client at {from}: {}", beside.compared(calm));
            }
        }
    }
}

/// A server with this configuration and one device.
fn start(program: &str, dir: &std::path::Path, config: &str) -> Server {
    let (file, data) = (dir.join("modegate.toml"), dir.join("data"));
    std::fs::write(&file, config).expect("written");
    let file = file.to_str().expect("a path").to_owned();
    let server = Server::start_program(program, &data, &["--config", &file]);
    let body = "{\"source\":\"d\",\"credentials\":{\"username\":\"u\",\"password\":\"right\"}}";
    let head = api(&server.token, "/devices");
    request(&mut connect(&server.http), &head, body);
    server
}

/// How long the honest client waits beside the strangers.
fn beside(case: &Case, server: &Server, from: Ipv4Addr) -> Waits {
    let end = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| (case.strangers)(server, &end));
        std::thread::sleep(case.lead);
        let waits = (case.honest)(server, from);
        end.store(true, Ordering::Relaxed);
        waits
    })
}

/// How long each of some requests took, milliseconds, and how many failed.
#[derive(Default)]
struct Waits {
    took: Vec<f64>,
    failed: usize,
}

impl Waits {
    fn ask(&mut self, stream: &mut (impl Read + Write), begun: Instant, head: &str, body: &str) {
        match ask(stream, head, body) {
            Some((200, _)) => self.took.push(begun.elapsed().as_secs_f64() * 1e3),
            _ => self.failed += 1,
        }
    }

    /// These beside strangers, to those without.
    fn compared(mut self, mut calm: Waits) -> String {
        let [of_calm, of_these] = [&mut calm, &mut self].map(|waits| {
            let slowest = percentile(&mut waits.took, 1.0);
            (median(&mut waits.took), slowest)
        });
        format!(
            "median {:.1} ms ({:.2} times {:.1}), slowest {:.1} ms ({:.2} times {:.1}); failed {} of {} (without strangers {})",
            of_these.0,
            of_these.0 / of_calm.0,
            of_calm.0,
            of_these.1,
            of_these.1 / of_calm.1,
            of_calm.1,
            self.failed,
            self.failed + self.took.len(),
            calm.failed
        )
    }
}

/// A connection of its own for one request.
fn fresh(from: Ipv4Addr, to: &str) -> TcpStream {
    let stream = connect_from(from, to);
    stream.set_read_timeout(Some(PATIENCE)).expect("set");
    stream
}

fn plain(server: &Server, from: Ipv4Addr) -> Waits {
    let mut waits = Waits::default();
    for _ in 0..5 {
        let begun = Instant::now();
        waits.ask(&mut fresh(from, &server.http), begun, PING, "");
    }
    waits
}

fn over_tls(server: &Server, from: Ipv4Addr) -> Waits {
    let (tls, mut waits) = (Tls::new(&server.dir), Waits::default());
    for _ in 0..9 {
        let begun = Instant::now();
        let mut stream = tls.over(fresh(from, &server.https));
        waits.ask(&mut stream, begun, PING, "");
    }
    waits
}

fn device(server: &Server, from: Ipv4Addr) -> Waits {
    static SESSION: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(1);
    let mut waits = Waits::default();
    for _ in 0..25 {
        let session = SESSION.fetch_add(1, Ordering::Relaxed);
        let hello = message("d", &cred("right"), session, 1, PACKAGE_1);
        let begun = Instant::now();
        waits.ask(&mut fresh(from, &server.http), begun, SYNC, &hello);
    }
    waits
}

/// Half of a head, half of a body.
fn stalled(server: &Server, end: &AtomicBool) {
    let begin = |nth: usize| {
        let mut stream = connect(&server.http);
        let quick = Some(Duration::from_millis(100));
        stream.set_read_timeout(quick).expect("set");
        let _ = ask(&mut stream, PING, "");
        let _ = stream.write_all(match nth % 2 {
            0 => b"GET /hea".as_slice(),
            _ => b"POST /none HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nab",
        });
        stream
    };
    let held: Vec<TcpStream> = (0..100).map(begin).collect();
    while !end.load(Ordering::Relaxed) {
        std::thread::sleep(Duration::from_millis(20));
    }
    drop(held);
}

/// Connections that say nothing, at an even pace.
fn silent(server: &Server, end: &AtomicBool) {
    let address: SocketAddr = server.https.parse().expect("an address");
    let (begun, mut open) = (Instant::now(), Vec::new());
    while !end.load(Ordering::Relaxed) {
        let due = begun + Duration::from_secs(1) * open.len() as u32 / 196;
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        let timeout = Duration::from_millis(50);
        open.push(TcpStream::connect_timeout(&address, timeout));
    }
}

/// Messages of the device by those who cannot prove to be it.
fn naming(server: &Server, end: &AtomicBool) {
    let lie = message("d", &cred("wrong"), 1, 1, PACKAGE_1);
    each_of(24, |_| {
        while !end.load(Ordering::Relaxed) {
            let mut stream = connect(&server.http);
            stream.set_read_timeout(Some(PATIENCE)).expect("set");
            let _ = ask(&mut stream, SYNC, &lie);
        }
    });
}

fn cred(password: &str) -> String {
    let data = BASE64_STANDARD.encode(format!("u:{password}"));
    format!(
        "<Cred><Meta><Type xmlns=\"syncml:metinf\">syncml:auth-basic</Type></Meta><Data>{data}</Data></Cred>"
    )
}
