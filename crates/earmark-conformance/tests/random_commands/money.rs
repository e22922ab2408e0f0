//! Is money exact to the minor unit, whatever the order of partial cancellations, payments and
//! refunds?
//!
//! All sums are computed here again, in wide integers, from prices and counters alone.

use earmark_core::Money;
use earmark_core::orders::Order;
use earmark_core::payments::PaymentStatus;
use earmark_core::refunds::RefundStatus;

use crate::ledger::{Checked, ensure};

fn minor(money: Money) -> i128 {
    i128::from(money.minor())
}

/// Sums of an order in minor units. `refunds` counts all refunds, `failed` those of them that
/// failed.
struct Moved {
    paid: i128,
    refunds: i128,
    failed: i128,
    cancelled: i128,
}

impl Moved {
    fn of(order: &Order) -> Self {
        let payments = order.payments.iter().filter(|payment| payment.status == PaymentStatus::Succeeded);
        let failed = order.refunds.iter().filter(|refund| refund.status == RefundStatus::Failed);
        let parts = order.cancellations.iter().flat_map(|cancellation| &cancellation.lines);
        Self {
            paid: payments.map(|payment| minor(payment.amount)).sum(),
            refunds: order.refunds.iter().map(|refund| minor(refund.amount)).sum(),
            failed: failed.map(|refund| minor(refund.amount)).sum(),
            cancelled: parts.map(|part| minor(part.amount)).sum(),
        }
    }

    fn refundable(&self) -> i128 {
        self.paid - self.refunds + self.failed
    }
}

/// What a decision must refund. `created` is the amount if the command is to create a refund.
fn new_refunds(was: &Moved, is: &Moved, total: i128, created: Option<Money>) -> i128 {
    if let Some(amount) = created {
        minor(amount)
    } else if was.paid == 0 && is.paid > 0 {
        (is.paid - total).max(0)
    } else {
        (is.cancelled - was.cancelled).min(was.refundable())
    }
}

/// Checks the sums of an order. `created` is the amount if the command is to create a refund.
pub(crate) fn check(before: Option<&Order>, order: &Order, created: Option<Money>) -> Checked {
    let cost = |units: fn(&earmark_core::orders::OrderLine) -> u32| -> i128 {
        order.lines.iter().map(|line| minor(line.unit_price) * i128::from(units(line))).sum()
    };
    let total = cost(|line| line.quantity - line.cancelled);
    ensure(minor(order.placed_total) == cost(|line| line.quantity), || {
        "placed_total is not the lines".to_owned()
    })?;
    ensure(minor(order.total()) == total, || format!("total {:?}, lines give {total}", order.total()))?;
    let is = Moved::of(order);
    ensure(is.cancelled + total == minor(order.placed_total), || {
        "the parts do not add up to the whole".to_owned()
    })?;
    let captured: Vec<_> = order.payments.iter().filter(|p| p.status == PaymentStatus::Succeeded).collect();
    ensure(captured.len() <= 1, || "charged twice".to_owned())?;
    let was = before.map_or(Moved { paid: 0, refunds: 0, failed: 0, cancelled: 0 }, Moved::of);
    let refunds = was.refunds + new_refunds(&was, &is, total, created);
    ensure(is.refunds == refunds, || {
        format!("captured {}, total {total}, refunds {}, not {refunds}", is.paid, is.refunds)
    })?;
    let due = total - is.paid + is.refunds - is.failed;
    ensure(minor(order.balance_due()) == due, || {
        format!("balance {:?}, computed {due}", order.balance_due())
    })?;
    ensure(is.refunds - is.failed <= is.paid, || "more refunded than captured".to_owned())?;
    let positive = order.refunds.iter().all(|refund| refund.amount > Money::ZERO);
    ensure(positive, || "a refund of zero".to_owned())?;
    let newly_paid = order.paid_at.is_some() && before.is_none_or(|before| before.paid_at.is_none());
    let may_be_paid = !captured.is_empty() || total == 0;
    ensure(!newly_paid || may_be_paid, || "PAID without a payment, and not free".to_owned())
}
