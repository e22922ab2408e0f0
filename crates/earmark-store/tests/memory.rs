//! Does the store in memory keep the promises of every engine, and would the suite notice if it did not?

#[path = "random_commands/faults.rs"]
mod faults;

use std::panic::catch_unwind;
use std::sync::Arc;

use earmark_store::conformance::{self, Fixture};
use earmark_store::memory::MemoryStore;
use faults::{FAULTS, Fault, Faulty};

fn fresh() -> Fixture {
    let store = MemoryStore::new();
    Fixture { engine: Box::new(store.clone()), queries: Arc::new(store) }
}

fn faulty(fault: Fault) -> Fixture {
    let inner = MemoryStore::new();
    Fixture { engine: Box::new(Faulty { inner: inner.clone(), fault }), queries: Arc::new(inner) }
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

#[test]
fn the_suite_notices_every_faulty_store() {
    for (name, fault) in FAULTS {
        let run = catch_unwind(|| conformance::run(|| faulty(*fault)));
        assert!(run.is_err(), "nobody noticed that the store {name}");
    }
}

#[test]
fn the_comparison_notices_every_faulty_store() {
    for (name, fault) in FAULTS {
        let run = catch_unwind(|| conformance::differential(fresh, || faulty(*fault), 7, 3_000));
        assert!(run.is_err(), "nobody noticed that the store {name}");
    }
}
