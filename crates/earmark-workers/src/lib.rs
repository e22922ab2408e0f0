//! What happens without a request? Workers read what is due, act, and submit ordinary commands.
//!
//! A worker takes no input, runs on a timer and on a signal, and may run on every node at once:
//! only a conditional change of state decides which of them was first. Outgoing calls are made here
//! and nowhere else, and never inside a transaction. No rule is written here.

mod backoff;
mod carts;
mod expiry;
pub mod gateways;
mod keys;
mod payments;
mod refunds;
mod runner;
mod share;

pub use carts::CartCleanup;
pub use expiry::Expiry;
pub use gateways::{Charge, ChargeAnswer, Guard, PaymentGateway, RefundAnswer, RefundCall};
pub use keys::KeyCleanup;
pub use payments::Payments;
pub use refunds::Refunds;
pub use runner::{Worker, WorkerError, run};
pub use share::Share;
