//! What a case is run on: an empty store, without a writer.

use std::sync::Arc;

use earmark_store::memory::MemoryStore;
use earmark_store::{Engine, Queries};

/// Both sides of an empty store.
pub struct Fixture {
    pub engine: Box<dyn Engine>,
    pub queries: Arc<dyn Queries>,
}

impl Fixture {
    /// A fixture of an engine and of what reads the same database.
    pub fn new(engine: impl Engine + 'static, queries: impl Queries + 'static) -> Self {
        Self { engine: Box::new(engine), queries: Arc::new(queries) }
    }

    /// An empty store in memory, with which the others are compared.
    pub fn in_memory() -> Self {
        let store = MemoryStore::new();
        Self::new(store.clone(), store)
    }
}
