//! `/v1/payments`: the payments of all orders.

pub(crate) mod find;
pub(crate) mod list;
pub(crate) mod resolve;
