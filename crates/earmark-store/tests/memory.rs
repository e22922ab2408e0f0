//! Does the store in memory keep the promises of every engine?

use std::sync::Arc;

use earmark_store::conformance::{self, Fixture};
use earmark_store::memory::MemoryStore;

fn fresh() -> Fixture {
    let store = MemoryStore::new();
    Fixture { engine: Box::new(store.clone()), queries: Arc::new(store) }
}

#[test]
fn memory_keeps_the_promises_of_an_engine() {
    conformance::run(fresh);
    conformance::guards_idempotency_keys(fresh);
}

#[test]
fn memory_comes_to_the_same_as_memory() {
    conformance::differential(fresh, fresh, 7, 3_000);
}
