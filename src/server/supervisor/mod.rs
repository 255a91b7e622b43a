//! Runs the background workers: one loop for all of them, restarts after a
//! panic, and an orderly end.
//!
//! A worker that panics is logged, counted
//! (`modegate_worker_restarts_total`), reported by `/readyz` as long as it is
//! down, and restarted after a pause. One that keeps failing ends the server:
//! a process that an operator sees die is better than one that has silently
//! stopped doing part of its work.

mod keyed_tasks;
mod restarts;
mod status;
#[cfg(test)]
mod tests;
mod worker;

use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::metrics::Metrics;
pub(crate) use keyed_tasks::KeyedTasks;
use restarts::Failures;
pub use status::WorkerStatus;
pub use worker::Worker;
pub(crate) use worker::next_commit;

/// Pause after an error of the store, which may pass.
const RETRY: Duration = Duration::from_secs(1);
/// How long a worker may take at the end to finish requests that are under way.
const DRAIN: Duration = Duration::from_secs(10);

/// A worker failed too often to be restarted once more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the background worker {worker} failed {failures} times within a minute")]
pub struct WorkerFailed {
    /// The worker's name.
    pub worker: &'static str,
    /// How often it failed within the last minute.
    pub failures: usize,
}

/// The background workers of one server. Dropping it ends them without
/// waiting; [`Supervisor::stop`] waits.
#[derive(Debug)]
pub struct Supervisor {
    context: Context,
    tasks: TaskTracker,
}

/// What each supervised task is handed.
#[derive(Debug, Clone)]
struct Context {
    stop: CancellationToken,
    status: Arc<WorkerStatus>,
    metrics: Arc<Metrics>,
    failed: watch::Sender<Option<WorkerFailed>>,
}

impl Supervisor {
    /// Without workers yet. `status` is what `/readyz` reads.
    pub fn new(status: Arc<WorkerStatus>, metrics: Arc<Metrics>) -> Self {
        Supervisor {
            context: Context {
                stop: CancellationToken::new(),
                status,
                metrics,
                failed: watch::Sender::default(),
            },
            tasks: TaskTracker::new(),
        }
    }

    /// Starts a worker. `make` is called again after each panic, so a restarted
    /// worker begins with fresh state. `name` labels logs, the metric and what
    /// `/readyz` reports. Must be called inside a tokio runtime.
    pub fn start<W: Worker>(
        &self,
        name: &'static str,
        make: impl Fn() -> W + Send + Sync + 'static,
    ) {
        self.context.metrics.worker_started(name);
        self.context.status.started(name);
        let context = self.context.clone();
        self.tasks
            .spawn(async move { supervise(&context, name, make).await });
    }

    /// Completes once a worker has failed too often to be restarted; the server
    /// should end then.
    pub async fn failed(&self) -> WorkerFailed {
        let mut failed = self.context.failed.subscribe();
        loop {
            if let Some(failed) = *failed.borrow_and_update() {
                return failed;
            }
            // The sender lives as long as this supervisor.
            if failed.changed().await.is_err() {
                return std::future::pending().await;
            }
        }
    }

    /// Ends the workers. Work that is not under way outside the store is
    /// dropped where it waits (every write is one transaction); requests under
    /// way are finished, for ten seconds at most.
    pub async fn stop(self) {
        self.context.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        self.context.stop.cancel();
    }
}

/// Runs one worker until the stop, and again after each panic.
async fn supervise<W: Worker>(context: &Context, name: &'static str, make: impl Fn() -> W + Sync) {
    let mut failures = Failures::default();
    while catch_panic(async { run(context, name, make()).await })
        .await
        .is_err()
    {
        if context.stop.is_cancelled() {
            tracing::error!(worker = name, "a background worker panicked while it ended");
            return;
        }
        context.status.set_down(name);
        context.metrics.worker_restarted(name);
        let pause = failures.record(Instant::now());
        let failures = failures.count();
        let Some(pause) = pause else {
            let failed = WorkerFailed {
                worker: name,
                failures,
            };
            tracing::error!(worker = name, failures, "{failed}; it is not restarted");
            context.failed.send_replace(Some(failed));
            return;
        };
        tracing::error!(
            worker = name,
            failures,
            pause_ms = pause.as_millis(),
            "a background worker panicked; it is restarted after a pause"
        );
        tokio::select! {
            () = context.stop.cancelled() => return,
            () = sleep(pause) => {}
        }
    }
}

/// The loop of every worker: work, rest, and work again when the rest is over
/// or the worker is woken. Returns only at the stop.
async fn run(context: &Context, name: &'static str, mut worker: impl Worker) {
    loop {
        let done = tokio::select! {
            biased;
            () = context.stop.cancelled() => break,
            done = worker.work() => done,
        };
        context.status.set_up(name);
        match done {
            Ok(Duration::ZERO) => {}
            Ok(rest) => tokio::select! {
                biased;
                () = context.stop.cancelled() => break,
                () = worker.woken() => {}
                () = sleep(rest) => {}
            },
            Err(error) => {
                tracing::error!(worker = name, %error, "a background worker failed; it will retry");
                tokio::select! {
                    biased;
                    () = context.stop.cancelled() => break,
                    () = sleep(RETRY) => {}
                }
            }
        }
    }
    if timeout(DRAIN, worker.finish()).await.is_err() {
        tracing::warn!(
            worker = name,
            "abandoned open requests: they took longer than {} s",
            DRAIN.as_secs()
        );
    }
}

/// A future panicked. The panic hook has reported the message and the place.
struct Panicked;

/// Runs a future to its end; a panic inside it is an error here.
async fn catch_panic(future: impl Future<Output = ()>) -> Result<(), Panicked> {
    let mut future = pin!(future);
    // Nothing of the future is looked at after a panic, so nothing half-changed
    // is seen: the worker in it is dropped, and the next one is made anew.
    poll_fn(
        |context| match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context))) {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(())) => Poll::Ready(Ok(())),
            Err(_) => Poll::Ready(Err(Panicked)),
        },
    )
    .await
}
