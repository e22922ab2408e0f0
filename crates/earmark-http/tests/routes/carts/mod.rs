//! `/v1/carts`.

mod create;
mod delete;
mod lines;
