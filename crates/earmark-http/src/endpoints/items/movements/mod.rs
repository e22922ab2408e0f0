//! `/v1/items/{sku}/movements`: every change of an item's counters.

pub(crate) mod list;
