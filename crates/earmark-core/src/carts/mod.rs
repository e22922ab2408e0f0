//! What may a customer buy?
//!
//! A cart names SKUs and quantities; it reserves nothing. Its prices and what is available are read
//! from the items whenever the cart is read. Invariant: one line per SKU, each quantity within its
//! limits.

pub mod create;
pub mod delete;
pub mod lines;

use serde::{Deserialize, Serialize};

use crate::ids::CartId;
use crate::items::StockedItem;
use crate::pricing;
use crate::text::{CustomerId, Metadata, Sku};
use crate::{Money, Overflow, Span, Timestamp};

/// The most lines of a cart and of an order.
pub const LINES_MAX: usize = 500;
/// The most units of a line.
pub const QUANTITY_MAX: u32 = 1_000_000;

/// A cart, without the prices of its items.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cart {
    pub id: CartId,
    /// `None` for a cart that belongs to no known customer.
    pub customer_id: Option<CustomerId>,
    /// In the order in which they were added.
    pub lines: Vec<CartLine>,
    /// The merchant's own pairs.
    pub metadata: Metadata,
    /// 1 at first, one more with each change.
    pub version: u64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    /// When the cart is deleted, unless it changes before.
    pub expires_at: Timestamp,
}

/// Some units of an item in a cart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CartLine {
    pub sku: Sku,
    /// At least 1, at most [`QUANTITY_MAX`].
    pub quantity: u32,
}

/// A cart with the items of its lines as they are now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PricedCart {
    pub cart: Cart,
    /// The item of each line, in the order of the lines.
    pub items: Vec<StockedItem>,
}

/// Why a line could not be ordered now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LineProblem {
    /// Fewer units are available than the line holds.
    InsufficientStock,
    /// The item is not sold any more.
    Inactive,
}

impl PricedCart {
    /// Why the line at this place could not be ordered now.
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

    /// The price today of the line at this place.
    pub fn line_total(&self, line: usize) -> Result<Money, Overflow> {
        pricing::line_total(self.items[line].item.unit_price, self.cart.lines[line].quantity)
    }

    /// The price of the cart today.
    pub fn total(&self) -> Result<Money, Overflow> {
        pricing::total((0..self.items.len()).map(|line| self.line_total(line)))
    }
}

impl Cart {
    /// Gives the cart a new version and lets its time to live begin again.
    fn touch(&mut self, ttl: Span, now: Timestamp) {
        self.version += 1;
        self.updated_at = now;
        self.expires_at = now.after(ttl);
    }
}
