//! What do clients send and see? The resources of the contract.
//!
//! The types that end in `Body` borrow from the core's types and are serialized; those that end in
//! `Input` are deserialized and checked. Their docs are a part of the contract, since
//! `openapi.json` serves them. A text that is too short or too wide for a doc is in `#[doc = …]`.

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
