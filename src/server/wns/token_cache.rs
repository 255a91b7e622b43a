//! Tokens kept while they are good, and one request at a time for each of
//! them, however many notifications wait.

use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Mutex as AsyncMutex;

use crate::clock::Clock;
use modegate_core::push::token::{CredentialsKey, Grant, TokenError};
use modegate_core::secret::Secret;
use modegate_core::time::Timestamp;

/// How long before its end a token is not used any more, milliseconds; of a
/// short life a tenth.
const MARGIN_MS: i64 = 5 * 60 * 1000;
/// How long a failure is the answer for all who ask, milliseconds, if the
/// service asks for nothing longer: those who waited for it do not ask again
/// one by one.
const FAILURE_MS: i64 = 5 * 1000;
/// The longest a failure is kept, milliseconds.
const FAILURE_MOST_MS: i64 = 5 * 60 * 1000;
/// Between two refreshes that a rejected token caused, milliseconds: when WNS
/// rejects every token, a campaign must not ask for one per device.
const REFRESH_MS: i64 = 30 * 1000;
/// Tokens kept at most; past it those that nobody waits for go.
const TOKENS: usize = 256;

/// Tokens by credentials.
pub(crate) struct AccessTokenCache {
    clock: Clock,
    slots: Mutex<HashMap<CredentialsKey, Arc<AsyncMutex<Slot>>>>,
}

#[derive(Default)]
struct Slot {
    held: Held,
    refreshed_at: Option<Timestamp>,
}

#[derive(Default)]
enum Held {
    #[default]
    Nothing,
    Token(Secret, Timestamp),
    Failure(TokenError, Timestamp),
}

impl fmt::Debug for AccessTokenCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenCache(***)")
    }
}

impl AccessTokenCache {
    /// An empty one.
    pub(crate) fn new(clock: Clock) -> Self {
        AccessTokenCache {
            clock,
            slots: Mutex::default(),
        }
    }

    /// A token for these credentials: the one that is kept, or one that
    /// `fetch` brings. `rejected` is a token that WNS did not take: another
    /// one is wanted. The same comes back if there was a refresh just before.
    ///
    /// # Errors
    /// What `fetch` met, also for those who waited for it.
    pub(crate) async fn token<F, Fut>(
        &self,
        key: CredentialsKey,
        rejected: Option<&Secret>,
        fetch: F,
    ) -> Result<Secret, TokenError>
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = Result<Grant, TokenError>>,
    {
        let slot = self.slot(key);
        // Held during the request: whoever comes meanwhile finds its outcome.
        let mut slot = slot.lock().await;
        let now = self.clock.now();
        if let Some(cached) = slot.cached(rejected, now) {
            return cached;
        }
        let fetched = fetch().await;
        slot.keep(&fetched, now, self.clock.now());
        fetched.map(|grant| grant.token)
    }

    /// Forgets what is kept for these credentials.
    pub(crate) fn forget(&self, key: CredentialsKey) {
        self.slots().remove(&key);
    }

    fn slot(&self, key: CredentialsKey) -> Arc<AsyncMutex<Slot>> {
        let mut slots = self.slots();
        if slots.len() >= TOKENS && !slots.contains_key(&key) {
            slots.retain(|_, slot| Arc::strong_count(slot) > 1);
        }
        Arc::clone(slots.entry(key).or_default())
    }

    fn slots(&self) -> MutexGuard<'_, HashMap<CredentialsKey, Arc<AsyncMutex<Slot>>>> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Slot {
    /// What can be answered without asking.
    fn cached(
        &mut self,
        rejected: Option<&Secret>,
        now: Timestamp,
    ) -> Option<Result<Secret, TokenError>> {
        match &self.held {
            Held::Failure(error, until) if now < *until => Some(Err(error.clone())),
            Held::Token(token, _) if rejected == Some(token) => {
                let soon = |at: Timestamp| (0..REFRESH_MS).contains(&now.ms_since(at));
                if self.refreshed_at.is_some_and(soon) {
                    return Some(Ok(token.clone()));
                }
                self.refreshed_at = Some(now);
                None
            }
            Held::Token(token, until) if now < *until => Some(Ok(token.clone())),
            _ => None,
        }
    }

