//! What may happen to items, carts, orders, stock and money?
//!
//! One pure function, [`decide`], answers: given the rows that a [`Command`] names and the time, it gives what becomes different, or a
//! [`Rejection`]. No I/O, no clock, no randomness, no floats, no logging. Read `command.rs` for what can be asked, `orders/mod.rs` for the heart,
//! `decide.rs` for the frame that all commands share.

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
pub mod refunds;
mod rejection;
pub mod shipments;
pub mod text;
pub mod time;
pub mod verify;
pub mod working_set;

pub use caller::{Access, Actor, Caller};
pub use changes::{BatchChanges, Change, Changes, Decision};
pub use command::{Action, Command, Mode};
pub use currency::{Currency, InvalidCurrency};
pub use decide::{decide, needs};
pub use event::{Event, Fact};
pub use money::{Money, Overflow};
pub use outcome::{Answer, Outcome};
pub use rejection::{Rejection, Shortage};
pub use time::{Span, Timestamp};
pub use working_set::{Keys, WorkingSet};
