//! How does a worker change anything? By a command like any other, on behalf of the system.

use earmark_core::{Action, Answer, Caller, Command, Rejection};
use earmark_store::{Store, SubmitError};

/// Submits a worker's command, which needs no idempotency key: its action is conditional. A
/// rejection is an ordinary answer, since another node or a client may have been first.
pub(crate) async fn submit(store: &Store, action: Action) -> Result<Result<Answer, Rejection>, SubmitError> {
    store.submit(Command::new(Caller::SYSTEM, action)).await
}
