//! What is wrong, and how is it told? All of it counted, the first of it kept.

use earmark_load::audit::Breach;
use serde::Serialize;

/// Breaches kept.
const KEPT_MAX: usize = 20;

/// What a run has found wrong.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Findings {
    /// How much.
    pub(crate) count: u64,
    /// The first of it.
    pub(crate) first: Vec<Breach>,
}

impl Findings {
    pub(crate) fn add(&mut self, breaches: impl IntoIterator<Item = Breach>) {
        for breach in breaches {
            self.count += 1;
            if self.first.len() < KEPT_MAX {
                self.first.push(breach);
            }
        }
    }

    pub(crate) fn none(&self) -> bool {
        self.count == 0
    }
}
