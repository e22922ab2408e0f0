//! What does each call do? One file for each endpoint, with its request, its handler and its
//! description. Folders follow the paths of the API: `orders/payments/list.rs` has
//! `GET /v1/orders/{id}/payments`.

pub(crate) mod carts;
pub(crate) mod customer_tokens;
pub(crate) mod events;
pub(crate) mod gateways;
pub(crate) mod items;
pub(crate) mod keys;
pub(crate) mod orders;
pub(crate) mod payments;
pub(crate) mod refunds;
pub(crate) mod server;
pub(crate) mod verify;
