//! Does the store in memory keep the promises of every engine, and would the suite notice if it did not?

#[path = "../random_commands/faults.rs"]
mod faults;
mod wrong_engines;

use std::panic::catch_unwind;
use std::sync::Arc;

use earmark_conformance::{self as conformance, Fixture};
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
    conformance::differential([fresh(), fresh()], 7, 3_000);
}

#[test]
fn the_suite_notices_every_faulty_store() {
    for (name, fault) in FAULTS {
        let run = catch_unwind(|| conformance::run(|| faulty(*fault)));
        assert!(run.is_err(), "nobody noticed that the store {name}");
    }
}

/// Runs the suite on a wrong engine, and looks for a promise in what it says.
fn breaks(make: fn() -> Fixture, promise: &str) {
    let panic = catch_unwind(|| conformance::run(make)).expect_err(promise);
    let said = panic.downcast_ref::<String>().expect("the suite says what is wrong");
    assert!(said.contains(promise), "{promise}: {said}");
}

#[test]
fn the_suite_names_the_promise_that_is_broken() {
    breaks(wrong_engines::last_write_wins, "a stale version is refused with its whole batch");
    breaks(wrong_engines::half_a_batch, "a batch with one bad row saves none of it");
    breaks(wrong_engines::late_readers, "readers see a committed batch at once");
}

#[test]
fn the_comparison_notices_every_faulty_store() {
    for (name, fault) in FAULTS {
        let run = catch_unwind(|| conformance::differential([fresh(), faulty(*fault)], 7, 3_000));
        assert!(run.is_err(), "nobody noticed that the store {name}");
    }
}
