//! `/v1/orders`.

mod cancel;
mod confirm;
mod create;
mod list;
mod list_events;
