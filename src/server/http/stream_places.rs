//! How many event streams may be open: in all, and with one token.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use modegate_core::tokens::TokenId;

type Open = Mutex<HashMap<TokenId, usize>>;

/// The places for streams.
pub struct StreamPlaces {
    all: Arc<Semaphore>,
    per_token: usize,
    open: Arc<Open>,
}

/// Why there is no place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoPlace {
    /// All are taken.
    InAll,
    /// The token has this many streams open, the most that it may have.
    OfToken(usize),
}

impl StreamPlaces {
    /// So many in all, and so many with one token.
    pub fn new(all: usize, per_token: usize) -> Self {
        StreamPlaces {
            all: Arc::new(Semaphore::new(all)),
            per_token,
            open: Arc::default(),
        }
    }

    /// A place for a stream with this token, for as long as it is held.
    pub fn enter(&self, token: TokenId) -> Result<StreamPlace, NoPlace> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let own = open.get(&token).copied().unwrap_or(0);
        if own >= self.per_token {
            return Err(NoPlace::OfToken(own));
        }
        let place = Arc::clone(&self.all).try_acquire_owned();
        let place = place.map_err(|_| NoPlace::InAll)?;
        open.insert(token, own + 1);
        Ok(StreamPlace {
            token,
            open: Arc::clone(&self.open),
            _place: place,
        })
    }
}

/// A stream's place.
pub struct StreamPlace {
    token: TokenId,
    open: Arc<Open>,
    _place: OwnedSemaphorePermit,
}

impl Drop for StreamPlace {
    fn drop(&mut self) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        match open.get_mut(&self.token) {
            Some(own) if *own > 1 => *own -= 1,
            _ => drop(open.remove(&self.token)),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use uuid::Uuid;

    use super::*;

    #[test]
    fn one_token_leaves_places_to_others_and_gives_its_own_back() {
        let places = StreamPlaces::new(3, 2);
        let (one, other) = (TokenId(Uuid::nil()), TokenId(Uuid::max()));
        let first = places.enter(one).unwrap();
        let _second = places.enter(one).unwrap();
        assert_eq!(places.enter(one).err(), Some(NoPlace::OfToken(2)));
        let _third = places.enter(other).unwrap();
        assert_eq!(places.enter(other).err(), Some(NoPlace::InAll));
        drop(first);
        assert!(places.enter(one).is_ok());
        assert_eq!(places.open.lock().unwrap().len(), 2);
    }
}
