//! Which units of which item, and why were they taken back?
//!
//! Orders, shipments, refunds and events all speak of units and of reasons, so both stand here,
//! below all of them. Stored and public: the names of the reasons never change.

use serde::{Deserialize, Serialize};

use crate::money::Money;
use crate::text::Sku;

/// Some units of an item.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Units {
    pub sku: Sku,
    pub quantity: u32,
}

/// Units of one line that were cancelled together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CancelledUnits {
    pub sku: Sku,
    pub quantity: u32,
    /// The part of the line's price that these units had.
    pub amount: Money,
}

/// Why an order, or a part of it, was cancelled or refunded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CancelReason {
    /// The customer wanted it.
    Customer,
    /// The goods are not there.
    Inventory,
    Fraud,
    /// The payment was declined.
    Declined,
    /// It was not paid before its reservation ended.
    Expired,
    Other,
}
