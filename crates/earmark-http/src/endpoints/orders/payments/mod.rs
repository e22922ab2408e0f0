//! `/v1/orders/{id}/payments`: the payments of one order.

pub(crate) mod create;
pub(crate) mod list;
