//! A value in force that can be replaced while others read it.

use std::sync::{Arc, PoisonError, RwLock};

/// A value that readers share as it is, until another one takes its place.
#[derive(Debug, Default)]
pub struct Current<T>(RwLock<Arc<T>>);

impl<T> Current<T> {
    /// With this value for now.
    pub fn new(value: Arc<T>) -> Self {
        Current(RwLock::new(value))
    }

    /// The value in force now. It stays as it is for whoever has it.
    pub fn get(&self) -> Arc<T> {
        // Only an assignment happens under the lock, so the value is whole even
        // if the lock is poisoned.
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Puts another value in force.
    pub fn replace(&self, value: Arc<T>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = value;
    }
}
