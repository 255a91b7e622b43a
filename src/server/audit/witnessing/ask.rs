//! Hands a checkpoint to one witness, with the proof that it goes on from what that knows.

use std::sync::Arc;

use super::Witnesses;
use super::client::{AskFault, Reply};
use super::state::{Seen, pause};
use crate::app::alerts::Alerts;
use crate::audit::OpenError;
use crate::audit::ed25519;
use crate::audit::sealer::Sealer;
use crate::audit::tiles;
use crate::clock::Clock;
use crate::metrics::Metrics;
use modegate_core::alert::{AlertKind, Finding, Subject};
use modegate_core::time::Timestamp;
use modegate_core::tlog::note::NoteSignature;
use modegate_core::tlog::proof::ProofPlan;
use modegate_core::tlog::{AddCheckpoint, Checkpoint, Note};
use modegate_store::StoreError;
use modegate_store::proof::StoredCheckpoint;

/// So many of the newest checkpoints are looked at for cosignatures at the start.
const LOOKED_AT: usize = 64;

/// What witnesses are asked with.
#[derive(Clone)]
pub(super) struct Asker {
    pub(super) witnesses: Arc<Witnesses>,
    pub(super) sealer: Arc<Sealer>,
    pub(super) alerts: Arc<Alerts>,
    pub(super) clock: Clock,
    pub(super) metrics: Arc<Metrics>,
}

