//! Reads the baselines of compliance: when the server starts, and as an operator asks for it,
//! by SIGHUP or over the API.

use std::path::Path;
use std::sync::Arc;

use super::App;
use modegate_core::alert::{AlertKind, Finding, Subject};
use modegate_core::compliance::BaselineSet;
use modegate_core::event::Event;
use modegate_core::policy::Fault;
use modegate_core::time::Timestamp;
use modegate_store::{Store, StoreError};

/// The baselines of a directory of policy files, or the shipped ones; none where devices are
/// not to be judged.
pub(crate) fn read(
    is_enabled: bool,
    policies: Option<&Path>,
    now: Timestamp,
) -> Result<BaselineSet, Vec<Fault>> {
    match is_enabled {
        true => crate::baseline_files::load(policies, now),
        false => BaselineSet::from_texts(Vec::new(), now),
    }
}

/// Puts a set in force in the store: its texts are kept, and that it was loaded is logged,
/// where it is another than the one in force.
pub(crate) async fn put(
    store: &dyn Store,
    set: &BaselineSet,
    actor: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    let texts = set.baselines().iter();
    let texts = texts.map(|baseline| (baseline.digest.to_string(), baseline.text.clone()));
    let event = Event::of_baselines(now, actor, set);
    store
        .put_baselines(set.digest(), texts.collect(), event)
        .await
}

/// Puts the baselines in force as they are now. Invalid ones are rejected, with every fault,
/// and raised as an alert; those in force stay.
///
/// # Errors
/// The store failed.
pub(crate) async fn reload(app: &App, actor: &str) -> Result<Result<(), Vec<Fault>>, StoreError> {
    // One after another, so that the log has them in the order in which they were in force.
    let _turn = app.reloading.lock().await;
    let now = app.now();
    let set = read(app.judges, app.policies.as_deref(), now);
    app.metrics.baselines_reloaded(set.is_ok());
    let (kind, server) = (AlertKind::BaselineRefused, Subject::Server);
    match set {
        Ok(set) => {
            put(&*app.store, &set, actor, now).await?;
            tracing::info!(digest = set.digest(), "the baselines are in force");
            app.baselines.replace(Arc::new(set));
            app.alerts.clear(kind, server).await?;
            Ok(Ok(()))
        }
        Err(faults) => {
            for fault in &faults {
                tracing::error!("{fault}");
            }
            tracing::error!("the baselines are invalid; those in force stay");
            let first = faults.first().map_or_else(String::new, Fault::to_string);
            let why = format!("{} faults, the first: {first}", faults.len());
            app.alerts.raise(Finding::new(kind, server, why)).await?;
            Ok(Err(faults))
        }
    }
}
