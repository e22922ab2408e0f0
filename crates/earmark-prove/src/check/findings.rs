//! What is wrong, and how is it told? All of it counted, the first of it kept.

use std::collections::HashMap;

use earmark_load::audit::{Breach, BreachKind};
use serde::Serialize;

/// Breaches kept.
const KEPT_MAX: usize = 12;
/// Of the text of each, so many characters: whole orders are shown elsewhere.
const DETAIL_MAX: usize = 600;

/// What a run has found wrong.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Findings {
    /// How much.
    pub(crate) count: u64,
    /// How much of each kind.
    kinds: HashMap<BreachKind, u64>,
    /// The first of it.
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
