//! What goes on beside requests: wakes, batches, installs, webhooks, sampling
//! and sweeping.

use std::sync::Arc;

use tokio::sync::Notify;
use tokio::task::JoinHandle;

pub mod background;
pub mod batches;
pub mod installs;
pub mod retention;

use crate::metrics::Metrics;
use crate::serve::Options;
use crate::sync::Way;
use crate::webhooks::client::Client;
use crate::wns::service::Push;
use crate::wns::worker::Workers;
use background::Background;
use modegate_store::Store;
use modegate_store::sqlite::SqliteStore;

/// The tasks of a running server.
pub(crate) struct Tasks {
    background: Background,
    /// Ended where they stand: each piece of their work is one transaction.
    pieces: [JoinHandle<()>; 4],
    /// Ended when what is under way is done.
    wakes: Workers,
}

impl Tasks {
    /// Starts them.
    pub(crate) fn start(
        options: &Options,
        way: &Arc<Way>,
        store: &Arc<SqliteStore>,
        push: Arc<Push>,
        hooks: Client,
        batches: Arc<Notify>,
        metrics: Arc<Metrics>,
    ) -> Self {
        let store = || Arc::clone(store) as Arc<dyn Store>;
        let wakes = Workers::start(&push, options.push.workers);
        let (clock, templates) = (options.clock.clone(), options.templates.clone());
        let pieces = [
            tokio::spawn(async move { push.check_all().await }),
            tokio::spawn(batches::work(store(), templates, batches, clock.clone())),
            tokio::spawn(installs::work(store(), options.jobs.clone(), clock.clone())),
            tokio::spawn(crate::webhooks::worker::work(store(), hooks, clock.clone())),
        ];
        let background =
            Background::start(Arc::clone(way), store(), clock, options.retention, metrics);
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
