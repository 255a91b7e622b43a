//! The writer: one thread, one connection, waiting work committed together.
//!
//! `synchronous=FULL` costs a sync per commit, not per exchange: what waits
//! goes into one transaction, so that one that is refused never fails its
//! neighbours: either it refuses before it writes, or a savepoint of its own
//! takes back what it wrote. Callers are answered after COMMIT.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::SyncSender;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot, watch};

use super::connection::execute;
use super::files::OpenFiles;
use crate::{StoreError, StoreObserver};

/// Pieces of work that may wait; more wait outside.
const WAITING: usize = 1024;
/// Pieces in one transaction: past this a larger group gains nothing.
const GROUP: usize = 256;
/// How long a writer that finds company waits for more of it. A caller alone never waits.
const LINGER: Duration = Duration::from_micros(400);
/// The log is copied back by another thread whenever it has grown by this.
const CHECKPOINT_BYTES: u64 = 16 * 1024 * 1024;
/// And by the writer itself, so that it starts anew, past this: it cannot grow for ever.
const RESTART_BYTES: u64 = 64 * 1024 * 1024;

/// How long cutting it may wait for a reader.
const CUT: Duration = Duration::from_millis(5);
/// How long anything else may wait for whoever else has the database open.
const BUSY: Duration = Duration::from_secs(5);

type Responder = Box<dyn FnOnce(Option<StoreError>) + Send>;
/// Without a connection the work is not done, only answered.
type Do = Box<dyn FnOnce(Option<&Connection>) -> (bool, Responder) + Send>;

/// A piece of work.
struct Work {
    run: Do,
    /// Whether it refuses before its first write, if it does.
    checks_first: bool,
}

/// What the writer is asked for.
enum Request {
    Work(Work),
    /// To end, and to say so once the database is closed.
    Close(oneshot::Sender<()>),
}

/// After a piece failed that had written, so many transactions give each piece a
/// savepoint: whatever it is, it does not take its neighbours with it again and again.
const CAREFUL: u32 = 1_024;

/// What the writer has done.
#[derive(Debug, Default)]
pub struct Stats {
    /// Transactions, each one sync of the disk.
    pub commits: AtomicU64,
    /// Pieces of work in them.
    pub pieces: AtomicU64,
}

/// The way to the writer.
pub(super) struct Writer {
    queue: Option<mpsc::Sender<Request>>,
    thread: Option<JoinHandle<()>>,
    commits: watch::Receiver<u64>,
    pub(super) stats: Arc<Stats>,
    /// Whether SQLite is to refuse writes: the test of a disk that became read-only.
    pub(super) read_only: Arc<AtomicBool>,
    observer: Arc<dyn StoreObserver>,
}

