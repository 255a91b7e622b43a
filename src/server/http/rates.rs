//! How often who may come: per client address, per token, per device; and how
//! many sync requests may be under way at once.
//!
//! A device's rate is for who has proved to be the device, so that nobody can use it up
//! by sending its name. What proves nothing counts for the address that it comes from.

use std::hash::{BuildHasher, Hash, RandomState};
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use governor::clock::{Clock, MonotonicClock};
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::config::Limits;

/// Callers remembered per limit; beyond, newcomers share [`SHARED`] buckets.
const REMEMBERED: usize = 100_000;
/// Buckets that newcomers share while too many callers are remembered.
const SHARED: u64 = 4_096;
/// After so many checks those that have not come lately are forgotten.
const SWEEP: u32 = 16_384;

/// Pages of one session per minute.
const SESSION: u32 = 300;
/// Forms that a person sends per minute.
const PERSON: u32 = 10;
/// Refused forms of one session per minute that are logged: the log is kept for years.
const REFUSED_FORMS: u32 = 30;
/// Failed sign-ins of one address per minute.
const SIGN_INS: u32 = 5;

/// Too many requests: retry after so many seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many requests; retry in {0} s")]
pub struct RetryAfter(pub u32);

type Limiter = RateLimiter<u64, HashMapStateStore<u64>, MonotonicClock>;

/// One limit for many callers.
struct Keyed {
    limiter: Limiter,
    hasher: RandomState,
    checks: AtomicU32,
    remembered: usize,
}

impl Keyed {
    /// `None` where the limit is 0: no limit.
    fn new(per_minute: u32, burst: u32) -> Option<Self> {
        let burst = NonZeroU32::new(burst)?;
        let quota = Quota::per_minute(NonZeroU32::new(per_minute)?).allow_burst(burst);
        Some(Keyed {
            limiter: RateLimiter::hashmap_with_clock(quota, MonotonicClock),
            hasher: RandomState::new(),
            checks: AtomicU32::new(0),
            remembered: REMEMBERED,
        })
    }

    fn admit(&self, key: impl Hash) -> Result<(), RetryAfter> {
        if self.checks.fetch_add(1, Ordering::Relaxed) % SWEEP == SWEEP - 1 {
            self.limiter.retain_recent();
            self.limiter.shrink_to_fit();
        }
        let hash = self.hasher.hash_one(key);
        let key = if self.limiter.len() < self.remembered {
            hash
        } else {
            hash % SHARED
        };
        self.limiter.check_key(&key).map_err(|refused| {
            let wait: Duration = refused.wait_time_from(MonotonicClock.now());
            let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
            RetryAfter(u32::try_from(seconds.max(1)).unwrap_or(u32::MAX))
        })
    }
}

/// All limits of one server.
pub struct Rates {
    devices: Option<Keyed>,
    addresses: Option<Keyed>,
    tokens: Option<Keyed>,
    sessions: Option<Keyed>,
    persons: Option<Keyed>,
    refused_forms: Option<Keyed>,
    sign_ins: Option<Keyed>,
    sync_requests: Arc<Semaphore>,
}

impl Rates {
    /// These limits.
    pub fn new(limits: &Limits) -> Self {
        // Without rates for tokens, sessions have none either.
        let has_rates = limits.token_per_minute > 0;
        Rates {
            devices: Keyed::new(limits.device_per_minute, limits.device_burst),
            addresses: Keyed::new(limits.address_per_minute, limits.address_per_minute),
            tokens: Keyed::new(limits.token_per_minute, limits.token_per_minute),
            sessions: has_rates.then(|| Keyed::new(SESSION, SESSION)).flatten(),
            persons: has_rates.then(|| Keyed::new(PERSON, PERSON)).flatten(),
            refused_forms: Keyed::new(REFUSED_FORMS, REFUSED_FORMS),
            sign_ins: Keyed::new(SIGN_INS, SIGN_INS),
            sync_requests: Arc::new(Semaphore::new(limits.sync_under_way)),
        }
    }

    /// One message of the device whose Source this is, and that proved to be it.
    pub fn admit_device(&self, source: &str) -> Result<(), RetryAfter> {
        admit(self.devices.as_ref(), source)
    }

    /// One request of whoever is at this address; of IPv6, a network of 64 bits
    /// counts as one client.
    pub fn admit_address(&self, address: IpAddr) -> Result<(), RetryAfter> {
        admit(self.addresses.as_ref(), client(address))
    }

