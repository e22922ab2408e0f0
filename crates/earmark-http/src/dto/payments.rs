//! How does a payment look to clients? It is one attempt to take money.

use earmark_core::ids::{OrderId, PaymentId};
use earmark_core::payments::{Payment, PaymentStatus};
use earmark_core::text::Name;
use serde::Serialize;
use utoipa::ToSchema;

use super::schemas;
use crate::state::App;
use crate::time::Time;

/// One attempt to take money.
#[derive(Serialize, ToSchema)]
#[schema(as = Payment)]
pub(crate) struct PaymentBody<'a> {
    #[schema(value_type = schemas::PaymentIdText)]
    id: PaymentId,
    #[schema(value_type = schemas::OrderIdText)]
    order_id: OrderId,
    #[schema(value_type = schemas::PaymentStatusWord)]
    status: PaymentStatus,
    #[schema(value_type = schemas::Amount)]
    amount: i64,
    #[schema(value_type = schemas::CurrencyText)]
    currency: &'a str,
    method: MethodBody<'a>,
    /// Which gateway is asked.
    #[schema(value_type = schemas::NameText)]
    gateway: &'a Name,
    /// The gateway's own id of it.
    #[schema(value_type = Option<schemas::NameText>)]
    gateway_reference: Option<&'a Name>,
    /// Why it was declined or failed, in the gateway's word.
    #[schema(value_type = Option<schemas::NameText>)]
    decline_code: Option<&'a Name>,
    /// How often the gateway was called or asked.
    #[schema(value_type = schemas::Count)]
    attempts: u32,
    #[schema(value_type = schemas::Version)]
    version: u64,
    #[schema(value_type = schemas::TimeText)]
    created_at: Time,
    #[schema(value_type = schemas::TimeText)]
    updated_at: Time,
}

/// The means of a payment.
#[derive(Serialize, ToSchema)]
#[schema(as = PaymentMethod)]
pub(crate) struct MethodBody<'a> {
    /// The gateway's opaque name of it.
    #[schema(value_type = schemas::TokenText)]
    token: &'a str,
}

impl<'a> PaymentBody<'a> {
    /// A payment of this order.
    pub(crate) fn new(app: &'a App, order_id: OrderId, payment: &'a Payment) -> Self {
        Self {
            id: payment.id,
            order_id,
            status: payment.status,
            amount: payment.amount.minor(),
            currency: app.config.currency.as_str(),
            method: MethodBody { token: payment.token.as_str() },
            gateway: &payment.gateway,
            gateway_reference: payment.gateway_reference.as_ref(),
            decline_code: payment.decline_code.as_ref(),
            attempts: payment.attempts,
            version: payment.version,
            created_at: Time(payment.created_at),
            updated_at: Time(payment.updated_at),
        }
    }
}
