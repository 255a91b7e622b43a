//! Which connections are accepted: so many in all, and so many of one client address, so
//! that nobody can take every place.
//!
//! Of IPv6, a network of 64 bits counts as one client. Trusted proxies have no bound of
//! their own, since all devices behind one share its address; their connections count among
//! all. A connection that waits for its peer may be displaced by a newcomer: the one that
//! has been silent longest first, then the one that has been idle longest, then the one
//! whose peer began something longest ago. What the server works on stays.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;

use tokio::sync::Semaphore;

use crate::config::Network;
use crate::http::rates::client;
use crate::metrics::{ConnectionEnd, Metrics};

/// TLS handshakes of one client address in progress at once; more wait for their turn.
const HANDSHAKES: usize = 64;

/// How many connections may be open.
#[derive(Debug, Clone, Copy)]
pub struct ConnectionBounds {
    /// All together.
    pub all: usize,
    /// Of one client address.
    pub per_address: usize,
}

/// The open connections of a server.
#[derive(Debug)]
pub struct Connections {
    bounds: ConnectionBounds,
    proxies: Vec<Network>,
    metrics: Arc<Metrics>,
    open: Mutex<Open>,
}

/// Why a connection may be displaced; in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Waiting {
    /// The peer has sent nothing at all.
    Silent,
    /// The peer has no request in progress.
    Idle,
    /// The peer has begun a handshake or a request, of which more must come.
    Begun,
}

/// Who waits, by why and since when.
type Turn = (Waiting, u64);

#[derive(Debug, Default)]
struct Open {
    count: usize,
    clients: HashMap<u128, Client>,
    waiting: BTreeMap<Turn, (u128, Waker)>,
    next: u64,
}

#[derive(Debug)]
struct Client {
    count: usize,
    waiting: BTreeSet<Turn>,
    handshakes: Arc<Semaphore>,
    /// Whether it was logged that it has no place left.
    is_reported: bool,
}

impl Default for Client {
    fn default() -> Self {
        Client {
            count: 0,
            waiting: BTreeSet::new(),
            handshakes: Arc::new(Semaphore::new(HANDSHAKES)),
            is_reported: false,
        }
    }
}

impl Connections {
    /// None open yet.
    pub fn new(bounds: ConnectionBounds, proxies: Vec<Network>, metrics: Arc<Metrics>) -> Self {
        Connections {
            bounds,
            proxies,
            metrics,
            open: Mutex::default(),
        }
    }

    /// A place for a connection from `peer`; `None` when there is none left.
    pub(super) fn admit(self: &Arc<Self>, peer: IpAddr) -> Option<ConnectionSlot> {
        let key = client(peer);
        let is_proxy = self.proxies.iter().any(|network| network.contains(peer));
        let mut open = self.open();
        let known = open.clients.entry(key).or_default();
        if !is_proxy && known.count >= self.bounds.per_address {
            let turn = known.waiting.first().copied();
            let is_reported = std::mem::replace(&mut known.is_reported, turn.is_none());
            let Some(turn) = turn else {
                drop(open);
                if !is_reported {
                    tracing::warn!(%peer, bound = self.bounds.per_address, "an address has as many connections as one may have; more are refused");
                }
                self.metrics.connection_ended(ConnectionEnd::AddressBound);
                return None;
            };
            self.displace(&mut open, turn);
        }
        if open.count >= self.bounds.all {
            let Some((&turn, _)) = open.waiting.first_key_value() else {
                open.forget_if_gone(key);
                drop(open);
                self.metrics.connection_ended(ConnectionEnd::Bound);
                return None;
            };
            self.displace(&mut open, turn);
        }
        // It may have been forgotten with the last that it had.
        let known = open.clients.entry(key).or_default();
        known.count += 1;
        let handshakes = (!is_proxy).then(|| Arc::clone(&known.handshakes));
        open.count += 1;
        self.metrics.connections_open(open.count);
        Some(ConnectionSlot {
            connections: Arc::clone(self),
            client: key,
            handshakes,
            turn: Cell::new(None),
            is_displaced: Cell::new(false),
        })
    }

