//! Who uses a server at the same time: tablets that sync at a steady rate, people of the
//! console, and people who watch how their install goes.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use super::browser::{Browser, attribute};
use super::client::{connect, each_of};
use super::tablet::visit;
use super::web_fleet::source;

/// Sessions that begin per second.
pub(crate) const SYNCS: usize = 100;
/// Threads that have them.
const TABLETS: usize = 16;
/// How long a person of the console looks at a page.
const LOOK: Duration = Duration::from_secs(2);
/// Threads that ask for the watchers.
const WATCHING: usize = 8;

/// Has sessions begin at an even pace until told to end, of devices that are far apart; the
/// milliseconds of each exchange.
pub(crate) fn syncs(http: &str, devices: usize, ended: &AtomicBool) -> Vec<f64> {
    static SESSION: AtomicU64 = AtomicU64::new(1);
    static DEVICE: AtomicUsize = AtomicUsize::new(0);
    let (begun, took) = (Instant::now(), Mutex::new(Vec::new()));
    each_of(TABLETS, |thread| {
        let mut mine = Vec::new();
        for nth in (thread..).step_by(TABLETS) {
            wait_until(
                begun + Duration::from_secs(1) * nth as u32 / SYNCS as u32,
                ended,
            );
            if ended.load(Ordering::Relaxed) {
                break;
            }
            let n = DEVICE.fetch_add(1, Ordering::Relaxed) * 7_919 % devices;
            let session = SESSION.fetch_add(1, Ordering::Relaxed) as usize % 60_000;
            mine.extend(visit(&mut connect(http), &source(n), "Machine", session));
        }
        took.lock().expect("whole").extend(mine);
    });
    took.into_inner().expect("whole")
}

/// Does this beside syncs.
pub(crate) fn beside_syncs<T>(http: &str, devices: usize, work: impl FnOnce() -> T) -> T {
    let ended = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| syncs(http, devices, &ended));
        let done = work();
        ended.store(true, Ordering::Relaxed);
        done
    })
}

/// People of the console, each with a page every two seconds, until told to end. Returns how
/// many pages they had.
pub(crate) fn console(users: &[Mutex<Browser>], pages: &[String], ended: &AtomicBool) -> usize {
    let (begun, had) = (Instant::now(), AtomicUsize::new(0));
    each_of(users.len(), |nth| {
        let mut browser = users[nth].lock().expect("whole");
        let mut due = begun + LOOK * nth as u32 / users.len() as u32;
        for page in pages.iter().cycle().skip(nth) {
            wait_until(due, ended);
            if ended.load(Ordering::Relaxed) {
                break;
            }
            browser.get(page);
            had.fetch_add(1, Ordering::Relaxed);
            due += LOOK;
        }
    });
    had.into_inner()
}

/// A person who watches how an install goes.
pub(crate) struct Watcher {
    pub browser: Browser,
    /// Its page.
    pub page: String,
    /// What the page shows.
    pub revision: String,
    /// How long its script waits before it asks again; `None` where it does not.
    pub every: Option<Duration>,
}

impl Watcher {
    /// Opens the page.
    pub(crate) fn open(&mut self) {
        let page = self.browser.get(&self.page);
        self.shown(&page.body);
    }

    fn shown(&mut self, page: &str) {
        self.revision = attribute(page, "data-rev").to_owned();
        let every = attribute(page, "data-every").parse().ok();
        self.every = every.map(Duration::from_secs);
    }

    /// Asks as the page's script does; the status, and the bytes of the answer.
    pub(crate) fn poll(&mut self) -> (u16, usize) {
        let path = format!("{}?since={}", self.page, self.revision);
        let answer = self.browser.look(&path);
        if answer.status == 200 {
            self.shown(&answer.body);
        }
        (answer.status, answer.bytes)
    }
}

/// The watchers ask at the pace that the server gives them, each on a new connection, until
/// told to end. Returns how often they got which status.
pub(crate) fn watch(watchers: &[Mutex<Watcher>], ended: &AtomicBool) -> BTreeMap<u16, usize> {
    let (begun, statuses) = (Instant::now(), Mutex::new(BTreeMap::new()));
    each_of(WATCHING, |thread| {
        let own = watchers.iter().enumerate().skip(thread).step_by(WATCHING);
        let mut own: Vec<_> = own
            .filter_map(|(nth, watcher)| {
                let mut watcher = watcher.lock().expect("whole");
                watcher.browser.hang_up();
                let every = watcher.every?;
                // They came one after the other.
                let due = begun + every * nth as u32 / watchers.len() as u32;
                Some((due, watcher))
            })
            .collect();
        while let Some((due, watcher)) = own.iter_mut().min_by_key(|(due, _)| *due) {
            wait_until(*due, ended);
            if ended.load(Ordering::Relaxed) {
                break;
            }
            let (status, _) = watcher.poll();
            watcher.browser.hang_up();
            let mut statuses = statuses.lock().expect("whole");
            *statuses.entry(status).or_insert(0) += 1;
            *due += watcher.every.unwrap_or(Duration::from_secs(3_600));
        }
    });
    statuses.into_inner().expect("whole")
}

fn wait_until(due: Instant, ended: &AtomicBool) {
    while !ended.load(Ordering::Relaxed) {
        let rest = due.saturating_duration_since(Instant::now());
        if rest.is_zero() {
            break;
        }
        std::thread::sleep(rest.min(Duration::from_millis(50)));
    }
}
