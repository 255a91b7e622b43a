//! Sends the log to other systems, each by itself: one that hangs or refuses holds up neither
//! the log nor the others. What one has taken is kept, so that each gets every event in order,
//! at least once.

mod fault;
mod file;
mod forward;
mod http;
mod progress;
mod sink;
mod stdout;
mod syslog;

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use tokio::sync::watch;

use crate::app::alerts::Alerts;
use crate::audit::Sealer;
use crate::clock::Clock;
use crate::config::{SiemSettings, SinkAddress};
use crate::metrics::Metrics;
use crate::supervisor::{KeyedTasks, Worker};
use forward::Forwarder;
use modegate_core::alert::{AlertKind, Finding, Subject};
use modegate_store::StoreError;
use sink::Sink;

/// How often it is looked whether there is something to send.
const LOOK: Duration = Duration::from_secs(1);

/// Who sends events where.
#[derive(Clone)]
pub(crate) struct Forwarders {
    all: Vec<Arc<Forwarder>>,
    /// How old an event may be that a sink has not taken.
    behind: Duration,
}

impl Forwarders {
    /// Those of the settings. `ca` is what `siem.ca` contains; `announced` turns true when the
    /// first line of standard output is written.
    ///
    /// # Errors
    /// A sink whose TLS cannot be set up, and why.
    pub(crate) fn new(
        settings: &SiemSettings,
        ca: Option<&[u8]>,
        (sealer, metrics): (&Arc<Sealer>, &Arc<Metrics>),
        announced: &watch::Receiver<bool>,
    ) -> Result<Self, (String, String)> {
        let forwarder = |address: &SinkAddress| {
            let sink = Sink::new(address, ca, announced);
            let sink = sink.map_err(|why| (address.name.clone(), why))?;
            let (sealer, metrics) = (Arc::clone(sealer), Arc::clone(metrics));
            let forwarder = Forwarder::new(address, sink, sealer, metrics);
            Ok::<_, (String, String)>(Arc::new(forwarder))
        };
        Ok(Forwarders {
            all: settings
                .sinks
                .iter()
                .map(forwarder)
                .collect::<Result<_, _>>()?,
            behind: Duration::from_secs(settings.behind_seconds.into()),
        })
    }

    /// Whether there are none.
    pub(crate) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }
}

/// Sends events.
pub(crate) struct SiemWorker {
    forwarders: Forwarders,
    /// What is being sent, by the number of the sink.
    sending: KeyedTasks<usize>,
    alerts: Arc<Alerts>,
    clock: Clock,
    metrics: Arc<Metrics>,
    /// What the server had not sent when it ended is old when it starts: each sink has as
    /// long from here.
    begun: Instant,
}

impl SiemWorker {
    pub(crate) fn new(
        forwarders: Forwarders,
        alerts: Arc<Alerts>,
        clock: Clock,
        metrics: Arc<Metrics>,
    ) -> Self {
        SiemWorker {
            forwarders,
            sending: KeyedTasks::default(),
            alerts,
            clock,
            metrics,
            begun: Instant::now(),
        }
    }

    /// A sink that is behind is an alert.
    async fn look(&self) -> Result<(), StoreError> {
        let (now, behind) = (self.clock.now(), self.forwarders.behind);
        let mut found = Vec::new();
        for forwarder in &self.forwarders.all {
            let progress = forwarder.progress();
            let age = progress.age(now);
            self.metrics.siem_waits(forwarder.name(), age);
            if age > behind && self.begun.elapsed() > behind {
                let subject = Subject::Siem(forwarder.name().to_owned());
                let message = progress.message();
                found.push(Finding::new(AlertKind::SiemBehind, subject, message));
            }
        }
        self.alerts.settle(&[AlertKind::SiemBehind], found).await
    }
}

#[async_trait]
impl Worker for SiemWorker {
    /// Starts sending to each sink that is due and is not being sent to.
    async fn work(&mut self) -> Result<Duration, StoreError> {
        for (number, forwarder) in self.forwarders.all.iter().enumerate() {
            if !self.sending.contains(&number) && forwarder.progress().is_due() {
                let forwarder = Arc::clone(forwarder);
                self.sending.spawn(number, forwarder.forward());
            }
        }
        self.look().await?;
        Ok(LOOK)
    }

    async fn woken(&mut self) {
        loop {
            self.sending.ended().await;
        }
    }
}
