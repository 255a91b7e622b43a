//! Walks over all devices, a few at a time: gives each its flags, counts what there is of
//! everything, and looks at the outbox of webhooks.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::time::Instant;

use super::WorkerContext;
use crate::app::waiting::{LatestCensus, WaitingCensus, look};
use crate::clock::Clock;
use crate::metrics::Metrics;
use crate::supervisor::Worker;
use crate::sync::SyncService;
use crate::wns::service::Push;
use modegate_core::device::Device;
use modegate_core::fleet::{Census, DeviceFlag};
use modegate_core::push::active_profiles::ActiveProfiles;
use modegate_core::push::profile::Health;
use modegate_core::push::record::PushProfile;
use modegate_core::waiting::Waiting;
use modegate_store::{Store, StoreError};

/// How often all devices are looked at, where one walk takes less.
const EVERY: Duration = Duration::from_secs(5);
/// Devices in one read, which takes some milliseconds.
const DEVICES: usize = 64;
/// Between two reads: a thousand devices a second.
const PAUSE: Duration = Duration::from_millis(62);
/// How many times as long as a read took, and what came of it, the next one waits at least.
const REST: u32 = 4;
/// How often a census is kept that counted the same as the one before.
const KEEP_EVERY_MS: i64 = 60 * 1000;

/// The worker.
pub(super) struct CensusWorker {
    store: Arc<dyn Store>,
    clock: Clock,
    metrics: Arc<Metrics>,
    push: Arc<Push>,
    sync: Arc<SyncService>,
    /// Where it is said what waits, and why.
    waiting: Arc<LatestCensus>,
    walk: Option<Walk>,
    /// The census that was kept last.
    kept: Option<Census>,
}

/// One walk over all devices, under way.
struct Walk {
    begun: Instant,
    after: u64,
    census: Census,
    waiting: Waiting,
    profiles: Profiles,
}

impl CensusWorker {
    pub(super) fn new(context: &WorkerContext) -> Self {
        CensusWorker {
            store: Arc::clone(&context.store),
            clock: context.clock.clone(),
            metrics: Arc::clone(&context.metrics),
            push: Arc::clone(&context.push),
            sync: Arc::clone(&context.sync),
            waiting: Arc::clone(&context.waiting),
            walk: None,
            kept: None,
        }
    }

    /// Ends a walk.
    async fn end(&mut self, mut census: Census) -> Result<(), StoreError> {
        census.ended_at = self.clock.now();
        self.metrics.queues(&census);
        let waiting = self.store.waiting_deliveries().await?;
        let deliveries = waiting.iter().map(|(_, count)| count).sum();
        self.metrics.webhooks_wait(deliveries);
        let is_news = self.kept.as_ref().is_none_or(|kept| {
            let age = census.ended_at.ms_since(kept.ended_at);
            !(0..KEEP_EVERY_MS).contains(&age) || !census.counts_as(kept)
        });
        if is_news {
            self.store.put_census(census.clone()).await?;
            self.kept = Some(census);
        }
        Ok(())
    }
}

#[async_trait]
impl Worker for CensusWorker {
    /// After an error the walk begins anew.
    async fn work(&mut self) -> Result<Duration, StoreError> {
        let (begun, now, policies) = (Instant::now(), self.clock.now(), self.sync.policies());
        let mut walk = self.walk.take().unwrap_or_else(|| Walk {
            begun,
            after: 0,
            census: Census::begin(now),
            waiting: Waiting::default(),
            profiles: Profiles::new(&self.push.profiles()),
        });
        let found = self.store.survey(walk.after, DEVICES).await?;
        let mut flags = Vec::with_capacity(found.len());
        for one in &found {
            let health = walk.profiles.health_of(&one.device);
            let own = DeviceFlag::of(one, health, now);
            walk.census.count(one, &own, now);
            let (store, since) = (&*self.store, one.waits_since);
            look(
                store,
                &mut walk.waiting,
                (&one.device, since),
                &policies,
                now,
            )
            .await?;
            flags.push((one.device.number, own));
        }
        let last = found.last().filter(|_| found.len() == DEVICES);
        let last = last.map(|one| one.device.number);
        let to = last.unwrap_or(u64::MAX);
        self.store.put_flags(walk.after, to, flags).await?;
        if let Some(last) = last {
            walk.after = last;
            self.walk = Some(walk);
            return Ok(PAUSE.max(begun.elapsed() * REST));
        }
        self.waiting.replace(Arc::new(Some(Arc::new(WaitingCensus {
            waiting: walk.waiting,
            at: now,
            is_whole: true,
        }))));
        self.end(walk.census).await?;
        Ok(EVERY.saturating_sub(walk.begun.elapsed()).max(PAUSE))
    }
}

/// The push profiles in force, with their health.
struct Profiles {
    active: ActiveProfiles,
    /// In the order of the targets.
    health: Vec<Health>,
}

impl Profiles {
    fn new(profiles: &[PushProfile]) -> Self {
        Profiles {
            active: ActiveProfiles {
                targets: profiles.iter().map(PushProfile::target).collect(),
                ..ActiveProfiles::default()
            },
            health: profiles
                .iter()
                .map(|profile| profile.health.health)
                .collect(),
        }
    }

    /// The health of the profile that a device has.
    fn health_of(&self, device: &Device) -> Option<Health> {
        let (record, own) = (&device.record, device.state.push.owner.as_ref());
        let target = self.active.current(record.family, &record.groups, own)?;
        let at = self
            .active
            .targets
            .iter()
            .position(|one| one.id == target.id)?;
        self.health.get(at).copied()
    }
}
