//! What a charge and a refund do: at most one entry in the ledger for each idempotency key.
//!
//! A key that is known gives the entry that is there, or a conflict if its parameters differ. The
//! caller holds the lock on the ledger from the look-up to the entry, so two requests with one key
//! cannot both move money.

use crate::clock::now_ms;
use crate::ledger::{Entry, Kind, Ledger, Status};
use crate::requests::{ChargeReference, ChargeRequest, ForcedDecline, Outcome, Protocol, RefundRequest};
use crate::tokens::{self, ChargeResult};

/// Takes money, once per key.
pub(crate) fn charge(ledger: &mut Ledger, request: ChargeRequest, forced: ForcedDecline) -> Outcome {
    if let Some(known) = ledger.find(Kind::Charge, &request.key) {
        let same = known.amount == request.amount
            && known.currency == request.currency
            && known.token.as_ref() == Some(&request.token);
        return if same { Outcome::Known(known.clone()) } else { Outcome::Conflict };
    }
    let result = forced.map_or_else(|| tokens::charge_result(&request.token), ChargeResult::Declined);
    // Stripe refuses such a request as invalid and keeps nothing of it; the signed protocol
    // declines it.
    if request.protocol == Protocol::Stripe && result == tokens::INVALID {
        return Outcome::InvalidToken;
    }
    let (status, decline_code) = match result {
        ChargeResult::Captured => (Status::Done, None),
        ChargeResult::Declined(code) => (Status::Declined, Some(code.to_owned())),
    };
    let prefix = if request.protocol == Protocol::Stripe { "pi" } else { "ch" };
    let entry = Entry {
        kind: Kind::Charge,
        reference: next_reference(ledger, prefix),
        charge_reference: None,
        key: request.key,
        id: request.id,
        status,
        amount: request.amount,
        currency: request.currency,
        decline_code,
        token: Some(request.token),
        at_ms: now_ms(),
    };
    Outcome::New(ledger.append(entry).clone())
}

/// Gives money back, once per key, and never more than the charge took.
pub(crate) fn refund(ledger: &mut Ledger, request: RefundRequest, forced: ForcedDecline) -> Outcome {
    let Some(charge) = find_charge(ledger, &request.charge) else { return Outcome::NoCharge };
    if let Some(known) = ledger.find(Kind::Refund, &request.key) {
        let same =
            known.amount == request.amount && known.charge_reference.as_ref() == Some(&charge.reference);
        return if same { Outcome::Known(known.clone()) } else { Outcome::Conflict };
    }
    let refunded: i64 = ledger
        .refunds_of(&charge.reference)
        .filter(|refund| refund.status == Status::Done)
        .map(|refund| refund.amount)
        .sum();
    let fits = (1..=charge.amount - refunded).contains(&request.amount)
        && charge.status == Status::Done
        && request.currency.is_none_or(|currency| currency == charge.currency);
    let decline_code = match (forced, request.protocol) {
        (Some(code), _) => Some(code),
        (None, Protocol::Stripe) if !fits => return Outcome::TooMuch,
        (None, _) => (!fits).then_some("more_than_was_charged"),
    };
    let prefix = if request.protocol == Protocol::Stripe { "re" } else { "rf" };
    let entry = Entry {
        kind: Kind::Refund,
        reference: next_reference(ledger, prefix),
        charge_reference: Some(charge.reference),
        key: request.key,
        id: request.id,
        status: if decline_code.is_none() { Status::Done } else { Status::Declined },
        amount: request.amount,
        currency: charge.currency,
        decline_code: decline_code.map(str::to_owned),
        token: None,
        at_ms: now_ms(),
    };
    Outcome::New(ledger.append(entry).clone())
}

/// The token with which a charge was made.
pub(crate) fn token_of(ledger: &Ledger, charge: &ChargeReference) -> Option<String> {
    find_charge(ledger, charge).and_then(|entry| entry.token)
}

fn find_charge(ledger: &Ledger, charge: &ChargeReference) -> Option<Entry> {
    match charge {
        ChargeReference::Id(id) => ledger.of_id(Kind::Charge, id).next().cloned(),
        ChargeReference::Reference(reference) => ledger.find_reference(reference).cloned(),
    }
}

fn next_reference(ledger: &Ledger, prefix: &str) -> String {
    format!("{prefix}_sandbox{:08}", ledger.entries().len() + 1)
}
