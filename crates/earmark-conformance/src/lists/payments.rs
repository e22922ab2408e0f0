//! Are payments and refunds listed as a plain filter over all orders would, the newest first?

use earmark_core::Timestamp;
use earmark_core::ids::{OrderId, PaymentId, RefundId};
use earmark_core::payments::{Payment, PaymentStatus};
use earmark_core::refunds::{Refund, RefundStatus};
use earmark_store::{PaymentFilter, RefundFilter};

use super::pages::{LIMITS, assert_same, pages};
use crate::harness::Harness;

pub(crate) fn are_listed(harness: &mut Harness) {
    harness.simulate(31, 3_000);
    assert_eq!(harness.read(|queries| queries.find_order_of_payment(PaymentId(u128::MAX))), None);
    assert_eq!(harness.read(|queries| queries.find_order_of_refund(RefundId(u128::MAX))), None);
    for order in harness.model.orders.values() {
        for refund in &order.refunds {
            let found = harness.read(|queries| queries.find_order_of_refund(refund.id));
            assert_eq!(found.map(|order| order.id), Some(order.id), "the order of refund {}", refund.id);
        }
    }
    let mut payments: Vec<(OrderId, Payment)> = Vec::new();
    let mut refunds: Vec<(OrderId, Refund)> = Vec::new();
    for order in harness.model.orders.values() {
        payments.extend(order.payments.iter().map(|payment| (order.id, payment.clone())));
        refunds.extend(order.refunds.iter().map(|refund| (order.id, refund.clone())));
    }
    payments.sort_by_key(|(_, payment)| std::cmp::Reverse(payment.id));
    refunds.sort_by_key(|(_, refund)| std::cmp::Reverse(refund.id));
    assert!(payments.len() > 40 && refunds.len() > 10, "there is something to list");
    let middle = payments[payments.len() / 2].1.created_at;
    for created in [
        Created { after: None, before: None },
        Created { after: Some(middle), before: None },
        Created { after: None, before: Some(middle) },
        Created { after: Some(middle), before: Some(Timestamp(middle.0 + 1)) },
    ] {
        payments_are_listed(harness, &payments, created);
        refunds_are_listed(harness, &refunds, created);
    }
}

/// When the listed rows were made; both ends are left out.
#[derive(Clone, Copy)]
struct Created {
    after: Option<Timestamp>,
    before: Option<Timestamp>,
}

fn payments_are_listed(harness: &Harness, all: &[(OrderId, Payment)], created: Created) {
    use PaymentStatus::{Declined, Failed, Pending, Succeeded};
    for status in [None, Some(Pending), Some(Succeeded), Some(Declined), Some(Failed)] {
        let filter = PaymentFilter {
            status,
            created_after: created.after,
            created_before: created.before,
            before: None,
        };
        let wanted: Vec<_> =
            all.iter().filter(|(_, payment)| filter.lets_through(payment)).cloned().collect();
        for limit in LIMITS {
            let next = |(_, payment): &(OrderId, Payment)| PaymentFilter {
                before: Some(payment.id),
                ..filter.clone()
            };
            let found = pages(limit, filter.clone(), next, |filter| {
                harness.read(|queries| queries.list_payments(filter, limit))
            });
            assert_same(&format!("payments, {filter:?}, pages of {limit}"), &found, &wanted);
        }
    }
}

fn refunds_are_listed(harness: &Harness, all: &[(OrderId, Refund)], created: Created) {
    use RefundStatus::{Failed, Pending, Succeeded};
    for status in [None, Some(Pending), Some(Succeeded), Some(Failed)] {
        let filter = RefundFilter {
            status,
            created_after: created.after,
            created_before: created.before,
            before: None,
        };
        let wanted: Vec<_> = all.iter().filter(|(_, refund)| filter.lets_through(refund)).cloned().collect();
        for limit in LIMITS {
            let next =
                |(_, refund): &(OrderId, Refund)| RefundFilter { before: Some(refund.id), ..filter.clone() };
            let found = pages(limit, filter.clone(), next, |filter| {
                harness.read(|queries| queries.list_refunds(filter, limit))
            });
            assert_same(&format!("refunds, {filter:?}, pages of {limit}"), &found, &wanted);
        }
    }
}
