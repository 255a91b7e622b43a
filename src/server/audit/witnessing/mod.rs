//! Hands checkpoints to witnesses and keeps their cosignatures. Nothing waits for that: a
//! witness that does not answer holds up neither the log nor the other witnesses.

mod ask;
mod client;
mod state;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::sealer::Sealer;
use crate::app::alerts::Alerts;
use crate::clock::Clock;
use crate::config::AuditSettings;
use crate::metrics::Metrics;
use crate::supervisor::{KeyedTasks, Worker};
use ask::Asker;
use client::Client;
use modegate_core::alert::{AlertKind, Finding, Subject};
use modegate_core::time::Timestamp;
use modegate_store::StoreError;
use state::Progress;

/// How long may pass without a checkpoint that enough witnesses cosigned.
const UNWITNESSED_MS: i64 = 60 * 60 * 1000;
/// How often it is looked whether there is something to do.
const LOOK: Duration = Duration::from_secs(1);

/// The witnesses of a log, with what each has seen of it.
pub(crate) struct Witnesses {
    clients: Vec<Client>,
    quorum: usize,
    every: Duration,
    progress: Progress,
}

impl Witnesses {
    /// Those of the settings. `ca` is what `audit.witness_ca` contains.
    ///
    /// # Errors
    /// TLS cannot be set up, or the CAs cannot be read.
    pub(crate) fn new(
        settings: &AuditSettings,
        ca: Option<&[u8]>,
        now: Timestamp,
    ) -> Result<Self, String> {
        let client = |witness: &_| Client::new(Clone::clone(witness), ca);
        let clients: Vec<_> = settings
            .witnesses
            .iter()
            .map(client)
            .collect::<Result<_, _>>()?;
        Ok(Witnesses {
            quorum: settings.quorum(),
            every: Duration::from_secs(settings.witness_seconds.into()),
            progress: Progress::new(clients.len(), now),
            clients,
        })
    }

    /// Whether there are none.
    pub(crate) fn is_empty(&self) -> bool {
        self.clients.is_empty()
    }
}

/// Asks the witnesses.
pub(crate) struct WitnessWorker {
    asker: Asker,
    /// Requests under way, by the number of the witness.
    asking: KeyedTasks<usize>,
    is_begun: bool,
}

impl WitnessWorker {
    pub(crate) fn new(
        witnesses: Arc<Witnesses>,
        sealer: Arc<Sealer>,
        alerts: Arc<Alerts>,
        clock: Clock,
        metrics: Arc<Metrics>,
    ) -> Self {
        WitnessWorker {
            asker: Asker {
                witnesses,
                sealer,
                alerts,
                clock,
                metrics,
            },
            asking: KeyedTasks::default(),
            is_begun: false,
        }
    }

    /// Whether enough witnesses have cosigned lately is an alert.
    async fn look(&self, now: Timestamp) -> Result<(), StoreError> {
        let witnesses = &self.asker.witnesses;
        let since = witnesses.progress.quorum_at();
        let found = (now.ms_since(since) > UNWITNESSED_MS).then(|| {
            let message = format!(
                "since {since} no checkpoint of the log was cosigned by {} of its {} witnesses; the log of the \
                 server says why",
                witnesses.quorum,
                witnesses.clients.len()
            );
            Finding::new(AlertKind::LogUnwitnessed, Subject::Server, message)
        });
        let kinds = [AlertKind::LogUnwitnessed];
        self.asker
            .alerts
            .settle(&kinds, found.into_iter().collect())
            .await
    }
}

#[async_trait]
impl Worker for WitnessWorker {
    /// Starts a request to each witness that is due and has none under way.
    async fn work(&mut self) -> Result<Duration, StoreError> {
        if !self.is_begun {
            self.asker.remember().await?;
            self.is_begun = true;
        }
        let now = self.asker.clock.now();
        self.look(now).await?;
        let Some(newest) = self.asker.sealer.store().checkpoint().await? else {
            return Ok(LOOK);
        };
        let witnesses = &self.asker.witnesses;
        for number in 0..witnesses.clients.len() {
            if !self.asking.contains(&number) && witnesses.progress.is_due(number, &newest, now) {
                let asker = self.asker.clone();
                self.asking.spawn(number, asker.ask(number, newest.clone()));
            }
        }
        Ok(LOOK)
    }

    async fn woken(&mut self) {
        self.asking.ended().await;
    }
}
