//! What is sold, and how much of it is there?
//!
//! An item has two rows under one SKU: the description, which the merchant writes, and the stock,
//! which orders write. The stock row carries the version of both. Invariant:
//! `0 ≤ reserved ≤ on_hand`. What is available is computed and never stored.

pub mod adjust;
pub mod put;

use serde::{Deserialize, Serialize};

use crate::ids::AdjustmentId;
use crate::text::{Description, Metadata, Name, Note, Sku, Url};
use crate::{Money, Timestamp};

/// The most units of one item on hand.
pub const ON_HAND_MAX: u32 = 1_000_000_000;

/// An item as the merchant describes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    pub sku: Sku,
    pub name: Name,
    pub description: Option<Description>,
    /// The price of one unit, not negative.
    pub unit_price: Money,
    /// Whether it may be put into carts and ordered.
    pub active: bool,
    pub image_url: Option<Url>,
    /// The merchant's own pairs.
    pub metadata: Metadata,
    pub created_at: Timestamp,
}

/// The counters of an item.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stock {
    pub sku: Sku,
    /// Units that a picker counts.
    pub on_hand: u32,
    /// Units that belong to orders and have not shipped.
    pub reserved: u32,
    /// 1 at first, one more with each change of the description or the counters.
    pub version: u64,
    /// The time of the last change of the description or the counters.
    pub updated_at: Timestamp,
}

impl Stock {
    /// Units that can be ordered.
    pub fn available(&self) -> u32 {
        self.on_hand.checked_sub(self.reserved).expect("reserved is at most on hand")
    }

    /// The counters after adding these deltas, with a new version.
    ///
    /// # Panics
    /// If `0 ≤ reserved ≤ on_hand` would break: each rule checks that before.
    #[must_use]
    pub fn moved(&self, delta_on_hand: i64, delta_reserved: i64, now: Timestamp) -> Self {
        let on_hand = u32::try_from(i64::from(self.on_hand) + delta_on_hand).expect("on hand stays in range");
        let reserved =
            u32::try_from(i64::from(self.reserved) + delta_reserved).expect("reserved stays in range");
        assert!(reserved <= on_hand, "reserved is at most on hand: {} {reserved} {on_hand}", self.sku);
        Self { sku: self.sku.clone(), on_hand, reserved, version: self.version + 1, updated_at: now }
    }
}

/// An item with its counters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StockedItem {
    pub item: Item,
    pub stock: Stock,
}

/// Why a count was corrected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AdjustmentReason {
    /// Goods came from a supplier.
    Received,
    /// The goods were counted.
    Recount,
    Damaged,
    Lost,
    /// Goods came back from a customer.
    Returned,
    /// An earlier count or adjustment was wrong.
    Correction,
}

/// A correction of `on_hand`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Adjustment {
    pub id: AdjustmentId,
    pub sku: Sku,
    /// Units added; negative for units taken away.
    pub delta: i64,
    /// Units on hand afterwards.
    pub on_hand: u32,
    /// Units reserved, which an adjustment does not change.
    pub reserved: u32,
    pub reason: AdjustmentReason,
    pub note: Option<Note>,
    pub created_at: Timestamp,
}
