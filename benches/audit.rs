//! What the log costs and how fast it is verified, replayed, exported and proved from, beside
//! plain work on the same bytes in the same run. CPU seconds are what counts.
//!
//! `cargo bench --bench audit -- [EVENTS]`: 200,000 if not told. With `memory [EVENTS]`
//! (100,000,000) it verifies a log that is made as it is read, shows the memory on the way, and
//! fails if it grows with the events: for the night.

mod support;

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use modegate_core::audit::replay::Replay;
use modegate_core::audit::statement::MachineStatement;
use modegate_core::audit::verify::{Accepted, LogSource, Outcome, Progress, Question, verify};
use modegate_core::tlog::VerifierKey;
use modegate_server::audit::database::DatabaseLog;
use modegate_server::audit::ed25519;
use modegate_server::audit::export::{ExportRequest, Exported, export};
use modegate_server::audit::folder::ExportFolder;
use modegate_server::audit::prove::Prover;
use modegate_server::audit::{KeyFile, Sealer, Setup};
use modegate_server::clock::Clock;
use modegate_server::config::hex_key;
use modegate_server::metrics::Metrics;
use modegate_store::proof::ProofStore as _;
use modegate_store::seal::Keys;
use modegate_store::sqlite::SqliteStore;
use modegate_store::sqlite::log_reader::LogReader;
use rusqlite::{Connection, params};
use sha2::{Digest as _, Sha256};
use support::log::{Log, Recorded};
use support::machine::{Usage, anonymous_kib, cpu_of_this_thread, median, percentile, size};

/// As in the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const EVENTS: u64 = 200_000;
const AT_NIGHT: u64 = 100_000_000;
const TURNS: usize = 5;
/// Events of each device, about: as many devices as that takes.
const OF_EACH: u64 = 40;
/// Devices at night: all have events long before a hundredth of them.
const DEVICES_AT_NIGHT: u64 = 100_000;
const PROOFS: usize = 200;
/// Most memory of the verifier, besides [`BYTES_OF_EACH`].
const MOST_KIB: u64 = 32 * 1024;
/// And for each device.
const BYTES_OF_EACH: u64 = 32;
/// It does not grow by more once a tenth of the events is read.
const FLAT_KIB: u64 = 2 * 1024;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let told = arguments.iter().find_map(|argument| argument.parse().ok());
    let dir = tempfile::tempdir().expect("a folder");
    let recorded = Recorded::by_server(&dir.path().join("recorded"));
    if arguments.iter().any(|argument| argument == "memory") {
        return memory(&recorded, told.unwrap_or(AT_NIGHT));
    }
    let events = told.unwrap_or(EVENTS);
    let log = Log::new(&recorded, events, events.div_ceil(OF_EACH)).keep();
    in_memory(log, events);
    on_disk(&recorded, events, dir.path());
}

/// Verifying and replaying, beside SHA-256 of the same bytes.
fn in_memory(mut log: Log<'_>, events: u64) {
    let bytes: usize = log.bundles().map(<[u8]>::len).sum();
    println!(
        "{events} events of {} devices, {:.0} bytes each; {TURNS} turns, one thread, in memory",
        events.div_ceil(OF_EACH),
        bytes as f64 / events as f64
    );
    let (mut hashed, mut verified, mut replayed) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..TURNS {
        hashed.push(cpu_of(|| {
            for bundle in log.bundles() {
                std::hint::black_box(Sha256::digest(bundle));
            }
        }));
        let key = log.key.clone();
        verified.push(cpu_of(|| verify_whole(&mut log, key, events)));
        replayed.push(cpu_of(|| replay_whole(&mut log, events)));
    }
    let hashed = median(&mut hashed);
    println!(
        "plain SHA-256 of the bytes: {:.0} MB/s",
        bytes as f64 / 1e6 / hashed
    );
    for (what, mut seconds, aim) in [
        ("verify", verified, 500_000),
        (
            "replay, with the statement of Machine mode",
            replayed,
            150_000,
        ),
    ] {
        let seconds = median(&mut seconds);
        println!(
            "{what}: {:.0} events/s and core (aim: {aim}), {:.2} µs each; {:.1} times the plain SHA-256",
            events as f64 / seconds,
            seconds * 1e6 / events as f64,
            seconds / hashed
        );
    }
}

fn verify_whole(source: &mut impl LogSource, key: VerifierKey, events: u64) {
    let question = Question {
        checkpoint: None,
        keys: vec![key],
        policy: None,
        older: Vec::new(),
        accepted: Accepted::default(),
        ed25519: &ed25519::verify,
    };
    let report = verify(source, &question, &mut |_| {});
    assert_eq!(report.outcome, Outcome::Good, "{report:?}");
    assert_eq!(report.checked, events);
}

fn replay_whole(log: &mut Log<'_>, events: u64) {
    let (mut seen, mut prover) = (0, Prover::open(log).expect("a log"));
    let mut replay = Replay::by_own(prover.policy_sets().expect("sets"));
    let mut statement = MachineStatement::default();
    prover
        .events(&mut |_, event| {
            seen += 1;
            statement.take(&event);
            replay.take(&event, &mut |difference| panic!("{difference:?}"));
        })
        .expect("all of it");
    let totals = replay.finish();
    assert_eq!(seen, events);
    assert_eq!(totals.decisions, totals.agree, "{totals:?}");
    assert!(totals.agree > events / 2 && statement.holds(), "{totals:?}");
}

