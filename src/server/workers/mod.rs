//! What goes on beside requests: wakes, batches, installs, webhooks, sampling
//! and sweeping.

use std::sync::Arc;

use tokio::sync::Notify;
use tokio::task::JoinHandle;

pub mod background;
pub mod batches;
pub mod installs;
pub mod retention;

use crate::clock::Clock;
use crate::config::Settings;
use crate::metrics::Metrics;
use crate::sync::Way;
use crate::webhooks::client::Client;
use crate::wns::service::Push;
use crate::wns::worker::Workers;
use background::Background;
use modegate_store::Store;

/// The tasks of a running server.
pub(crate) struct Tasks {
    background: Background,
    /// Ended where they stand: each piece of their work is one transaction.
    pieces: [JoinHandle<()>; 4],
    /// Ended when what is under way is done.
    wakes: Workers,
}

/// What the tasks work with.
pub(crate) struct Parts {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) way: Arc<Way>,
    pub(crate) push: Arc<Push>,
    /// The client of webhooks.
    pub(crate) hooks: Client,
    /// Notified when there may be a batch to work at.
    pub(crate) batches: Arc<Notify>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) clock: Clock,
}

impl Tasks {
    /// Starts them.
    pub(crate) fn start(settings: &Settings, parts: Parts) -> Self {
        let Parts {
            store, push, clock, ..
        } = parts;
        let wakes = Workers::start(&push, settings.wns.workers as usize);
        let (templates, jobs) = (settings.templates.clone(), settings.jobs.clone());
        let pieces = [
            tokio::spawn(async move { push.check_all().await }),
            tokio::spawn(batches::work(
                Arc::clone(&store),
                templates,
                parts.batches,
                clock.clone(),
            )),
            tokio::spawn(installs::work(Arc::clone(&store), jobs, clock.clone())),
            tokio::spawn(crate::webhooks::worker::work(
                Arc::clone(&store),
                parts.hooks,
                clock.clone(),
            )),
        ];
        let background =
            Background::start(parts.way, store, clock, settings.retention, parts.metrics);
        Tasks {
            background,
            pieces,
            wakes,
        }
    }

    /// Ends them.
    pub(crate) async fn stop(self) {
        drop(self.background);
        self.pieces.iter().for_each(JoinHandle::abort);
        self.wakes.stop().await;
    }
}
