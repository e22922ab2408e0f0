//! What must every engine do, whatever database is behind it? One suite that each of them runs, and
//! random commands that each must answer alike.
//!
//! [`run`] is the suite; [`differential`] carries the same random log of commands out on several
//! stores and compares them. A new promise of `Engine` or `Queries` gets a case in `suite.rs`, so
//! that no engine can miss it. Only tests depend on this crate. Start reading at `suite.rs`, then
//! `harness.rs`.

mod changes;
mod check;
mod commands;
mod differential;
mod fixture;
mod gated_engine;
mod harness;
mod lists;
mod model;
mod rows;
pub mod simulation;
mod suite;
mod transactions;
mod verify;
mod writer;

pub use differential::differential;
pub use fixture::Fixture;
pub use lists::by_item::item_lists_agree_with_events;
pub use suite::run;
pub use transactions::idempotency_keys::guards_idempotency_keys;