/// Sealing, bytes, exports and proofs of a database.
fn on_disk(recorded: &Recorded, events: u64, dir: &Path) {
    let data = dir.join("data");
    support::server::Server::start(&data).stop();
    let database = data.join("modegate.db");
    let log = Log::new(recorded, events + events / 100, events.div_ceil(OF_EACH));
    append(&database, &log, 0, events);
    let sealed = seal(&data);
    println!(
        "sealing: {:.2} µs CPU per event (aim: 1.5)",
        sealed.cpu * 1e6 / events as f64
    );
    println!(
        "bytes per event in the database: {}",
        bytes_of(&database, dir, events)
    );
    let out = dir.join("export");
    let all = exported(&database, &out);
    let copied = all.used.cpu / copied(&out, &dir.join("copy"));
    let of_one = all.used.cpu * 1e6 / events as f64;
    println!(
        "export: {:.0} events/s and core (aim: 300000), {of_one:.2} µs each; {copied:.1} times copying its files",
        1e6 / of_one,
    );
    append(&database, &log, events, events / 100);
    seal(&data);
    let more = exported(&database, &out);
    println!(
        "export of {} more: {:.2} µs CPU each; in {:.0} ms (all: {:.0} ms)",
        more.done.added,
        more.used.cpu * 1e6 / more.done.added as f64,
        more.took.as_secs_f64() * 1e3,
        all.took.as_secs_f64() * 1e3
    );
    proofs(&database, &out, more.done.checkpoint.size);
}

/// Appends entries as the store does, but all at once.
fn append(database: &Path, log: &Log<'_>, from: u64, count: u64) {
    let mut db = Connection::open(database).expect("the database");
    let transaction = db.transaction().expect("begun");
    let first: i64 = transaction
        .query_row("SELECT max(place) + 1 FROM event", [], |row| row.get(0))
        .expect("a place");
    {
        let sql = "INSERT INTO event (place, device, seq, prev, mark, bytes) VALUES (?1, ?2, ?3, ?4, 0, ?5)";
        let mut insert = transaction.prepare(sql).expect("prepared");
        for (number, place) in (from..from + count).zip(first..) {
            let (entry, device, seq) = log.entry(number);
            let (device, seq) = (device as i64 + 1, seq as i64);
            let row = params![place, device, seq, place - 1, entry];
            insert.execute(row).expect("inserted");
        }
    }
    transaction.commit().expect("durable");
}

/// Seals what is new; what that took.
fn seal(data: &Path) -> Usage {
    let digits = std::fs::read_to_string(data.join("key")).expect("the key");
    let keys = Keys::from_bytes(&hex_key(digits.trim()).expect("64 digits")).expect("keys");
    let store = Arc::new(SqliteStore::open(&data.join("modegate.db"), keys).expect("opened"));
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .build()
        .expect("a runtime");
    let setup = Setup {
        store: Arc::clone(&store) as _,
        key_file: KeyFile::at(data.join("audit-key")),
        data: data.to_owned(),
        host: "bench".to_owned(),
        interval: Duration::from_secs(3_600),
        clock: Clock::default(),
        metrics: Arc::new(Metrics::new()),
    };
    runtime.block_on(async {
        let sealer: Arc<Sealer> = Arc::new(Sealer::open(setup).await.expect("opened"));
        let before = Usage::of(std::process::id());
        let sealed = sealer.seal().await.expect("sealed");
        let used = Usage::of(std::process::id()).since(&before);
        assert_eq!(sealed, store.tree().await.expect("a tree").entries);
        used
    })
}

/// The size of a database and of the same without what the tree added to it, both compact.
fn bytes_of(database: &Path, dir: &Path, events: u64) -> String {
    let (with, without) = (dir.join("with.db"), dir.join("without.db"));
    let db = Connection::open(database).expect("the database");
    let copy = |path: &Path| {
        db.execute("VACUUM INTO ?1", [path.to_str().expect("a path")])
            .expect("copied");
    };
    copy(&with);
    copy(&without);
    let db = Connection::open(&without).expect("the copy");
    db.execute_batch(
        "DROP TRIGGER event_is_final; DROP TRIGGER event_stays; \
         UPDATE event SET bytes = substr(bytes, 18) WHERE hex(substr(bytes, 1, 1)) = '10'; \
         DELETE FROM tile; DELETE FROM checkpoint; UPDATE tree SET frontier = x''; VACUUM;",
    )
    .expect("as it was before");
    drop(db);
    let of_each = |path: &Path| size(path) as f64 / events as f64;
    let (with, without) = (of_each(&with), of_each(&without));
    format!(
        "{with:.1}, without salts and tree {without:.1}: {:+.1} (aim: +25)",
        with - without
    )
}

struct Export {
    done: Exported,
    used: Usage,
    took: Duration,
}