    /// Tokens count from when they were asked for, failures from when they were known.
    fn keep(&mut self, fetched: &Result<Grant, TokenError>, asked: Timestamp, known: Timestamp) {
        self.held = match fetched {
            Ok(grant) => {
                let life = i64::from(grant.life_s) * 1000;
                let until = asked.plus_ms(life - MARGIN_MS.min(life / 10));
                Held::Token(grant.token.clone(), until)
            }
            Err(error) => {
                let wanted = match error {
                    TokenError::Unavailable { asked_ms, .. } => asked_ms.unwrap_or(0),
                    _ => 0,
                };
                let pause = wanted.clamp(FAILURE_MS, FAILURE_MOST_MS);
                Held::Failure(error.clone(), known.plus_ms(pause))
            }
        };
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::sync::atomic::{AtomicI64, AtomicU32, Ordering::SeqCst};

    use super::*;
    use modegate_core::push::token::{Credentials, TenantId};

    struct Bench {
        cache: Arc<AccessTokenCache>,
        time: Arc<AtomicI64>,
        fetches: Arc<AtomicU32>,
    }

    impl Bench {
        fn new() -> Self {
            let time = Arc::new(AtomicI64::new(0));
            let clock = Arc::clone(&time);
            Bench {
                cache: Arc::new(AccessTokenCache::new(Clock::new(move || {
                    Timestamp(clock.load(SeqCst))
                }))),
                time,
                fetches: Arc::default(),
            }
        }

        /// The n-th token is "n".
        async fn token(&self, rejected: Option<&str>) -> Result<String, TokenError> {
            let rejected = rejected.map(Secret::new);
            let fetch = async || {
                tokio::task::yield_now().await;
                let n = self.fetches.fetch_add(1, SeqCst) + 1;
                Ok(Grant {
                    token: Secret::new(n.to_string()),
                    life_s: 3_600,
                })
            };
            let token = self.cache.token(key("a"), rejected.as_ref(), fetch).await?;
            Ok(token.reveal().to_owned())
        }

        async fn failing(&self, error: TokenError) -> Result<Secret, TokenError> {
            let fetch = async || {
                self.fetches.fetch_add(1, SeqCst);
                Err(error)
            };
            self.cache.token(key("a"), None, fetch).await
        }

        fn at(&self, seconds: i64) {
            self.time.store(seconds * 1000, SeqCst);
        }
    }

    fn key(secret: &str) -> CredentialsKey {
        Credentials::Entra {
            tenant: TenantId::parse("t").unwrap(),
            client_id: "c".to_owned(),
            secret: Secret::new(secret),
        }
        .key()
    }

    #[tokio::test]
    async fn a_token_is_used_until_shortly_before_its_end() {
        let bench = Bench::new();
        for (second, expected) in [(0, "1"), (3_299, "1"), (3_300, "2"), (3_301, "2")] {
            bench.at(second);
            assert_eq!(bench.token(None).await.unwrap(), expected, "{second}");
        }
    }

    #[tokio::test]
    async fn however_many_wait_one_asks() {
        let bench = Arc::new(Bench::new());
        let all: Vec<_> = (0..100)
            .map(|_| {
                let bench = Arc::clone(&bench);
                tokio::spawn(async move { bench.token(None).await })
            })
            .collect();
        for one in all {
            assert_eq!(one.await.unwrap().unwrap(), "1");
        }
        assert_eq!(bench.fetches.load(SeqCst), 1);
    }

    #[tokio::test]
    async fn a_rejected_token_is_replaced_once() {
        let bench = Bench::new();
        bench.token(None).await.unwrap();
        assert_eq!(bench.token(Some("1")).await.unwrap(), "2");
        // Others who still held the first one.
        assert_eq!(bench.token(Some("1")).await.unwrap(), "2");
        // The second is rejected at once too: not again so soon.
        assert_eq!(bench.token(Some("2")).await.unwrap(), "2");
        bench.at(30);
        assert_eq!(bench.token(Some("2")).await.unwrap(), "3");
    }

    #[tokio::test]
    async fn a_failure_is_shared_for_a_while() {
        let bench = Bench::new();
        let error = TokenError::Unavailable {
            code: 503,
            asked_ms: Some(60_000),
        };
        for _ in 0..3 {
            assert_eq!(bench.failing(error.clone()).await, Err(error.clone()));
        }
        assert_eq!(bench.fetches.load(SeqCst), 1);
        bench.at(59);
        assert_eq!(bench.token(None).await, Err(error));
        bench.at(60);
        assert_eq!(bench.token(None).await.unwrap(), "2");
    }

    #[tokio::test]
    async fn who_gives_up_does_not_stop_the_others() {
        let bench = Bench::new();
        let waiting = bench
            .cache
            .token(key("a"), None, std::future::pending::<Result<Grant, _>>);
        tokio::select! {
            biased;
            _ = waiting => panic!("it never ends"),
            () = tokio::task::yield_now() => {}
        }
        assert_eq!(bench.token(None).await.unwrap(), "1");
    }

    #[tokio::test]
    async fn there_are_never_more_than_a_bounded_number() {
        let bench = Bench::new();
        for n in 0..1_000 {
            let fetch = async || {
                Ok(Grant {
                    token: Secret::new("t"),
                    life_s: 60,
                })
            };
            let key = key(&n.to_string());
            bench.cache.token(key, None, fetch).await.unwrap();
            assert!(bench.cache.slots().len() <= TOKENS);
        }
    }
}
