//! Are orders listed as a plain filter over all of them would, the newest first?

use earmark_core::Timestamp;
use earmark_core::ids::OrderId;
use earmark_core::orders::{Order, OrderStatus};
use earmark_core::text::{CustomerId, Reference, Sku};
use earmark_random::Random;
use earmark_store::OrderFilter;

use super::pages::{LIMITS, assert_same, pages};
use crate::harness::Harness;

/// Every status alone, and random combinations of all conditions, with values that some order has.
fn filters(harness: &Harness) -> Vec<OrderFilter> {
    let mut random = Random::new(5);
    let orders: Vec<_> = harness.model.orders.values().cloned().collect();
    let mut filters = vec![OrderFilter::default()];
    for status in OrderStatus::ALL {
        filters.push(OrderFilter { status: Some(status), ..OrderFilter::default() });
    }
    for _ in 0..250 {
        let example = random.pick(&orders).expect("there are orders").clone();
        let other = random.pick(&orders).expect("there are orders").clone();
        let line = random.pick(&example.lines).expect("an order has lines");
        filters.push(OrderFilter {
            customer_id: example.customer_id.clone().filter(|_| random.percent(40)),
            status: random.percent(40).then(|| example.status()),
            sku: random.percent(40).then(|| line.sku.clone()),
            reference: example.reference.clone().filter(|_| random.percent(40)),
            created_after: random.percent(25).then_some(other.created_at),
            created_before: random.percent(25).then_some(example.created_at),
            before: random.percent(25).then_some(other.id),
        });
    }
    filters.push(OrderFilter { customer_id: CustomerId::parse("none").ok(), ..OrderFilter::default() });
    filters.push(OrderFilter { sku: Sku::parse("none").ok(), ..OrderFilter::default() });
    filters.push(OrderFilter { reference: Reference::parse("none").ok(), ..OrderFilter::default() });
    let (first, last) = (Some(Timestamp(i64::MIN)), Some(Timestamp(i64::MAX)));
    filters.push(OrderFilter { created_after: first, created_before: last, ..OrderFilter::default() });
    filters
}

fn fits(filter: &OrderFilter, order: &Order) -> bool {
    (filter.customer_id.is_none() || filter.customer_id == order.customer_id)
        && filter.status.is_none_or(|status| status == order.status())
        && filter.sku.as_ref().is_none_or(|sku| order.lines.iter().any(|line| line.sku == *sku))
        && (filter.reference.is_none() || filter.reference == order.reference)
        && filter.created_after.is_none_or(|after| order.created_at > after)
        && filter.created_before.is_none_or(|before| order.created_at < before)
        && filter.before.is_none_or(|before| order.id < before)
}

pub(crate) fn are_listed(harness: &mut Harness) {
    harness.simulate(22, 2_500);
    for (number, filter) in filters(harness).into_iter().enumerate() {
        let fitting = harness.model.orders.values().rev().filter(|order| fits(&filter, order));
        let wanted: Vec<Order> = fitting.map(|order| Order::clone(order)).collect();
        // Reading a long list in small pages takes long, so some filters skip some sizes.
        let limits = if number < 7 { &LIMITS[2..] } else { &LIMITS[number % 3..] };
        for limit in limits {
            let read = |before: &Option<OrderId>| {
                let filter = OrderFilter { before: *before, ..filter.clone() };
                harness.read(|queries| queries.list_orders(&filter, *limit))
            };
            let found = pages(*limit, filter.before, |order: &Order| Some(order.id), read);
            assert_same(&format!("orders, {filter:?}, limit {limit}"), &found, &wanted);
        }
    }
}
