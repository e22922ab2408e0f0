//! `/v1/orders`.

mod cancel;
mod confirm;
mod create;
mod events;
mod list;
mod payments;
mod refunds;
mod shipments;
