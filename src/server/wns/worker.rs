//! The workers: whoever is due in the outbox is looked after, a bounded number
//! at once.
//!
//! An attempt is on record before the request leaves. So a server that dies in
//! between finds it, and it counts as sent: one wish is one notification.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Mutex as AsyncMutex, mpsc, watch};
use tokio::task::JoinHandle;

use crate::wns::send;
use crate::wns::service::Push;
use modegate_core::ids::DeviceId;
use modegate_store::StoreError;

/// Devices read from the outbox at once.
const BATCH: usize = 256;
/// The outbox is looked at this often at least: clocks jump.
const LOOK: Duration = Duration::from_millis(500);
/// And after a commit not sooner than this: under load they come by the hundreds.
const REST: Duration = Duration::from_millis(3);
/// How long a device rests after the store failed for it.
const FAILED: Duration = Duration::from_secs(1);
/// How long requests under way may take at the end.
const DRAIN: Duration = Duration::from_secs(10);

type InFlight = Arc<Mutex<HashSet<DeviceId>>>;

/// Running workers.
pub struct Workers {
    stop: watch::Sender<bool>,
    tasks: Vec<JoinHandle<()>>,
}

impl Workers {
    /// Starts `count` of them. Must be called inside a tokio runtime.
    pub fn start(push: &Arc<Push>, count: usize) -> Workers {
        let (stop, stopped) = watch::channel(false);
        let (give, take) = mpsc::channel(count.max(1));
        let (take, in_flight) = (Arc::new(AsyncMutex::new(take)), InFlight::default());
        let find = find(Arc::clone(push), give, Arc::clone(&in_flight), stopped);
        let mut tasks = vec![tokio::spawn(find)];
        for _ in 0..count.max(1) {
            let (push, take) = (Arc::clone(push), Arc::clone(&take));
            tasks.push(tokio::spawn(work(push, take, Arc::clone(&in_flight))));
        }
        Workers { stop, tasks }
    }

    /// Ends them: requests under way come to their end, for a while.
    pub async fn stop(self) {
        self.stop.send_replace(true);
        let ends: Vec<_> = self.tasks.iter().map(JoinHandle::abort_handle).collect();
        let all = async {
            for task in self.tasks {
                let _ = task.await;
            }
        };
        if tokio::time::timeout(DRAIN, all).await.is_err() {
            ends.iter().for_each(tokio::task::AbortHandle::abort);
        }
    }
}

/// Finds who is due; ends when it is told to, and the workers with it.
async fn find(
    push: Arc<Push>,
    give: mpsc::Sender<DeviceId>,
    in_flight: InFlight,
    mut stopped: watch::Receiver<bool>,
) {
    let mut commits = push.store.commits();
    loop {
        commits.borrow_and_update();
        let fresh = match fresh(&push, &in_flight).await {
            Ok(fresh) => fresh,
            Err(error) => {
                tracing::error!(%error, "the outbox could not be read");
                Vec::new()
            }
        };
        let idle = fresh.is_empty();
        for device in fresh {
            held(&in_flight).insert(device);
            tokio::select! {
                sent = give.send(device) => if sent.is_err() { return },
                () = told(&mut stopped) => return,
            }
        }
        if idle {
            tokio::select! {
                _ = commits.changed() => tokio::time::sleep(REST).await,
                () = tokio::time::sleep(LOOK) => {}
                () = told(&mut stopped) => return,
            }
        } else if *stopped.borrow() {
            return;
        }
    }
}

/// Comes back once the workers are to end.
async fn told(stopped: &mut watch::Receiver<bool>) {
    // Without its sender nobody is left to work for.
    let _ = stopped.wait_for(|stop| *stop).await;
}

async fn fresh(push: &Push, in_flight: &InFlight) -> Result<Vec<DeviceId>, StoreError> {
    let most = BATCH + held(in_flight).len();
    let due = push.store.wakes_due(push.clock.now(), most).await?;
    let under_way = held(in_flight);
    let fresh = due.into_iter().map(|(device, _)| device);
    Ok(fresh.filter(|device| !under_way.contains(device)).collect())
}

async fn work(
    push: Arc<Push>,
    take: Arc<AsyncMutex<mpsc::Receiver<DeviceId>>>,
    in_flight: InFlight,
) {
    loop {
        let next = take.lock().await.recv().await;
        let Some(device) = next else {
            return;
        };
        match send::look_after(&push, device).await {
            Ok(()) => {}
            Err(error) => {
                tracing::error!(%error, "a wake was not looked after; it is tried again");
                tokio::time::sleep(FAILED).await;
            }
        }
        held(&in_flight).remove(&device);
    }
}

fn held(in_flight: &InFlight) -> std::sync::MutexGuard<'_, HashSet<DeviceId>> {
    in_flight.lock().unwrap_or_else(PoisonError::into_inner)
}
