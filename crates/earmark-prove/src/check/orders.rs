//! What must an order look like? Its lines and their counters, and whatever follows from them by
//! the contract: status, totals, balance.
//!
//! Invariant: changed only by what was acknowledged. What the server does by itself afterwards (a
//! pending payment that ends) is allowed for, nothing else is.

use std::collections::BTreeMap;

use earmark_load::catalogue;
use serde_json::Value;

use super::breach::{Breach, BreachKind};

/// The counters of a line.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct ExpectedLine {
    /// Units as they were placed.
    pub(crate) quantity: u32,
    pub(crate) cancelled: u32,
    pub(crate) shipped: u32,
    pub(crate) delivered: u32,
}

/// What is known of a payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ExpectedPayment {
    pub(crate) id: String,
    /// The last one that was acknowledged.
    pub(crate) status: PaymentStatus,
    /// What it was to take.
    pub(crate) amount: u64,
}

/// The states of a payment that matter here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PaymentStatus {
    /// Anything may become of it.
    Pending,
    /// The money was taken.
    Succeeded,
    /// The money was not taken.
    Declined,
}

impl PaymentStatus {
    /// Reads `status` of a payment.
    #[must_use]
    pub(crate) fn of(payment: &Value) -> Option<PaymentStatus> {
        match payment["status"].as_str()? {
            "PENDING" => Some(PaymentStatus::Pending),
            "SUCCEEDED" => Some(PaymentStatus::Succeeded),
            "DECLINED" => Some(PaymentStatus::Declined),
            _ => None,
        }
    }
}

/// An order as acknowledged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ExpectedOrder {
    pub(crate) id: String,
    /// The merchant's own name for it.
    pub(crate) reference: String,
    /// The highest version that was acknowledged.
    pub(crate) version: u64,
    /// By index of the SKU.
    pub(crate) lines: BTreeMap<u32, ExpectedLine>,
    pub(crate) confirmed: bool,
    pub(crate) paid: bool,
    /// In the order in which they were made.
    pub(crate) payments: Vec<ExpectedPayment>,
}

impl ExpectedOrder {
    #[must_use]
    pub(crate) fn placed(id: &str, reference: &str, lines: &[(u32, u32)]) -> ExpectedOrder {
        let line =
            |&(sku, quantity): &(u32, u32)| (sku, ExpectedLine { quantity, ..ExpectedLine::default() });
        ExpectedOrder {
            id: id.to_owned(),
            reference: reference.to_owned(),
            version: 1,
            lines: lines.iter().map(line).collect(),
            confirmed: false,
            paid: false,
            payments: Vec::new(),
        }
    }

    /// Takes units off; all that can be cancelled if `lines` is empty.
    pub(crate) fn cancel(&mut self, lines: &[(u32, u32)]) {
        for (sku, line) in &mut self.lines {
            let units = match lines {
                [] => line.quantity - line.shipped - line.cancelled,
                _ => units_of(lines, *sku),
            };
            line.cancelled += units;
        }
    }

    /// Counts these units as shipped.
    pub(crate) fn ship(&mut self, lines: &[(u32, u32)]) {
        for (sku, line) in &mut self.lines {
            line.shipped += units_of(lines, *sku);
        }
    }

    /// Counts these units as delivered.
    pub(crate) fn deliver(&mut self, lines: &[(u32, u32)]) {
        for (sku, line) in &mut self.lines {
            line.delivered += units_of(lines, *sku);
        }
    }

    /// Adds a payment, or brings the one of this id up to date.
    pub(crate) fn set_payment(&mut self, id: &str, status: PaymentStatus) {
        let amount = self.total();
        match self.payments.iter_mut().find(|payment| payment.id == id) {
            Some(payment) => payment.status = status,
            None => self.payments.push(ExpectedPayment { id: id.to_owned(), status, amount }),
        }
        self.paid |= status == PaymentStatus::Succeeded;
    }

