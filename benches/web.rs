//! The pages of a large fleet, beside those of 1,000 devices and a page that finds nothing,
//! in the same run.
//!
//! `cargo bench --bench web -- [DEVICES]`; 10,000 devices if not told. The aims stand beside
//! what they are for. Tablets, people and server share the machine, over plain HTTP.

mod support;

use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use modegate_core::fleet::DeviceFlag;
use modegate_store::fleet::{DevicePlace, DeviceQuery, FindBounds, FleetStore, Term};
use support::browser::{Browser, files, next_page};
use support::fill;
use support::machine::{Usage, cpu_of_threads, median, percentile};
use support::site::{HISTORIES, Site};
use support::visitors::{SYNCS, Watcher, beside_syncs, console, syncs, watch};
use support::web_fleet::id;

/// The small fleet.
const FEW: usize = 1_000;
/// Times that each page is opened, and the pause between two.
const SAMPLES: usize = 200;
const PAUSE: Duration = Duration::from_millis(5);
/// Polls in a row.
const POLLS: usize = 1_000;
/// Turns with people and without, and how long each is.
const TURNS: usize = 3;
const TURN: Duration = Duration::from_secs(20);

fn main() {
    let devices = std::env::args().find_map(|argument| argument.parse().ok());
    let devices: usize = devices.unwrap_or(10 * FEW).max(10 * FEW);
    println!("{devices} devices beside {FEW}");
    let few = Site::new(FEW, |_| {});
    let many = Site::new(devices, |dir| tell_reads(dir, devices));
    println!(
        "on disk: {:.0} / {:.0} bytes per device",
        few.bytes as f64 / FEW as f64,
        many.bytes as f64 / devices as f64
    );
    let sites = [&few, &many];
    tell_times(&sites);
    tell_bytes(&many);
    tell_polls(&sites);
    tell_syncs(&sites);
}

/// Who opens a page.
#[derive(Clone, Copy, PartialEq)]
enum By {
    /// Somebody of the console.
    Console,
    /// Somebody of the portal.
    Portal,
}

/// A kind of page: its name, the most milliseconds at p95, who opens it,
/// and the address of the nth one.
struct Kind {
    name: &'static str,
    aim: f64,
    by: By,
    path: fn(&Site, usize) -> String,
}

const KINDS: [Kind; 14] = [
    Kind {
        name: "list that finds none",
        aim: f64::NAN,
        by: By::Console,
        path: |_, _| "/console/devices?q=nothing-begins-so".to_owned(),
    },
    Kind {
        name: "list, first page",
        aim: 20.0,
        by: By::Console,
        path: |_, _| "/console/devices".to_owned(),
    },
    Kind {
        name: "list, further pages",
        aim: 20.0,
        by: By::Console,
        path: |_, _| FURTHER.to_owned(),
    },
    Kind {
        name: "list by prefix",
        aim: 20.0,
        by: By::Console,
        path: |site, nth| {
            let name = support::web_fleet::source(site.device(nth));
            format!("/console/devices?q={}", &name[..name.len() - 2])
        },
    },
    Kind {
        name: "list by flag",
        aim: 20.0,
        by: By::Console,
        path: |_, _| "/console/devices?flag=never_seen".to_owned(),
    },
    Kind {
        name: "list by group",
        aim: 20.0,
        by: By::Console,
        path: |_, nth| format!("/console/devices?group=g{}", nth % fill::GROUPS),
    },
    Kind {
        name: "list by flag and group",
        aim: 20.0,
        by: By::Console,
        path: |_, _| "/console/devices?flag=only_machine&group=north".to_owned(),
    },
    Kind {
        name: "list by broad prefix and rare flag",
        aim: 20.0,
        by: By::Console,
        path: |_, _| "/console/devices?q=tab-&flag=by_hand".to_owned(),
    },
    Kind {
        name: "installs under way",
        aim: 20.0,
        by: By::Console,
        path: |_, _| "/console/installs".to_owned(),
    },
    Kind {
        name: "installs that failed",
        aim: 20.0,
        by: By::Console,
        path: |_, _| "/console/installs?state=failed".to_owned(),
    },
    Kind {
        name: "timeline",
        aim: 30.0,
        by: By::Console,
        path: |site, nth| format!("/console/devices/{}", id(site.device(nth % HISTORIES))),
    },
    Kind {
        name: "home",
        aim: 10.0,
        by: By::Console,
        path: |_, _| "/console".to_owned(),
    },
    Kind {
        name: "portal: who finds nothing",
        aim: f64::NAN,
        by: By::Portal,
        path: |_, _| "/portal/apps?q=nothing-is-named-so".to_owned(),
    },
    Kind {
        name: "portal: apps",
        aim: 10.0,
        by: By::Portal,
        path: |_, _| "/portal/apps".to_owned(),
    },
];

/// Stands for the page behind the one before.
const FURTHER: &str = "/console/devices?further";

