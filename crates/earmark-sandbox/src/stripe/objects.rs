//! Entries of the ledger as Stripe's objects. The ids and the field names are Stripe's.

use serde_json::{Value, json};

use crate::ledger::{Entry, Status};

/// A charge as a PaymentIntent.
pub(crate) fn payment_intent(entry: &Entry) -> Value {
    let done = entry.status == Status::Done;
    json!({
        "id": entry.reference,
        "object": "payment_intent",
        "amount": entry.amount,
        "amount_received": if done { entry.amount } else { 0 },
        "currency": entry.currency.to_ascii_lowercase(),
        "status": if done { "succeeded" } else { "requires_payment_method" },
        "metadata": {"earmark_id": entry.id},
        "last_payment_error": if done { Value::Null } else { card_error(entry) },
        "created": entry.at_ms.div_euclid(1_000),
        "livemode": false,
    })
}

/// A refund as a Refund.
pub(crate) fn refund(entry: &Entry) -> Value {
    json!({
        "id": entry.reference,
        "object": "refund",
        "amount": entry.amount,
        "currency": entry.currency.to_ascii_lowercase(),
        "payment_intent": entry.charge_reference,
        "status": if entry.status == Status::Done { "succeeded" } else { "failed" },
        "failure_reason": entry.decline_code,
        "metadata": {"earmark_id": entry.id},
        "created": entry.at_ms.div_euclid(1_000),
    })
}

/// The error of a charge that was declined.
pub(super) fn card_error(entry: &Entry) -> Value {
    json!({"type": "card_error", "code": "card_declined", "decline_code": entry.decline_code})
}