    /// One request with this token.
    pub fn admit_token(&self, token: &[u8; 32]) -> Result<(), RetryAfter> {
        admit(self.tokens.as_ref(), token)
    }

    /// One page of the session with this id.
    pub fn admit_session(&self, id: &[u8; 16]) -> Result<(), RetryAfter> {
        admit(self.sessions.as_ref(), id)
    }

    /// One form of the person whose session has this id.
    pub fn admit_person(&self, id: &[u8; 16]) -> Result<(), RetryAfter> {
        admit(self.persons.as_ref(), id)
    }

    /// One entry in the log of a form that the session with this id may not send.
    pub fn admit_refused_form(&self, id: &[u8; 16]) -> Result<(), RetryAfter> {
        admit(self.refused_forms.as_ref(), id)
    }

    /// One failed sign-in of whoever is at this address.
    pub fn admit_sign_in(&self, address: IpAddr) -> Result<(), RetryAfter> {
        admit(self.sign_ins.as_ref(), client(address))
    }

    /// A place among the sync requests under way, for as long as it is held; `None`
    /// when all are taken.
    pub fn enter(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.sync_requests).try_acquire_owned().ok()
    }
}

fn admit(keyed: Option<&Keyed>, key: impl Hash) -> Result<(), RetryAfter> {
    keyed.map_or(Ok(()), |keyed| keyed.admit(key))
}

/// Who counts as one client: an address of IPv4, or a network of 64 bits of IPv6.
pub(super) fn client(address: IpAddr) -> u128 {
    match address.to_canonical() {
        IpAddr::V4(address) => u128::from(u32::from(address)),
        IpAddr::V6(address) => u128::from(address) >> 64 << 64,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn limits() -> Limits {
        Limits {
            device_per_minute: 1,
            device_burst: 3,
            address_per_minute: 2,
            token_per_minute: 0,
            sync_under_way: 1,
            event_streams: 1,
            event_streams_per_token: 1,
            open_installs_per_token: 1,
            connections: 1,
            ..Limits::default()
        }
    }

    #[test]
    fn a_burst_is_let_through_and_others_are_not_held_up() {
        let rates = Rates::new(&limits());
        for _ in 0..3 {
            assert_eq!(rates.admit_device("a"), Ok(()));
        }
        let RetryAfter(seconds) = rates.admit_device("a").unwrap_err();
        assert!((1..=60).contains(&seconds), "{seconds}");
        assert_eq!(rates.admit_device("b"), Ok(()));
    }

    #[test]
    fn a_network_of_ipv6_is_one_client_and_zero_is_no_limit() {
        let rates = Rates::new(&limits());
        for last in 1..=2 {
            let address = format!("2001:db8::{last}").parse().unwrap();
            assert_eq!(rates.admit_address(address), Ok(()));
        }
        assert!(rates.admit_address("2001:db8::3".parse().unwrap()).is_err());
        assert!(
            rates
                .admit_address("2001:db8:1::3".parse().unwrap())
                .is_ok()
        );
        assert!(rates.admit_address("192.0.2.1".parse().unwrap()).is_ok());
        for _ in 0..1_000 {
            assert_eq!(rates.admit_token(&[0; 32]), Ok(()));
        }
    }

    #[test]
    fn however_many_come_few_are_remembered() {
        let mut keyed = Keyed::new(60, 1).unwrap();
        keyed.remembered = 10;
        for caller in 0..2 * u64::from(SWEEP) {
            let _ = keyed.admit(caller);
        }
        assert!(keyed.limiter.len() <= 10 + SHARED as usize);
    }

    #[test]
    fn few_refused_forms_of_a_session_are_logged_even_without_rates() {
        let rates = Rates::new(&limits());
        let taken = (0..100).filter(|_| rates.admit_refused_form(&[7; 16]).is_ok());
        assert_eq!(taken.count(), REFUSED_FORMS as usize);
        assert_eq!(rates.admit_refused_form(&[8; 16]), Ok(()));
    }

    #[test]
    fn places_are_given_back() {
        let rates = Rates::new(&limits());
        let permit = rates.enter().unwrap();
        assert!(rates.enter().is_none());
        drop(permit);
        assert!(rates.enter().is_some());
    }
}
