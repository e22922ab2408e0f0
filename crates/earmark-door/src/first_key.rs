//! How does the first admin get in? A database without any API key gets one at the start.
//!
//! Nodes that start at once on an empty database agree on one key: they submit `CreateKey` under
//! the same idempotency key, and only one command happens.

use std::time::Duration;

use earmark_core::idempotency::IdempotencyKey;
use earmark_core::keys::KeyRole;
use earmark_core::keys::create::CreateKey;
use earmark_core::text::Name;
use earmark_core::{Action, Caller, Command, Outcome, Rejection};
use earmark_store::{Store, StoreError, SubmitError};

use crate::secrets::FreshKey;

/// Between two tries while the database is away.
const PAUSE: Duration = Duration::from_secs(1);

#[derive(Debug, thiserror::Error)]
enum FirstKeyError {
    #[error(transparent)]
    Read(#[from] StoreError),
    #[error(transparent)]
    Submit(#[from] SubmitError),
    #[error("rejected: {0:?}")]
    Rejected(Rejection),
}

/// Creates an admin key if the database has no key at all; `None` if it has one. Waits until the
/// database answers, however long that is. The key's token can be shown now and never again.
pub async fn create(store: &Store) -> Option<FreshKey> {
    let fresh = FreshKey::draw();
    let fresh = fresh.inspect_err(|error| tracing::error!(%error, "no API key could be drawn")).ok()?;
    loop {
        match is_first(store, &fresh).await {
            Ok(is_first) => return is_first.then_some(fresh),
            Err(error) => {
                tracing::debug!(%error, "it is not known whether there is an API key");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

/// Whether this key is the first one, by this try or by an earlier one whose answer was lost.
async fn is_first(store: &Store, fresh: &FreshKey) -> Result<bool, FirstKeyError> {
    let keys = store.queries().list_api_keys(None, 2).await?.rows;
    if !keys.is_empty() {
        return Ok(keys.iter().any(|key| key.id == fresh.id));
    }
    let name = Some(Name::parse("first").expect("a short word is a name"));
    let create = CreateKey { id: fresh.id, name, role: KeyRole::Admin, secret_hash: fresh.secret_hash };
    let idempotency = Some(IdempotencyKey { digest: *b"the first apikey", fingerprint: [0; 16] });
    let command = Command { idempotency, ..Command::new(Caller::OPERATOR, Action::CreateKey(create)) };
    let answer = store.submit(command).await?.map_err(FirstKeyError::Rejected)?;
    // A replay answers with the key of the node that came first.
    Ok(matches!(answer.outcome, Outcome::Key(key) if key.id == fresh.id))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use earmark_store::StoreOptions;
    use earmark_store::memory::MemoryStore;

    use super::*;

    #[tokio::test]
    async fn only_a_database_without_a_key_gets_one() {
        let memory = MemoryStore::new();
        let options = StoreOptions::default();
        let (store, _ended) = Store::start(Box::new(memory.clone()), Arc::new(memory), options);
        let first = create(&store).await.unwrap();
        let keys = store.queries().list_api_keys(None, 2).await.unwrap().rows;
        assert_eq!((keys.len(), keys[0].id, keys[0].role), (1, first.id, KeyRole::Admin));
        assert!(create(&store).await.is_none());
    }

    #[tokio::test]
    async fn nodes_that_start_at_once_agree_on_one_key() {
        let memory = MemoryStore::new();
        let options = StoreOptions::default();
        let (store, _ended) = Store::start(Box::new(memory.clone()), Arc::new(memory), options);
        let (one, other) = tokio::join!(create(&store), create(&store));
        assert_eq!(usize::from(one.is_some()) + usize::from(other.is_some()), 1);
    }
}
