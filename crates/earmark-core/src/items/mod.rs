//! What is sold, and how many there are?
//!
//! An item has two rows under one SKU: the description, which the merchant writes, and the stock, which orders write. Invariant:
//! `0 ≤ reserved ≤ on_hand`; *available* is computed, never stored. The stock row carries the version of both.

pub mod adjust;
pub mod put;

use serde::{Deserialize, Serialize};

use crate::text::{Description, Metadata, Name, Sku, Url};
use crate::{Money, Timestamp};

/// The most units of one item on hand.
pub const ON_HAND_MAX: u32 = 1_000_000_000;

/// What the merchant says about an item.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// The merchant's own name of it.
    pub sku: Sku,
    /// Shown to people.
    pub name: Name,
    /// Shown to people.
    pub description: Option<Description>,
    /// The price of one unit, not negative.
    pub unit_price: Money,
    /// Whether it may be put into carts and ordered.
    pub active: bool,
    /// A picture.
    pub image_url: Option<Url>,
    /// The merchant's own pairs.
    pub metadata: Metadata,
    /// When the item was first put.
    pub created_at: Timestamp,
}

/// The counters of an item.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stock {
    /// The item.
    pub sku: Sku,
    /// Units that a picker counts.
    pub on_hand: u32,
    /// Units promised to orders and not shipped.
    pub reserved: u32,
    /// Raised by each change of the item or its stock.
    pub version: u64,
    /// When that was.
    pub updated_at: Timestamp,
}

impl Stock {
    /// Units that can still be promised.
    pub fn available(&self) -> u32 {
        self.on_hand.checked_sub(self.reserved).expect("reserved is at most on hand")
    }

    /// The counters after adding these deltas, with a new version.
    ///
    /// # Panics
    /// If `0 ≤ reserved ≤ on_hand` would break: every caller has checked before.
    #[must_use]
    pub fn moved(&self, delta_on_hand: i64, delta_reserved: i64, now: Timestamp) -> Self {
        let on_hand = u32::try_from(i64::from(self.on_hand) + delta_on_hand).expect("on hand stays in range");
        let reserved =
            u32::try_from(i64::from(self.reserved) + delta_reserved).expect("reserved stays in range");
        assert!(reserved <= on_hand, "reserved is at most on hand: {} {reserved} {on_hand}", self.sku);
        Self { sku: self.sku.clone(), on_hand, reserved, version: self.version + 1, updated_at: now }
    }
}

/// An item with its stock, as clients see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StockedItem {
    /// The description.
    pub item: Item,
    /// The counters.
    pub stock: Stock,
}

/// Why a count was corrected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AdjustmentReason {
    /// Goods came in.
    Received,
    /// Somebody counted.
    Recount,
    /// Goods broke.
    Damaged,
    /// Goods are gone.
    Lost,
    /// Goods came back.
    Returned,
    /// The number was wrong.
    Correction,
}

/// A counted correction of `on_hand`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Adjustment {
    /// Its id.
    pub id: crate::ids::AdjustmentId,
    /// The item.
    pub sku: Sku,
    /// Units added (or, negative, taken away).
    pub delta: i64,
    /// Units on hand afterwards.
    pub on_hand: u32,
    /// Units reserved afterwards.
    pub reserved: u32,
    /// Why.
    pub reason: AdjustmentReason,
    /// In the words of whoever did it.
    pub note: Option<crate::text::Note>,
    /// When.
    pub created_at: Timestamp,
}
