//! A large fleet beside one of 1,000 devices in the same run, 16 commands each:
//! six of them go in Machine mode, ten are withheld.
//!
//! `cargo bench --bench fleet -- [DEVICES]`; 10,000 devices if not told. Ratios
//! are what counts. The aims stand beside what they are for.

mod support;

use std::path::Path;
use std::time::{Duration, Instant};

use support::client::{Tls, connect, each_of, request};
use support::echo::{Echo, serve_if_told};
use support::fill::{self, COMMANDS, fill};
use support::lists;
use support::machine::{
    Usage, anonymous_kib, bring_into_cache, drop_from_cache, median, percentile, size,
};
use support::server::Server;
use support::tablet::{PACKAGE_1, PROPERTIES, SYNC, message, session};

/// The small fleet, and how many devices of any fleet have a session in a round.
const FEW: usize = 1_000;
const IN_FLIGHT: usize = 64;
/// Rounds in turns. Each takes devices that had no session yet.
const WARM: usize = 5;
const COLD: usize = 2;

fn main() {
    serve_if_told();
    let devices = std::env::args().find_map(|argument| argument.parse().ok());
    let devices: usize = devices.unwrap_or(10 * FEW).max(10 * FEW);
    println!("{devices} devices beside {FEW}, {COMMANDS} commands each, {IN_FLIGHT} in flight");
    let (few, many) = (Fleet::new(FEW), Fleet::new(devices));
    many.tell_size();
    tell_lists(&many);
    tell_idle_memory(&few, &many);
    let warm = compare(&few, &many, 0..WARM, bring_into_cache);
    tell(
        "warm",
        &warm,
        &[("rate", 0.85), ("work per CPU second", 0.85)],
    );
    let cold = compare(&few, &many, WARM..WARM + COLD, drop_from_cache);
    tell("cold", &cold, &[]);
    tell_syncs(&few);
    tell_unloaded(&few);
    tell_handshakes();
}

/// A filled data folder, and its database as it was when it was filled.
struct Fleet {
    dir: tempfile::TempDir,
    devices: usize,
    certificate: Option<Tls>,
}

impl Fleet {
    fn new(devices: usize) -> Fleet {
        Fleet::filled(devices, false)
    }

    fn filled(devices: usize, with_certificate: bool) -> Fleet {
        let begun = Instant::now();
        let dir = tempfile::tempdir().expect("a folder");
        // The certificate trusts the CA that the folder gets when it is made.
        let certificate = with_certificate.then(|| {
            Server::start(dir.path()).stop();
            Tls::new(dir.path())
        });
        let digest = certificate.as_ref().map(|tls| tls.sha256);
        fill(dir.path(), devices, digest);
        if devices <= FEW {
            std::fs::copy(dir.path().join("modegate.db"), dir.path().join("pristine"))
                .expect("copied");
        }
        println!(
            "{devices} devices filled in {:.0} s",
            begun.elapsed().as_secs_f64()
        );
        Fleet {
            dir,
            devices,
            certificate,
        }
    }

    fn database(&self) -> std::path::PathBuf {
        self.dir.path().join("modegate.db")
    }

    /// Starts the server for a round; a small fleet as it was when filled.
    fn serve(&self, prepare: fn(&Path)) -> Server {
        self.restore();
        prepare(&self.database());
        Server::start(self.dir.path())
    }

    fn restore(&self) {
        let pristine = self.dir.path().join("pristine");
        if pristine.exists() {
            // A log that was not copied back belongs to the database that goes.
            for beside in ["modegate.db-wal", "modegate.db-shm"] {
                let _ = std::fs::remove_file(self.dir.path().join(beside));
            }
            std::fs::copy(pristine, self.database()).expect("restored");
        }
    }

    /// The device that has the nth session of a round: far from its neighbours,
    /// and another in each round of a large fleet.
    fn device(&self, round: usize, nth: usize) -> usize {
        let apart = self.devices / FEW;
        nth * apart + round % apart
    }

