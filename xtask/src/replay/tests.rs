//! The comparison on the sample of real sales: equal books are equal, and one altered number is found.

use super::*;
use crate::replay::books::compare;

fn sample() -> (Vec<rows::Row>, plan::Plan, Books) {
    let rows = rows::read(&workspace::root().join("xtask/data/online-retail-sample.csv")).unwrap();
    let plan = plan::plan(&rows).unwrap();
    let received = plan.items.iter().map(|(sku, item)| (sku.clone(), item.received)).collect();
    let books = books::expected(&rows, &plan.fates, &received);
    (rows, plan, books)
}

#[test]
fn each_row_of_the_sample_is_counted_once() {
    let (rows, plan, _) = sample();
    assert!(rows.len() > 1_000);
    assert_eq!(plan.report.rows(), rows.len() as u64);
}

#[test]
fn books_added_up_by_row_agree_with_the_planned_orders() {
    let (_, plan, books) = sample();
    let planned = plan.orders.iter().filter(|order| order.is_placed());
    let planned = planned.map(|order| (order.reference.clone(), order.total())).collect::<Vec<_>>();
    assert_eq!(planned.len(), books.orders.len());
    for (reference, total) in planned {
        assert_eq!(books.orders[&reference].placed_total, total, "{reference}");
    }
    assert!(books.items.values().all(|item| item.on_hand >= 0));
    assert!(books.revenue > 0);
}

#[test]
fn one_altered_number_is_found() {
    let (_, _, expected) = sample();
    hold_equal(&expected, &expected.clone()).unwrap();
    let reference = expected.orders.keys().next().unwrap().clone();
    let alterations: [&dyn Fn(&mut Books); 6] = [
        &|books| books.revenue += 1,
        &|books| books.items.values_mut().next().unwrap().on_hand += 1,
        &|books| books.items.values_mut().next().unwrap().reserved += 1,
        &|books| books.orders.get_mut(&reference).unwrap().total -= 1,
        &|books| books.orders.get_mut(&reference).unwrap().lines.values_mut().next().unwrap().shipped -= 1,
        &|books| drop(books.orders.remove(&reference)),
    ];
    for alter in alterations {
        let mut found = expected.clone();
        alter(&mut found);
        assert_eq!(compare(&expected, &found).len(), 1);
        assert!(hold_equal(&expected, &found).is_err());
        assert_eq!(compare(&found, &expected).len(), 1);
    }
}
