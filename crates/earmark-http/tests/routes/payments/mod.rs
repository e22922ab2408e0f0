//! `/v1/orders/{id}/payments` and `/v1/payments`.

mod create;
mod read;
