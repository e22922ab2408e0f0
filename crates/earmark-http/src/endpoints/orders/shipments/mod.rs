//! `/v1/orders/{id}/shipments`: the shipments of one order.

pub(crate) mod create;
pub(crate) mod deliver;
