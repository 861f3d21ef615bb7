//! Exact bodies that stand in for generated ones until they are removed.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use axum::body::Bytes;

/// Bodies by path. One set without a query answers that path whatever its query.
#[derive(Debug, Default)]
pub(crate) struct Overrides(Mutex<HashMap<String, Bytes>>);

impl Overrides {
    pub(crate) fn set(&self, path: String, body: Bytes) {
        self.bodies().insert(path, body);
    }

    /// Whether there was one.
    pub(crate) fn remove(&self, path: &str) -> bool {
        self.bodies().remove(path).is_some()
    }

    pub(crate) fn find(&self, path: &str) -> Option<Bytes> {
        let bodies = self.bodies();
        let bare = path.split_once('?').map(|(bare, _)| bare);
        bodies.get(path).or_else(|| bare.and_then(|bare| bodies.get(bare))).cloned()
    }

    fn bodies(&self) -> MutexGuard<'_, HashMap<String, Bytes>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