    /// The payment whose end is not known.
    #[must_use]
    pub(crate) fn pending_payment(&self) -> Option<&ExpectedPayment> {
        self.payments.iter().find(|payment| payment.status == PaymentStatus::Pending)
    }

    /// What is not cancelled, in minor units.
    #[must_use]
    pub(crate) fn total(&self) -> u64 {
        self.sum(|line| line.quantity - line.cancelled)
    }

    fn sum(&self, units: impl Fn(&ExpectedLine) -> u32) -> u64 {
        self.lines
            .iter()
            .map(|(&sku, line)| catalogue::unit_price(u64::from(sku)) * u64::from(units(line)))
            .sum()
    }

    /// The status that the counters make.
    #[must_use]
    pub(crate) fn status(&self) -> &'static str {
        let all = |is: fn(&ExpectedLine) -> bool| self.lines.values().all(is);
        let any_shipped = self.lines.values().any(|line| line.shipped > 0);
        if all(|line| line.cancelled == line.quantity) {
            "CANCELLED"
        } else if any_shipped && all(|line| line.delivered + line.cancelled == line.quantity) {
            "DELIVERED"
        } else if any_shipped && all(|line| line.shipped + line.cancelled == line.quantity) {
            "SHIPPED"
        } else if self.paid {
            "PAID"
        } else if self.confirmed {
            "CONFIRMED"
        } else {
            "CREATED"
        }
    }

    /// Compares with the order that the server shows.
    #[must_use]
    pub(crate) fn compare(&self, seen: &Value) -> Vec<Breach> {
        let mut breaches = Vec::new();
        let mut expect = |kind, what: &str, expected: String, seen: String| {
            if expected != seen {
                let subject = format!("order {} ({})", self.id, self.reference);
                breaches.push(Breach::new(kind, subject, format!("{what} is {seen}, must be {expected}")));
            }
        };
        let text = |field: &str| seen[field].as_str().unwrap_or("absent").to_owned();
        expect(BreachKind::Doubled, "id", self.id.clone(), text("id"));
        expect(BreachKind::LinesDiffer, "reference", self.reference.clone(), text("reference"));
        expect(
            BreachKind::LinesDiffer,
            "lines",
            format!("{:?}", self.lines),
            format!("{:?}", lines_of(seen)),
        );
        let version = seen["version"].as_u64().unwrap_or_default();
        expect(
            BreachKind::VersionWentBack,
            "version",
            self.version.max(version).to_string(),
            version.to_string(),
        );

        self.compare_payments(seen, &mut expect);
        let settled = self.settled(seen);
        expect(BreachKind::StatusDiffers, "status", settled.status().to_owned(), text("status"));
        let number =
            |field: &str| seen[field].as_u64().map_or("absent".to_owned(), |number| number.to_string());
        let placed_total = self.sum(|line| line.quantity);
        let balance_due = if settled.paid { 0 } else { self.total() };
        expect(BreachKind::TotalsDiffer, "total", self.total().to_string(), number("total"));
        expect(BreachKind::TotalsDiffer, "placed_total", placed_total.to_string(), number("placed_total"));
        expect(
            BreachKind::TotalsDiffer,
            "paid_total",
            settled.paid_total().to_string(),
            number("paid_total"),
        );
        expect(BreachKind::TotalsDiffer, "balance_due", balance_due.to_string(), number("balance_due"));
        breaches
    }

    fn compare_payments(&self, seen: &Value, expect: &mut impl FnMut(BreachKind, &str, String, String)) {
        let shown = payments_of(seen);
        let kind = if shown.len() < self.payments.len() { BreachKind::Lost } else { BreachKind::Doubled };
        expect(kind, "number of payments", self.payments.len().to_string(), shown.len().to_string());
        for payment in &self.payments {
            let found = shown.iter().find(|(id, _)| *id == payment.id).and_then(|&(_, status)| status);
            let expected =
                if payment.status == PaymentStatus::Pending { found } else { Some(payment.status) };
            let what = format!("payment {}", payment.id);
            let name =
                |status: Option<PaymentStatus>| status.map_or("absent".to_owned(), |s| format!("{s:?}"));
            expect(BreachKind::PaymentDiffers, &what, name(expected.or(Some(payment.status))), name(found));
        }
    }

    /// This order with the ends of its pending payments as the server shows them.
    #[must_use]
    pub(crate) fn settled(&self, seen: &Value) -> ExpectedOrder {
        let mut settled = self.clone();
        let shown = payments_of(seen);
        for payment in &self.payments {
            if payment.status == PaymentStatus::Pending
                && let Some((id, Some(status))) = shown.iter().find(|(id, _)| *id == payment.id)
            {
                settled.set_payment(id, *status);
            }
        }
        settled
    }

    fn paid_total(&self) -> u64 {
        let succeeded = self.payments.iter().filter(|payment| payment.status == PaymentStatus::Succeeded);
        succeeded.map(|payment| payment.amount).sum()
    }
}

