//! How much is an order, how much of it was paid, and how much is due?
//!
//! Each amount is summed up once, as a sum that can fail. Orders that a decision made cannot fail,
//! so their totals are plain amounts; `invariants.rs` uses the sums to refuse stored orders that
//! no decision made.

use super::{Order, OrderLine};
use crate::payments::PaymentStatus;
use crate::pricing;
use crate::refunds::RefundStatus;
use crate::{Money, Overflow};

impl OrderLine {
    /// The price of all its units, cancelled or not.
    pub fn placed_total(&self) -> Money {
        self.price().expect("checked at placement")
    }

    /// The price of its units that are not cancelled.
    pub fn total(&self) -> Money {
        self.part(self.cancelled, self.quantity)
    }

    /// The price of its units `from..to`, counted from zero.
    pub(super) fn part(&self, from: u32, to: u32) -> Money {
        pricing::part(self.placed_total(), self.quantity, from..to)
    }

    pub(super) fn price(&self) -> Result<Money, Overflow> {
        pricing::line_total(self.unit_price, self.quantity)
    }
}

impl Order {
    /// The price of its units that are not cancelled.
    pub fn total(&self) -> Money {
        sum(self.lines.iter().map(OrderLine::total))
    }

    /// The money that gateways took for it.
    pub fn paid_total(&self) -> Money {
        self.paid_sum().expect(BOUNDED)
    }

    /// The money that went back or is on its way back.
    pub fn refunded_total(&self) -> Money {
        self.refunded_sum().expect(BOUNDED)
    }

    /// The money taken that has neither gone back nor is on its way back.
    pub fn refundable(&self) -> Money {
        self.paid_total().minus(self.refunded_total()).expect("refunds are at most what was paid")
    }

    /// The money that is still to be paid; negative where it is owed to the customer.
    pub fn balance_due(&self) -> Money {
        self.total().minus(self.refundable()).expect("both are within the range of money")
    }

    pub(super) fn paid_sum(&self) -> Result<Money, Overflow> {
        let taken = self.payments.iter().filter(|payment| payment.status == PaymentStatus::Succeeded);
        Money::sum(taken.map(|payment| payment.amount))
    }

    pub(super) fn refunded_sum(&self) -> Result<Money, Overflow> {
        // A refund that failed gave nothing back.
        let returned = self.refunds.iter().filter(|refund| refund.status != RefundStatus::Failed);
        Money::sum(returned.map(|refund| refund.amount))
    }
}

const BOUNDED: &str = "an order's sums are bounded by its placed total";

/// Adds up amounts of one order, which its placement has bounded.
pub(super) fn sum(amounts: impl IntoIterator<Item = Money>) -> Money {
    Money::sum(amounts).expect(BOUNDED)
}
