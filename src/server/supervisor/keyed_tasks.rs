//! Tasks that a worker has under way, at most one for each key.

use std::collections::HashSet;
use std::future::{Future, pending};
use std::hash::Hash;

use tokio::task::JoinSet;

/// Tasks under way by what they work for. Dropping it ends them.
#[derive(Debug)]
pub(crate) struct KeyedTasks<K> {
    keys: HashSet<K>,
    tasks: JoinSet<K>,
}

impl<K> Default for KeyedTasks<K> {
    fn default() -> Self {
        KeyedTasks {
            keys: HashSet::new(),
            tasks: JoinSet::new(),
        }
    }
}

impl<K: Copy + Eq + Hash + Send + 'static> KeyedTasks<K> {
    /// Starts a task for `key`, which must have none under way.
    pub(crate) fn spawn(&mut self, key: K, task: impl Future<Output = ()> + Send + 'static) {
        self.keys.insert(key);
        self.tasks.spawn(async move {
            task.await;
            key
        });
    }

    /// Whether a task for `key` is under way.
    pub(crate) fn contains(&self, key: &K) -> bool {
        self.keys.contains(key)
    }

    /// How many are under way.
    pub(crate) fn len(&self) -> usize {
        self.keys.len()
    }

    /// Waits for the next task to end; for ever if there is none. A task that
    /// panicked panics here too: the worker that started it has failed.
    pub(crate) async fn ended(&mut self) {
        match self.tasks.join_next().await {
            Some(Ok(key)) => {
                self.keys.remove(&key);
            }
            Some(Err(error)) => {
                if let Ok(panic) = error.try_into_panic() {
                    std::panic::resume_unwind(panic);
                }
            }
            None => pending().await,
        }
    }

    /// Waits for all tasks to end.
    pub(crate) async fn all_ended(&mut self) {
        while !self.tasks.is_empty() {
            self.ended().await;
        }
    }
}
