//! `/v1/items/{sku}/adjustments`: corrections of a count.

pub(crate) mod create;
