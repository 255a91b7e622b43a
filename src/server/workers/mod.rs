//! What the server does beside requests: wakes, batches, installs, webhooks,
//! the census, retention. Each worker reads, has the core decide, and writes; the
//! [supervisor](crate::supervisor) runs them.

use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::Notify;

pub(crate) mod alerts;
mod auth_failures;
mod batches;
mod census;
pub(crate) mod compliance;
mod compliance_snapshot;
mod installs;
pub mod retention;
mod tally;

use crate::app::waiting::LatestCensus;
use crate::audit::Sealer;
use crate::audit::export::worker::ExportWorker;
use crate::audit::lists::Lists;
use crate::audit::witnessing::{WitnessWorker, Witnesses};
use crate::audit::worker::SealWorker;
use crate::clock::Clock;
use crate::config::Retention;
use crate::metrics::Metrics;
use crate::siem::{Forwarders, SiemWorker};
use crate::supervisor::{Supervisor, Worker};
use crate::sync::SyncService;
use crate::webhooks::client::Client;
use crate::webhooks::worker::WebhookWorker;
use crate::wns::profile_worker::ProfileWorker;
use crate::wns::service::Push;
use crate::wns::worker::WakeWorker;
use alerts::{AlertWorker, Conditions};
use auth_failures::AuthFailureLog;
use batches::BatchWorker;
use census::CensusWorker;
use compliance::{ComplianceWorker, Judge};
use compliance_snapshot::SnapshotWorker;
use installs::InstallWorker;
use modegate_core::installs::JobRules;
use modegate_core::operations::Templates;
use modegate_store::Store;
use retention::RetentionWorker;
use tally::TallyWorker;

/// What the workers work with.
pub(crate) struct WorkerContext {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: Clock,
    pub(crate) metrics: Arc<Metrics>,
    /// Where failed workers are reported, and what else alerts are raised for.
    pub(crate) conditions: Arc<Conditions>,
    /// Counts the failed authentications.
    pub(crate) sync: Arc<SyncService>,
    pub(crate) push: Arc<Push>,
    /// Notifications under way at once.
    pub(crate) notifications: usize,
    /// The client that delivers to webhooks.
    pub(crate) webhooks: Client,
    /// Notified when there is a new batch.
    pub(crate) batches: Arc<Notify>,
    pub(crate) templates: Templates,
    pub(crate) jobs: JobRules,
    pub(crate) retention: Retention,
    pub(crate) sealer: Arc<Sealer>,
    /// The database's file.
    pub(crate) database: PathBuf,
    /// Where the log is exported to, if it is.
    pub(crate) export_directory: Option<PathBuf>,
    /// What devices are judged by.
    pub(crate) judge: Judge,
    /// Where the lists of devices with their states are.
    pub(crate) lists: Lists,
    /// How long such a list lasts, milliseconds; `None` where none is made.
    pub(crate) snapshot_ms: Option<i64>,
    /// Who cosigns the log's checkpoints.
    pub(crate) witnesses: Arc<Witnesses>,
    /// Who sends the log to other systems.
    pub(crate) siem: Forwarders,
    /// Where it is said what waits, and why.
    pub(crate) waiting: Arc<LatestCensus>,
}

/// Starts all workers. Their names are labels of a metric and part of the
/// answers of `/readyz`.
pub(crate) fn start(context: WorkerContext) -> Supervisor {
    let supervisor = Supervisor::new(
        Arc::clone(&context.conditions.workers),
        Arc::clone(&context.metrics),
    );
    let context = Arc::new(context);
    start_one(&supervisor, &context, "alerts", |c| {
        AlertWorker::new(Arc::clone(&c.conditions))
    });
    start_counts(&supervisor, &context);
    start_log(&supervisor, &context);
    start_one(&supervisor, &context, "compliance", |c| {
        ComplianceWorker::new(c.judge.clone())
    });
    if context.snapshot_ms.is_some() {
        start_one(&supervisor, &context, "compliance_snapshot", |c| {
            let every = c.snapshot_ms.unwrap_or_default();
            SnapshotWorker::new(c.judge.clone(), c.lists.clone(), every)
        });
    }
    start_one(&supervisor, &context, "batches", |c| {
        let wake = Arc::clone(&c.batches);
        BatchWorker::new(
            Arc::clone(&c.store),
            c.templates.clone(),
            wake,
            c.clock.clone(),
        )
    });
    start_one(&supervisor, &context, "installs", |c| {
        InstallWorker::new(Arc::clone(&c.store), c.jobs.clone(), c.clock.clone())
    });
    start_one(&supervisor, &context, "webhooks", |c| {
        WebhookWorker::new(
            Arc::clone(&c.store),
            c.webhooks.clone(),
            c.clock.clone(),
            Arc::clone(&c.metrics),
            Arc::clone(&c.conditions.alerts),
        )
    });
    start_one(&supervisor, &context, "push_profiles", |c| {
        ProfileWorker::new(Arc::clone(&c.push))
    });
    start_one(&supervisor, &context, "wakes", |c| {
        WakeWorker::new(Arc::clone(&c.push), c.notifications)
    });
    supervisor
}

/// Starts the workers that count.
fn start_counts(supervisor: &Supervisor, context: &Arc<WorkerContext>) {
    start_one(supervisor, context, "auth_failures", |c| AuthFailureLog {
        sync: Arc::clone(&c.sync),
        store: Arc::clone(&c.store),
        clock: c.clock.clone(),
    });
    start_one(supervisor, context, "census", CensusWorker::new);
    start_one(supervisor, context, "tally", |c| TallyWorker {
        store: Arc::clone(&c.store),
        metrics: Arc::clone(&c.metrics),
    });
}

/// Starts the workers of the audit log: what seals it, has it cosigned, sends,
/// exports and shortens it.
fn start_log(supervisor: &Supervisor, context: &Arc<WorkerContext>) {
    start_one(supervisor, context, "retention", |c| {
        let alerts = Arc::clone(&c.conditions.alerts);
        RetentionWorker::new(c.retention, Arc::clone(&c.store), c.clock.clone(), alerts)
    });
    start_one(supervisor, context, "sealing", |c| {
        SealWorker::new(Arc::clone(&c.sealer))
    });
    if !context.witnesses.is_empty() {
        start_one(supervisor, context, "witnesses", |c| {
            WitnessWorker::new(
                Arc::clone(&c.witnesses),
                Arc::clone(&c.sealer),
                Arc::clone(&c.conditions.alerts),
                c.clock.clone(),
                Arc::clone(&c.metrics),
            )
        });
    }
    if !context.siem.is_empty() {
        start_one(supervisor, context, "siem", |c| {
            SiemWorker::new(
                c.siem.clone(),
                Arc::clone(&c.conditions.alerts),
                c.clock.clone(),
                Arc::clone(&c.metrics),
            )
        });
    }
    if context.export_directory.is_some() {
        start_one(supervisor, context, "export", |c| ExportWorker {
            store: Arc::clone(&c.store),
            sealer: Arc::clone(&c.sealer),
            clock: c.clock.clone(),
            database: c.database.clone(),
            lists: c.lists.clone(),
            out: c.export_directory.clone().unwrap_or_default(),
        });
    }
}

/// Starts one worker, which `make` makes of the context.
fn start_one<W: Worker>(
    supervisor: &Supervisor,
    context: &Arc<WorkerContext>,
    name: &'static str,
    make: fn(&WorkerContext) -> W,
) {
    let context = Arc::clone(context);
    supervisor.start(name, move || make(&context));
}
