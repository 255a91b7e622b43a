//! Retention: what is older than an operator wants to keep is deleted in the
//! background, a few milliseconds of the writer at a time.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use crate::app::alerts::Alerts;
use crate::clock::Clock;
use crate::config::Retention;
use crate::supervisor::Worker;
use modegate_core::alert::{AlertKind, Finding, Subject};
use modegate_core::event::{Event, EventType};
use modegate_core::log_record::{LogRecord, TreeHead};
use modegate_core::portal_link::KEPT_MS;
use modegate_core::tally::Hour;
use modegate_core::time::Timestamp;
use modegate_store::proof::Pruned;
use modegate_store::{PartPlace, Store, StoreError};

/// How often is looked for what is old.
const EVERY: Duration = Duration::from_secs(60 * 60);
/// Rows looked at in one go.
const ROWS: usize = 256;
/// Between two goes: the writer is the exchanges' for most of the time.
const PAUSE: Duration = Duration::from_millis(20);
/// What was deleted goes on record at least this often, so that little is
/// unaccounted for when the server ends in the middle.
const ACCOUNT: u64 = 50_000;
const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// What one run deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Applied {
    /// Events.
    pub events: u64,
    /// Whether there are older events that stay, because they were not exported.
    pub not_exported: bool,
    /// Parts of histories whose results went.
    pub results: u64,
    /// Deliveries to webhooks.
    pub deliveries: u64,
    /// Changes of inventories.
    pub inventory_changes: u64,
    /// Hourly counts.
    pub hourly_counts: u64,
}

impl Retention {
    /// Deletes now what is older than the retention, and puts on record that it did.
    pub async fn apply(&self, store: &dyn Store, now: Timestamp) -> Result<Applied, StoreError> {
        let mut applied = Applied::default();
        if let Some(before) = before(self.events_days, now) {
            (applied.events, applied.not_exported) = self.events(store, before, now).await?;
        }
        if let Some(before) = before(self.results_days, now) {
            applied.results = self.results(store, before, now).await?;
        }
        if let Some(before) = before(self.deliveries_days, now) {
            applied.deliveries = self.deliveries(store, before, now).await?;
        }
        if let Some(before) = before(self.inventory_changes_days, now) {
            applied.inventory_changes = self.inventory_changes(store, before, now).await?;
        }
        if let Some(before) = before(self.tally_days, now) {
            // By whole days: the log has one line of it a day, not one an hour.
            let before = Hour::containing(before).first_of_day();
            applied.hourly_counts = self.hourly_counts(store, before, now).await?;
        }
        Ok(applied)
    }

