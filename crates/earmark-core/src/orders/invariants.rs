//! What holds for every order, whatever was done to it?
//!
//! `cancelled + shipped ≤ quantity`, `delivered ≤ shipped`, the records add up to the counters, the
//! parts of a line add up to its price, and no order is charged twice. Every decision is checked
//! before it is saved ([`Order::assert_sound`]), every stored order by `earmark verify`
//! ([`Order::breaches`]). [`Order::check_readable`] is the part that reading a row depends on.

use std::collections::HashMap;
use std::fmt;

use super::totals::sum;
use super::{Order, OrderLine};
use crate::ids::OrderId;
use crate::payments::PaymentStatus;
use crate::text::Sku;
use crate::{Money, Overflow};

/// A stored order whose counters or amounts no decision can have left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnreadableOrder {
    id: OrderId,
    what: &'static str,
}

impl fmt::Display for UnreadableOrder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.what, self.id)
    }
}

impl std::error::Error for UnreadableOrder {}

/// What the records of one item add up to.
#[derive(Default)]
struct Sums {
    shipped: u64,
    delivered: u64,
    cancelled: u64,
    cancelled_amount: Money,
}

impl Order {
    /// Checks every invariant that one order alone can break.
    ///
    /// # Panics
    /// If one is broken: that is a bug, and going on would make it worse.
    pub(crate) fn assert_sound(&self) {
        assert!(self.breaches().is_empty(), "order {}: {:?}", self.id, self.breaches());
    }

    /// The broken invariants that this order alone shows, in words.
    pub fn breaches(&self) -> Vec<String> {
        let mut breaches = Vec::new();
        let mut check = |holds: bool, what: &str| {
            if !holds {
                breaches.push(what.to_owned());
            }
        };
        let mut sums = self.sums();
        for line in &self.lines {
            let parts = sums.remove(&line.sku).unwrap_or_default();
            if !line.counters_fit() {
                // All other checks of this line compute with what these counters leave.
                check(false, "cancelled + shipped exceed the quantity");
                continue;
            }
            check(line.delivered <= line.shipped, "more delivered than shipped");
            check(line.returned <= line.shipped, "more returned than shipped");
            check(parts.shipped == u64::from(line.shipped), "shipped is not the sum of the shipments");
            check(parts.delivered == u64::from(line.delivered), "delivered is not the sum of the deliveries");
            check(
                parts.cancelled == u64::from(line.cancelled),
                "cancelled is not the sum of the cancellations",
            );
            let whole = sum([line.total(), parts.cancelled_amount]);
            check(whole == line.placed_total(), "the parts of a line do not add up to it");
        }
        check(sums.is_empty(), "a shipment or cancellation of an item that the order has no line of");
        check(
            sum(self.lines.iter().map(OrderLine::placed_total)) == self.placed_total,
            "lines do not add up to placed_total",
        );
        check(self.refunded_total() <= self.paid_total(), "more refunded than captured");
        let count = |status| self.payments.iter().filter(|payment| payment.status == status).count();
        check(count(PaymentStatus::Pending) <= 1, "more than one payment in progress");
        check(count(PaymentStatus::Succeeded) <= 1, "charged more than once");
        let shipped = self.lines.iter().any(|line| line.shipped > 0);
        check(!shipped || self.paid_at.is_some(), "shipped but not paid");
        check(self.paid_at.is_none() || self.confirmed_at.is_some(), "paid but not confirmed");
        breaches
    }

    /// Refuses an order, as an engine read it from rows, from which status or amounts could not be
    /// computed within the range of their types.
    pub fn check_readable(&self) -> Result<(), UnreadableOrder> {
        let unreadable = |what| Err(UnreadableOrder { id: self.id, what });
        if !self.lines.iter().all(|line| line.counters_fit() && line.price().is_ok()) {
            return unreadable("the counters of a line of order");
        }
        let cancelled = self.cancellations.iter().flat_map(|cancellation| &cancellation.lines);
        let cancelled = Money::sum(cancelled.map(|units| units.amount));
        let placed = Money::sum(self.lines.iter().map(OrderLine::placed_total));
        let fits = |part: Result<Money, Overflow>, whole: Result<Money, Overflow>| {
            part.is_ok_and(|part| whole.is_ok_and(|whole| part <= whole))
        };
        if !fits(cancelled, placed) || !fits(self.refunded_sum(), self.paid_sum()) {
            return unreadable("the amounts of an order do not fit together");
        }
        Ok(())
    }

    /// Adds the records up by item, in one pass: an order may have thousands.
    fn sums(&self) -> HashMap<&Sku, Sums> {
        let mut sums: HashMap<&Sku, Sums> = HashMap::new();
        for shipment in &self.shipments {
            for units in &shipment.lines {
                let entry = sums.entry(&units.sku).or_default();
                entry.shipped += u64::from(units.quantity);
                entry.delivered += shipment.delivered_at.map_or(0, |_| u64::from(units.quantity));
            }
        }
        for units in self.cancellations.iter().flat_map(|cancellation| &cancellation.lines) {
            let entry = sums.entry(&units.sku).or_default();
            entry.cancelled += u64::from(units.quantity);
            entry.cancelled_amount = sum([entry.cancelled_amount, units.amount]);
        }
        sums
    }
}

impl OrderLine {
    /// Whether the units that are left can be counted at all.
    fn counters_fit(&self) -> bool {
        self.quantity > 0 && u64::from(self.cancelled) + u64::from(self.shipped) <= u64::from(self.quantity)
    }
}
