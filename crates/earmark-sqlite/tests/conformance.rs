//! Does the engine pass the suite that every engine runs, and store the same as the one in memory?
#![allow(clippy::unwrap_used, reason = "tests")]

use std::cell::Cell;

use earmark_conformance::{Fixture, differential, guards_idempotency_keys, run};
use earmark_sqlite::{SqliteOptions, open};
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
        Fixture::new(engine, queries)
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
        differential([Fixture::in_memory(), files.next()], seed, 2_000);
    }
}
