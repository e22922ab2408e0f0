//! Do the calls under `/v1/orders/{id}/payments` do what the contract says?

mod create;
mod list;
