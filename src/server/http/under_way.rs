//! Writes with an `Idempotency-Key` that are under way in this process.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use modegate_store::api::IdempotencyKey;

/// Writes with a name that are under way in this process.
#[derive(Debug, Clone, Default)]
pub struct UnderWay(Arc<Mutex<HashSet<[u8; 32]>>>);

/// A place among them; given back when dropped.
#[derive(Debug)]
pub(super) struct InFlightGuard {
    all: UnderWay,
    id: [u8; 32],
}

impl UnderWay {
    /// Takes the place of this name; `None` where another request has it.
    pub(super) fn enter(&self, once: &IdempotencyKey) -> Option<InFlightGuard> {
        let id = once.id();
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.insert(id).then(|| InFlightGuard {
            all: self.clone(),
            id,
        })
    }
}

impl Drop for InFlightGuard {
    fn drop(&mut self) {
        let mut all = self.all.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.remove(&self.id);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use modegate_core::time::Timestamp;

    #[test]
    fn one_request_of_a_name_is_under_way_at_a_time() {
        let all = UnderWay::default();
        let once = |key: &str| IdempotencyKey {
            scope: "s".into(),
            key: key.into(),
            digest: [0; 32],
            at: Timestamp(0),
        };
        let first = all.enter(&once("a")).unwrap();
        assert!(all.enter(&once("a")).is_none());
        let _other = all.enter(&once("b")).unwrap();
        drop(first);
        assert!(all.enter(&once("a")).is_some());
    }
}
