//! How does the process itself change anything in its store? By commands on behalf of the operator.

use earmark_core::idempotency::IdempotencyKey;
use earmark_core::{Action, Caller, Command, Outcome};
use earmark_store::Store;

/// Carries out a command of the operator; with a key once, however often it is sent.
pub(crate) async fn submit(
    store: &Store,
    action: Action,
    idempotency: Option<IdempotencyKey>,
) -> anyhow::Result<Outcome> {
    let command = Command { idempotency, ..Command::new(Caller::OPERATOR, action) };
    match store.submit(command).await? {
        Ok(answer) => Ok(answer.outcome),
        Err(rejection) => anyhow::bail!("refused: {rejection:?}"),
    }
}
