//! `/v1/orders/{id}/refunds`: the refunds of one order.

pub(crate) mod create;
