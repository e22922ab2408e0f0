//! Do the rules of the contract hold, sentence by sentence? Tables through one [`given::check`], a file per feature.

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
