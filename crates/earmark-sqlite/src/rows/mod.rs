//! How is a row found and read? The writer, the queries and the verification share this, so that
//! all of them see the same thing.

pub(crate) mod carts;
pub(crate) mod events;
pub(crate) mod idempotency;
pub(crate) mod items;
pub(crate) mod keys;
pub(crate) mod orders;