fn exported(database: &Path, out: &Path) -> Export {
    let log = LogReader::open(database).expect("the log");
    let request = ExportRequest {
        out: out.to_owned(),
        since: None,
        views: Vec::new(),
        lists: None,
    };
    let (before, begun) = (Usage::of(std::process::id()), Instant::now());
    let done = export(&log, &request, Clock::default().now(), &mut |_, _| {});
    Export {
        done: done.expect("exported"),
        took: begun.elapsed(),
        used: Usage::of(std::process::id()).since(&before),
    }
}

/// Copies a folder; the CPU seconds of that.
fn copied(from: &Path, to: &Path) -> f64 {
    fn copy(from: &Path, to: &Path) {
        std::fs::create_dir_all(to).expect("a folder");
        for found in std::fs::read_dir(from).expect("a folder") {
            let found = found.expect("read");
            let (path, to) = (found.path(), to.join(found.file_name()));
            match path.is_dir() {
                true => copy(&path, &to),
                false => {
                    let content = std::fs::read(&path).expect("read");
                    std::fs::write(&to, content).expect("written");
                }
            }
        }
    }
    let before = Usage::of(std::process::id());
    copy(from, to);
    let used = Usage::of(std::process::id()).since(&before);
    used.cpu.max(0.01)
}

/// Proofs from the database and from the export, and the export verified.
fn proofs(database: &Path, out: &Path, entries: u64) {
    let log = LogReader::open(database).expect("the log");
    let key = log.audit_keys().expect("keys").pop().expect("a key").vkey;
    let key: VerifierKey = key.parse().expect("a key");
    prove("the database", &mut DatabaseLog(&log), entries);
    let mut folder = ExportFolder::new(out);
    prove("the export", &mut folder, entries);
    let seconds = cpu_of(|| verify_whole(&mut folder, key, entries));
    println!(
        "verify of the export, its files read: {:.0} events/s and core",
        entries as f64 / seconds
    );
}

fn prove(what: &str, source: &mut dyn LogSource, entries: u64) {
    let (mut took, mut bytes) = (Vec::new(), Vec::new());
    for n in 0..PROOFS as u64 {
        let number = n.wrapping_mul(0x9E37_79B9_7F4A_7C15) % entries;
        let begun = Instant::now();
        let proof = Prover::open(source).and_then(|mut prover| prover.inclusion(number));
        took.push(begun.elapsed().as_secs_f64() * 1e3);
        bytes.push(proof.expect("a proof").len() as f64);
    }
    println!(
        "prove from {what}: p50 {:.2} ms, p99 {:.2} ms (aim: 5); {:.0} bytes, the entry in them",
        median(&mut took),
        percentile(&mut took, 0.99),
        median(&mut bytes)
    );
}

/// The CPU seconds of this thread that it takes.
fn cpu_of(work: impl FnOnce()) -> f64 {
    let before = cpu_of_this_thread();
    work();
    cpu_of_this_thread() - before
}

/// Verifies a log that is made as it is read; memory on the way.
fn memory(recorded: &Recorded, events: u64) {
    let before = anonymous_kib(std::process::id());
    let mut log = Log::new(recorded, events, DEVICES_AT_NIGHT.min(events));
    let made = anonymous_kib(std::process::id());
    let mib = |kib: u64| kib as f64 / 1024.0;
    println!(
        "{events} events of {} devices; {:.1} MiB are the bench's own",
        DEVICES_AT_NIGHT.min(events),
        mib(made)
    );
    assert!(made >= before);
    let question = Question {
        checkpoint: None,
        keys: vec![log.key.clone()],
        policy: None,
        older: Vec::new(),
        accepted: Accepted::default(),
        ed25519: &ed25519::verify,
    };
    let (mut most, mut at_a_tenth, mut shown) = (made, made, 0);
    let cpu = cpu_of_this_thread();
    let report = verify(&mut log, &question, &mut |Progress { done, size }| {
        // Reading it each time would take longer than verifying.
        if done % (64 * 256) == 0 || done == size {
            most = most.max(anonymous_kib(std::process::id()));
        }
        let steps = [1, 10, 100].map(|percent| size / 100 * percent);
        while shown < steps.len() && done >= steps[shown] {
            most = most.max(anonymous_kib(std::process::id()));
            println!(
                "{done} events: at most {:.1} MiB so far, {:.1} more than the bench's own",
                mib(most),
                mib(most.saturating_sub(made))
            );
            shown += 1;
            if shown == 2 {
                at_a_tenth = most;
            }
        }
    });
    assert_eq!(report.outcome, Outcome::Good, "{report:?}");
    println!(
        "{:.0} events/s and core, the making of the log in it",
        events as f64 / (cpu_of_this_thread() - cpu)
    );
    let bound = MOST_KIB + DEVICES_AT_NIGHT * BYTES_OF_EACH / 1024;
    let (whole, late) = (most - made, most - at_a_tenth);
    assert!(whole <= bound, "{whole} KiB, which may be {bound}");
    assert!(late <= FLAT_KIB, "{late} KiB more since a tenth of it");
}
