//! What has a run found wrong? All of it is counted, and the first of it is kept for the report.

use std::collections::HashMap;

use serde::Serialize;

use super::breach::{Breach, BreachKind};

/// Breaches that are kept.
const KEPT_MAX: usize = 12;
/// Characters kept of the text of each: whole orders are of no use in a report.
const DETAIL_MAX: usize = 600;

/// What a run has found wrong.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Findings {
    pub(crate) count: u64,
    kinds: HashMap<BreachKind, u64>,
    pub(crate) first: Vec<Breach>,
}

impl Findings {
    pub(crate) fn add(&mut self, breaches: impl IntoIterator<Item = Breach>) {
        for mut breach in breaches {
            self.count += 1;
            *self.kinds.entry(breach.kind).or_default() += 1;
            if self.first.len() < KEPT_MAX {
                if let Some((end, _)) = breach.detail.char_indices().nth(DETAIL_MAX) {
                    breach.detail.truncate(end);
                }
                self.first.push(breach);
            }
        }
    }

    pub(crate) fn none(&self) -> bool {
        self.count == 0
    }

    pub(crate) fn has(&self, kind: BreachKind) -> bool {
        self.kinds.contains_key(&kind)
    }
}
