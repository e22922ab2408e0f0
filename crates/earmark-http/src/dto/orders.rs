//! How does an order look to clients? What was ordered, what has become of it, and its totals,
//! which are computed when it is shown.

use earmark_core::orders::{Cancellation, Order, OrderLine};
use serde::Serialize;
use utoipa::ToSchema;

use super::address::AddressBody;
use super::payments::PaymentBody;
use super::refunds::RefundBody;
use super::schemas::{
    ActorText, Amount, CancelReasonWord, Count, CurrencyText, CustomerIdText, FulfillmentStatusWord,
    MetadataMap, NameText, NoteText, OrderIdText, OrderStatusWord, PaymentSummaryWord, Quantity,
    ReferenceText, RefundIdText, SignedAmount, SkuText, Version,
};
use super::shipments::ShipmentBody;
use super::units::CancelledUnitsBody;
use crate::state::App;
use crate::time::Time;

/// What was promised, and where it stands.
#[derive(Serialize, ToSchema)]
#[schema(as = Order)]
pub(crate) struct OrderBody<'a> {
    id: OrderIdText,
    reference: Option<ReferenceText<'a>>,
    customer_id: Option<CustomerIdText<'a>>,
    status: OrderStatusWord,
    payment_status: PaymentSummaryWord,
    fulfillment_status: FulfillmentStatusWord,
    currency: CurrencyText<'a>,
    #[schema(min_items = 1, max_items = 500)]
    lines: Vec<OrderLineBody<'a>>,
    /// What the units not cancelled cost.
    total: Amount,
    /// The total at placement.
    placed_total: Amount,
    paid_total: Amount,
    /// What went back, or is on its way back.
    refunded_total: Amount,
    #[doc = "total − paid_total + refunded_total."]
    balance_due: SignedAmount,
    #[schema(max_items = 700)]
    cancellations: Vec<CancellationBody<'a>>,
    #[schema(max_items = 200)]
    shipments: Vec<ShipmentBody<'a>>,
    #[schema(max_items = 100)]
    payments: Vec<PaymentBody<'a>>,
    #[schema(max_items = 1000)]
    refunds: Vec<RefundBody<'a>>,
    shipping_address: Option<AddressBody<'a>>,
    metadata: MetadataMap<'a>,
    /// When its stock is free again unless it is paid; null once it is paid or cancelled.
    reservation_expires_at: Option<Time>,
    version: Version,
    created_at: Time,
    updated_at: Time,
}

/// An item as it was ordered, and what has become of its units.
#[derive(Serialize, ToSchema)]
#[schema(as = OrderLine)]
pub(crate) struct OrderLineBody<'a> {
    sku: SkuText<'a>,
    /// Its name at placement.
    name: NameText<'a>,
    /// Its price at placement.
    unit_price: Amount,
    /// Units ordered; never changes.
    quantity: Quantity,
    cancelled: Count,
    shipped: Count,
    delivered: Count,
    returned: Count,
    /// What its units not cancelled cost.
    total: Amount,
}

/// A part, or the whole, taken back out of an order.
#[derive(Serialize, ToSchema)]
#[schema(as = Cancellation)]
pub(crate) struct CancellationBody<'a> {
    at: Time,
    actor: ActorText,
    reason: CancelReasonWord,
    note: Option<NoteText<'a>>,
    #[schema(max_items = 500)]
    lines: Vec<CancelledUnitsBody<'a>>,
    /// The refund made with it, where something had been paid.
    refund_id: Option<RefundIdText>,
}

impl<'a> OrderBody<'a> {
    /// The order as it is shown now.
    pub(crate) fn new(app: &'a App, order: &'a Order) -> Self {
        Self {
            id: OrderIdText(order.id),
            reference: order.reference.as_ref().map(ReferenceText),
            customer_id: order.customer_id.as_ref().map(CustomerIdText),
            status: OrderStatusWord(order.status()),
            payment_status: PaymentSummaryWord(order.payment_summary()),
            fulfillment_status: FulfillmentStatusWord(order.fulfillment_status()),
            currency: CurrencyText(app.config.currency.as_str()),
            lines: order.lines.iter().map(OrderLineBody::from).collect(),
            total: Amount(order.total()),
            placed_total: Amount(order.placed_total),
            paid_total: Amount(order.paid_total()),
            refunded_total: Amount(order.refunded_total()),
            balance_due: SignedAmount(order.balance_due()),
            cancellations: order.cancellations.iter().map(CancellationBody::from).collect(),
            shipments: order.shipments.iter().map(|row| ShipmentBody::new(order.id, row)).collect(),
            payments: order.payments.iter().map(|row| PaymentBody::new(app, order.id, row)).collect(),
            refunds: order.refunds.iter().map(|row| RefundBody::new(app, order.id, row)).collect(),
            shipping_address: order.shipping_address.as_ref().map(AddressBody::from),
            metadata: MetadataMap(&order.metadata),
            reservation_expires_at: order.reservation_expires_at().map(Time),
            version: Version(order.version),
            created_at: Time(order.created_at),
            updated_at: Time(order.updated_at),
        }
    }
}

impl<'a> From<&'a OrderLine> for OrderLineBody<'a> {
    fn from(line: &'a OrderLine) -> Self {
        Self {
            sku: SkuText(&line.sku),
            name: NameText(&line.name),
            unit_price: Amount(line.unit_price),
            quantity: Quantity(line.quantity),
            cancelled: Count(line.cancelled),
            shipped: Count(line.shipped),
            delivered: Count(line.delivered),
            returned: Count(line.returned),
            total: Amount(line.total()),
        }
    }
}

impl<'a> From<&'a Cancellation> for CancellationBody<'a> {
    fn from(cancellation: &'a Cancellation) -> Self {
        Self {
            at: Time(cancellation.at),
            actor: ActorText(cancellation.actor.to_string()),
            reason: CancelReasonWord(cancellation.reason),
            note: cancellation.note.as_ref().map(NoteText),
            lines: cancellation.lines.iter().map(CancelledUnitsBody::from).collect(),
            refund_id: cancellation.refund_id.map(RefundIdText),
        }
    }
}
