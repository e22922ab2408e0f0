//! How does an event look to clients? The same members for all types, and `data` by type.

use earmark_core::Fact;
use earmark_core::ids::{AdjustmentId, OrderId, PaymentId, RefundId, ShipmentId};
use earmark_core::items::AdjustmentReason;
use earmark_core::orders::{CancelReason, Order, OrderLine};
use earmark_core::payments::PaymentStatus;
use earmark_core::text::{CustomerId, Name, Note, Reference, Sku};
use earmark_store::RecordedEvent;
use serde::Serialize;
use utoipa::ToSchema;

use super::schemas::{self, ActorText, EventIdText, EventTypeWord, Version};
use super::units::{CancelledUnitsBody, UnitsBody};
use crate::time::Time;

/// A public fact, written in the transaction that did it.
#[derive(Serialize, ToSchema)]
#[schema(as = Event)]
pub(crate) struct EventBody<'a> {
    id: EventIdText,
    /// Its place in the history of the whole, from 1, without gaps.
    sequence: Version,
    r#type: EventTypeWord,
    at: Time,
    actor: ActorText,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = schemas::OrderIdText, required = false)]
    order_id: Option<OrderId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = schemas::SkuText<'_>, required = false)]
    sku: Option<&'a Sku>,
    /// What the event says beyond its type.
    #[schema(value_type = Object)]
    data: Data<'a>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Data<'a> {
    Nothing {},
    Placed {
        reference: Option<&'a Reference>,
        customer_id: Option<&'a CustomerId>,
        lines: Vec<PlacedLine<'a>>,
        total: i64,
    },
    Paid {
        payment_id: Option<PaymentId>,
    },
    Cancelled {
        reason: CancelReason,
        lines: Vec<CancelledUnitsBody<'a>>,
        refund_id: Option<RefundId>,
    },
    Payment {
        payment_id: PaymentId,
        amount: i64,
    },
    PaymentRefused {
        payment_id: PaymentId,
        amount: i64,
        decline_code: &'a Name,
    },
    PaymentResolved {
        payment_id: PaymentId,
        status: PaymentStatus,
        note: &'a Note,
    },
    RefundCreated {
        refund_id: RefundId,
        payment_id: PaymentId,
        amount: i64,
        reason: CancelReason,
    },
    Refund {
        refund_id: RefundId,
        amount: i64,
    },
    Shipped {
        shipment_id: ShipmentId,
        lines: Vec<UnitsBody<'a>>,
    },
    Delivered {
        shipment_id: ShipmentId,
    },
    Adjusted {
        adjustment_id: AdjustmentId,
        delta: i64,
        on_hand: u32,
        reserved: u32,
        reason: AdjustmentReason,
        note: Option<&'a Note>,
    },
}

#[derive(Serialize)]
struct PlacedLine<'a> {
    sku: &'a Sku,
    quantity: u32,
    unit_price: i64,
}

impl<'a> From<&'a RecordedEvent> for EventBody<'a> {
    fn from(recorded: &'a RecordedEvent) -> Self {
        let event = &recorded.event;
        Self {
            id: EventIdText(event.id()),
            sequence: Version(event.sequence),
            r#type: EventTypeWord(event.fact.type_name()),
            at: Time(event.at),
            actor: ActorText(event.actor.to_string()),
            order_id: event.order_id,
            sku: event.sku.as_ref(),
            data: data(&event.fact, recorded.placed.as_deref()),
        }
    }
}

fn placed<'a>(order: &'a Order) -> Data<'a> {
    let line = |line: &'a OrderLine| PlacedLine {
        sku: &line.sku,
        quantity: line.quantity,
        unit_price: line.unit_price.minor(),
    };
    Data::Placed {
        reference: order.reference.as_ref(),
        customer_id: order.customer_id.as_ref(),
        lines: order.lines.iter().map(line).collect(),
        total: order.placed_total.minor(),
    }
}

fn data<'a>(fact: &'a Fact, order: Option<&'a Order>) -> Data<'a> {
    match fact {
        Fact::OrderCreated => order.map_or(Data::Nothing {}, placed),
        Fact::OrderConfirmed | Fact::OrderShipped | Fact::OrderDelivered => Data::Nothing {},
        Fact::ItemCreated | Fact::ItemUpdated | Fact::ReservationExpired => Data::Nothing {},
        Fact::OrderPaid { payment_id } => Data::Paid { payment_id: *payment_id },
        Fact::OrderCancelled { reason, lines, refund_id }
        | Fact::OrderPartiallyCancelled { reason, lines, refund_id } => Data::Cancelled {
            reason: *reason,
            lines: lines.iter().map(CancelledUnitsBody::from).collect(),
            refund_id: *refund_id,
        },
        Fact::PaymentPending { payment_id, amount } | Fact::PaymentSucceeded { payment_id, amount } => {
            Data::Payment { payment_id: *payment_id, amount: amount.minor() }
        }
        Fact::PaymentDeclined { payment_id, amount, decline_code }
        | Fact::PaymentFailed { payment_id, amount, decline_code } => {
            Data::PaymentRefused { payment_id: *payment_id, amount: amount.minor(), decline_code }
        }
        Fact::PaymentResolved { payment_id, status, note } => {
            Data::PaymentResolved { payment_id: *payment_id, status: *status, note }
        }
        Fact::RefundCreated { refund_id, payment_id, amount, reason } => Data::RefundCreated {
            refund_id: *refund_id,
            payment_id: *payment_id,
            amount: amount.minor(),
            reason: *reason,
        },
        Fact::RefundSucceeded { refund_id, amount } | Fact::RefundFailed { refund_id, amount } => {
            Data::Refund { refund_id: *refund_id, amount: amount.minor() }
        }
        Fact::ShipmentCreated { shipment_id, lines } => {
            Data::Shipped { shipment_id: *shipment_id, lines: lines.iter().map(UnitsBody::from).collect() }
        }
        Fact::ShipmentDelivered { shipment_id } => Data::Delivered { shipment_id: *shipment_id },
        Fact::StockAdjusted { adjustment_id, delta, on_hand, reserved, reason, note } => Data::Adjusted {
            adjustment_id: *adjustment_id,
            delta: *delta,
            on_hand: *on_hand,
            reserved: *reserved,
            reason: *reason,
            note: note.as_ref(),
        },
    }
}
