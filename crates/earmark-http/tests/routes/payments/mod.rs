//! Do the calls under `/v1/payments` do what the contract says?

mod list;
mod resolve;
