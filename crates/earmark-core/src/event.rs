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

macro_rules! facts {
    ($($name:literal => $variant:ident $({ $($field:ident: $kind:ty),* $(,)? })?;)*) => {
        /// What happened, with what only the event keeps. The names are those of the contract, the
        /// fields those of the resources.
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(tag = "type", content = "data")]
        pub enum Fact {$(
            #[serde(rename = $name)]
            $variant $({ $($field: $kind),* })?,
        )*}

        impl Fact {
            /// All types, as clients see them. A fact is stored under its place in this list, so
            /// the list only grows at its end.
            pub const TYPES: [&'static str; [$($name),*].len()] = [$($name),*];

            /// The place of its type in [`Fact::TYPES`].
            pub fn type_index(&self) -> usize {
                enum Place { $($variant),* }
                match self { $(Self::$variant { .. } => Place::$variant as usize),* }
            }
        }
    };
}

// A further one is added at the end.
facts! {
    "order.created" => OrderCreated;
    "order.confirmed" => OrderConfirmed;
    "order.paid" => OrderPaid { payment_id: Option<PaymentId> };
    "order.shipped" => OrderShipped;
    "order.delivered" => OrderDelivered;
    "order.cancelled" =>
        OrderCancelled { reason: CancelReason, lines: Vec<CancelledUnits>, refund_id: Option<RefundId> };
    "order.partially_cancelled" =>
        OrderPartiallyCancelled { reason: CancelReason, lines: Vec<CancelledUnits>, refund_id: Option<RefundId> };
    "payment.pending" => PaymentPending { payment_id: PaymentId, amount: Money };
    "payment.succeeded" => PaymentSucceeded { payment_id: PaymentId, amount: Money };
    "payment.declined" => PaymentDeclined { payment_id: PaymentId, amount: Money, decline_code: Name };
    "payment.failed" => PaymentFailed { payment_id: PaymentId, amount: Money, decline_code: Name };
    "refund.created" =>
        RefundCreated { refund_id: RefundId, payment_id: PaymentId, amount: Money, reason: CancelReason };
    "refund.succeeded" => RefundSucceeded { refund_id: RefundId, amount: Money };
    "refund.failed" => RefundFailed { refund_id: RefundId, amount: Money };
    "shipment.created" => ShipmentCreated { shipment_id: ShipmentId, lines: Vec<Units> };
    "shipment.delivered" => ShipmentDelivered { shipment_id: ShipmentId };
    "stock.adjusted" => StockAdjusted {
        adjustment_id: AdjustmentId,
        delta: i64,
        on_hand: u32,
        reserved: u32,
        reason: AdjustmentReason,
        note: Option<Note>,
    };
    "item.created" => ItemCreated;
    "item.updated" => ItemUpdated;
    "reservation.expired" => ReservationExpired;
    "payment.resolved" => PaymentResolved { payment_id: PaymentId, status: PaymentStatus, note: Note };
}

impl Fact {
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
