//! How is a row found and read? Shared by the writer, the read side and the audit, so that all of
//! them see the same thing.

pub(crate) mod carts;
pub(crate) mod events;
pub(crate) mod idempotency;
pub(crate) mod items;
pub(crate) mod keys;
pub(crate) mod orders;