/// What opening a kind of page came to.
struct Opened {
    p50: f64,
    p95: f64,
    /// Rows of the table on the last one.
    rows: usize,
}

fn open(site: &Site, kind: &Kind) -> Opened {
    let mut further = "/console/devices".to_owned();
    let (mut took, mut rows) = (Vec::new(), 0);
    for nth in 0..SAMPLES {
        let mut path = (kind.path)(site, nth);
        if path == FURTHER {
            path.clone_from(&further);
        }
        let begun = Instant::now();
        let page = with_browser(site, kind.by, nth, |browser| browser.get(&path).body);
        // The first ones find connections and statements to be made.
        if nth >= 5 {
            took.push(begun.elapsed().as_secs_f64() * 1e3);
        }
        further = next_page(&page).unwrap_or_else(|| "/console/devices".to_owned());
        rows = page.matches("<tr").count().saturating_sub(1);
        std::thread::sleep(PAUSE);
    }
    Opened {
        p50: percentile(&mut took, 0.5),
        p95: percentile(&mut took, 0.95),
        rows,
    }
}

fn with_browser<T>(site: &Site, by: By, nth: usize, act: impl FnOnce(&mut Browser) -> T) -> T {
    match by {
        By::Console => act(&mut site.users[nth % site.users.len()].lock().expect("whole")),
        By::Portal => {
            let watcher = &site.watchers[nth % site.watchers.len()];
            act(&mut watcher.lock().expect("whole").browser)
        }
    }
}

fn tell_times(sites: &[&Site; 2]) {
    println!(
        "ms, p50 / p95 of {FEW} devices, then of {}; {SYNCS} syncs/s beside:",
        sites[1].devices
    );
    for kind in &KINDS {
        let [few, many] =
            sites.map(|site| beside_syncs(&site.server.http, site.devices, || open(site, kind)));
        let aim = match kind.aim {
            aim if aim.is_nan() => String::new(),
            aim => format!(" (aim at p95: {aim})"),
        };
        println!(
            "  {}: {:.1} / {:.1}; {:.1} / {:.1}{aim}; {} rows",
            kind.name, few.p50, few.p95, many.p50, many.p95, many.rows
        );
    }
}

/// What a browser that comes for the first time loads.
fn tell_bytes(site: &Site) {
    println!("bytes of the HTML, and of the first view in all with its requests:");
    for kind in &KINDS {
        let mut path = (kind.path)(site, 0);
        let aims = match kind.by {
            By::Console => "40,960; 61,440 in 5",
            By::Portal => "20,480; 61,440 in 5",
        };
        if path == FURTHER {
            path = "/console/devices".to_owned();
        }
        let (html, all, requests) = with_browser(site, kind.by, 0, |browser| {
            let page = browser.get(&path);
            let files = files(&page.body);
            let bytes: usize = files.iter().map(|file| browser.get(file).bytes).sum();
            (page.body.len(), page.bytes + bytes, 1 + files.len())
        });
        println!(
            "  {}: {html}; {all} in {requests} (aims: {aims})",
            kind.name
        );
    }
    let mut browser = site.users[0].lock().expect("whole");
    let page = browser.get("/console");
    for file in files(&page.body) {
        let answer = browser.get(&file);
        let name = file.rsplit('/').next().unwrap_or_default().to_owned();
        println!("  {name}: {} bytes", answer.body.len());
    }
    println!("  (aims: ui.js 4,096, ui.css 12,288, dark.css 3,072)");
}

/// Polls that find nothing new, beside the page of a health check as often.
fn tell_polls(sites: &[&Site; 2]) {
    println!("{POLLS} polls that find nothing new (aims: 0.1 ms CPU, no write, 200 bytes):");
    for site in sites {
        let mut watcher = site.watchers[0].lock().expect("whole");
        watcher.open();
        let mut bytes = 0;
        let polls = used(site, &mut || {
            let (status, answer) = watcher.poll();
            assert_eq!(status, 204);
            bytes = answer;
        });
        let health = used(site, &mut || {
            watcher.browser.get("/healthz");
        });
        let mut user = site.users[0].lock().expect("whole");
        let path = format!("/console/devices/{}", id(site.device(0)));
        let page = user.get(&path).body;
        let since = support::browser::attribute(&page, "data-rev").to_owned();
        let timeline = used(site, &mut || {
            let answer = user.look(&format!("{path}?since={since}"));
            assert_eq!(answer.status, 204);
        });
        for (what, (cpu, syncs, written)) in [
            ("an install", polls),
            ("a timeline", timeline),
            ("/healthz in place of a page", health),
        ] {
            println!(
                "  {} devices, {what}: {cpu:.3} ms CPU; {syncs:.0} commits and {written} bytes written in all",
                site.devices
            );
        }
        println!("  an answer: {bytes} bytes");
    }
}

