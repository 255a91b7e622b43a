//! One exchange per device at a time in a process: turns for who has proved to be the
//! device, since whoever could wait for one could keep it from the others.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{Mutex as Turn, OwnedMutexGuard};

use modegate_core::ids::Source;

/// Requests of one device that may wait for its turn; a device speaks one at a
/// time, so more than a few are of no use to it.
const WAITING: usize = 8;
/// Shards, so that devices do not wait for each other.
const SHARDS: usize = 64;

type Shard = Mutex<HashMap<Source, Arc<Turn<()>>>>;

/// Hands out turns by source. Holds only the sources that are under way.
#[derive(Debug)]
pub(super) struct Gate {
    shards: Vec<Shard>,
    hasher: RandomState,
}

impl Default for Gate {
    fn default() -> Self {
        Gate {
            shards: (0..SHARDS).map(|_| Shard::default()).collect(),
            hasher: RandomState::new(),
        }
    }
}

/// A device's turn; it ends when this is dropped.
#[derive(Debug)]
pub(super) struct Passage<'a> {
    gate: &'a Gate,
    source: Source,
    turn: Option<OwnedMutexGuard<()>>,
    has_waited: bool,
}

impl Passage<'_> {
    /// Whether another had the turn first.
    pub(super) fn has_waited(&self) -> bool {
        self.has_waited
    }
}

impl Gate {
    /// Waits for the turn of `source`; `None` when too many wait already.
    pub(super) async fn enter(&self, source: &Source) -> Option<Passage<'_>> {
        let turn = {
            let mut shard = self.shard(source);
            let turn = shard.entry(source.clone()).or_default();
            // One count is the map's own, one each is a request's.
            if Arc::strong_count(turn) > WAITING {
                return None;
            }
            Arc::clone(turn)
        };
        let mut passage = Passage {
            gate: self,
            source: source.clone(),
            turn: Arc::clone(&turn).try_lock_owned().ok(),
            has_waited: false,
        };
        if passage.turn.is_none() {
            passage.turn = Some(turn.lock_owned().await);
            passage.has_waited = true;
        }
        Some(passage)
    }

    fn shard(&self, source: &Source) -> std::sync::MutexGuard<'_, HashMap<Source, Arc<Turn<()>>>> {
        let at = self.hasher.hash_one(source) as usize % SHARDS;
        // What is under the lock is whole whenever it is given up.
        self.shards[at]
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Passage<'_> {
    fn drop(&mut self) {
        self.turn = None;
        let mut shard = self.gate.shard(&self.source);
        if shard
            .get(&self.source)
            .is_some_and(|turn| Arc::strong_count(turn) == 1)
        {
            shard.remove(&self.source);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn turns_are_taken_one_by_one_and_leave_nothing_behind() {
        let gate = Gate::default();
        let (one, other) = (Source("one".into()), Source("other".into()));
        let first = gate.enter(&one).await.expect("free");
        let other = gate
            .enter(&other)
            .await
            .expect("another device does not wait");
        assert!(!first.has_waited());
        let second = gate.enter(&one);
        tokio::pin!(second);
        assert!(
            futures_poll(&mut second).await.is_none(),
            "the second waits"
        );
        drop(first);
        let second = second.await.expect("its turn");
        assert!(second.has_waited());
        drop(second);
        drop(other);
        assert!(
            gate.shards
                .iter()
                .all(|shard| shard.lock().expect("whole").is_empty())
        );
    }

    /// Polls once.
    async fn futures_poll<F: Future + Unpin>(future: &mut F) -> Option<F::Output> {
        std::future::poll_fn(|context| {
            std::task::Poll::Ready(match std::pin::Pin::new(&mut *future).poll(context) {
                std::task::Poll::Ready(output) => Some(output),
                std::task::Poll::Pending => None,
            })
        })
        .await
    }
}
