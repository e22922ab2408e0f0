//! `/v1/orders/{id}/payments`.

mod create;
mod list;
