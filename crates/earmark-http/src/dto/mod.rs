//! What do clients see? The resources of the contract, rendered from the core's types without copying them.

pub(crate) mod address;
pub(crate) mod adjustments;
pub(crate) mod carts;
pub(crate) mod events;
pub(crate) mod items;
pub(crate) mod keys;
pub(crate) mod lists;
pub(crate) mod movements;
pub(crate) mod orders;
pub(crate) mod payments;
pub(crate) mod problems;
pub(crate) mod refunds;
pub(crate) mod schemas;
pub(crate) mod shipments;
pub(crate) mod units;
pub(crate) mod verify_report;
