//! Does the API do what the contract says? The tests run a real server on a free port, over the
//! store in memory.
//!
//! Folders and files follow the paths of the API: `orders/cancel.rs` tests
//! `POST /v1/orders/{id}/cancel`. Snapshots hold status, some headers and body, without ids.
#![expect(clippy::unwrap_used, reason = "tests")]

mod carts;
mod contract;
mod customer_tokens;
mod events;
mod gateways;
mod hostile;
mod idempotency;
mod items;
mod keys;
mod limits;
mod matrix;
mod orders;
mod payments;
mod preconditions;
mod server;
mod support;
