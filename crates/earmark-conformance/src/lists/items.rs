//! Are items listed as a plain filter over all of them would?

use earmark_core::items::StockedItem;
use earmark_core::text::Sku;
use earmark_store::ItemFilter;

use super::pages::{LIMITS, assert_same, pages};
use crate::harness::Harness;

/// Each search with every combination of the other conditions.
fn filters() -> Vec<ItemFilter> {
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

pub(crate) fn are_listed(harness: &mut Harness) {
    harness.simulate(21, 1_500);
    let all: Vec<StockedItem> = harness.model.items.keys().map(|sku| harness.model.stocked(sku)).collect();
    for filter in filters() {
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
                harness.read(|queries| queries.list_items(&filter, limit))
            };
            let found = pages(limit, None, |item: &StockedItem| Some(item.item.sku.clone()), read);
            assert_same(&format!("items, {filter:?}, limit {limit}"), &found, &wanted);
        }
    }
}
