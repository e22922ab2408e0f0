//! What happened?
//!
//! An event is a public fact. It is saved in the transaction that made it true, and numbered
//! without gaps in the order of the commits. It holds only what the rows do not keep:
//! `order.created` holds nothing, since the lines of a placed order never change.

use serde::{Deserialize, Serialize};

use crate::ids::{AdjustmentId, EventId, OrderId, PaymentId, RefundId, ShipmentId};
use crate::items::AdjustmentReason;
use crate::payments::PaymentStatus;
use crate::text::{Name, Note, Sku};
use crate::units::{CancelReason, CancelledUnits, Units};
use crate::{Actor, Money, Timestamp};

/// A public fact with its place in the history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// Its number in the history of all orders and items, from 1, without gaps.
    pub sequence: u64,
    pub at: Timestamp,
    pub actor: Actor,
    /// The order that it is about; `None` for facts about an item.
    pub order_id: Option<OrderId>,
    /// The item that it is about; `None` for facts about an order.
    pub sku: Option<Sku>,
    pub fact: Fact,
}

impl Event {
    /// Its id, made of its time and number.
    pub fn id(&self) -> EventId {
        EventId::new(self.at, self.sequence)
    }
}

/// An event that has no number, time and actor yet; the batch gives them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventDraft {
    pub order_id: Option<OrderId>,
    pub sku: Option<Sku>,
    pub fact: Fact,
}

impl EventDraft {
    /// A fact about an order.
    pub(crate) fn order(order_id: OrderId, fact: Fact) -> Self {
        Self { order_id: Some(order_id), sku: None, fact }
    }

    /// A fact about an item.
    pub(crate) fn item(sku: &Sku, fact: Fact) -> Self {
        Self { order_id: None, sku: Some(sku.clone()), fact }
    }
}

/// What happened, with what only the event keeps. The names are those of the contract, the fields
/// those of the resources.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", content = "data")]
pub enum Fact {
    #[serde(rename = "order.created")]
    OrderCreated,
    #[serde(rename = "order.confirmed")]
    OrderConfirmed,
    #[serde(rename = "order.paid")]
    OrderPaid { payment_id: Option<PaymentId> },
    #[serde(rename = "order.shipped")]
    OrderShipped,
    #[serde(rename = "order.delivered")]
    OrderDelivered,
    #[serde(rename = "order.cancelled")]
    OrderCancelled { reason: CancelReason, lines: Vec<CancelledUnits>, refund_id: Option<RefundId> },
    #[serde(rename = "order.partially_cancelled")]
    OrderPartiallyCancelled { reason: CancelReason, lines: Vec<CancelledUnits>, refund_id: Option<RefundId> },
    #[serde(rename = "payment.pending")]
    PaymentPending { payment_id: PaymentId, amount: Money },
    #[serde(rename = "payment.succeeded")]
    PaymentSucceeded { payment_id: PaymentId, amount: Money },
    #[serde(rename = "payment.declined")]
    PaymentDeclined { payment_id: PaymentId, amount: Money, decline_code: Name },
    #[serde(rename = "payment.failed")]
    PaymentFailed { payment_id: PaymentId, amount: Money, decline_code: Name },
    #[serde(rename = "refund.created")]
    RefundCreated { refund_id: RefundId, payment_id: PaymentId, amount: Money, reason: CancelReason },
    #[serde(rename = "refund.succeeded")]
    RefundSucceeded { refund_id: RefundId, amount: Money },
    #[serde(rename = "refund.failed")]
    RefundFailed { refund_id: RefundId, amount: Money },
    #[serde(rename = "shipment.created")]
    ShipmentCreated { shipment_id: ShipmentId, lines: Vec<Units> },
    #[serde(rename = "shipment.delivered")]
    ShipmentDelivered { shipment_id: ShipmentId },
    #[serde(rename = "stock.adjusted")]
    StockAdjusted {
        adjustment_id: AdjustmentId,
        delta: i64,
        on_hand: u32,
        reserved: u32,
        reason: AdjustmentReason,
        note: Option<Note>,
    },
    #[serde(rename = "item.created")]
    ItemCreated,
    #[serde(rename = "item.updated")]
    ItemUpdated,
    #[serde(rename = "reservation.expired")]
    ReservationExpired,
    #[serde(rename = "payment.resolved")]
    PaymentResolved { payment_id: PaymentId, status: PaymentStatus, note: Note },
}

impl Fact {
    /// All types, as clients see them. A fact is stored under its place in this list, so the list
    /// only grows at its end.
    pub const TYPES: [&'static str; 21] = [
        "order.created",
        "order.confirmed",
        "order.paid",
        "order.shipped",
        "order.delivered",
        "order.cancelled",
        "order.partially_cancelled",
        "payment.pending",
        "payment.succeeded",
        "payment.declined",
        "payment.failed",
        "refund.created",
        "refund.succeeded",
        "refund.failed",
        "shipment.created",
        "shipment.delivered",
        "stock.adjusted",
        "item.created",
        "item.updated",
        "reservation.expired",
        "payment.resolved",
    ];

    /// The place of its type in [`Fact::TYPES`].
    pub fn type_index(&self) -> usize {
        match self {
            Self::OrderCreated => 0,
            Self::OrderConfirmed => 1,
            Self::OrderPaid { .. } => 2,
            Self::OrderShipped => 3,
            Self::OrderDelivered => 4,
            Self::OrderCancelled { .. } => 5,
            Self::OrderPartiallyCancelled { .. } => 6,
            Self::PaymentPending { .. } => 7,
            Self::PaymentSucceeded { .. } => 8,
            Self::PaymentDeclined { .. } => 9,
            Self::PaymentFailed { .. } => 10,
            Self::RefundCreated { .. } => 11,
            Self::RefundSucceeded { .. } => 12,
            Self::RefundFailed { .. } => 13,
            Self::ShipmentCreated { .. } => 14,
            Self::ShipmentDelivered { .. } => 15,
            Self::StockAdjusted { .. } => 16,
            Self::ItemCreated => 17,
            Self::ItemUpdated => 18,
            Self::ReservationExpired => 19,
            Self::PaymentResolved { .. } => 20,
        }
    }

    /// Its type, as clients see it.
    pub fn type_name(&self) -> &'static str {
        Self::TYPES[self.type_index()]
    }

    /// The fact of this place in [`Fact::TYPES`], if it has no data. `None` if it has, or if there
    /// is no such type.
    pub fn from_bare_type(index: usize) -> Option<Self> {
        match index {
            0 => Some(Self::OrderCreated),
            1 => Some(Self::OrderConfirmed),
            3 => Some(Self::OrderShipped),
            4 => Some(Self::OrderDelivered),
            17 => Some(Self::ItemCreated),
            18 => Some(Self::ItemUpdated),
            19 => Some(Self::ReservationExpired),
            _ => None,
        }
    }
}
