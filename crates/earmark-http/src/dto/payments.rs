//! How does a payment look to clients? It is one attempt to take money.

use earmark_core::ids::OrderId;
use earmark_core::payments::Payment;
use serde::Serialize;
use utoipa::ToSchema;

use super::schemas::{
    Amount, Count, CurrencyText, NameText, OrderIdText, PaymentIdText, PaymentStatusWord, TokenText, Version,
};
use crate::state::App;
use crate::time::Time;

/// One attempt to take money.
#[derive(Serialize, ToSchema)]
#[schema(as = Payment)]
pub(crate) struct PaymentBody<'a> {
    id: PaymentIdText,
    order_id: OrderIdText,
    status: PaymentStatusWord,
    amount: Amount,
    currency: CurrencyText<'a>,
    method: MethodBody<'a>,
    /// Which gateway is asked.
    gateway: NameText<'a>,
    /// The gateway's own id of it.
    gateway_reference: Option<NameText<'a>>,
    /// Why it was declined or failed, in the gateway's word.
    decline_code: Option<NameText<'a>>,
    /// How often the gateway was called or asked.
    attempts: Count,
    version: Version,
    created_at: Time,
    updated_at: Time,
}

/// The means of a payment.
#[derive(Serialize, ToSchema)]
#[schema(as = PaymentMethod)]
pub(crate) struct MethodBody<'a> {
    /// The gateway's opaque name of it.
    token: TokenText<'a>,
}

impl<'a> PaymentBody<'a> {
    /// A payment of this order.
    pub(crate) fn new(app: &'a App, order_id: OrderId, payment: &'a Payment) -> Self {
        Self {
            id: PaymentIdText(payment.id),
            order_id: OrderIdText(order_id),
            status: PaymentStatusWord(payment.status),
            amount: Amount(payment.amount),
            currency: CurrencyText(app.config.currency.as_str()),
            method: MethodBody { token: TokenText(payment.token.as_str()) },
            gateway: NameText(&payment.gateway),
            gateway_reference: payment.gateway_reference.as_ref().map(NameText),
            decline_code: payment.decline_code.as_ref().map(NameText),
            attempts: Count(payment.attempts),
            version: Version(payment.version),
            created_at: Time(payment.created_at),
            updated_at: Time(payment.updated_at),
        }
    }
}
