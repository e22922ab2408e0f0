//! `/v1/items`.

mod adjustments;
mod find;
mod list;
mod movements;
mod put;
