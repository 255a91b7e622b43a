//! How much of the bodies of sync requests is in memory at once: in all, and of
//! one client. Memory is counted before it is taken, and given back when the
//! request is answered.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use super::problem::{Problem, ProblemCode};
use super::rates::client;
use crate::config::Limits;

/// When to come again, seconds: most bodies are read and answered within this.
const RETRY_AFTER: u32 = 5;

/// The bound on bodies in memory.
#[derive(Debug)]
pub struct BodyBudget {
    longest: usize,
    in_all: usize,
    per_client: usize,
    taken: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    in_all: usize,
    /// By client: those that have a body in memory.
    by_client: HashMap<u128, usize>,
}

/// Why there is no room for more of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoRoom {
    /// The client has its share in memory already.
    ForClient,
    /// All clients together have.
    InAll,
}

impl From<NoRoom> for Problem {
    fn from(reason: NoRoom) -> Self {
        let (status, detail) = match reason {
            NoRoom::ForClient => (
                ProblemCode::TooManyRequests,
                "the messages being read from this address are too large together; retry later",
            ),
            NoRoom::InAll => (
                ProblemCode::ServerBusy,
                "the messages being read are too large together; retry later",
            ),
        };
        Problem::new(status, detail).retry_after(RETRY_AFTER)
    }
}

impl BodyBudget {
    /// These limits.
    pub fn new(limits: &Limits) -> Arc<Self> {
        Arc::new(BodyBudget {
            longest: limits.sync_body as usize,
            in_all: limits.sync_bodies as usize,
            per_client: limits.sync_bodies_per_address() as usize,
            taken: Mutex::default(),
        })
    }

    /// The longest body that is read whole, bytes.
    pub fn longest(&self) -> usize {
        self.longest
    }

    /// Nothing taken yet, for a body from this address; `None` is an address that
    /// many clients share.
    pub fn share(self: &Arc<Self>, address: Option<IpAddr>) -> Share {
        Share {
            budget: Arc::clone(self),
            client: address.map(client),
            bytes: 0,
        }
    }

    fn take(&self, of: Option<u128>, bytes: usize) -> Result<(), NoRoom> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let in_all = taken.in_all.saturating_add(bytes);
        if in_all > self.in_all {
            return Err(NoRoom::InAll);
        }
        if let Some(client) = of {
            let has = taken.by_client.get(&client).copied().unwrap_or(0);
            let will_have = has.saturating_add(bytes);
            if will_have > self.per_client {
                return Err(NoRoom::ForClient);
            }
            taken.by_client.insert(client, will_have);
        }
        taken.in_all = in_all;
        Ok(())
    }

    fn give_back(&self, of: Option<u128>, bytes: usize) {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        taken.in_all = taken.in_all.saturating_sub(bytes);
        let Some(client) = of else {
            return;
        };
        if let Some(has) = taken.by_client.get_mut(&client) {
            *has = has.saturating_sub(bytes);
            if *has == 0 {
                taken.by_client.remove(&client);
            }
        }
    }
}

/// What one body takes of the bound, until this is dropped.
#[derive(Debug)]
pub struct Share {
    budget: Arc<BodyBudget>,
    client: Option<u128>,
    bytes: usize,
}

impl Share {
    /// Takes room up to so many bytes.
    ///
    /// # Errors
    /// There is none: nothing more is taken.
    pub fn grow_to(&mut self, bytes: usize) -> Result<(), NoRoom> {
        let more = bytes.saturating_sub(self.bytes);
        if more > 0 {
            self.budget.take(self.client, more)?;
            self.bytes += more;
        }
        Ok(())
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        if self.bytes > 0 {
            self.budget.give_back(self.client, self.bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn address(text: &str) -> Option<IpAddr> {
        Some(text.parse().unwrap())
    }

    #[test]
    fn a_client_and_all_together_have_a_bound_and_room_comes_back() {
        let budget = BodyBudget::new(&Limits {
            sync_body: 40,
            sync_bodies: 100,
            sync_bodies_per_address: 50,
            ..Limits::default()
        });
        let mut one = budget.share(address("192.0.2.1"));
        assert_eq!(one.grow_to(40), Ok(()));
        assert_eq!(one.grow_to(30), Ok(()), "it has that already");
        let mut same = budget.share(address("::ffff:192.0.2.1"));
        assert_eq!(same.grow_to(11), Err(NoRoom::ForClient));
        assert_eq!(same.grow_to(10), Ok(()));
        let mut other = budget.share(address("2001:db8::1"));
        assert_eq!(other.grow_to(45), Ok(()));
        let mut shared = budget.share(None);
        assert_eq!(shared.grow_to(6), Err(NoRoom::InAll));
        drop(one);
        assert_eq!(shared.grow_to(45), Ok(()), "no bound of its own");
        let mut neighbour = budget.share(address("2001:db8::2"));
        assert_eq!(neighbour.grow_to(6), Err(NoRoom::InAll));
        drop(shared);
        assert_eq!(neighbour.grow_to(6), Err(NoRoom::ForClient), "one /64");
        drop((same, other, neighbour));
        let taken = budget.taken.lock().unwrap();
        assert_eq!((taken.in_all, taken.by_client.len()), (0, 0));
    }
}
