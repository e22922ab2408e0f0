//! Does each list give exactly what a plain filter over everything gives, in its order, whatever the page?

use std::fmt::Debug;

use earmark_core::event::Fact;
use earmark_core::ids::OrderId;
use earmark_core::items::StockedItem;
use earmark_core::orders::{Order, OrderStatus};
use earmark_core::text::{CustomerId, Reference, Sku};
use earmark_core::{BatchChanges, Change, Keys, Timestamp, WorkingSet};

use super::book::Book;
use super::rows::key_row;
use earmark_random::Random;
use earmark_store::{ItemFilter, OrderFilter, Page};

/// The pages that every list is read with: one row, two, seven, and all.
pub(super) const LIMITS: [usize; 4] = [1, 2, 7, 10_000];

/// Reads a list page by page; `next` makes the cursor out of the last row.
pub(super) fn pages<T, C>(
    limit: usize,
    first: C,
    next: impl Fn(&T) -> C,
    mut read: impl FnMut(&C) -> Page<T>,
) -> Vec<T> {
    let (mut rows, mut cursor) = (Vec::new(), first);
    loop {
        let page = read(&cursor);
        assert!(page.rows.len() <= limit, "{} rows on a page of {limit}", page.rows.len());
        assert!(!page.more || page.rows.len() == limit, "more rows follow a page that is not full");
        if let Some(last) = page.rows.last() {
            cursor = next(last);
        }
        rows.extend(page.rows);
        if !page.more {
            return rows;
        }
    }
}

/// Holds a list against what it should be, naming the first row that differs.
pub(super) fn same<T: PartialEq + Debug>(what: &str, found: &[T], wanted: &[T]) {
    if let Some(place) = found.iter().zip(wanted).position(|(found, wanted)| found != wanted) {
        panic!("{what}: row {place} is {:?}, not {:?}", found[place], wanted[place]);
    }
    assert_eq!(found.len(), wanted.len(), "{what}: as many rows");
}

fn item_filters() -> Vec<ItemFilter> {
    let searches = [
        None,
        Some(""),
        Some("a"),
        Some("SKU"),
        Some("sku-1"),
        Some("%"),
        Some("_"),
        Some("o'n"),
        Some("\"box\""),
        Some("ÄPFEL"),
        Some("äpfel"),
        Some("crème"),
        Some("CRÈME"),
        Some("\\"),
        Some("nothing has this"),
        Some("lantern, RED 1"),
    ];
    let mut filters = Vec::new();
    for search in searches {
        for in_stock in [false, true] {
            for active in [None, Some(true), Some(false)] {
                let search = search.map(str::to_owned);
                filters.push(ItemFilter { search, in_stock, active, after: None });
            }
        }
    }
    filters
}

pub(super) fn items(book: &mut Book) {
    book.simulate(21, 1_500);
    let all: Vec<StockedItem> = book.model.items.keys().map(|sku| book.model.stocked(sku)).collect();
    for filter in item_filters() {
        let holds =
            |text: &str, search: &str| text.to_ascii_lowercase().contains(&search.to_ascii_lowercase());
        let fits = |item: &&StockedItem| {
            let (name, sku) = (item.item.name.as_str(), item.item.sku.as_str());
            filter.search.as_ref().is_none_or(|search| holds(name, search) || holds(sku, search))
                && (!filter.in_stock || item.stock.on_hand > item.stock.reserved)
                && filter.active.is_none_or(|active| active == item.item.active)
        };
        let wanted: Vec<_> = all.iter().filter(fits).cloned().collect();
        for limit in LIMITS {
            let read = |after: &Option<Sku>| {
                let filter = ItemFilter { after: after.clone(), ..filter.clone() };
                book.ask(|queries| queries.list_items(&filter, limit))
            };
            let found = pages(limit, None, |item: &StockedItem| Some(item.item.sku.clone()), read);
            same(&format!("items, {filter:?}, limit {limit}"), &found, &wanted);
        }
    }
}

