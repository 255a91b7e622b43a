//! Looks at the log for what an operator should know of it.

use std::time::Duration;

use super::sealer::Sealer;
use crate::metrics::Metrics;
use modegate_core::alert::{AlertKind, Finding, Subject};
use modegate_core::log_health::LogHealth;
use modegate_core::time::Timestamp;
use modegate_store::proof::Tree;
use modegate_store::{Store, StoreError};

const DAY_MS: i64 = 24 * 60 * 60 * 1000;
/// The growth of so many days is looked at.
const DAYS: i64 = 7;
/// The size of an event is taken from this many of the latest.
const SAMPLE: u64 = 256;
/// What the database adds to each of them, bytes: its row and its part of a page.
const ROW_BYTES: u64 = 48;

/// What there is to say of the log now, where so many bytes of its disk are free to use and
/// events may wait that long, besides a few intervals.
pub(crate) async fn findings(
    sealer: &Sealer,
    free_bytes: Option<u64>,
    patience: Duration,
    metrics: &Metrics,
    now: Timestamp,
) -> Result<Vec<Finding>, StoreError> {
    let store = sealer.store();
    let tree = store.tree().await?;
    let daily_bytes = daily_bytes(store, &tree, now).await?;
    metrics.audit_growth(daily_bytes);
    let health = LogHealth {
        epoch: tree.epoch,
        began: tree.began,
        exported: tree.exported,
        unsealed: tree.entries.saturating_sub(sealer.published()),
        since_sealed: sealer.since_sealed().as_secs(),
        seal_seconds: sealer.interval().as_secs(),
        patience_seconds: patience.as_secs(),
        daily_bytes,
        free_bytes,
    };
    let mut found = health.findings();
    let key_fault = sealer.key_fault();
    found.extend(key_fault.map(|why| Finding::new(AlertKind::AuditKey, Subject::Server, why)));
    Ok(found)
}

/// How many bytes a day the log took in the last week, or since it began where that was
/// later; 0 where that is less than a day.
async fn daily_bytes(store: &dyn Store, tree: &Tree, now: Timestamp) -> Result<u64, StoreError> {
    let Some(first) = store.all_events(0, 1).await?.pop() else {
        return Ok(0);
    };
    let begin = first.event.at.max(now.plus_ms(-DAYS * DAY_MS));
    let days = (now.0 - begin.0) as f64 / DAY_MS as f64;
    if days < 1.0 {
        return Ok(0);
    }
    let before = store.last_place_before(begin).await?.max(first.place - 1);
    // The last place is base + entries - 1.
    let events = (tree.base + tree.entries).saturating_sub(before + 1);
    let sample = tree.entries.saturating_sub(SAMPLE).max(tree.minimum);
    let entries = store.entries(sample, SAMPLE as usize, u64::MAX).await?;
    let bytes: usize = entries.iter().map(Vec::len).sum();
    let bytes = bytes as u64 / (entries.len() as u64).max(1) + ROW_BYTES;
    Ok(((events * bytes) as f64 / days) as u64)
}
