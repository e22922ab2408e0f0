//! Are events listed, by type and by order, as a plain filter over all of them would?

use earmark_core::event::{Event, Fact};
use earmark_core::ids::OrderId;
use earmark_store::RecordedEvent;

use super::pages::{LIMITS, assert_same, pages};
use crate::harness::Harness;

pub(crate) fn are_listed(harness: &mut Harness) {
    harness.simulate(23, 1_200);
    let of_types = |types: &[&str]| -> Vec<usize> {
        Fact::TYPES
            .iter()
            .enumerate()
            .filter(|(_, name)| types.contains(name))
            .map(|(place, _)| place)
            .collect()
    };
    let mut filters: Vec<Option<Vec<usize>>> =
        (0..Fact::TYPES.len()).map(|place| Some(vec![place])).collect();
    filters.push(None);
    filters.push(Some(of_types(&["order.created", "stock.adjusted", "refund.created"])));
    filters.push(Some(of_types(&["order.paid", "payment.succeeded"])));
    filters.push(Some(Vec::new()));
    for types in filters {
        let fits =
            |event: &&Event| types.as_ref().is_none_or(|types| types.contains(&event.fact.type_index()));
        let fitting = harness.model.events.iter().filter(fits);
        let wanted: Vec<_> = fitting.map(|event| harness.model.recorded(event)).collect();
        for limit in LIMITS {
            let read =
                |after: &u64| harness.read(|queries| queries.list_events(*after, types.as_deref(), limit));
            let found = pages(limit, 0, |row: &RecordedEvent| row.event.sequence, read);
            assert_same(&format!("events of {types:?}, limit {limit}"), &found, &wanted);
        }
    }
    are_listed_by_order(harness);
}

fn are_listed_by_order(harness: &Harness) {
    let ids: Vec<OrderId> = harness.model.orders.keys().copied().chain([OrderId(404)]).collect();
    for id in ids {
        let of_order = harness.model.events.iter().filter(|event| event.order_id == Some(id));
        let wanted: Vec<_> = of_order.map(|event| harness.model.recorded(event)).collect();
        for limit in LIMITS {
            let read = |after: &u64| harness.read(|queries| queries.list_order_events(id, *after, limit));
            let found = pages(limit, 0, |row: &RecordedEvent| row.event.sequence, read);
            assert_same(&format!("events of {id}, limit {limit}"), &found, &wanted);
        }
    }
}
