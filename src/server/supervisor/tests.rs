use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};

use async_trait::async_trait;
use modegate_store::StoreError;

use super::*;

/// What a worker does, call by call; the last entry is repeated.
#[derive(Clone, Copy)]
enum Does {
    Panic,
    Fail,
    Rest,
    /// Starts a task that panics, and rests.
    SpawnPanic,
    /// Starts a task that goes on until the worker is to finish, and rests.
    Spawn,
}

/// What a test sees of a worker, whichever instance it is.
#[derive(Clone, Default)]
struct Seen {
    calls: Arc<AtomicUsize>,
    finished: Arc<AtomicBool>,
}

struct Scripted {
    script: &'static [Does],
    seen: Seen,
    tasks: KeyedTasks<u8>,
    ending: CancellationToken,
}

#[async_trait]
impl Worker for Scripted {
    async fn work(&mut self) -> Result<Duration, StoreError> {
        let call = self.seen.calls.fetch_add(1, SeqCst);
        match self.script[call.min(self.script.len() - 1)] {
            Does::Panic => panic!("a fault that a test injects"),
            Does::Fail => return Err(StoreError::Failed(Arc::from("a fault"))),
            Does::Rest => {}
            Does::SpawnPanic => self.tasks.spawn(1, async { panic!("in a task") }),
            Does::Spawn => {
                let (ending, finished) = (self.ending.clone(), Arc::clone(&self.seen.finished));
                self.tasks.spawn(1, async move {
                    ending.cancelled().await;
                    sleep(Duration::from_millis(20)).await;
                    finished.store(true, SeqCst);
                });
            }
        }
        Ok(Duration::MAX)
    }

    async fn woken(&mut self) {
        self.tasks.ended().await;
    }

    async fn finish(&mut self) {
        self.ending.cancel();
        self.tasks.all_ended().await;
    }
}

struct Bench {
    supervisor: Supervisor,
    seen: Seen,
}

impl Bench {
    fn start(script: &'static [Does]) -> Self {
        let supervisor = Supervisor::new(Arc::default(), Arc::default());
        let seen = Seen::default();
        let shared = seen.clone();
        supervisor.start("scripted", move || Scripted {
            script,
            seen: shared.clone(),
            tasks: KeyedTasks::default(),
            ending: CancellationToken::new(),
        });
        Bench { supervisor, seen }
    }

    fn calls(&self) -> usize {
        self.seen.calls.load(SeqCst)
    }

    fn status(&self) -> Result<(), String> {
        self.supervisor.context.status.check()
    }

    fn restarts(&self) -> String {
        let text = self
            .supervisor
            .context
            .metrics
            .text(crate::metrics::Format::OpenMetrics);
        let mut lines = text.lines();
        let series = "modegate_worker_restarts_total{worker=\"scripted\"} ";
        let count = lines.find_map(|line| line.strip_prefix(series));
        count.expect("the series").to_owned()
    }

    async fn until(&self, what: impl Fn(&Self) -> bool) {
        let all = async {
            while !what(self) {
                sleep(Duration::from_millis(1)).await;
            }
        };
        timeout(Duration::from_secs(60), all)
            .await
            .expect("it comes about");
    }
}

#[tokio::test]
async fn a_worker_that_panicked_is_reported_counted_and_restarted() {
    let bench = Bench::start(&[Does::Panic, Does::Rest]);
    bench.until(|bench| bench.status().is_err()).await;
    let why = bench.status().expect_err("it is down");
    assert!(why.contains("scripted"), "{why}");
    bench.until(|bench| bench.status().is_ok()).await;
    assert_eq!(bench.calls(), 2);
    assert_eq!(bench.restarts(), "1");
    bench.supervisor.stop().await;
}

#[tokio::test]
async fn a_panic_in_a_task_is_one_of_its_worker() {
    let bench = Bench::start(&[Does::SpawnPanic, Does::Rest]);
    bench.until(|bench| bench.status().is_err()).await;
    bench.until(|bench| bench.status().is_ok()).await;
    assert_eq!(bench.restarts(), "1");
    bench.supervisor.stop().await;
}

#[tokio::test]
async fn an_error_of_the_store_is_retried_and_is_no_failure() {
    let bench = Bench::start(&[Does::Fail, Does::Rest]);
    bench.until(|bench| bench.calls() == 2).await;
    assert_eq!(bench.status(), Ok(()));
    assert_eq!(bench.restarts(), "0");
    bench.supervisor.stop().await;
}

#[tokio::test]
async fn the_stop_waits_for_what_is_under_way() {
    let bench = Bench::start(&[Does::Spawn]);
    bench.until(|bench| bench.calls() == 1).await;
    bench.supervisor.stop().await;
    assert!(bench.seen.finished.load(SeqCst));
}
