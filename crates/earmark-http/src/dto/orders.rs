//! How does an order look to clients? What was ordered, what has become of it, and its totals,
//! which are computed when it is shown.

use earmark_core::ids::{OrderId, RefundId};
use earmark_core::orders::{
    CancelReason, Cancellation, FulfillmentStatus, Order, OrderLine, OrderStatus, PaymentSummary,
};
use earmark_core::text::{CustomerId, Metadata, Name, Note, Reference, Sku};
use serde::Serialize;
use utoipa::ToSchema;

use super::address::AddressBody;
use super::payments::PaymentBody;
use super::refunds::RefundBody;
use super::schemas;
use super::shipments::ShipmentBody;
use super::units::CancelledUnitsBody;
use crate::state::App;
use crate::time::Time;

/// What was promised, and where it stands.
#[derive(Serialize, ToSchema)]
#[schema(as = Order)]
pub(crate) struct OrderBody<'a> {
    #[schema(value_type = schemas::OrderIdText)]
    id: OrderId,
    #[schema(value_type = Option<schemas::ReferenceText>)]
    reference: Option<&'a Reference>,
    #[schema(value_type = Option<schemas::CustomerIdText>)]
    customer_id: Option<&'a CustomerId>,
    #[schema(value_type = schemas::OrderStatusWord)]
    status: OrderStatus,
    #[schema(value_type = schemas::PaymentSummaryWord)]
    payment_status: PaymentSummary,
    #[schema(value_type = schemas::FulfillmentStatusWord)]
    fulfillment_status: FulfillmentStatus,
    #[schema(value_type = schemas::CurrencyText)]
    currency: &'a str,
    #[schema(min_items = 1, max_items = 500)]
    lines: Vec<OrderLineBody<'a>>,
    /// What the units not cancelled cost.
    #[schema(value_type = schemas::Amount)]
    total: i64,
    /// The total at placement.
    #[schema(value_type = schemas::Amount)]
    placed_total: i64,
    #[schema(value_type = schemas::Amount)]
    paid_total: i64,
    /// What went back, or is on its way back.
    #[schema(value_type = schemas::Amount)]
    refunded_total: i64,
    #[doc = "total − paid_total + refunded_total."]
    #[schema(value_type = schemas::SignedAmount)]
    balance_due: i64,
    #[schema(max_items = 700)]
    cancellations: Vec<CancellationBody<'a>>,
    #[schema(max_items = 200)]
    shipments: Vec<ShipmentBody<'a>>,
    #[schema(max_items = 100)]
    payments: Vec<PaymentBody<'a>>,
    #[schema(max_items = 1000)]
    refunds: Vec<RefundBody<'a>>,
    shipping_address: Option<AddressBody<'a>>,
    #[schema(value_type = schemas::MetadataMap)]
    metadata: &'a Metadata,
    /// When its stock is free again unless it is paid; null once it is paid or cancelled.
    #[schema(value_type = Option<schemas::TimeText>)]
    reservation_expires_at: Option<Time>,
    #[schema(value_type = schemas::Version)]
    version: u64,
    #[schema(value_type = schemas::TimeText)]
    created_at: Time,
    #[schema(value_type = schemas::TimeText)]
    updated_at: Time,
}

/// An item as it was ordered, and what has become of its units.
#[derive(Serialize, ToSchema)]
#[schema(as = OrderLine)]
pub(crate) struct OrderLineBody<'a> {
    #[schema(value_type = schemas::SkuText)]
    sku: &'a Sku,
    /// Its name at placement.
    #[schema(value_type = schemas::NameText)]
    name: &'a Name,
    /// Its price at placement.
    #[schema(value_type = schemas::Amount)]
    unit_price: i64,
    /// Units ordered; never changes.
    #[schema(value_type = schemas::Quantity)]
    quantity: u32,
    #[schema(value_type = schemas::Count)]
    cancelled: u32,
    #[schema(value_type = schemas::Count)]
    shipped: u32,
    #[schema(value_type = schemas::Count)]
    delivered: u32,
    #[schema(value_type = schemas::Count)]
    returned: u32,
    /// What its units not cancelled cost.
    #[schema(value_type = schemas::Amount)]
    total: i64,
}

/// A part, or the whole, taken back out of an order.
#[derive(Serialize, ToSchema)]
#[schema(as = Cancellation)]
pub(crate) struct CancellationBody<'a> {
    #[schema(value_type = schemas::TimeText)]
    at: Time,
    #[schema(value_type = schemas::ActorText)]
    actor: String,
    #[schema(value_type = schemas::CancelReasonWord)]
    reason: CancelReason,
    #[schema(value_type = Option<schemas::NoteText>)]
    note: Option<&'a Note>,
    #[schema(max_items = 500)]
    lines: Vec<CancelledUnitsBody<'a>>,
    /// The refund made with it, where something had been paid.
    #[schema(value_type = Option<schemas::RefundIdText>)]
    refund_id: Option<RefundId>,
}

impl<'a> OrderBody<'a> {
    /// The order as it is shown now.
    pub(crate) fn new(app: &'a App, order: &'a Order) -> Self {
        Self {
            id: order.id,
            reference: order.reference.as_ref(),
            customer_id: order.customer_id.as_ref(),
            status: order.status(),
            payment_status: order.payment_summary(),
            fulfillment_status: order.fulfillment_status(),
            currency: app.config.currency.as_str(),
            lines: order.lines.iter().map(OrderLineBody::from).collect(),
            total: order.total().minor(),
            placed_total: order.placed_total.minor(),
            paid_total: order.paid_total().minor(),
            refunded_total: order.refunded_total().minor(),
            balance_due: order.balance_due().minor(),
            cancellations: order.cancellations.iter().map(CancellationBody::from).collect(),
            shipments: order.shipments.iter().map(|row| ShipmentBody::new(order.id, row)).collect(),
            payments: order.payments.iter().map(|row| PaymentBody::new(app, order.id, row)).collect(),
            refunds: order.refunds.iter().map(|row| RefundBody::new(app, order.id, row)).collect(),
            shipping_address: order.shipping_address.as_ref().map(AddressBody::from),
            metadata: &order.metadata,
            reservation_expires_at: order.reservation_expires_at().map(Time),
            version: order.version,
            created_at: Time(order.created_at),
            updated_at: Time(order.updated_at),
        }
    }
}

impl<'a> From<&'a OrderLine> for OrderLineBody<'a> {
    fn from(line: &'a OrderLine) -> Self {
        Self {
            sku: &line.sku,
            name: &line.name,
            unit_price: line.unit_price.minor(),
            quantity: line.quantity,
            cancelled: line.cancelled,
            shipped: line.shipped,
            delivered: line.delivered,
            returned: line.returned,
            total: line.total().minor(),
        }
    }
}

impl<'a> From<&'a Cancellation> for CancellationBody<'a> {
    fn from(cancellation: &'a Cancellation) -> Self {
        Self {
            at: Time(cancellation.at),
            actor: cancellation.actor.to_string(),
            reason: cancellation.reason,
            note: cancellation.note.as_ref(),
            lines: cancellation.lines.iter().map(CancelledUnitsBody::from).collect(),
            refund_id: cancellation.refund_id,
        }
    }
}
