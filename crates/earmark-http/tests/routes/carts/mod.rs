//! Do the calls under `/v1/carts` do what the contract says?

mod create;
mod delete;
mod lines;