/// Every status, with and without each of the others, at random.
fn order_filters(book: &Book) -> Vec<OrderFilter> {
    let mut random = Random::new(5);
    let orders: Vec<_> = book.model.orders.values().cloned().collect();
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
    filters.push(OrderFilter { customer_id: CustomerId::parse("nobody").ok(), ..OrderFilter::default() });
    filters.push(OrderFilter { sku: Sku::parse("nothing").ok(), ..OrderFilter::default() });
    filters.push(OrderFilter { reference: Reference::parse("none").ok(), ..OrderFilter::default() });
    let (first, last) = (Some(Timestamp(i64::MIN)), Some(Timestamp(i64::MAX)));
    filters.push(OrderFilter { created_after: first, created_before: last, ..OrderFilter::default() });
    filters
}

fn order_fits(filter: &OrderFilter, order: &Order) -> bool {
    (filter.customer_id.is_none() || filter.customer_id == order.customer_id)
        && filter.status.is_none_or(|status| status == order.status())
        && filter.sku.as_ref().is_none_or(|sku| order.lines.iter().any(|line| line.sku == *sku))
        && (filter.reference.is_none() || filter.reference == order.reference)
        && filter.created_after.is_none_or(|after| order.created_at > after)
        && filter.created_before.is_none_or(|before| order.created_at < before)
        && filter.before.is_none_or(|before| order.id < before)
}

pub(super) fn orders(book: &mut Book) {
    book.simulate(22, 2_500);
    for (number, filter) in order_filters(book).into_iter().enumerate() {
        let fitting = book.model.orders.values().rev().filter(|order| order_fits(&filter, order));
        let wanted: Vec<Order> = fitting.map(|order| Order::clone(order)).collect();
        // Small pages of long lists read the whole many times: not for each filter.
        let limits = if number < 7 { &LIMITS[2..] } else { &LIMITS[number % 3..] };
        for limit in limits {
            let read = |before: &Option<OrderId>| {
                let filter = OrderFilter { before: *before, ..filter.clone() };
                book.ask(|queries| queries.list_orders(&filter, *limit))
            };
            let found = pages(*limit, filter.before, |order: &Order| Some(order.id), read);
            same(&format!("orders, {filter:?}, limit {limit}"), &found, &wanted);
        }
    }
}

pub(super) fn events(book: &mut Book) {
    book.simulate(23, 1_200);
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
        let fits = |event: &&earmark_core::Event| {
            types.as_ref().is_none_or(|types| types.contains(&event.fact.type_index()))
        };
        let fitting = book.model.events.iter().filter(fits);
        let wanted: Vec<_> = fitting.map(|event| book.model.recorded(event)).collect();
        for limit in LIMITS {
            let read = |after: &u64| book.ask(|queries| queries.list_events(*after, types.as_deref(), limit));
            let found = pages(limit, 0, |row: &earmark_store::RecordedEvent| row.event.sequence, read);
            same(&format!("events of {types:?}, limit {limit}"), &found, &wanted);
        }
    }
    order_events(book);
}

fn order_events(book: &Book) {
    let ids: Vec<OrderId> = book.model.orders.keys().copied().chain([OrderId(404)]).collect();
    for id in ids {
        let of_order = book.model.events.iter().filter(|event| event.order_id == Some(id));
        let wanted: Vec<_> = of_order.map(|event| book.model.recorded(event)).collect();
        for limit in LIMITS {
            let read = |after: &u64| book.ask(|queries| queries.list_order_events(id, *after, limit));
            let found = pages(limit, 0, |row: &earmark_store::RecordedEvent| row.event.sequence, read);
            same(&format!("events of {id}, limit {limit}"), &found, &wanted);
        }
    }
}

pub(super) fn api_keys(book: &mut Book) {
    let rows = [9, 3, 1 << 127, 5, 4, 200, 7, 8, 6]
        .map(|id| Change { before: None, after: Some(key_row(id).into()) });
    book.engine
        .begin(&Keys::default(), &mut WorkingSet::default(), &mut ())
        .expect("a transaction can begin");
    let changes = BatchChanges { api_keys: rows.into(), ..BatchChanges::default() };
    book.try_commit(&changes).expect("keys can be saved");
    let wanted: Vec<_> = book.model.api_keys.values().map(|key| key.as_ref().clone()).collect();
    for limit in LIMITS {
        let read = |after: &Option<_>| book.ask(|queries| queries.list_api_keys(*after, limit));
        let found = pages(limit, None, |key: &earmark_core::keys::ApiKey| Some(key.id), read);
        same(&format!("API keys, limit {limit}"), &found, &wanted);
    }
}