/// What the server used for each of so many requests: CPU, ms; and what it wrote in all of
/// them, less what it writes by itself in the same time.
fn used(site: &Site, ask: &mut dyn FnMut()) -> (f64, f64, i64) {
    let server = &site.server;
    let now = || {
        (
            cpu_of_threads(server.pid),
            server.syncs(),
            Usage::of(server.pid).written,
        )
    };
    let (before, begun) = (now(), Instant::now());
    for _ in 0..POLLS {
        ask();
    }
    let (after, took) = (now(), begun.elapsed());
    std::thread::sleep(took);
    let idle = now();
    let cpu = (after.0 - before.0) - (idle.0 - after.0);
    let syncs = (after.1 - before.1) - (idle.1 - after.1);
    let written = (after.2 - before.2) as i64 - (idle.2 - after.2) as i64;
    (cpu * 1e3 / POLLS as f64, syncs.max(0.0), written.max(0))
}

/// How long devices wait beside people, and without them.
fn tell_syncs(sites: &[&Site; 2]) {
    println!(
        "exchanges of {SYNCS} syncs/s, ms, without people and beside them, {TURNS} turns of {TURN:?}:"
    );
    for site in sites {
        let pages = mix(site);
        let mut ratios = Vec::new();
        for _ in 0..TURNS {
            let (mut calm, _) = turn(site, &|_| String::new());
            let (mut beside, said) = turn(site, &|ended| people(site, &pages, ended));
            let [calm99, beside99] = [&mut calm, &mut beside].map(|took| percentile(took, 0.99));
            ratios.push(beside99 / calm99);
            println!(
                "  {} devices: p50 {:.2}, p99 {calm99:.2} of {}; beside: p50 {:.2}, p99 {beside99:.2} of {}; {said}",
                site.devices,
                median(&mut calm),
                calm.len(),
                median(&mut beside),
                beside.len()
            );
        }
        let ratio = 100.0 * (median(&mut ratios) - 1.0);
        println!("  {} devices: p99 {ratio:+.0} % (aim: +5)", site.devices);
    }
}

/// What the people of the console look at.
fn mix(site: &Site) -> Vec<String> {
    let more = ["/console/queue", "/console/alerts", "/console/audit"];
    let kinds = KINDS.iter().filter(|kind| kind.by == By::Console);
    let kinds = kinds.map(|kind| (kind.path)(site, 3));
    let kinds = kinds.filter(|path| path != FURTHER);
    kinds.chain(more.map(str::to_owned)).collect()
}

/// Syncs beside this for a turn: how long they took, and what is to be said of the others.
fn turn(site: &Site, others: &(dyn Fn(&AtomicBool) -> String + Sync)) -> (Vec<f64>, String) {
    let ended = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let others = scope.spawn(|| others(&ended));
        let syncs = scope.spawn(|| syncs(&site.server.http, site.devices, &ended));
        std::thread::sleep(TURN);
        ended.store(true, Ordering::Relaxed);
        (syncs.join().expect("done"), others.join().expect("done"))
    })
}

fn people(site: &Site, pages: &[String], ended: &AtomicBool) -> String {
    let watchers: &[Mutex<Watcher>] = &site.watchers;
    let (pages, polls) = std::thread::scope(|scope| {
        let polls = scope.spawn(|| watch(watchers, ended));
        let pages = console(&site.users, pages, ended);
        (pages, polls.join().expect("done"))
    });
    format!("{pages} pages, polls by status {polls:?}")
}

/// What the lists read of the indexes and of the devices' rows for one page.
fn tell_reads(dir: &Path, devices: usize) {
    let store = fill::store(dir);
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let query = |prefix: Option<&str>, terms: &[Term]| DeviceQuery {
        prefix: prefix.map(str::to_owned),
        all_of: terms.iter().map(|term| vec![term.clone()]).collect(),
    };
    let north = Term::Group("north".to_owned());
    let kinds = [
        ("first page", query(None, &[])),
        ("prefix", query(Some("tab-"), &[])),
        ("flag", query(None, &[Term::Flag(DeviceFlag::NeverSeen)])),
        ("group", query(None, std::slice::from_ref(&north))),
        (
            "flag and group",
            query(None, &[Term::Flag(DeviceFlag::OnlyMachine), north]),
        ),
        (
            "broad prefix and rare flag",
            query(Some("tab-"), &[Term::Flag(DeviceFlag::ByHand)]),
        ),
    ];
    // As the page asks; beside these, it looks for each of the flags of each device.
    let bounds = FindBounds {
        devices: 50,
        entries: 2_000,
    };
    println!(
        "read for a page of 50 of {devices} devices (aims: 200 rows, 2,000 entries, which include {} for its flags):",
        50 * DeviceFlag::ALL.len()
    );
    for (name, query) in kinds {
        let start = DevicePlace::default();
        let found = store.find_devices(&query, &start, bounds);
        let found = runtime.block_on(found).expect("devices");
        println!(
            "  {name}: {} rows, {} entries{}",
            found.devices.len(),
            found.entries,
            if found.next.is_some() { "" } else { ", whole" }
        );
    }
}
