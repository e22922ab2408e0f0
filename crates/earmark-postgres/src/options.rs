//! How does the engine run?

use crate::error::BrokenOnPurpose;

/// How the engine runs.
#[derive(Clone, Copy, Debug)]
pub struct PostgresOptions {
    /// Connections for reads; there are two more: the one that writes, and the one that groups events.
    pub readers: usize,
    /// Events in a segment of the index by item.
    pub segment_events: usize,
    /// What spreads the tables over machines, if anything does.
    pub distributed: Option<Distributed>,
    /// For proofs only.
    pub broken: Option<BrokenOnPurpose>,
}

impl Default for PostgresOptions {
    fn default() -> Self {
        Self { readers: 8, segment_events: 16_384, distributed: None, broken: None }
    }
}

/// What spreads the tables over machines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Distributed {
    /// The extension Citus: one more migration distributes the tables.
    Citus,
}
