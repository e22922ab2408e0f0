//! Do the lists of payments and refunds give exactly what a plain filter over all orders gives, newest first, whatever the page?

use earmark_core::Timestamp;
use earmark_core::ids::{OrderId, PaymentId, RefundId};
use earmark_core::payments::{Payment, PaymentStatus};
use earmark_core::refunds::{Refund, RefundStatus};

use super::book::Book;
use super::lists::{LIMITS, pages, same};
use earmark_store::{PaymentFilter, RefundFilter};

pub(super) fn lists(book: &mut Book) {
    book.simulate(31, 3_000);
    let nobody = PaymentId(u128::MAX);
    assert_eq!(book.ask(|queries| queries.find_order_of_payment(nobody)), None);
    assert_eq!(book.ask(|queries| queries.find_order_of_refund(RefundId(u128::MAX))), None);
    for order in book.model.orders.values() {
        for refund in &order.refunds {
            let found = book.ask(|queries| queries.find_order_of_refund(refund.id));
            assert_eq!(found.map(|order| order.id), Some(order.id), "the order of refund {}", refund.id);
        }
    }
    let mut payments: Vec<(OrderId, Payment)> = Vec::new();
    let mut refunds: Vec<(OrderId, Refund)> = Vec::new();
    for order in book.model.orders.values() {
        payments.extend(order.payments.iter().map(|payment| (order.id, payment.clone())));
        refunds.extend(order.refunds.iter().map(|refund| (order.id, refund.clone())));
    }
    payments.sort_by_key(|(_, payment)| std::cmp::Reverse(payment.id));
    refunds.sort_by_key(|(_, refund)| std::cmp::Reverse(refund.id));
    assert!(payments.len() > 40 && refunds.len() > 10, "there is something to list");
    let middle = payments[payments.len() / 2].1.created_at;
    for (created_after, created_before) in [
        (None, None),
        (Some(middle), None),
        (None, Some(middle)),
        (Some(middle), Some(Timestamp(middle.0 + 1))),
    ] {
        list_payments(book, &payments, (created_after, created_before));
        list_refunds(book, &refunds, (created_after, created_before));
    }
}

type Between = (Option<Timestamp>, Option<Timestamp>);

fn list_payments(book: &Book, all: &[(OrderId, Payment)], (created_after, created_before): Between) {
    use PaymentStatus::{Declined, Failed, Pending, Succeeded};
    for status in [None, Some(Pending), Some(Succeeded), Some(Declined), Some(Failed)] {
        let filter = PaymentFilter { status, created_after, created_before, before: None };
        let wanted: Vec<_> =
            all.iter().filter(|(_, payment)| filter.lets_through(payment)).cloned().collect();
        for limit in LIMITS {
            let next = |(_, payment): &(OrderId, Payment)| PaymentFilter {
                before: Some(payment.id),
                ..filter.clone()
            };
            let found = pages(limit, filter.clone(), next, |filter| {
                book.ask(|queries| queries.list_payments(filter, limit))
            });
            same(&format!("payments, {filter:?}, pages of {limit}"), &found, &wanted);
        }
    }
}

fn list_refunds(book: &Book, all: &[(OrderId, Refund)], (created_after, created_before): Between) {
    use RefundStatus::{Failed, Pending, Succeeded};
    for status in [None, Some(Pending), Some(Succeeded), Some(Failed)] {
        let filter = RefundFilter { status, created_after, created_before, before: None };
        let wanted: Vec<_> = all.iter().filter(|(_, refund)| filter.lets_through(refund)).cloned().collect();
        for limit in LIMITS {
            let next =
                |(_, refund): &(OrderId, Refund)| RefundFilter { before: Some(refund.id), ..filter.clone() };
            let found = pages(limit, filter.clone(), next, |filter| {
                book.ask(|queries| queries.list_refunds(filter, limit))
            });
            same(&format!("refunds, {filter:?}, pages of {limit}"), &found, &wanted);
        }
    }
}
