//! Does the interface do what the contract says? A real server on a free port of the loopback, over the store in memory.
//!
//! Folders and files mirror the paths: `orders/cancel.rs` tests `POST /v1/orders/{id}/cancel`. Snapshots hold status and body with ids left out.
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
