//! Does the engine keep the promises that every engine keeps?

use std::sync::Arc;

use earmark_sqlite::{SqliteOptions, open};
use earmark_store::conformance::{Fixture, run};

#[test]
fn the_suite_passes() {
    let folder = tempfile::tempdir().unwrap();
    let count = std::cell::Cell::new(0);
    run(|| {
        count.set(count.get() + 1);
        let path = folder.path().join(format!("{}.db", count.get()));
        let (engine, queries) = open(&path, SqliteOptions::default()).unwrap();
        Fixture { engine: Box::new(engine), queries: Arc::new(queries) }
    });
}
