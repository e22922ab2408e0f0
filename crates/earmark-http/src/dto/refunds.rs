//! How does a refund look to clients? It moves money of one payment back.

use earmark_core::ids::OrderId;
use earmark_core::refunds::Refund;
use serde::Serialize;
use utoipa::ToSchema;

use super::schemas::{
    Amount, CancelReasonWord, CurrencyText, OrderIdText, PaymentIdText, RefundIdText, RefundStatusWord,
    Version,
};
use crate::state::App;
use crate::time::Time;

#[doc = "Money moved back."]
#[derive(Serialize, ToSchema)]
#[schema(as = Refund)]
pub(crate) struct RefundBody<'a> {
    id: RefundIdText,
    order_id: OrderIdText,
    payment_id: PaymentIdText,
    status: RefundStatusWord,
    amount: Amount,
    currency: CurrencyText<'a>,
    reason: CancelReasonWord,
    version: Version,
    created_at: Time,
    updated_at: Time,
}

impl<'a> RefundBody<'a> {
    /// A refund of this order.
    pub(crate) fn new(app: &'a App, order_id: OrderId, refund: &Refund) -> Self {
        Self {
            id: RefundIdText(refund.id),
            order_id: OrderIdText(order_id),
            payment_id: PaymentIdText(refund.payment_id),
            status: RefundStatusWord(refund.status),
            amount: Amount(refund.amount),
            currency: CurrencyText(app.config.currency.as_str()),
            reason: CancelReasonWord(refund.reason),
            version: Version(refund.version),
            created_at: Time(refund.created_at),
            updated_at: Time(refund.updated_at),
        }
    }
}
