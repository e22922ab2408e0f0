//! What may happen to items, carts, orders, stock and money?
//!
//! One pure function answers: [`decide`] takes the rows that a [`Command`] names and the time, and
//! gives the changes, or a [`Rejection`]. There is no I/O, no clock, no randomness, no logging and
//! no floating-point number in this crate. Read `command.rs` for all that can be commanded,
//! `decide.rs` for the frame that all commands share, and `orders/mod.rs` for the order itself.

pub mod caller;
pub mod carts;
pub mod changes;
pub mod command;
pub mod currency;
mod decide;
pub mod event;
pub mod idempotency;
pub mod ids;
pub mod items;
pub mod keys;
pub mod money;
pub mod movements;
pub mod orders;
pub mod outcome;
pub mod payments;
pub mod pricing;
pub mod refunds;
mod rejection;
mod row_keys;
pub mod shipments;
pub mod table;
pub mod text;
pub mod time;
pub mod units;
pub mod verify;
pub mod working_set;

pub use caller::{Access, Actor, Caller};
pub use carts::{Cart, PricedCart};
pub use changes::{BatchChanges, Change, Changes, Decision};
pub use command::{Action, Command, Mode};
pub use currency::{Currency, InvalidCurrency};
pub use decide::{decide, needs};
pub use event::{Event, Fact};
pub use idempotency::IdempotencyRecord;
pub use items::{Item, Stock, StockedItem};
pub use keys::ApiKey;
pub use money::{Money, Overflow};
pub use movements::Movement;
pub use orders::Order;
pub use outcome::{Answer, Outcome};
pub use payments::Payment;
pub use refunds::Refund;
pub(crate) use rejection::Result;
pub use rejection::{Rejection, Shortage};
pub use row_keys::Keys;
pub use time::{Span, Timestamp};
pub use working_set::WorkingSet;
