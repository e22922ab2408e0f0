//! What must hold in every state?
//!
//! And what must hold in some state: without that, the first could hold because nothing happens.

use std::collections::BTreeMap;

use earmark_core::orders::{CancelReason, OrderStatus};
use earmark_core::payments::PaymentStatus;
use earmark_core::refunds::RefundStatus;
use stateright::Property;

use crate::model::{Entry, State, World};

pub(crate) const ALWAYS: [&str; 7] = [
    "no double charge",
    "no lost capture",
    "no success that is none",
    "no refund over the capture",
    "what is settled agrees with the gateway",
    "what is owed is what could not be given back",
    "stock is held for what may be paid",
];

pub(crate) fn all() -> Vec<Property<World>> {
    let [double, lost, made_up, over, agree, owed, stock] = ALWAYS;
    vec![
        Property::always(double, |_, state: &State| captured(state).len() <= 1),
        Property::always(lost, |_, state: &State| captured(state).keys().all(|id| state.may_be_known(*id))),
        Property::always(made_up, |_, state: &State| {
            let moved = |side: &BTreeMap<u128, Entry>, (id, amount): (u128, i64)| {
                side.get(&id) == Some(&Entry { amount, moved: true })
            };
            state.shop.succeeded().all(|row| moved(&state.charges, row))
                && state.shop.refunds(RefundStatus::Succeeded).all(|row| moved(&state.refunds, row))
        }),
        Property::always(over, |_, state: &State| {
            let gone: i64 =
                state.refunds.values().filter(|refund| refund.moved).map(|refund| refund.amount).sum();
            let order = &state.shop.order;
            gone <= captured(state).values().sum() && order.refunded_total() <= order.paid_total()
        }),
        Property::always(agree, |_, state: &State| {
            let refunds = moved(&state.refunds);
            !state.is_settled()
                || (state.shop.succeeded().collect::<BTreeMap<_, _>>() == captured(state)
                    && state.shop.refunds(RefundStatus::Succeeded).collect::<BTreeMap<_, _>>() == refunds)
        }),
        Property::always(owed, |_, state: &State| {
            let order = &state.shop.order;
            let failed: i64 = state.shop.refunds(RefundStatus::Failed).map(|(_, amount)| amount).sum();
            let paid = order.paid_total().minor() > 0;
            !(state.is_settled() && paid) || order.balance_due().minor() == -failed
        }),
        Property::always(stock, |_, state: &State| {
            let order = &state.shop.order;
            let expired = order.cancellations.iter().any(|one| one.reason == CancelReason::Expired);
            let open: u32 = order.lines.iter().map(|line| line.quantity - line.cancelled).sum();
            state.shop.stock.reserved == open && !(expired && order.payments.iter().any(is_live))
        }),
        Property::sometimes("paid", |_, state: &State| state.shop.order.status() == OrderStatus::Paid),
        Property::sometimes("paid at the second try", |_, state: &State| {
            let payments = &state.shop.order.payments;
            payments.len() > 1 && payments.last().is_some_and(|last| last.status == PaymentStatus::Succeeded)
        }),
        Property::sometimes("taken after the cancellation and given back", |_, state: &State| {
            state.is_settled() && state.shop.refunds(RefundStatus::Succeeded).any(|(id, _)| id > 100)
        }),
        Property::sometimes("expired after a decline", |_, state: &State| {
            let order = &state.shop.order;
            order.cancellations.iter().any(|one| one.reason == CancelReason::Expired)
                && !order.payments.is_empty()
        }),
        Property::sometimes("a refund refused", |_, state: &State| {
            state.shop.refunds(RefundStatus::Failed).next().is_some()
        }),
        Property::sometimes("a late effect", |_, state: &State| {
            !state.stray.is_empty() && !captured(state).is_empty()
        }),
    ]
}

fn is_live(payment: &earmark_core::payments::Payment) -> bool {
    matches!(payment.status, PaymentStatus::Pending | PaymentStatus::Succeeded)
}

fn moved(side: &BTreeMap<u128, Entry>) -> BTreeMap<u128, i64> {
    side.iter().filter(|(_, entry)| entry.moved).map(|(id, entry)| (*id, entry.amount)).collect()
}

/// The charges that took money.
fn captured(state: &State) -> BTreeMap<u128, i64> {
    moved(&state.charges)
}
