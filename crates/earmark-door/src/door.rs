//! What does the process remember between requests? The store, the keys that were read lately, the
//! requests that are worked on, and the metrics.

use std::sync::Arc;

use earmark_store::Store;

use crate::config::DoorConfig;
use crate::key_cache::KeyCache;
use crate::metrics::Metrics;
use crate::slots::Slots;

/// The state that all interfaces of a process share; there is one in a process.
pub struct Door {
    pub store: Store,
    pub config: DoorConfig,
    pub metrics: Metrics,
    pub keys: KeyCache,
    pub(crate) slots: Slots,
}

impl Door {
    /// The state over a running store.
    pub fn new(store: Store, config: DoorConfig) -> Arc<Self> {
        let slots = Slots::new(config.requests_max);
        Arc::new(Self { store, config, metrics: Metrics::default(), keys: KeyCache::default(), slots })
    }
}