/// Why a checkpoint has no cosignature of a witness.
#[derive(Debug, thiserror::Error)]
enum NotWitnessed {
    #[error(transparent)]
    Ask(#[from] AskFault),
    #[error("it knows a larger tree, {0} entries: the log is not the one that it cosigned")]
    Ahead(u64),
    #[error("it knows another tree of {0} entries: the log is not the one that it cosigned")]
    Forked(u64),
    #[error("it knows {0} entries, and the entries that would prove the rest are deleted")]
    Deleted(u64),
    #[error("it changes its mind about what it knows")]
    Wavering,
    #[error("the checkpoint cannot be read back")]
    Checkpoint,
    #[error("could not keep its cosignature: {0}")]
    Store(#[from] StoreError),
    #[error("could not begin another epoch: {0}")]
    Epoch(OpenError),
}

impl Asker {
    /// Takes over from the store which witnesses cosigned last, and when.
    pub(super) async fn remember(&self) -> Result<(), StoreError> {
        let kept = self.sealer.store().checkpoints(u64::MAX, LOOKED_AT).await?;
        let (clients, progress) = (&self.witnesses.clients, &self.witnesses.progress);
        let origin = self.sealer.origin();
        let mut quorum_at = None;
        for checkpoint in &kept {
            let Ok((head, note)) = Checkpoint::from_note(checkpoint.note.as_bytes()) else {
                continue;
            };
            if head.origin != origin {
                break;
            }
            let times = self.cosigned(&note);
            for (number, at) in times.iter().enumerate() {
                let Some(at) = *at else { continue };
                if progress.of(number, &origin).cosigned.is_none() {
                    let size = checkpoint.size;
                    progress.change(number, |seen| {
                        (seen.known, seen.cosigned) = (size, Some((size, at)));
                    });
                    self.metrics.cosigned(clients[number].vkey().name(), at);
                }
            }
            quorum_at = quorum_at.or(self.quorum_at(&times));
        }
        if let Some(at) = quorum_at {
            // Its clock may be ahead of ours.
            progress.began(at.min(self.clock.now()));
        }
        Ok(())
    }

    /// When each witness cosigned the note, if it did.
    fn cosigned(&self, note: &Note) -> Vec<Option<Timestamp>> {
        let clients = self.witnesses.clients.iter();
        let time = |verified: modegate_core::tlog::note::Verified| {
            let seconds = i64::try_from(verified.time?).ok()?;
            Some(Timestamp(seconds.checked_mul(1000)?))
        };
        let of = |client: &super::Client| {
            client
                .vkey()
                .verify(note, &ed25519::verify)
                .ok()
                .and_then(time)
        };
        clients.map(of).collect()
    }

    /// When enough of them had, if they did.
    fn quorum_at(&self, times: &[Option<Timestamp>]) -> Option<Timestamp> {
        let mut times: Vec<Timestamp> = times.iter().flatten().copied().collect();
        times.sort_unstable();
        let last = self.witnesses.quorum.checked_sub(1)?;
        times.get(last).copied()
    }

    /// Hands a checkpoint to a witness.
    pub(super) async fn ask(self, number: usize, checkpoint: StoredCheckpoint) {
        let witness = self.witnesses.clients[number].vkey().name().to_owned();
        let done = self.hand_over(number, &checkpoint).await;
        let (now, every) = (self.clock.now(), self.witnesses.every);
        let progress = &self.witnesses.progress;
        let Err(why) = done else {
            progress.change(number, |seen| {
                seen.failures = 0;
                seen.due = now.plus_ms(ms(every));
            });
            return;
        };
        progress.change(number, |seen| {
            seen.failures = seen.failures.saturating_add(1);
            seen.due = now.plus_ms(ms(pause(every, seen.failures)));
        });
        tracing::warn!(witness, size = checkpoint.size, %why, "a witness did not cosign the log's checkpoint");
    }

    async fn hand_over(
        &self,
        number: usize,
        stored: &StoredCheckpoint,
    ) -> Result<(), NotWitnessed> {
        let read = Checkpoint::from_note(stored.note.as_bytes());
        let (checkpoint, note) = read.map_err(|_| NotWitnessed::Checkpoint)?;
        let origin = &checkpoint.origin;
        let seen = self.witnesses.progress.of(number, origin);
        let keys = self.sealer.verifiers(self.clock.now());
        let own = keys.first().ok_or(NotWitnessed::Checkpoint)?;
        // Whoever asks may be ended before the answer: from now on others may have it.
        self.sealer.store().keep_checkpoint(stored.size).await?;
        let mut old = if seen.known <= stored.size {
            seen.known
        } else {
            0
        };
        // What it knows it says once; the second time is what it was asked with.
        for _ in 0..2 {
            let request = self.request(old, stored.size, &note).await?;
            match self.witnesses.clients[number].add(&request, own).await? {
                Reply::Cosigned(line) => return self.keep(number, stored, line).await,
                Reply::Knows(size) if size == old && size == stored.size => {
                    return self
                        .forked(number, &seen, &checkpoint, NotWitnessed::Forked(size))
                        .await;
                }
                Reply::Knows(size) if size > stored.size => {
                    let ahead = NotWitnessed::Ahead(size);
                    let tree = self.sealer.store().tree().await?;
                    return match size > tree.size() {
                        true => self.forked(number, &seen, &checkpoint, ahead).await,
                        // A newer checkpoint is there meanwhile.
                        false => Err(ahead),
                    };
                }
                Reply::Knows(size) => old = size,
                Reply::Inconsistent => {
                    let forked = NotWitnessed::Forked(old);
                    return self.forked(number, &seen, &checkpoint, forked).await;
                }
            }
        }
        Err(NotWitnessed::Wavering)
    }

    async fn request(
        &self,
        old: u64,
        size: u64,
        note: &Note,
    ) -> Result<AddCheckpoint, NotWitnessed> {
        let plan = ProofPlan::consistency(old, size).map_err(|_| NotWitnessed::Wavering)?;
        let proof = tiles::prove(self.sealer.store(), &plan).await?;
        Ok(AddCheckpoint {
            old,
            proof: proof.ok_or(NotWitnessed::Deleted(old))?,
            note: note.clone(),
        })
    }

    /// Keeps a cosignature with its checkpoint.
    async fn keep(
        &self,
        number: usize,
        stored: &StoredCheckpoint,
        line: NoteSignature,
    ) -> Result<(), NotWitnessed> {
        let store = self.sealer.store();
        let whole = store.add_cosignature(stored.size, line).await?;
        let (now, progress) = (self.clock.now(), &self.witnesses.progress);
        progress.change(number, |seen| {
            (seen.known, seen.cosigned) = (stored.size, Some((stored.size, now)));
        });
        let name = self.witnesses.clients[number].vkey().name();
        self.metrics.cosigned(name, now);
        let whole = whole.and_then(|note| Note::parse(note.as_bytes()).ok());
        let times = whole.map(|note| self.cosigned(&note)).unwrap_or_default();
        if self.quorum_at(&times).is_some() {
            progress.reached(now);
        }
        Ok(())
    }

    /// The witness knows of the log what is not in the database. Its word begins one epoch,
    /// and no more: it may be wrong.
    async fn forked(
        &self,
        number: usize,
        seen: &Seen,
        checkpoint: &Checkpoint,
        why: NotWitnessed,
    ) -> Result<(), NotWitnessed> {
        let (NotWitnessed::Ahead(size) | NotWitnessed::Forked(size)) = why else {
            return Err(why);
        };
        if !seen.was_believed {
            let name = self.witnesses.clients[number].vkey().name();
            let origin = &checkpoint.origin;
            let began = self.sealer.forked(origin, name, size).await;
            if began.map_err(NotWitnessed::Epoch)? {
                let believed = |seen: &mut Seen| seen.was_believed = true;
                self.witnesses.progress.change(number, believed);
                let message = format!(
                    "another epoch of the log began: the witness {name} knows of {origin} a tree of {size} entries \
                     that is not in the database"
                );
                let finding = Finding::new(AlertKind::LogForked, Subject::Server, message);
                self.alerts.raise(finding).await?;
            }
        }
        Err(why)
    }
}

fn ms(duration: std::time::Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
