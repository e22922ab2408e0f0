//! How does a refund look to clients? It moves money of one payment back.

use earmark_core::ids::{OrderId, PaymentId, RefundId};
use earmark_core::orders::CancelReason;
use earmark_core::refunds::{Refund, RefundStatus};
use serde::Serialize;
use utoipa::ToSchema;

use super::schemas;
use crate::state::App;
use crate::time::Time;

#[doc = "Money moved back."]
#[derive(Serialize, ToSchema)]
#[schema(as = Refund)]
pub(crate) struct RefundBody<'a> {
    #[schema(value_type = schemas::RefundIdText)]
    id: RefundId,
    #[schema(value_type = schemas::OrderIdText)]
    order_id: OrderId,
    #[schema(value_type = schemas::PaymentIdText)]
    payment_id: PaymentId,
    #[schema(value_type = schemas::RefundStatusWord)]
    status: RefundStatus,
    #[schema(value_type = schemas::Amount)]
    amount: i64,
    #[schema(value_type = schemas::CurrencyText)]
    currency: &'a str,
    #[schema(value_type = schemas::CancelReasonWord)]
    reason: CancelReason,
    #[schema(value_type = schemas::Version)]
    version: u64,
    #[schema(value_type = schemas::TimeText)]
    created_at: Time,
    #[schema(value_type = schemas::TimeText)]
    updated_at: Time,
}

impl<'a> RefundBody<'a> {
    /// A refund of this order.
    pub(crate) fn new(app: &'a App, order_id: OrderId, refund: &Refund) -> Self {
        Self {
            id: refund.id,
            order_id,
            payment_id: refund.payment_id,
            status: refund.status,
            amount: refund.amount.minor(),
            currency: app.config.currency.as_str(),
            reason: refund.reason,
            version: refund.version,
            created_at: Time(refund.created_at),
            updated_at: Time(refund.updated_at),
        }
    }
}
