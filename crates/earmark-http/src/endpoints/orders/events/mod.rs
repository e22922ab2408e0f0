//! `/v1/orders/{id}/events`: the history of one order.

pub(crate) mod list;
