//! Do the rules of the contract hold, sentence by sentence?
//!
//! One file per feature, each a table of cases through one [`given::check`].

mod cancel;
mod carts;
mod confirm;
mod expire;
mod given;
mod idempotency;
mod items;
mod keys;
mod payments;
mod place;
mod refunds;
mod shipments;
mod versions;
