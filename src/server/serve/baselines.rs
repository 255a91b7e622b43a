//! The baselines of compliance: read when the server starts and on SIGHUP. Baselines with
//! faults are refused; those in force stay.

use std::sync::Arc;

use super::Running;
use crate::config::Settings;
use crate::http::Shared;
use crate::workers::compliance::Judge;
use modegate_core::alert::{AlertKind, Subject};
use modegate_core::compliance::BaselineSet;
use modegate_core::event::Event;
use modegate_core::policy::Fault;
use modegate_core::time::Timestamp;
use modegate_store::{Store, StoreError};

/// The baselines that the settings name; none where devices are not to be judged.
pub(super) fn read(settings: &Settings, now: Timestamp) -> Result<BaselineSet, Vec<Fault>> {
    if !settings.compliance.enabled {
        return BaselineSet::from_texts(Vec::new(), now);
    }
    crate::baseline_files::load(settings.policies.as_deref(), now)
}

/// Puts a set in force in the store: its texts are kept, and that it was loaded is logged,
/// where it is another than the one in force.
pub(super) async fn put(
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

/// What devices are judged by.
pub(super) fn judge(settings: &Settings, shared: &Shared) -> Judge {
    Judge {
        store: Arc::clone(&shared.app.store),
        clock: shared.app.clock.clone(),
        metrics: Arc::clone(&shared.metrics),
        baselines: Arc::clone(&shared.app.baselines),
        read_hours: settings.compliance.read_hours,
    }
}

impl Running {
    /// Reads the baselines again, for this actor.
    pub(super) async fn reload_baselines(&self, actor: &str, now: Timestamp) {
        let app = &self.shared.app;
        let set = read(&self.options.settings, now);
        self.shared.metrics.baselines_reloaded(set.is_ok());
        let refused = match set {
            Ok(set) => {
                if let Err(error) = put(&*app.store, &set, actor, now).await {
                    tracing::error!(%error, "could not store the baselines; the old ones stay in force");
                    return;
                }
                tracing::info!(digest = set.digest(), "the baselines are in force");
                app.baselines.replace(Arc::new(set));
                None
            }
            Err(faults) => {
                for fault in &faults {
                    tracing::error!("{fault}");
                }
                tracing::error!("the baselines are invalid; those in force stay");
                Some(format!("{} faults, the first: {}", faults.len(), faults[0]))
            }
        };
        self.settle(AlertKind::BaselineRefused, Subject::Server, refused)
            .await;
    }
}