    fn displace(&self, open: &mut Open, turn: Turn) {
        let Some((key, waker)) = open.waiting.remove(&turn) else {
            return;
        };
        if let Some(client) = open.clients.get_mut(&key) {
            client.waiting.remove(&turn);
        }
        open.leave(key);
        waker.wake();
        self.metrics.connection_ended(ConnectionEnd::Displaced);
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        // What is under the lock is whole whenever it is given up.
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Open {
    fn leave(&mut self, key: u128) {
        self.count -= 1;
        if let Some(client) = self.clients.get_mut(&key) {
            client.count -= 1;
        }
        self.forget_if_gone(key);
    }

    fn forget_if_gone(&mut self, key: u128) {
        if self.clients.get(&key).is_some_and(|known| known.count == 0) {
            self.clients.remove(&key);
        }
    }
}

/// The place of one open connection, until this is dropped or it is displaced.
#[derive(Debug)]
pub(super) struct ConnectionSlot {
    connections: Arc<Connections>,
    client: u128,
    handshakes: Option<Arc<Semaphore>>,
    turn: Cell<Option<Turn>>,
    is_displaced: Cell<bool>,
}

impl ConnectionSlot {
    /// The server waits for the peer: the place may be given to a newcomer, and `waker` is
    /// woken then. Whether it has been already.
    pub(super) fn wait(&self, why: Waiting, waker: &Waker) -> bool {
        let mut open = self.connections.open();
        if let Some(turn) = self.turn.get().filter(|(known, _)| *known == why)
            && let Some((_, known)) = open.waiting.get_mut(&turn)
        {
            known.clone_from(waker);
            return false;
        }
        self.stop_waiting(&mut open);
        if self.is_displaced.get() {
            return true;
        }
        open.next += 1;
        let turn = (why, open.next);
        open.waiting.insert(turn, (self.client, waker.clone()));
        if let Some(client) = open.clients.get_mut(&self.client) {
            client.waiting.insert(turn);
        }
        self.turn.set(Some(turn));
        false
    }

    /// The server does not wait for the peer: the place is its own. `false` if it was
    /// displaced.
    pub(super) fn keep(&self) -> bool {
        if self.turn.get().is_some() {
            let mut open = self.connections.open();
            self.stop_waiting(&mut open);
        }
        !self.is_displaced.get()
    }

    fn stop_waiting(&self, open: &mut Open) {
        let Some(turn) = self.turn.take() else {
            return;
        };
        match open.waiting.remove(&turn) {
            Some(_) => {
                if let Some(client) = open.clients.get_mut(&self.client) {
                    client.waiting.remove(&turn);
                }
            }
            None => self.is_displaced.set(true),
        }
    }

    /// The handshakes that its client may have in progress; `None` where they have no bound.
    pub(super) fn handshakes(&self) -> Option<&Arc<Semaphore>> {
        self.handshakes.as_ref()
    }

    /// Counts for what reason the connection ends.
    pub(super) fn ends(&self, why: ConnectionEnd) {
        self.connections.metrics.connection_ended(why);
    }
}

impl Drop for ConnectionSlot {
    fn drop(&mut self) {
        let mut open = self.connections.open();
        self.stop_waiting(&mut open);
        if !self.is_displaced.get() {
            open.leave(self.client);
        }
        self.connections.metrics.connections_open(open.count);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn connections(all: usize, per_address: usize, proxies: &[&str]) -> Arc<Connections> {
        let proxies = proxies.iter().map(|text| Network::parse(text).unwrap());
        let bounds = ConnectionBounds { all, per_address };
        Arc::new(Connections::new(bounds, proxies.collect(), Arc::default()))
    }

    fn from(connections: &Arc<Connections>, peer: &str) -> Option<ConnectionSlot> {
        connections.admit(peer.parse().unwrap())
    }

    #[test]
    fn an_address_has_a_bound_and_others_have_their_own() {
        let all = connections(5, 2, &["10.0.0.0/8"]);
        let held: Vec<_> = ["2001:db8::1", "2001:db8::2", "192.0.2.1"]
            .iter()
            .map(|peer| from(&all, peer).unwrap())
            .collect();
        assert!(
            from(&all, "2001:db8::3").is_none(),
            "one network of 64 bits"
        );
        let proxied: Vec<_> = (0..2).map(|_| from(&all, "10.1.1.1").unwrap()).collect();
        assert!(from(&all, "10.1.1.1").is_none(), "all places are taken");
        assert!(from(&all, "192.0.2.2").is_none());
        drop(held);
        let _more: Vec<_> = (0..3).map(|_| from(&all, "10.1.1.1").unwrap()).collect();
        drop(proxied);
        assert!(from(&all, "2001:db8::3").is_some());
        assert!(from(&all, "127.0.0.1").is_some(), "loopback counts as any");
    }

    #[test]
    fn who_has_begun_nothing_makes_room_the_silent_first() {
        let all = connections(4, 4, &[]);
        let [begun, idle, silent, busy] = [0; 4].map(|_| from(&all, "192.0.2.1").unwrap());
        let waker = Waker::noop();
        assert!(!begun.wait(Waiting::Begun, waker));
        assert!(!idle.wait(Waiting::Idle, waker));
        assert!(!silent.wait(Waiting::Silent, waker));
        let _newcomer = from(&all, "192.0.2.1").unwrap();
        assert!(silent.wait(Waiting::Silent, waker), "displaced");
        assert!(!silent.keep(), "and comes too late");
        let _another = from(&all, "192.0.2.9").unwrap();
        assert!(!idle.keep());
        let _third = from(&all, "192.0.2.1").unwrap();
        assert!(begun.wait(Waiting::Silent, waker));
        assert!(busy.keep());
        assert!(from(&all, "192.0.2.9").is_none(), "the others are at work");
        drop((begun, idle, silent));
        assert!(from(&all, "192.0.2.9").is_none(), "they are counted once");
        drop(busy);
        assert!(from(&all, "192.0.2.9").is_some());
        assert_eq!(all.open().clients.len(), 2, "nobody else is remembered");
    }

    #[test]
    fn whoever_goes_on_keeps_the_place() {
        let all = connections(1, 1, &[]);
        let one = from(&all, "192.0.2.1").unwrap();
        one.wait(Waiting::Silent, Waker::noop());
        assert!(one.keep());
        assert!(from(&all, "192.0.2.1").is_none());
        assert!(from(&all, "192.0.2.2").is_none());
        drop(one);
        let open = all.open();
        assert_eq!((open.count, open.clients.len()), (0, 0));
    }
}
