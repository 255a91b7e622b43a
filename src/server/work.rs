//! Work of the API that computes or reads much, kept off the threads that answer devices.
//!
//! It runs on threads of its own, half as many at once as the machine has cores. The
//! requests of one token take turns for half of these places, so that many requests of one
//! caller leave room for the others.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::runtime::Handle;
use tokio::sync::Semaphore;

use modegate_core::tokens::TokenId;

/// Callers that are remembered before those without work are forgotten.
const REMEMBERED: usize = 1_024;

/// Devices that are enrolled at once: an issuer outside may keep each waiting.
const ENROLLMENTS: usize = 32;

/// The work went wrong: it panicked, or the server ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the work was interrupted")]
pub(crate) struct Interrupted;

/// The places for such work.
#[derive(Debug)]
pub(crate) struct WorkPool {
    places: Arc<Semaphore>,
    per_token: usize,
    tokens: Mutex<HashMap<TokenId, Arc<Semaphore>>>,
    /// The one place for work that may take seconds.
    long: Arc<Semaphore>,
    /// The places for devices that enroll.
    enrollments: Arc<Semaphore>,
}

impl WorkPool {
    /// For a machine with so many cores.
    pub(crate) fn new(cores: usize) -> Self {
        let places = (cores / 2).max(1);
        WorkPool {
            places: Arc::new(Semaphore::new(places)),
            per_token: places.div_ceil(2),
            tokens: Mutex::default(),
            long: Arc::new(Semaphore::new(1)),
            enrollments: Arc::new(Semaphore::new(ENROLLMENTS)),
        }
    }

    /// Runs this for the holder of a token when its turn comes. It may read the store;
    /// what it must not do is wait for a peer.
    pub(crate) async fn run<F: Future<Output: Send + 'static>>(
        &self,
        token: TokenId,
        work: impl FnOnce() -> F + Send + 'static,
    ) -> Result<F::Output, Interrupted> {
        let own = self.of(token).acquire_owned().await;
        let place = Arc::clone(&self.places).acquire_owned().await;
        let held = (
            own.map_err(|_| Interrupted)?,
            place.map_err(|_| Interrupted)?,
        );
        on_own_thread(held, work).await
    }

    /// Runs work that may take seconds, beside the rest; `None` while other such work runs.
    pub(crate) async fn run_long<F: Future<Output: Send + 'static>>(
        &self,
        work: impl FnOnce() -> F + Send + 'static,
    ) -> Result<Option<F::Output>, Interrupted> {
        let Ok(held) = Arc::clone(&self.long).try_acquire_owned() else {
            return Ok(None);
        };
        Ok(Some(on_own_thread(held, work).await?))
    }

    /// Runs this for a device that enrolls when its turn comes. It may wait for an issuer.
    pub(crate) async fn run_enrollment<F: Future<Output: Send + 'static>>(
        &self,
        work: impl FnOnce() -> F + Send + 'static,
    ) -> Result<F::Output, Interrupted> {
        let held = Arc::clone(&self.enrollments).acquire_owned().await;
        on_own_thread(held.map_err(|_| Interrupted)?, work).await
    }

    fn of(&self, token: TokenId) -> Arc<Semaphore> {
        let mut tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        if tokens.len() >= REMEMBERED {
            tokens.retain(|_, places| Arc::strong_count(places) > 1);
        }
        let places = || Arc::new(Semaphore::new(self.per_token));
        Arc::clone(tokens.entry(token).or_insert_with(places))
    }
}

/// Runs it where waiting and computing hold up nobody. `held` is given back when it is
/// done, even if its caller goes away before.
async fn on_own_thread<F: Future<Output: Send + 'static>>(
    held: impl Send + 'static,
    work: impl FnOnce() -> F + Send + 'static,
) -> Result<F::Output, Interrupted> {
    let done = tokio::task::spawn_blocking(move || {
        let _held = held;
        Handle::current().block_on(work())
    });
    done.await.map_err(|_| Interrupted)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::time::Duration;

    use uuid::Uuid;

    use super::*;

    #[tokio::test]
    async fn one_token_waits_for_itself_and_another_gets_through() {
        let pool = Arc::new(WorkPool::new(8));
        let (one, other) = (TokenId(Uuid::nil()), TokenId(Uuid::max()));
        let gate = Arc::new(Semaphore::new(0));
        let own: Vec<_> = (0..20)
            .map(|_| {
                let (pool, gate) = (Arc::clone(&pool), Arc::clone(&gate));
                let work = || async move { drop(gate.acquire().await) };
                tokio::spawn(async move { pool.run(one, work).await })
            })
            .collect();
        tokio::task::yield_now().await;
        let got = tokio::time::timeout(Duration::from_secs(20), pool.run(other, || async { 7 }));
        assert_eq!(got.await.unwrap(), Ok(7));
        assert!(own.iter().all(|task| !task.is_finished()));
        gate.add_permits(1);
        for task in own {
            assert_eq!(task.await.unwrap(), Ok(()));
        }
    }

    #[tokio::test]
    async fn what_panics_is_interrupted_and_gives_its_place_back() {
        let pool = WorkPool::new(1);
        let token = TokenId(Uuid::nil());
        for _ in 0..3 {
            let failed = pool.run(token, || async { panic!("as it happens") });
            assert_eq!(failed.await, Err::<(), _>(Interrupted));
        }
        assert_eq!(pool.run(token, || async { 1 }).await, Ok(1));
        let (begun, begins) = tokio::sync::oneshot::channel();
        let gate = Arc::new(Semaphore::new(0));
        let passed = Arc::clone(&gate);
        let long = pool.run_long(|| async move {
            begun.send(()).unwrap();
            drop(passed.acquire().await);
        });
        let other = async {
            begins.await.unwrap();
            let other = pool.run_long(|| async {}).await;
            gate.add_permits(1);
            other
        };
        assert_eq!(tokio::join!(long, other), (Ok(Some(())), Ok(None)));
        assert_eq!(pool.run_long(|| async { 2 }).await, Ok(Some(2)));
    }
}
