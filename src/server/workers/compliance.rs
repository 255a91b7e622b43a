//! The worker: judges the devices of which something moved, or whose time has come, by the
//! baselines in force.
//!
//! Which devices those are stands in the store, put there in the transaction of the change,
//! and is taken out in the one that writes what was said: a process that dies at any point
//! leaves nothing undone.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

use crate::clock::Clock;
use crate::current::Current;
use crate::metrics::Metrics;
use crate::supervisor::{Worker, next_commit};
use modegate_core::compliance::follow::{answered, change};
use modegate_core::compliance::{BaselineSet, Evaluation, Facts, Subject};
use modegate_core::device::Device;
use modegate_core::ids::{CommandSeq, DeviceId};
use modegate_core::time::Timestamp;
use modegate_store::compliance::{Judged, ToJudge};
use modegate_store::{Decide, Store, StoreError};

/// Devices judged in one round, and so written in one transaction.
const ROUND: usize = 32;
/// Devices made due in one go when another set of baselines came into force.
const SWEEP: usize = 1_024;
/// Events of a device that are looked through for the exchange that brought a reading.
const LOOK_BACK: usize = 512;
/// Of these so many in one read.
const EVENTS: usize = 64;
/// Longest rest: the clock may be set meanwhile.
const LOOK: Duration = Duration::from_secs(60);
/// Between two looks under load: what came in the meantime is judged together.
const REST: Duration = Duration::from_millis(100);
/// How often is counted how many devices are in each state, at most.
const COUNT: Duration = Duration::from_secs(10);

/// What devices are judged by.
#[derive(Clone)]
pub(crate) struct Judge {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: Clock,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) baselines: Arc<Current<BaselineSet>>,
    /// After how many hours a reading that is missing is asked for again, 0 for never.
    pub(crate) read_hours: u32,
}

/// The worker.
pub(super) struct ComplianceWorker {
    judge: Judge,
    commits: watch::Receiver<u64>,
    /// The digest of the set by which every device was made due.
    swept: Option<String>,
    /// When devices are counted again.
    count_at: Instant,
}

impl ComplianceWorker {
    pub(super) fn new(judge: Judge) -> Self {
        ComplianceWorker {
            commits: judge.store.commits(),
            judge,
            swept: None,
            count_at: Instant::now(),
        }
    }

    /// Makes the next devices due, where another set is in force than they were judged by;
    /// whether there are more.
    async fn sweep(&mut self, set: &BaselineSet) -> Result<bool, StoreError> {
        if self.swept.as_deref() == Some(set.digest()) {
            return Ok(false);
        }
        let more = self.judge.store.sweep_compliance(SWEEP).await?;
        if !more {
            self.swept = Some(set.digest().to_owned());
        }
        Ok(more)
    }

    async fn count(&mut self) -> Result<(), StoreError> {
        if Instant::now() >= self.count_at {
            let store = &self.judge.store;
            let (counts, backlog) = (
                store.compliance_counts().await?,
                store.compliance_backlog().await?,
            );
            self.judge.metrics.compliance(&counts, backlog);
            self.count_at = Instant::now() + COUNT;
        }
        Ok(())
    }
}

#[async_trait]
impl Worker for ComplianceWorker {
    async fn work(&mut self) -> Result<Duration, StoreError> {
        // Marked as seen before the list is read: what comes after wakes again.
        self.commits.borrow_and_update();
        let set = self.judge.baselines.get();
        let more = self.sweep(&set).await?;
        let now = self.judge.clock.now();
        let found = self.judge.store.to_judge(now, ROUND).await?;
        self.count().await?;
        if !found.is_empty() {
            self.judge.round(&set, found, now).await?;
            return Ok(Duration::ZERO);
        }
        if more {
            return Ok(Duration::ZERO);
        }
        let next = self.judge.store.next_judgement().await?;
        let rest = next.map_or(i64::MAX, |next| next.ms_since(now).max(0));
        let rest = Duration::from_millis(rest.unsigned_abs());
        let count = self.count_at.saturating_duration_since(Instant::now());
        Ok(rest.min(LOOK).min(count.max(REST)))
    }

    async fn woken(&mut self) {
        next_commit(&mut self.commits).await;
        sleep(REST).await;
    }
}

impl Judge {
    /// Judges these devices and writes down what follows.
    async fn round(
        &self,
        set: &BaselineSet,
        found: Vec<ToJudge>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut judged = Vec::with_capacity(found.len());
        for one in found {
            judged.push(self.judge(set, one, now).await?);
        }
        let written = self.store.write_judged(judged).await?;
        self.metrics.judged(written);
        Ok(())
    }

    async fn judge(
        &self,
        set: &BaselineSet,
        one: ToJudge,
        now: Timestamp,
    ) -> Result<Judged, StoreError> {
        let ToJudge {
            device,
            inventory,
            before,
        } = one;
        let subject = Subject {
            groups: &device.record.groups,
            facts: Facts::new(&device.record, &device.state),
            inventory: &inventory,
        };
        let mut evaluation = set.evaluate(&subject, &before, now, self.read_hours);
        let events = self.events(device.id, &evaluation).await?;
        evaluation.name_events(&events);
        let Evaluation {
            after,
            changes,
            next_at,
            reads,
        } = evaluation;
        let follows = !changes.is_empty() || !reads.is_empty();
        let decide = move |device: &Device| Ok(change(device, &changes, &reads, now));
        Ok(Judged {
            number: device.number,
            revision: device.state.revision,
            after,
            next_at,
            decide: follows.then(|| Box::new(decide) as Decide),
        })
    }

    /// The events of the exchanges that brought new evidence, by the commands that read it.
    async fn events(
        &self,
        device: DeviceId,
        evaluation: &Evaluation,
    ) -> Result<BTreeMap<CommandSeq, u64>, StoreError> {
        let (mut wanted, mut found) = (evaluation.unnamed(), BTreeMap::new());
        let evidence = evaluation.after.verdicts();
        let evidence = evidence.filter_map(|(_, _, verdict)| verdict.evidence.as_ref());
        let unnamed = evidence.filter(|evidence| evidence.event.is_none());
        let oldest = unnamed.map(|evidence| evidence.read_at).min();
        let (mut before, mut looked) = (u64::MAX, 0);
        while !wanted.is_empty() && looked < LOOK_BACK {
            let events = self.store.events_before(device, before, EVENTS).await?;
            looked += EVENTS;
            for stored in &events {
                for command in answered(stored).filter(|command| wanted.remove(command)) {
                    found.insert(command, stored.event.seq);
                }
            }
            match events.last() {
                Some(last) if Some(last.event.at) >= oldest => before = last.event.seq,
                _ => break,
            }
        }
        Ok(found)
    }
}
