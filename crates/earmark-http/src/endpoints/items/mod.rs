//! `/v1/items`: what is sold, and how many units there are.

pub(crate) mod adjustments;
pub(crate) mod find;
pub(crate) mod list;
pub(crate) mod movements;
pub(crate) mod put;
