//! `/v1/payments`.

mod list;
mod resolve;