    fn tell_size(&self) {
        let bytes = size(&self.database()) as f64 / self.devices as f64;
        println!("on disk: {bytes:.0} bytes per device (aim: 2,500)");
    }
}

/// What one round came to.
#[derive(Debug, Clone, Copy)]
struct Round {
    rate: f64,
    cpu_us: f64,
    kb_written: f64,
    anonymous_mib: f64,
}

/// Devices of no fleet come first: connections and statements are made then.
fn warm_up(server: &Server) {
    each_of(IN_FLIGHT, |thread| {
        let text = message(&format!("stranger{thread}"), "", 1, 1, PACKAGE_1);
        request(&mut connect(&server.http), SYNC, &text);
    });
}

/// The round's devices have a session each.
fn round(server: &Server, fleet: &Fleet, round: usize) -> Round {
    warm_up(server);
    let (before, begun) = (Usage::of(server.pid), Instant::now());
    each_of(IN_FLIGHT, |thread| {
        for nth in (thread..FEW).step_by(IN_FLIGHT) {
            let device = fleet.device(round, nth);
            session(&mut connect(&server.http), device, 1, PROPERTIES.len());
        }
    });
    let (used, took) = (Usage::of(server.pid).since(&before), begun.elapsed());
    Round {
        rate: FEW as f64 / took.as_secs_f64(),
        cpu_us: used.cpu * 1e6 / FEW as f64,
        kb_written: used.written as f64 / 1e3 / FEW as f64,
        anonymous_mib: anonymous_kib(server.pid) as f64 / 1024.0,
    }
}

/// Both fleets in turns; what each round came to.
fn compare(
    few: &Fleet,
    many: &Fleet,
    rounds: std::ops::Range<usize>,
    prepare: fn(&Path),
) -> Vec<(Round, Round)> {
    let one = |fleet: &Fleet, nth: usize| {
        let server = fleet.serve(prepare);
        let round = round(&server, fleet, nth);
        server.stop();
        round
    };
    rounds.map(|nth| (one(few, nth), one(many, nth))).collect()
}

fn tell(how: &str, rounds: &[(Round, Round)], aims: &[(&str, f64)]) {
    let of = |value: fn(&Round) -> f64| {
        let mut few: Vec<f64> = rounds.iter().map(|(few, _)| value(few)).collect();
        let mut many: Vec<f64> = rounds.iter().map(|(_, many)| value(many)).collect();
        (median(&mut few), median(&mut many))
    };
    let (rates, cpu) = (of(|round| round.rate), of(|round| round.cpu_us));
    let (written, memory) = (of(|r| r.kb_written), of(|r| r.anonymous_mib));
    println!(
        "{how}, few / many: {:.0} / {:.0} sessions/s; {:.0} / {:.0} µs CPU, {:.1} / {:.1} KB written (aim: 16) per session; {:.1} / {:.1} MiB anonymous (aim: 32)",
        rates.0, rates.1, cpu.0, cpu.1, written.0, written.1, memory.0, memory.1
    );
    let ratios = [
        ("rate", rates.1 / rates.0),
        ("work per CPU second", cpu.0 / cpu.1),
    ];
    for (name, ratio) in ratios {
        let aim = aims.iter().find(|(of, _)| *of == name);
        let aim = aim.map_or(String::new(), |(_, aim)| format!(" (aim: {aim})"));
        println!("  {name}, many to few: {ratio:.2}{aim}");
    }
}

/// What a device costs that does nothing.
fn tell_idle_memory(few: &Fleet, many: &Fleet) {
    let idle = |fleet: &Fleet| {
        let server = fleet.serve(|_| {});
        // The first session opens what stays open.
        session(
            &mut connect(&server.http),
            fleet.devices - 1,
            1,
            PROPERTIES.len(),
        );
        let kib = anonymous_kib(server.pid);
        server.stop();
        kib
    };
    let (few_kib, many_kib) = (idle(few), idle(many));
    let more = many_kib.saturating_sub(few_kib) as f64 * 1024.0;
    println!(
        "idle: {:.1} / {:.1} MiB anonymous, {:.1} bytes per device",
        few_kib as f64 / 1024.0,
        many_kib as f64 / 1024.0,
        more / (many.devices - few.devices) as f64
    );
}

