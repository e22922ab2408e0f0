//! `/v1/items`.

mod adjust;
mod find;
mod list;
mod list_movements;
mod put;
