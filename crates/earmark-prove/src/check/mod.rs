//! Is what the server acknowledged still true? Expectations are built from acknowledged answers
//! alone, and compared with what the server shows later.
//!
//! Invariant: no request is sent from here, so that a test can show that each kind of breach is
//! found.

mod breach;
mod findings;
mod orders;
mod replays;
mod stock;

pub(crate) use breach::{Breach, BreachKind};
pub(crate) use findings::Findings;
pub(crate) use orders::{ExpectedOrder, PaymentStatus};
pub(crate) use replays::{Comparison, ReplayCheck};
pub(crate) use stock::ExpectedStock;
