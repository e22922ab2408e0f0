//! What does a shopper want? A cart names SKUs and quantities; it holds nothing back.
//!
//! Prices and availability are read when the cart is read. Invariant: one line per SKU, each quantity within its limits.

pub mod create;
pub mod delete;
pub mod lines;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::caller::Access;
use crate::ids::CartId;
use crate::items::StockedItem;
use crate::text::{CustomerId, Metadata, Sku};
use crate::time::Span;
use crate::working_set::WorkingSet;
use crate::{Money, Overflow, Rejection, Timestamp};

/// The most lines of a cart and of an order.
pub const LINES_MAX: usize = 500;
/// The most units of a line.
pub const QUANTITY_MAX: u32 = 1_000_000;

/// A cart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cart {
    /// Its id.
    pub id: CartId,
    /// Whose it is, where known.
    pub customer_id: Option<CustomerId>,
    /// What is in it, in the order of adding.
    pub lines: Vec<CartLine>,
    /// The merchant's own pairs.
    pub metadata: Metadata,
    /// Raised by each change.
    pub version: u64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// When it is deleted unless it changes before.
    pub expires_at: Timestamp,
}

/// A wish for some units of an item.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CartLine {
    /// The item.
    pub sku: Sku,
    /// Units, 1 to [`QUANTITY_MAX`].
    pub quantity: u32,
}

/// A cart with the items of its lines, line by line, as they are now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PricedCart {
    /// The cart.
    pub cart: Cart,
    /// The item of each line.
    pub items: Vec<StockedItem>,
}

/// Why a line could not be ordered now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LineProblem {
    /// Fewer units are available than the line wants.
    InsufficientStock,
    /// The item is not sold any more.
    Inactive,
}

impl PricedCart {
    /// What is wrong with a line, if anything.
    pub fn problem(&self, line: usize) -> Option<LineProblem> {
        let item = &self.items[line];
        if !item.item.active {
            Some(LineProblem::Inactive)
        } else if item.stock.available() < self.cart.lines[line].quantity {
            Some(LineProblem::InsufficientStock)
        } else {
            None
        }
    }

    /// What a line costs today.
    pub fn line_total(&self, line: usize) -> Result<Money, Overflow> {
        self.items[line].item.unit_price.times(self.cart.lines[line].quantity)
    }

    /// What the cart costs today.
    pub fn total(&self) -> Result<Money, Overflow> {
        (0..self.items.len()).try_fold(Money::ZERO, |sum, line| sum.plus(self.line_total(line)?))
    }
}

impl Cart {
    /// The cart with a new version, its life counted anew.
    fn touch(&mut self, ttl: Span, now: Timestamp) {
        self.version += 1;
        self.updated_at = now;
        self.expires_at = now.after(ttl);
    }
}

/// The cart, if it exists for the caller.
pub(crate) fn reachable<'rows>(
    rows: &'rows WorkingSet,
    id: CartId,
    access: &Access,
) -> Result<&'rows Arc<Cart>, Rejection> {
    rows.carts.find(&id).filter(|cart| access.reaches(cart.customer_id.as_ref())).ok_or(Rejection::NotFound)
}
