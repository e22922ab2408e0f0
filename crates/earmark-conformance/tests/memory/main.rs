//! Does the store in memory pass the suite, and does the suite notice an engine that is wrong?

#[path = "../random_commands/faulty_store.rs"]
mod faulty_store;
mod wrong_engines;

use std::panic::catch_unwind;

use earmark_conformance::{self as conformance, Fixture};
use earmark_store::memory::MemoryStore;
use faulty_store::{FAULTS, Fault, FaultyStore};

fn faulty(fault: Fault) -> Fixture {
    let inner = MemoryStore::new();
    Fixture::new(FaultyStore { inner: inner.clone(), fault }, inner)
}

#[test]
fn memory_passes_the_suite() {
    conformance::run(Fixture::in_memory);
    conformance::guards_idempotency_keys(Fixture::in_memory);
}

#[test]
fn memory_stores_the_same_as_memory() {
    conformance::differential([Fixture::in_memory(), Fixture::in_memory()], 7, 3_000);
}

#[test]
fn the_suite_notices_every_faulty_store() {
    for (name, fault) in FAULTS {
        let run = catch_unwind(|| conformance::run(|| faulty(*fault)));
        assert!(run.is_err(), "it was not noticed that the store {name}");
    }
}

/// Runs the suite on a wrong engine, which must fail the case of this name.
fn fails(make: fn() -> Fixture, promise: &str) {
    let panic = catch_unwind(|| conformance::run(make)).expect_err(promise);
    let text = panic.downcast_ref::<String>().expect("the suite names the cases that failed");
    assert!(text.contains(promise), "{promise}: {text}");
}

#[test]
fn the_suite_names_the_promise_that_is_broken() {
    fails(wrong_engines::last_write_wins, "a stale version is refused with its whole batch");
    fails(wrong_engines::half_a_batch, "a batch with one bad row saves none of it");
    fails(wrong_engines::late_readers, "readers see a committed batch at once");
}

#[test]
fn the_comparison_notices_every_faulty_store() {
    for (name, fault) in FAULTS {
        let run =
            catch_unwind(|| conformance::differential([Fixture::in_memory(), faulty(*fault)], 7, 3_000));
        assert!(run.is_err(), "it was not noticed that the store {name}");
    }
}
