//! Corrects the count of an item, but never to less than what is reserved for orders.

use serde::{Deserialize, Serialize};

use super::{Adjustment, AdjustmentReason, ON_HAND_MAX, Stock};
use crate::event::{EventDraft, Fact};
use crate::ids::AdjustmentId;
use crate::text::{Note, Sku};
use crate::{Changes, Decision, Keys, Outcome, Rejection, Result, Timestamp, WorkingSet};

/// Correct the count of an item.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdjustStock {
    /// The id of the adjustment to be.
    pub id: AdjustmentId,
    pub sku: Sku,
    pub change: StockChange,
    pub reason: AdjustmentReason,
    pub note: Option<Note>,
}

/// A correction, relative or absolute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum StockChange {
    /// Units to add; negative to take away, never zero.
    By(i64),
    To {
        /// Units on hand afterwards.
        on_hand: u32,
        /// Units that must be on hand before; `None` accepts any count.
        expected_on_hand: Option<u32>,
    },
}

impl AdjustStock {
    pub(crate) fn needs(&self, rows: &WorkingSet, keys: &mut Keys) {
        keys.need_item(rows, &self.sku);
    }

    pub(crate) fn decide(&self, rows: &WorkingSet, now: Timestamp) -> Result<Decision> {
        let stock = rows.stocks.find(&self.sku).ok_or(Rejection::NotFound)?;
        let delta = self.delta(stock)?;
        let on_hand = i64::from(stock.on_hand).saturating_add(delta);
        if on_hand > i64::from(ON_HAND_MAX) {
            return Err(Rejection::invalid(
                self.pointer(),
                format!("at most {ON_HAND_MAX} units of an item on hand"),
            ));
        }
        if on_hand < i64::from(stock.reserved) {
            return Err(Rejection::StockBelowReserved { on_hand: stock.on_hand, reserved: stock.reserved });
        }
        // Refusals end here.
        let stock = stock.moved(delta, 0, now);
        let adjustment = Adjustment {
            id: self.id,
            sku: self.sku.clone(),
            delta,
            on_hand: stock.on_hand,
            reserved: stock.reserved,
            reason: self.reason,
            note: self.note.clone(),
            created_at: now,
        };
        let fact = Fact::StockAdjusted {
            adjustment_id: self.id,
            delta,
            on_hand: stock.on_hand,
            reserved: stock.reserved,
            reason: self.reason,
            note: self.note.clone(),
        };
        let events = vec![EventDraft::item(&self.sku, fact)];
        let changes = Changes { stocks: vec![stock], events, ..Changes::default() };
        Ok(Decision { outcome: Outcome::Adjustment(adjustment), changes })
    }

    fn delta(&self, stock: &Stock) -> Result<i64> {
        match self.change {
            StockChange::By(0) => Err(Rejection::invalid("/delta", "a delta is not zero")),
            StockChange::By(delta) => Ok(delta),
            StockChange::To { expected_on_hand: Some(expected), .. } if expected != stock.on_hand => {
                Err(Rejection::StockMismatch { on_hand: stock.on_hand, reserved: stock.reserved })
            }
            StockChange::To { on_hand, .. } => Ok(i64::from(on_hand) - i64::from(stock.on_hand)),
        }
    }

    fn pointer(&self) -> &'static str {
        match self.change {
            StockChange::By(_) => "/delta",
            StockChange::To { .. } => "/on_hand",
        }
    }
}
