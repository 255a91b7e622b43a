//! What goes on beside requests: wakes, batches, installs, webhooks, sampling
//! and sweeping.

use std::sync::Arc;

use tokio::sync::Notify;
use tokio::task::JoinHandle;

use super::Options;
use super::background::Background;
use super::batches;
use crate::push::service::Push;
use crate::push::worker::Workers;
use crate::store::Store;
use crate::store::sqlite::SqliteStore;
use crate::way::Way;
use crate::webhooks::client::Client;

/// The tasks of a running server.
pub(super) struct Tasks {
    background: Background,
    /// Ended where they stand: each piece of their work is one transaction.
    pieces: [JoinHandle<()>; 4],
    /// Ended when what is under way is done.
    wakes: Workers,
}

impl Tasks {
    /// Starts them.
    pub(super) fn start(
        options: &Options,
        way: &Arc<Way>,
        store: &Arc<SqliteStore>,
        push: Arc<Push>,
        hooks: Client,
        batches: Arc<Notify>,
    ) -> Self {
        let store = || Arc::clone(store) as Arc<dyn Store>;
        let wakes = Workers::start(&push, options.push.workers);
        let (clock, templates) = (options.clock.clone(), options.templates.clone());
        let pieces = [
            tokio::spawn(async move { push.check_all().await }),
            tokio::spawn(batches::work(store(), templates, batches)),
            tokio::spawn(crate::installs::worker::work(
                store(),
                options.jobs.clone(),
                clock.clone(),
            )),
            tokio::spawn(crate::webhooks::worker::work(store(), hooks, clock.clone())),
        ];
        let background = Background::start(Arc::clone(way), store(), clock, options.retention);
        Tasks {
            background,
            pieces,
            wakes,
        }
    }

    /// Ends them.
    pub(super) async fn stop(self) {
        drop(self.background);
        self.pieces.iter().for_each(JoinHandle::abort);
        self.wakes.stop().await;
    }
}
