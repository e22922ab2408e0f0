//! One file per endpoint: its request, its handler, its description.

pub(crate) mod carts;
pub(crate) mod create_customer_token;
pub(crate) mod gateways;
pub(crate) mod items;
pub(crate) mod keys;
pub(crate) mod list_events;
pub(crate) mod orders;
pub(crate) mod payments;
pub(crate) mod refunds;
pub(crate) mod server;
pub(crate) mod shipments;
pub(crate) mod verify;
