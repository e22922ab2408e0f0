//! Money is exact to the minor unit, whatever the order of partial cancellations, payments and refunds.

use earmark_core::Money;
use earmark_core::orders::Order;
use earmark_core::payments::PaymentStatus;
use earmark_core::refunds::RefundStatus;

use crate::ledger::{Checked, ensure};

/// Computed here from prices and counters alone, in wide integers.
pub(crate) fn check(before: Option<&Order>, order: &Order) -> Checked {
    let minor = |money: Money| i128::from(money.minor());
    let cost = |units: fn(&earmark_core::orders::OrderLine) -> u32| -> i128 {
        order.lines.iter().map(|line| minor(line.unit_price) * i128::from(units(line))).sum()
    };
    let total = cost(|line| line.quantity - line.cancelled);
    ensure(minor(order.placed_total) == cost(|line| line.quantity), || {
        "placed_total is not the lines".to_owned()
    })?;
    ensure(minor(order.total()) == total, || format!("total {:?}, lines give {total}", order.total()))?;
    let parts = order.cancellations.iter().flat_map(|cancellation| &cancellation.lines);
    let cancelled: i128 = parts.map(|part| minor(part.amount)).sum();
    ensure(cancelled + total == minor(order.placed_total), || {
        "the parts do not add up to the whole".to_owned()
    })?;
    let captured: Vec<_> = order.payments.iter().filter(|p| p.status == PaymentStatus::Succeeded).collect();
    ensure(captured.len() <= 1, || "charged twice".to_owned())?;
    let paid: i128 = captured.iter().map(|payment| minor(payment.amount)).sum();
    let refunds = |wanted: fn(RefundStatus) -> bool| -> i128 {
        order.refunds.iter().filter(|refund| wanted(refund.status)).map(|refund| minor(refund.amount)).sum()
    };
    let (asked, failed) = (refunds(|_| true), refunds(|status| status == RefundStatus::Failed));
    let settled_up = if captured.is_empty() { asked == 0 } else { paid == total + asked };
    ensure(settled_up, || format!("captured {paid}, total {total}, refunds {asked}"))?;
    let due = total - paid + asked - failed;
    ensure(minor(order.balance_due()) == due, || {
        format!("balance {:?}, computed {due}", order.balance_due())
    })?;
    ensure(asked - failed <= paid, || "more refunded than captured".to_owned())?;
    let positive = order.refunds.iter().all(|refund| refund.amount > Money::ZERO);
    ensure(positive, || "a refund of nothing".to_owned())?;
    let newly_paid = order.paid_at.is_some() && before.is_none_or(|before| before.paid_at.is_none());
    let why = !captured.is_empty() || total == 0;
    ensure(!newly_paid || why, || "PAID without money, and not for nothing".to_owned())
}
