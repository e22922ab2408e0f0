//! Do the calls under `/v1/orders` do what the contract says?

mod cancel;
mod confirm;
mod create;
mod events;
mod list;
mod payments;
mod refunds;
mod shipments;