fn units_of(lines: &[(u32, u32)], sku: u32) -> u32 {
    lines.iter().filter(|line| line.0 == sku).map(|line| line.1).sum()
}

/// The ids of an order's payments, with their status where it is known.
fn payments_of(order: &Value) -> Vec<(&str, Option<PaymentStatus>)> {
    let payments = order["payments"].as_array().map(Vec::as_slice).unwrap_or_default();
    payments
        .iter()
        .map(|payment| (payment["id"].as_str().unwrap_or("absent"), PaymentStatus::of(payment)))
        .collect()
}

/// The lines of an order as the server shows it; a line that is not understood has no place in any
/// expectation.
fn lines_of(order: &Value) -> BTreeMap<u32, ExpectedLine> {
    let lines = order["lines"].as_array().map(Vec::as_slice).unwrap_or_default();
    let line = |line: &Value| {
        let sku = line["sku"].as_str().and_then(|sku| sku.strip_prefix("SKU-")?.parse().ok());
        let count =
            |field: &str| line[field].as_u64().and_then(|count| count.try_into().ok()).unwrap_or(u32::MAX);
        let counters = ExpectedLine {
            quantity: count("quantity"),
            cancelled: count("cancelled"),
            shipped: count("shipped"),
            delivered: count("delivered"),
        };
        (sku.unwrap_or(u32::MAX), counters)
    };
    lines.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// A paid order of two lines, one unit cancelled after the payment, as the server must show it.
    fn paid() -> (ExpectedOrder, Value) {
        let (first, second) = (catalogue::unit_price(3), catalogue::unit_price(7));
        let mut order = ExpectedOrder::placed("ord_1", "ref-1", &[(3, 2), (7, 4)]);
        order.confirmed = true;
        order.set_payment("pay_0", PaymentStatus::Declined);
        order.set_payment("pay_1", PaymentStatus::Succeeded);
        order.cancel(&[(7, 1)]);
        order.version = 5;
        let line = |sku: &str, quantity: u32, cancelled: u32| json!({"sku": sku, "quantity": quantity, "cancelled": cancelled, "shipped": 0, "delivered": 0});
        let seen = json!({
            "id": "ord_1", "reference": "ref-1", "version": 6, "status": "PAID",
            "lines": [line("SKU-000003", 2, 0), line("SKU-000007", 4, 1)],
            "payments": [{"id": "pay_0", "status": "DECLINED"}, {"id": "pay_1", "status": "SUCCEEDED"}],
            "total": 2 * first + 3 * second, "placed_total": 2 * first + 4 * second,
            "paid_total": 2 * first + 4 * second, "balance_due": 0,
        });
        (order, seen)
    }

    fn check(change: impl FnOnce(&mut Value), expected: &[BreachKind]) {
        let (order, mut seen) = paid();
        change(&mut seen);
        let breaches = order.compare(&seen);
        let kinds: Vec<_> = breaches.iter().map(|breach| breach.kind).collect();
        assert_eq!(kinds, expected, "{breaches:?}");
    }

    #[test]
    fn order_as_acknowledged_is_right() {
        check(|_| (), &[]);
        check(|seen| seen["version"] = json!(5), &[]);
    }

    #[test]
    fn each_kind_of_breach_is_found() {
        use BreachKind::*;
        check(|seen| seen["id"] = json!("ord_2"), &[Doubled]);
        check(|seen| seen["version"] = json!(4), &[VersionWentBack]);
        check(|seen| seen["status"] = json!("CONFIRMED"), &[StatusDiffers]);
        check(|seen| seen["lines"][1]["cancelled"] = json!(0), &[LinesDiffer]);
        check(|seen| seen["lines"][1]["shipped"] = json!(1), &[LinesDiffer]);
        check(|seen| seen["lines"] = json!([seen["lines"][0]]), &[LinesDiffer]);
        check(|seen| seen["total"] = json!(1), &[TotalsDiffer]);
        check(|seen| seen["balance_due"] = json!(1), &[TotalsDiffer]);
        check(|seen| seen["payments"][1]["status"] = json!("PENDING"), &[PaymentDiffers]);
        check(|seen| seen["payments"][0]["status"] = json!("SUCCEEDED"), &[PaymentDiffers]);
        check(|seen| seen["payments"] = json!([seen["payments"][1]]), &[Lost, PaymentDiffers]);
        let third = json!({"id": "pay_2", "status": "SUCCEEDED"});
        check(|seen| seen["payments"].as_array_mut().unwrap().push(third), &[Doubled]);
    }

    #[test]
    fn pending_payment_may_end_either_way_and_only_success_pays() {
        let (_, shown) = paid();
        let mut order = ExpectedOrder::placed("ord_1", "ref-1", &[(3, 2), (7, 4)]);
        order.confirmed = true;
        order.set_payment("pay_1", PaymentStatus::Pending);
        let show = |payment: &str, status: &str, paid: u64| {
            let mut seen = shown.clone();
            seen["lines"][1]["cancelled"] = json!(0);
            seen["payments"] = json!([{"id": "pay_1", "status": payment}]);
            seen["status"] = json!(status);
            seen["total"] = seen["placed_total"].clone();
            seen["paid_total"] = json!(paid);
            seen["balance_due"] = json!(seen["total"].as_u64().unwrap() - paid);
            seen
        };
        assert_eq!(order.compare(&show("PENDING", "CONFIRMED", 0)), []);
        assert_eq!(order.compare(&show("DECLINED", "CONFIRMED", 0)), []);
        assert_eq!(order.compare(&show("SUCCEEDED", "PAID", order.total())), []);
        assert_ne!(order.compare(&show("DECLINED", "PAID", 0)), []);
        assert_ne!(order.compare(&show("SUCCEEDED", "CONFIRMED", order.total())), []);
    }

    #[test]
    fn status_follows_from_the_counters() {
        let mut order = ExpectedOrder::placed("ord_1", "ref-1", &[(0, 2), (1, 1)]);
        assert_eq!(order.status(), "CREATED");
        order.confirmed = true;
        assert_eq!(order.status(), "CONFIRMED");
        order.paid = true;
        order.ship(&[(0, 2)]);
        assert_eq!(order.status(), "PAID");
        order.cancel(&[]);
        assert_eq!(order.status(), "SHIPPED");
        order.deliver(&[(0, 2)]);
        assert_eq!(order.status(), "DELIVERED");
        let mut order = ExpectedOrder::placed("ord_1", "ref-1", &[(0, 2)]);
        order.cancel(&[]);
        assert_eq!(order.status(), "CANCELLED");
    }
}
