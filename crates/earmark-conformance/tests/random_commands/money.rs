//! Money is exact to the minor unit, whatever the order of partial cancellations, payments and refunds.

use earmark_core::Money;
use earmark_core::orders::Order;
use earmark_core::payments::PaymentStatus;
use earmark_core::refunds::RefundStatus;

use crate::ledger::{Checked, ensure};

fn minor(money: Money) -> i128 {
    i128::from(money.minor())
}

/// What an order has paid, has had asked back, and has had asked back in vain.
struct Moved {
    paid: i128,
    asked: i128,
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
            asked: order.refunds.iter().map(|refund| minor(refund.amount)).sum(),
            failed: failed.map(|refund| minor(refund.amount)).sum(),
            cancelled: parts.map(|part| minor(part.amount)).sum(),
        }
    }

    fn refundable(&self) -> i128 {
        self.paid - self.asked + self.failed
    }
}

/// What a step must have asked back, given what was before it.
fn must_ask(was: &Moved, is: &Moved, total: i128, at_will: Option<Money>) -> i128 {
    if let Some(amount) = at_will {
        minor(amount)
    } else if was.paid == 0 && is.paid > 0 {
        (is.paid - total).max(0)
    } else {
        (is.cancelled - was.cancelled).min(was.refundable())
    }
}

/// Computed here from prices and counters alone, in wide integers. `at_will`: what the step gives back because somebody wants it.
pub(crate) fn check(before: Option<&Order>, order: &Order, at_will: Option<Money>) -> Checked {
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
    let was = before.map_or(Moved { paid: 0, asked: 0, failed: 0, cancelled: 0 }, Moved::of);
    let asked = was.asked + must_ask(&was, &is, total, at_will);
    ensure(is.asked == asked, || {
        format!("captured {}, total {total}, refunds {}, not {asked}", is.paid, is.asked)
    })?;
    let due = total - is.paid + is.asked - is.failed;
    ensure(minor(order.balance_due()) == due, || {
        format!("balance {:?}, computed {due}", order.balance_due())
    })?;
    ensure(is.asked - is.failed <= is.paid, || "more refunded than captured".to_owned())?;
    let positive = order.refunds.iter().all(|refund| refund.amount > Money::ZERO);
    ensure(positive, || "a refund of nothing".to_owned())?;
    let newly_paid = order.paid_at.is_some() && before.is_none_or(|before| before.paid_at.is_none());
    let why = !captured.is_empty() || total == 0;
    ensure(!newly_paid || why, || "PAID without money, and not for nothing".to_owned())
}
