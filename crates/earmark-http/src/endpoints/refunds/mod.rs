//! `/v1/refunds`: the refunds of all orders.

pub(crate) mod list;
