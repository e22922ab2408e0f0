//! How does the engine run?

use crate::protections::Protections;

/// How the engine runs.
#[derive(Clone, Copy, Debug)]
pub struct PostgresOptions {
    /// Connections for reads. There are two more: one writes, and one groups events into segments.
    pub readers: usize,
    /// How many events make a segment of the index by item.
    pub segment_events: usize,
    /// What spreads the tables over machines; `None` where one server has all of them.
    pub distributed: Option<Distributed>,
    /// All of them, except in a proof.
    pub protections: Protections,
}

impl Default for PostgresOptions {
    fn default() -> Self {
        let protections = Protections::default();
        Self { readers: 8, segment_events: 16_384, distributed: None, protections }
    }
}

/// What spreads the tables over machines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Distributed {
    /// The extension Citus: one more migration distributes the tables.
    Citus,
}
