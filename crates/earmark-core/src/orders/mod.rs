//! What did a customer order, and what has become of it?
//!
//! An order is one aggregate: its lines with their counters, its cancellations, shipments, payments
//! and refunds. Stored are counters and facts (when it was confirmed, when it was paid). The status
//! is computed from them in `status.rs`, the amounts in `totals.rs`, and nowhere else.
//! What must hold at all times stands in `invariants.rs`. One file per command follows.

pub mod cancel;
pub mod confirm;
pub mod expire;
pub mod invariants;
pub(crate) mod paid;
pub(crate) mod parts;
pub mod place;
mod status;
mod take_out;
mod totals;

use serde::{Deserialize, Serialize};

use crate::ids::{OrderId, RefundId};
use crate::payments::Payment;
use crate::refunds::Refund;
use crate::shipments::Shipment;
use crate::text::{CustomerId, Metadata, Name, Note, Reference, Sku};
pub use crate::units::{CancelReason, CancelledUnits, Units};
use crate::{Actor, Money, Timestamp};

/// The most partial cancellations of one order; the whole rest can always be cancelled.
pub const CANCELLATIONS_MAX: usize = 200;
/// The most lines that all partial cancellations of one order may have together. The same limit
/// holds, apart from it, for its partial shipments.
pub const RECORDED_LINES_MAX: usize = 5_000;

/// An order with everything that belongs to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    pub id: OrderId,
    /// The merchant's own id of it, unique for ever.
    pub reference: Option<Reference>,
    /// `None` for an order that belongs to no known customer.
    pub customer_id: Option<CustomerId>,
    /// One line per SKU, in the order in which they were named.
    pub lines: Vec<OrderLine>,
    /// The total at placement; never changes.
    pub placed_total: Money,
    pub shipping_address: Option<Address>,
    /// The merchant's own pairs.
    pub metadata: Metadata,
    /// Whether the placement confirmed it too.
    pub confirmed_at_placement: bool,
    pub confirmed_at: Option<Timestamp>,
    /// When it was paid, or confirmed with nothing to pay.
    pub paid_at: Option<Timestamp>,
    /// Until when its stock is reserved while it is unpaid.
    pub reserved_until: Timestamp,
    /// Oldest first, as are shipments, payments and refunds.
    pub cancellations: Vec<Cancellation>,
    pub shipments: Vec<Shipment>,
    pub payments: Vec<Payment>,
    pub refunds: Vec<Refund>,
    /// 1 at placement, one more with each change.
    pub version: u64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// An item as it was ordered, and what has become of its units.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderLine {
    pub sku: Sku,
    /// The item's name at placement.
    pub name: Name,
    /// The item's price at placement.
    pub unit_price: Money,
    /// Units ordered; never changes.
    pub quantity: u32,
    pub cancelled: u32,
    pub shipped: u32,
    /// Units that arrived, of those that shipped.
    pub delivered: u32,
    /// Units that came back, of those that shipped.
    pub returned: u32,
}

/// One cancellation of an order, in part or in whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cancellation {
    pub at: Timestamp,
    pub actor: Actor,
    pub reason: CancelReason,
    pub note: Option<Note>,
    pub lines: Vec<CancelledUnits>,
    /// The refund made with it; `None` where nothing had been paid for these units.
    pub refund_id: Option<RefundId>,
}

/// An address to ship to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Address {
    pub name: Option<Name>,
    pub company: Option<Name>,
    pub line1: Option<Name>,
    pub line2: Option<Name>,
    pub city: Option<Name>,
    /// State, province or county.
    pub region: Option<Name>,
    pub postal_code: Option<Name>,
    /// The code of ISO 3166-1 alpha-2.
    pub country: Option<Name>,
    pub phone: Option<Name>,
}

/// The state of an order as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum OrderStatus {
    /// Placed; its stock is reserved.
    Created,
    /// Agreed upon; may be paid.
    Confirmed,
    /// Paid, or nothing to pay; may be shipped.
    Paid,
    /// Every unit that is not cancelled has shipped.
    Shipped,
    /// Every unit that is not cancelled has arrived.
    Delivered,
    /// Every unit is cancelled.
    Cancelled,
}

/// What has become of the money of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PaymentSummary {
    Unpaid,
    /// An attempt to pay is in progress.
    Pending,
    Paid,
    /// Some of the money went back, or is on its way back.
    PartiallyRefunded,
    /// All of the money went back, or is on its way back.
    Refunded,
}

/// What has become of the goods of an order; cancelled units do not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FulfillmentStatus {
    /// No unit has shipped.
    Unfulfilled,
    /// Some units have shipped.
    Partial,
    /// All units have shipped.
    Fulfilled,
    /// All units have arrived.
    Delivered,
}

impl OrderLine {
    /// Units that are not cancelled.
    pub fn open(&self) -> u32 {
        self.quantity - self.cancelled
    }

    /// Units that are neither cancelled nor shipped: those that the order holds in `reserved`.
    pub fn unshipped(&self) -> u32 {
        self.quantity - self.cancelled - self.shipped
    }
}

impl Order {
    /// The line of an item.
    pub fn line(&self, sku: &Sku) -> Option<&OrderLine> {
        self.lines.iter().find(|line| line.sku == *sku)
    }

    /// The order as its placement answered it, without everything that came after.
    ///
    /// A repeated placement is answered with it, so that the first answer need not be stored.
    #[must_use]
    pub fn as_placed(&self) -> Self {
        let lines = self.lines.iter().map(|line| OrderLine {
            cancelled: 0,
            shipped: 0,
            delivered: 0,
            returned: 0,
            ..line.clone()
        });
        let confirmed_at = self.confirmed_at_placement.then_some(self.created_at);
        Self {
            lines: lines.collect(),
            confirmed_at,
            paid_at: confirmed_at.filter(|_| self.placed_total == Money::ZERO),
            cancellations: Vec::new(),
            shipments: Vec::new(),
            payments: Vec::new(),
            refunds: Vec::new(),
            version: 1,
            updated_at: self.created_at,
            ..self.clone()
        }
    }

    /// A copy to change, one version on.
    pub(crate) fn next(&self, now: Timestamp) -> Self {
        Self { version: self.version + 1, updated_at: now, ..self.clone() }
    }
}
