//! What happens without being asked for? Workers re-read what is due, act, and submit ordinary commands.
//!
//! They take no input, run on a timer and on a signal, and may run on every node at once: only a conditional change of state decides who won.
//! Outgoing calls are made here and nowhere else, and never inside a transaction. No rule is written here.

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
pub use payments::{Accepted, Payments, Sabotage};
pub use refunds::Refunds;
pub use runner::{Worker, WorkerError, run};
pub use share::Share;

use earmark_core::{Action, Answer, Caller, Command, Rejection};
use earmark_store::{Store, SubmitError};

/// The command of a worker: everything exists for it, and it needs no key, since its action is conditional.
fn command(action: Action) -> Command {
    Command::new(Caller::SYSTEM, action)
}

/// Submits a worker's command. A refusal is an answer too: somebody else was first.
async fn submit(store: &Store, action: Action) -> Result<Result<Answer, Rejection>, SubmitError> {
    store.submit(command(action)).await
}