    async fn events(
        &self,
        store: &dyn Store,
        before: Timestamp,
        now: Timestamp,
    ) -> Result<(u64, bool), StoreError> {
        let mut all = 0;
        loop {
            let pruned = store.purge_events(before).await?;
            let is_end = !matches!(pruned, Pruned::Deleted { .. });
            if let Pruned::Deleted { count, .. } = pruned {
                all += count;
            }
            // What a server deleted that ended before it said so is unaccounted for, too.
            let tree = store.tree().await?;
            let (minimum, unaccounted) = (tree.minimum, tree.minimum - tree.recorded);
            if unaccounted > 0 && (is_end || unaccounted >= ACCOUNT) {
                let what = format!("events from before {before}, up to entry {}", minimum - 1);
                let sealed = TreeHead::new(tree.size(), &tree.frontier.root());
                let record = LogRecord::Pruned { minimum, sealed };
                let event = applied(now, what, self.events_days, unaccounted).log(record);
                store.record_pruning(minimum, event).await?;
            }
            if is_end {
                return Ok((all, pruned == Pruned::Kept));
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn results(
        &self,
        store: &dyn Store,
        before: Timestamp,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        let (mut all, mut unaccounted, mut after) = (0, 0, PartPlace::default());
        loop {
            let (purged, next) = store.purge_results(before, after, ROWS).await?;
            (all, unaccounted) = (all + purged.count, unaccounted + purged.count);
            if unaccounted > 0 && (next.is_none() || unaccounted >= ACCOUNT) {
                let what = format!("results from before {before} of final commands");
                account(store, now, what, self.results_days, unaccounted).await?;
                unaccounted = 0;
            }
            match next {
                Some(next) => after = next,
                None => return Ok(all),
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}

impl Retention {
    async fn deliveries(
        &self,
        store: &dyn Store,
        before: Timestamp,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        let mut all = 0;
        loop {
            let purged = store.purge_deliveries(before, ROWS).await?;
            all += purged.count;
            if !purged.more {
                break;
            }
            tokio::time::sleep(PAUSE).await;
        }
        if all > 0 {
            let what = format!("deliveries to webhooks that were due before {before}");
            account(store, now, what, self.deliveries_days, all).await?;
        }
        Ok(all)
    }

    async fn inventory_changes(
        &self,
        store: &dyn Store,
        before: Timestamp,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        let (mut all, mut after) = (0, 0);
        loop {
            let (purged, next) = store.purge_inventory_changes(before, after, ROWS).await?;
            all += purged.count;
            match next {
                Some(next) => after = next,
                None => break,
            }
            tokio::time::sleep(PAUSE).await;
        }
        if all > 0 {
            let what = format!("changes of inventories from before {before}");
            account(store, now, what, self.inventory_changes_days, all).await?;
        }
        Ok(all)
    }

    async fn hourly_counts(
        &self,
        store: &dyn Store,
        before: Hour,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        let mut all = 0;
        loop {
            let purged = store.purge_tally(before, ROWS).await?;
            all += purged.count;
            if !purged.more {
                break;
            }
            tokio::time::sleep(PAUSE).await;
        }
        if all > 0 {
            let what = format!("hourly counts from before {}", before.begins());
            account(store, now, what, self.tally_days, all).await?;
        }
        Ok(all)
    }
}

/// Deletes sessions in browsers that have ended, and links and enrollment tokens that could be
/// used a day ago for the last time. Nobody asked to keep these.
async fn forget_sign_ins(store: &dyn Store, now: Timestamp) -> Result<(), StoreError> {
    while store.purge_web_sessions(now, ROWS).await?.more {
        tokio::time::sleep(PAUSE).await;
    }
    let before = now.plus_ms(-KEPT_MS);
    while store.purge_portal_links(before, ROWS).await?.more {
        tokio::time::sleep(PAUSE).await;
    }
    while store.purge_enrollment_tokens(before, ROWS).await?.more {
        tokio::time::sleep(PAUSE).await;
    }
    Ok(())
}

/// Before when things are too old to keep; `None` keeps all.
fn before(days: u32, now: Timestamp) -> Option<Timestamp> {
    (days > 0).then(|| now.plus_ms(-i64::from(days) * DAY_MS))
}

async fn account(
    store: &dyn Store,
    now: Timestamp,
    what: String,
    days: u32,
    count: u64,
) -> Result<(), StoreError> {
    store.log(vec![applied(now, what, days, count)]).await
}

fn applied(now: Timestamp, what: String, days: u32, count: u64) -> Event {
    let detail = format!("deleted after {days} days: {what}");
    let mut event = Event::new(now, "server", None, EventType::RetentionApplied).detail(detail);
    event.count = Some(count);
    event
}

/// Applies the retention from time to time.
pub(super) struct RetentionWorker {
    retention: Retention,
    store: Arc<dyn Store>,
    clock: Clock,
    alerts: Arc<Alerts>,
}

impl RetentionWorker {
    pub(super) fn new(
        retention: Retention,
        store: Arc<dyn Store>,
        clock: Clock,
        alerts: Arc<Alerts>,
    ) -> Self {
        RetentionWorker {
            retention,
            store,
            clock,
            alerts,
        }
    }
}

#[async_trait]
impl Worker for RetentionWorker {
    async fn work(&mut self) -> Result<Duration, StoreError> {
        let now = self.clock.now();
        let applied = self.retention.apply(&*self.store, now).await?;
        tracing::debug!(?applied, "retention was applied");
        forget_sign_ins(&*self.store, now).await?;
        let found = applied.not_exported.then(|| {
            let message = format!(
                "events are older than {} days and stay, because they were not exported: export the log",
                self.retention.events_days
            );
            Finding::new(AlertKind::LogNotExported, Subject::Server, message)
        });
        let kinds = [AlertKind::LogNotExported];
        self.alerts
            .settle(&kinds, found.into_iter().collect())
            .await?;
        Ok(EVERY)
    }
}
