//! What devices are judged by.

use std::sync::Arc;

use crate::config::Settings;
use crate::http::Shared;
use crate::workers::compliance::Judge;

/// What the workers judge devices by.
pub(super) fn judge(settings: &Settings, shared: &Shared) -> Judge {
    Judge {
        store: Arc::clone(&shared.app.store),
        clock: shared.app.clock.clone(),
        metrics: Arc::clone(&shared.metrics),
        baselines: Arc::clone(&shared.app.baselines),
        read_hours: settings.compliance.read_hours,
    }
}
