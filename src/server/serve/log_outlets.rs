//! Who gets something of the log elsewhere: witnesses its checkpoints, other systems its events.

use std::path::PathBuf;

use tokio::sync::watch;

use super::ServeError;
use crate::audit::witnessing::Witnesses;
use crate::config::Settings;
use crate::http::Shared;
use crate::siem::Forwarders;
use modegate_core::time::Timestamp;

/// Who cosigns the log's checkpoints.
pub(super) fn witnesses(settings: &Settings, now: Timestamp) -> Result<Witnesses, ServeError> {
    let ca = read(settings.audit.witness_ca.as_ref())?;
    Witnesses::new(&settings.audit, ca.as_deref(), now).map_err(ServeError::Witnesses)
}

/// Who sends its events to other systems.
pub(super) fn forwarders(
    settings: &Settings,
    shared: &Shared,
    announced: &watch::Receiver<bool>,
) -> Result<Forwarders, ServeError> {
    let ca = read(settings.siem.ca.as_ref())?;
    let parts = (&shared.app.sealer, &shared.metrics);
    let made = Forwarders::new(&settings.siem, ca.as_deref(), parts, announced);
    made.map_err(|(sink, why)| ServeError::Siem(sink, why))
}

fn read(file: Option<&PathBuf>) -> Result<Option<Vec<u8>>, ServeError> {
    let read =
        |path: &PathBuf| std::fs::read(path).map_err(|error| ServeError::File(path.clone(), error));
    file.map(read).transpose()
}
