//! Does the engine keep the promises that every engine keeps?
#![allow(clippy::unwrap_used, reason = "tests")]

use std::cell::Cell;
use std::sync::Arc;

use earmark_sqlite::{SqliteOptions, open};
use earmark_store::conformance::{Fixture, differential, guards_idempotency_keys, run};
use earmark_store::memory::MemoryStore;
use tempfile::TempDir;

/// New stores, each in a file of its own.
struct Files {
    folder: TempDir,
    count: Cell<u32>,
    options: SqliteOptions,
}

impl Files {
    fn new(options: SqliteOptions) -> Self {
        Self { folder: tempfile::tempdir().unwrap(), count: Cell::new(0), options }
    }

    fn next(&self) -> Fixture {
        self.count.set(self.count.get() + 1);
        let path = self.folder.path().join(format!("{}.db", self.count.get()));
        let (engine, queries) = open(&path, self.options).unwrap();
        Fixture { engine: Box::new(engine), queries: Arc::new(queries) }
    }
}

/// Small generations and segments, so that every batch merges something.
fn small() -> SqliteOptions {
    SqliteOptions {
        generation_entries: 8,
        segment_events: 16,
        checkpoint_pages: 20,
        ..SqliteOptions::default()
    }
}

fn memory() -> Fixture {
    let store = MemoryStore::new();
    Fixture { engine: Box::new(store.clone()), queries: Arc::new(store) }
}

#[test]
fn the_suite_passes() {
    let files = Files::new(SqliteOptions::default());
    run(|| files.next());
}

#[test]
fn the_suite_passes_while_deferred_indexes_are_written() {
    let files = Files::new(small());
    run(|| files.next());
}

#[test]
fn idempotency_keys_are_guarded() {
    let files = Files::new(small());
    guards_idempotency_keys(|| files.next());
}

#[test]
fn the_same_commands_leave_the_same_data_as_in_memory() {
    for seed in 1..=3 {
        let files = Files::new(small());
        differential([memory(), files.next()], seed, 2_000);
    }
}