fn tell_syncs(few: &Fleet) {
    let server = few.serve(bring_into_cache);
    let before = server.syncs();
    round(&server, few, 0);
    let per_session = (server.syncs() - before) / FEW as f64;
    println!("syncs of the disk per session: {per_session:.3} (aim: 0.2)");
    server.stop();
}

/// Pages of the list of devices.
fn tell_lists(many: &Fleet) {
    fill::flag(many.dir.path(), many.devices);
    let server = many.serve(bring_into_cache);
    lists::tell(&server, &many.database(), many.devices);
    server.stop();
}

/// One session after the other, nothing beside it.
fn alone(sessions: usize, one: impl Fn(usize)) -> (f64, f64) {
    let mut took: Vec<f64> = (0..sessions)
        .map(|n| {
            let begun = Instant::now();
            one(n);
            begun.elapsed().as_secs_f64() * 1e3
        })
        .collect();
    (percentile(&mut took, 0.5), percentile(&mut took, 0.99))
}

fn tell_unloaded(few: &Fleet) {
    let server = few.serve(bring_into_cache);
    let (p50, p99) = alone(400, |n| {
        session(&mut connect(&server.http), n, 1, PROPERTIES.len());
    });
    println!("unloaded session over HTTP: p50 {p50:.2} ms (aim: 2), p99 {p99:.2} ms");
    server.stop();
}

/// A new TLS 1.2 connection with a client certificate for each session, beside an
/// echo of the same bytes behind the same handshake.
fn tell_handshakes() {
    let bound = Fleet::filled(FEW, true);
    let tls = bound.certificate.as_ref().expect("a certificate");
    let server = bound.serve(bring_into_cache);
    let (p50, p99) = alone(400, |n| {
        session(&mut tls.connect(&server.https), n, 1, PROPERTIES.len());
    });
    println!(
        "unloaded session over a new TLS 1.2 connection: p50 {p50:.2} ms (aim: 4), p99 {p99:.2} ms"
    );
    server.stop();
    let echo = Echo::over_tls(bound.dir.path());
    let mut ratios = Vec::new();
    let (mut served, mut echoed) = (Vec::new(), Vec::new());
    for _ in 0..WARM {
        let server = bound.serve(bring_into_cache);
        let bytes = std::sync::Mutex::default();
        let ours = handshakes(server.pid, |n| {
            let sent = session(&mut tls.connect(&server.https), n, 1, PROPERTIES.len());
            if n == 0 {
                *bytes.lock().expect("whole") = sent;
            }
        });
        server.stop();
        let (first, second) = bytes.into_inner().expect("whole");
        let theirs = handshakes(echo.pid, |_| {
            let mut stream = tls.connect(&echo.address);
            request(&mut stream, SYNC, &first);
            request(&mut stream, SYNC, &second);
        });
        ratios.push(theirs / ours);
        served.push(ours * 1e6);
        echoed.push(theirs * 1e6);
    }
    println!(
        "a new TLS 1.2 connection with client certificate per session: {:.0} µs CPU, echo {:.0} µs; sessions per CPU second to the echo's: {:.0} % (aim: 70)",
        median(&mut served),
        median(&mut echoed),
        100.0 * median(&mut ratios)
    );
}

/// CPU seconds of one session.
fn handshakes(pid: u32, one: impl Fn(usize) + Sync) -> f64 {
    // What the start of the process costs is over.
    std::thread::sleep(Duration::from_millis(200));
    let before = Usage::of(pid);
    each_of(IN_FLIGHT, |thread| {
        for n in (thread..FEW).step_by(IN_FLIGHT) {
            one(n);
        }
    });
    Usage::of(pid).since(&before).cpu / FEW as f64
}
