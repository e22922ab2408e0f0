//! `/v1/orders/{id}/payments` and `/v1/payments`.

mod create;
mod list_all;
mod read;
mod resolve;
