//! The comparison on the sample of real sales: equal states are equal, and one altered number is
//! found.

use super::*;
use crate::replay::state::compare;

fn sample() -> (Vec<rows::Row>, plan::Plan, ShopState) {
    let rows = rows::read(&workspace::root().join("xtask/data/online-retail-sample.csv")).unwrap();
    let plan = plan::plan(&rows).unwrap();
    let received = plan.items.iter().map(|(sku, item)| (sku.clone(), item.received)).collect();
    let state = state::expected(&rows, &plan.fates, &received);
    (rows, plan, state)
}

#[test]
fn each_row_of_the_sample_is_counted_once() {
    let (rows, plan, _) = sample();
    assert!(rows.len() > 1_000);
    assert_eq!(plan.report.rows(), rows.len() as u64);
}

#[test]
fn state_added_up_by_row_agrees_with_the_planned_orders() {
    let (_, plan, state) = sample();
    let planned = plan.orders.iter().filter(|order| order.is_placed());
    let planned = planned.map(|order| (order.reference.clone(), order.total())).collect::<Vec<_>>();
    assert_eq!(planned.len(), state.orders.len());
    for (reference, total) in planned {
        assert_eq!(state.orders[&reference].placed_total, total, "{reference}");
    }
    assert!(state.items.values().all(|item| item.on_hand >= 0));
    assert!(state.revenue > 0);
}

#[test]
fn one_altered_number_is_found() {
    let (_, _, expected) = sample();
    check_equal(&expected, &expected.clone()).unwrap();
    let reference = expected.orders.keys().next().unwrap().clone();
    let alterations: [&dyn Fn(&mut ShopState); 6] = [
        &|state| state.revenue += 1,
        &|state| state.items.values_mut().next().unwrap().on_hand += 1,
        &|state| state.items.values_mut().next().unwrap().reserved += 1,
        &|state| state.orders.get_mut(&reference).unwrap().total -= 1,
        &|state| state.orders.get_mut(&reference).unwrap().lines.values_mut().next().unwrap().shipped -= 1,
        &|state| drop(state.orders.remove(&reference)),
    ];
    for alter in alterations {
        let mut found = expected.clone();
        alter(&mut found);
        assert_eq!(compare(&expected, &found).len(), 1);
        assert!(check_equal(&expected, &found).is_err());
        assert_eq!(compare(&found, &expected).len(), 1);
    }
}
