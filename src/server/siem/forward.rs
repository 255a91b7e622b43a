//! Sends what is new in the log to one sink.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::fault::SinkFault;
use super::progress::Progress;
use super::sink::Sink;
use crate::audit::Sealer;
use crate::config::SinkAddress;
use crate::metrics::Metrics;
use modegate_core::siem::{LineFormat, SentEntry};
use modegate_core::time::Timestamp;
use modegate_core::tlog::{Checkpoint, Origin};
use modegate_store::StoreError;
use modegate_store::proof::Tree;

/// And most bytes of the events that are sent at once.
const BYTES: u64 = 512 * 1024;

/// Sends to one sink.
pub(super) struct Forwarder {
    name: String,
    format: LineFormat,
    sink: Sink,
    sealer: Arc<Sealer>,
    metrics: Arc<Metrics>,
    progress: Mutex<Progress>,
}

/// Why something was not sent.
#[derive(Debug, thiserror::Error)]
enum NotSent {
    #[error(transparent)]
    Sink(#[from] SinkFault),
    #[error("could not read the log: {0}")]
    Store(#[from] StoreError),
    #[error("the log has no checkpoint over entry {0} that can be read")]
    Origin(u64),
}

/// Entries that are sent together.
struct Batch {
    first: u64,
    /// The number behind the last one.
    end: u64,
    /// When the first one's event happened.
    at: Timestamp,
    lines: usize,
    text: String,
}

impl Forwarder {
    /// To the sink at this address.
    pub(super) fn new(
        address: &SinkAddress,
        sink: Sink,
        sealer: Arc<Sealer>,
        metrics: Arc<Metrics>,
    ) -> Self {
        Forwarder {
            name: address.name.clone(),
            format: address.format,
            sink,
            sealer,
            metrics,
            progress: Mutex::new(Progress::new()),
        }
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn progress(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends everything that there is, until something fails.
    pub(super) async fn forward(self: Arc<Self>) {
        let Err(why) = self.send_all().await else {
            return;
        };
        tracing::warn!(sink = self.name, %why, "could not send events; they are sent again");
        self.metrics.siem_failed(&self.name);
        self.progress().failed(why.to_string());
    }

    async fn send_all(&self) -> Result<(), NotSent> {
        let store = self.sealer.store();
        let mut next = store.siem_cursor(&self.name).await?;
        loop {
            let Some(batch) = self.batch(next).await? else {
                self.progress().is_done();
                return Ok(());
            };
            self.progress().waits(batch.first, batch.at);
            match self.sink.put(batch.text).await {
                Err(SinkFault::TooLarge) if self.progress().refused_so_many(batch.lines) => {
                    continue;
                }
                taken => taken?,
            }
            // From here on the sink has it, and a crash before the next line sends it again.
            store.move_siem_cursor(&self.name, batch.end).await?;
            self.progress().took();
            self.metrics.siem_sent(&self.name, batch.end - batch.first);
            next = batch.end;
        }
    }

    /// The next entries, if there are any that may be sent: those under a checkpoint that is
    /// published.
    async fn batch(&self, next: u64) -> Result<Option<Batch>, NotSent> {
        let store = self.sealer.store();
        let published = self.sealer.published();
        let tree = store.tree().await?;
        let first = next.max(tree.minimum);
        if first > next && next > 0 {
            let deleted = first - next;
            tracing::warn!(
                sink = self.name,
                deleted,
                "retention deleted events that were never sent; the exports of the log have them"
            );
        }
        if first >= published {
            return Ok(None);
        }
        let (origin, end) = self.origin(&tree, first).await?;
        let most = end.min(published) - first;
        let lines = self.progress().lines();
        let lines = usize::try_from(most).unwrap_or(lines).min(lines);
        let texts = store.event_texts(first, lines, BYTES).await?;
        let mut batch = Batch {
            first,
            end: first,
            at: Timestamp::default(),
            lines: texts.len(),
            text: String::new(),
        };
        for text in &texts {
            let entry = SentEntry::new(&origin, batch.end, text);
            if batch.end == first {
                batch.at = Timestamp(entry.at());
            }
            if self.sink.is_framed() {
                batch.text += &entry.frame(self.format);
            } else {
                batch.text += &entry.line(self.format);
                batch.text.push('\n');
            }
            batch.end += 1;
        }
        // Retention may have deleted them just now: the next look finds what is left.
        Ok((batch.end > first).then_some(batch))
    }

    /// The origin that an entry was sealed under, and the number of the first one behind it
    /// that may have another.
    async fn origin(&self, tree: &Tree, entry: u64) -> Result<(Origin, u64), NotSent> {
        let of_epoch = |log: &String| format!("{log}/{}", tree.epoch).parse().ok();
        if entry >= tree.began {
            let origin = tree.origin.as_ref().and_then(of_epoch);
            return Ok((origin.ok_or(NotSent::Origin(entry))?, u64::MAX));
        }
        // From an earlier epoch, whose checkpoints say which.
        let over = self.sealer.store().checkpoint_over(entry).await?;
        let read = over.and_then(|over| Checkpoint::from_note(over.note.as_bytes()).ok());
        let (checkpoint, _) = read.ok_or(NotSent::Origin(entry))?;
        Ok((checkpoint.origin, checkpoint.size))
    }
}
