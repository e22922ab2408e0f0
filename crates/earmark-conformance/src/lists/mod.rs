//! Does each list give exactly what a plain filter over all rows gives, in its order, whatever the
//! page?

pub(crate) mod api_keys;
pub(crate) mod by_item;
pub(crate) mod due;
pub(crate) mod events;
pub(crate) mod idempotency_keys;
pub(crate) mod items;
pub(crate) mod movements;
pub(crate) mod orders;
mod pages;
pub(crate) mod payments;

pub(crate) use pages::assert_same;