impl Writer {
    pub(super) fn start(
        (db, checkpointer, files): (Connection, Connection, Arc<OpenFiles>),
        observer: Arc<dyn StoreObserver>,
    ) -> std::io::Result<Writer> {
        let (queue, work) = mpsc::channel(WAITING);
        let stats = Arc::new(Stats::default());
        let counted = Arc::clone(&stats);
        let read_only = Arc::new(AtomicBool::new(false));
        let refuses = Arc::clone(&read_only);
        let watching = Arc::clone(&observer);
        let (commit, commits) = watch::channel(0);
        let thread = std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || {
                let closed = run(
                    &db,
                    checkpointer,
                    &files,
                    work,
                    (&counted, &commit),
                    &refuses,
                    &observer,
                );
                drop(db);
                if let Some(closed) = closed {
                    let _ = closed.send(());
                }
            })?;
        Ok(Writer {
            queue: Some(queue),
            thread: Some(thread),
            commits,
            stats,
            read_only,
            observer: watching,
        })
    }

    /// Changes with every transaction that was committed.
    pub(super) fn commits(&self) -> watch::Receiver<u64> {
        self.commits.clone()
    }

    /// Runs `work` in the next transaction; returns once it is durable.
    pub(super) async fn submit<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.put(work, false).await
    }

    /// The same for work that refuses before its first write, if it does: it needs
    /// no savepoint, which copies each page that is written.
    pub(super) async fn submit_checked<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.put(work, true).await
    }

    /// How many requests wait, and how many may.
    pub(super) fn waiting(&self) -> (usize, usize) {
        let queue = self.queue.as_ref();
        queue.map_or((0, WAITING), |queue| {
            let most = queue.max_capacity();
            (most - queue.capacity().min(most), most)
        })
    }

    /// Does what waits still, copies the log back into the database and closes it.
    pub(super) async fn close(&self) {
        let (sender, closed) = oneshot::channel();
        if let Some(queue) = &self.queue
            && queue.send(Request::Close(sender)).await.is_ok()
        {
            let _ = closed.await;
        }
    }

    async fn put<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
        checks_first: bool,
    ) -> Result<T, StoreError> {
        let (sender, receiver) = oneshot::channel();
        let run: Do = Box::new(move |db| {
            let Some(db) = db else {
                let answer: Responder = Box::new(move |error| {
                    let not_tried = || StoreError::Failed(Arc::from("not tried"));
                    let _ = sender.send(Err(error.unwrap_or_else(not_tried)));
                });
                return (true, answer);
            };
            let result = catch_unwind(AssertUnwindSafe(|| work(db))).unwrap_or_else(|_| {
                Err(StoreError::Failed(Arc::from("a fault in the work itself")))
            });
            let good = result.is_ok();
            let answer: Responder = Box::new(move |error| {
                // Whoever asked may have gone away; the work is done all the same.
                let _ = sender.send(error.map_or(result, Err));
            });
            (good, answer)
        });
        let gone = || StoreError::Failed(Arc::from("the store is closed"));
        let queue = self.queue.as_ref().ok_or_else(gone)?;
        let piece = Work { run, checks_first };
        let begun = Instant::now();
        let request = Request::Work(piece);
        queue.send(request).await.map_err(|_| gone())?;
        let answer = receiver.await.map_err(|_| gone())?;
        self.observer.committed(begun.elapsed());
        answer
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        // The thread finishes what waits, then ends.
        self.queue = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn run(
    db: &Connection,
    checkpointer: Connection,
    files: &OpenFiles,
    mut queue: mpsc::Receiver<Request>,
    (stats, committed): (&Stats, &watch::Sender<u64>),
    read_only: &AtomicBool,
    observer: &Arc<dyn StoreObserver>,
) -> Option<oneshot::Sender<()>> {
    let mut refuses = false;
    let (ask, helper) = start_checkpointer(checkpointer, Arc::clone(observer));
    let (mut company, mut copied_at, mut cut_at) = (false, 0, RESTART_BYTES);
    let (mut careful, log) = (0, files.log());
    let mut closing = None;
    while closing.is_none() {
        let group;
        (group, closing) = gather(&mut queue, company);
        if group.is_empty() {
            break;
        }
        company = group.len() > 1;
        stats
            .pieces
            .fetch_add(group.len() as u64, Ordering::Relaxed);
        stats.commits.fetch_add(1, Ordering::Relaxed);
        observer.transacted(group.len());
        if read_only.load(Ordering::Relaxed) != refuses {
            refuses = !refuses;
            let _ = db.pragma_update(None, "query_only", refuses);
        }
        careful = match transact(db, group, careful > 0, &|| files.check()) {
            Done::Torn => CAREFUL,
            Done::Well | Done::Lost => careful.saturating_sub(1),
        };
        committed.send_modify(|count| *count += 1);
        let size = std::fs::metadata(&log).map_or(0, |meta| meta.len());
        if size > cut_at {
            // Cuts the file too: its size is what is looked at. While a backup
            // reads it cannot be cut, and exchanges do not wait for that.
            let _ = db.busy_timeout(CUT);
            checkpoint(db, "TRUNCATE", &**observer);
            let _ = db.busy_timeout(BUSY);
            let left = std::fs::metadata(&log).map_or(0, |meta| meta.len());
            let is_cut = left < RESTART_BYTES;
            (copied_at, cut_at) = if is_cut {
                (0, RESTART_BYTES)
            } else {
                (size, size + RESTART_BYTES)
            };
        } else if size >= copied_at + CHECKPOINT_BYTES {
            copied_at = size;
            // Full means that one is under way already.
            let _ = ask.try_send(());
        }
    }
    drop(ask);
    if let Ok(helper) = helper {
        let _ = helper.join();
    }
    checkpoint(db, "TRUNCATE", &**observer);
    closing
}

/// Takes what waits, or waits for something: a group of work, empty at the end, and who
/// asked to close after it.
fn gather(
    queue: &mut mpsc::Receiver<Request>,
    company: bool,
) -> (Vec<Work>, Option<oneshot::Sender<()>>) {
    let first = match queue.blocking_recv() {
        Some(Request::Work(work)) => work,
        Some(Request::Close(closed)) => return (Vec::new(), Some(closed)),
        None => return (Vec::new(), None),
    };
    if company || !queue.is_empty() {
        std::thread::sleep(LINGER);
    }
    let mut group = vec![first];
    while group.len() < GROUP
        && let Ok(next) = queue.try_recv()
    {
        match next {
            Request::Work(work) => group.push(work),
            Request::Close(closed) => return (group, Some(closed)),
        }
    }
    (group, None)
}

/// A thread that copies the log back each time it is asked to. It ends with who asks.
fn start_checkpointer(
    db: Connection,
    observer: Arc<dyn StoreObserver>,
) -> (SyncSender<()>, std::io::Result<JoinHandle<()>>) {
    let (ask, asked) = std::sync::mpsc::sync_channel::<()>(1);
    let helper = std::thread::Builder::new()
        .name("store-checkpoint".to_owned())
        .spawn(move || {
            while asked.recv().is_ok() {
                checkpoint(&db, "PASSIVE", &*observer);
            }
        });
    (ask, helper)
}

fn checkpoint(db: &Connection, how: &str, observer: &dyn StoreObserver) {
    observer.checkpointed();
    let done = db.query_row(&format!("PRAGMA wal_checkpoint({how})"), [], |_| Ok(()));
    if let Err(error) = done {
        tracing::warn!(%error, "could not checkpoint the write-ahead log; retrying later");
    }
}

/// How a transaction went.
enum Done {
    Well,
    /// Nothing of it happened.
    Lost,
    /// Nothing of it happened because one piece failed halfway, without a savepoint.
    Torn,
}

/// Runs the pieces in one transaction. `check` says whether the database that is written
/// is the one that will be read after a restart: before, so that nothing is written to
/// another, and after, so that nothing is acknowledged that went to another.
fn transact(
    db: &Connection,
    group: Vec<Work>,
    careful: bool,
    check: &dyn Fn() -> Result<(), StoreError>,
) -> Done {
    let mut answers = Vec::with_capacity(group.len());
    let begun = check().and_then(|()| execute(db, "BEGIN IMMEDIATE"));
    let (mut error, mut torn) = (begun.err(), false);
    for work in group {
        let saved = careful || !work.checks_first;
        if saved && error.is_none() {
            error = execute(db, "SAVEPOINT piece").err();
        }
        let before = db.total_changes();
        // Once the transaction is lost nothing more is written: it would be
        // durable by itself while its caller is told that it failed.
        let (good, answer) = (work.run)(if error.is_none() { Some(db) } else { None });
        if error.is_none() && db.is_autocommit() {
            error = Some(StoreError::Unwritable(Arc::from(
                "SQLite gave the transaction up",
            )));
        }
        if saved && !good && error.is_none() {
            error = execute(db, "ROLLBACK TO piece").err();
        }
        if saved && error.is_none() {
            error = execute(db, "RELEASE piece").err();
        }
        if !saved && !good && error.is_none() && db.total_changes() != before {
            torn = true;
            let why = "a write of the same transaction failed; come again";
            error = Some(StoreError::Failed(Arc::from(why)));
        }
        answers.push((good, answer));
    }
    if error.is_none() {
        error = execute(db, "COMMIT").and_then(|()| check()).err();
    }
    if error.is_some() {
        let _ = execute(db, "ROLLBACK");
    }
    let done = match (&error, torn) {
        (None, _) => Done::Well,
        (Some(_), false) => Done::Lost,
        (Some(_), true) => Done::Torn,
    };
    for (good, answer) in answers {
        // A piece that refused itself keeps its own reason.
        answer(if good { error.clone() } else { None });
    }
    done
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::sync::mpsc::{Sender, channel};

    use super::*;

    /// A piece that runs this SQL; it is told whether the piece was made durable.
    fn piece(sql: &'static str, told: &Sender<bool>) -> Work {
        let told = told.clone();
        let run: Do = Box::new(move |db| {
            let good = db.is_some_and(|db| db.execute_batch(sql).is_ok());
            let answer: Responder = Box::new(move |error| {
                told.send(good && error.is_none()).unwrap();
            });
            (good, answer)
        });
        let checks_first = true;
        Work { run, checks_first }
    }

    #[test]
    fn what_refuses_first_harms_nobody_and_what_fails_halfway_does_so_once() {
        let db = Connection::open_in_memory().unwrap();
        db.execute_batch("CREATE TABLE t (a INTEGER PRIMARY KEY)")
            .unwrap();
        let refuses = "INSERT INTO nothing VALUES (1)";
        let fails_halfway = "INSERT INTO t VALUES (7); INSERT INTO t VALUES (7)";
        for (with, careful, neighbour_is_durable) in [
            (refuses, false, true),
            (fails_halfway, false, false),
            (fails_halfway, true, true),
        ] {
            let (sender, told) = channel();
            let group = ["INSERT INTO t VALUES (1)", with, "INSERT INTO t VALUES (2)"];
            let group = group.map(|sql| piece(sql, &sender)).into();
            let done = transact(&db, group, careful, &|| Ok(()));
            assert_eq!(matches!(done, Done::Torn), !neighbour_is_durable);
            let told: Vec<bool> = told.try_iter().collect();
            assert_eq!(told, [neighbour_is_durable, false, neighbour_is_durable]);
            let count = "SELECT count(*) FROM t";
            let rows: i64 = db.query_row(count, [], |row| row.get(0)).unwrap();
            assert_eq!(rows, if neighbour_is_durable { 2 } else { 0 }, "{with}");
            db.execute("DELETE FROM t", []).unwrap();
        }
    }
}
