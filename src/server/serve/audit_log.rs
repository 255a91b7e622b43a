//! Opens the store, and the audit log in it for sealing.

use std::sync::Arc;
use std::time::Duration;

use super::{Options, ServeError};
use crate::audit::{KeyFile, Sealer, Setup};
use crate::metrics::Metrics;
use modegate_store::Store;
use modegate_store::seal::Keys;
use modegate_store::sqlite::SqliteStore;

/// Opens the store, and the audit log in it.
pub(super) async fn open_log(
    options: &Options,
    keys: Keys,
    metrics: &Arc<Metrics>,
) -> Result<(Arc<SqliteStore>, Arc<Sealer>), ServeError> {
    let database = options.settings.database_path();
    let observer = Arc::clone(metrics);
    let users = Some(options.settings.web.user_index);
    let store = SqliteStore::open_observed(&database, keys, users, observer)?;
    let store = Arc::new(store);
    let sealer = Sealer::open(audit_setup(options, &store, metrics)).await?;
    Ok((store, Arc::new(sealer)))
}

/// What the audit log is opened with. A new log has the first name of the server.
pub(crate) fn audit_setup(
    options: &Options,
    store: &Arc<SqliteStore>,
    metrics: &Arc<Metrics>,
) -> Setup {
    let settings = &options.settings;
    let host = settings.names.first().map_or("modegate", String::as_str);
    Setup {
        store: Arc::clone(store) as Arc<dyn Store>,
        key_file: KeyFile::from_settings(settings),
        data: settings.data.clone(),
        host: host.to_owned(),
        interval: Duration::from_secs(settings.audit.seal_seconds.into()),
        clock: options.clock.clone(),
        metrics: Arc::clone(metrics),
    }
}
