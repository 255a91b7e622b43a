//! Writes with an `Idempotency-Key` that this process is working on.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use modegate_store::api::IdempotencyKey;

/// The idempotency keys of the writes in progress.
#[derive(Debug, Clone, Default)]
pub struct InFlightWrites(Arc<Mutex<HashSet<[u8; 32]>>>);

/// One write in progress, until this is dropped.
#[derive(Debug)]
pub(super) struct InFlightGuard {
    all: InFlightWrites,
    id: [u8; 32],
}

impl InFlightWrites {
    /// Begins the write with this key; `None` while another request with it is in
    /// progress.
    pub(super) fn enter(&self, key: &IdempotencyKey) -> Option<InFlightGuard> {
        let id = key.id();
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
    fn one_request_with_a_key_is_in_progress_at_a_time() {
        let all = InFlightWrites::default();
        let write = |key: &str| IdempotencyKey {
            scope: "s".into(),
            key: key.into(),
            digest: [0; 32],
            at: Timestamp(0),
        };
        let first = all.enter(&write("a")).unwrap();
        assert!(all.enter(&write("a")).is_none());
        let _other = all.enter(&write("b")).unwrap();
        drop(first);
        assert!(all.enter(&write("a")).is_some());
    }
}
