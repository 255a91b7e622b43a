//! What a background worker is.

use std::future::pending;
use std::time::Duration;

use async_trait::async_trait;
use modegate_store::StoreError;
use tokio::sync::watch;

/// Something that is done again and again beside requests. The
/// [supervisor](super::Supervisor) calls it in a loop.
#[async_trait]
pub trait Worker: Send + 'static {
    /// Does one piece of work, and returns how long to rest before the next one
    /// ([`Duration::ZERO`]: there is more to do now). The future is dropped at
    /// an await when the server ends.
    ///
    /// # Errors
    /// The store failed. The supervisor logs it and calls again a second later.
    async fn work(&mut self) -> Result<Duration, StoreError>;

    /// Completes when there is reason to work before the rest is over; never,
    /// unless implemented. The future is dropped when the rest is over.
    async fn woken(&mut self) {
        pending::<()>().await;
    }

    /// Finishes what is under way when the server ends; the supervisor waits
    /// for it within a bound, and drops the worker then.
    async fn finish(&mut self) {}
}

/// Waits for the store's next commit.
pub(crate) async fn next_commit(commits: &mut watch::Receiver<u64>) {
    // Without its sender the store is gone, and nothing is committed any more.
    if commits.changed().await.is_err() {
        pending::<()>().await;
    }
}
