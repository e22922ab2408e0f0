//! Which API keys are known without a read? Those that were read within the last two seconds.
//!
//! An entry is used as it is for [`FRESH`]. After that, one request reads the key again while the
//! others go on with the entry until [`STALE`]. So a key that is revoked on another node stops
//! working within [`STALE`], and one that is revoked on this node stops at once.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{PoisonError, RwLock};
use std::time::Duration;

use earmark_core::ids::KeyId;
use earmark_core::keys::{ApiKey, KeyRole};
use earmark_store::{Queries, StoreError};
use tokio::time::Instant;

const FRESH: Duration = Duration::from_secs(1);
const STALE: Duration = Duration::from_secs(2);
/// The most keys remembered. One more, and all are forgotten and read again.
const KEYS_MAX: usize = 10_000;

/// What is remembered of a key that is not revoked.
#[derive(Clone, Copy)]
pub(crate) struct KnownKey {
    pub(crate) role: KeyRole,
    pub(crate) secret_hash: [u8; 32],
}

struct Entry {
    key: KnownKey,
    read_at: Instant,
    /// Whether a request is reading the key again.
    refreshing: bool,
}

/// API keys that were read lately.
#[derive(Default)]
pub struct KeyCache {
    entries: RwLock<HashMap<KeyId, Entry>>,
    /// Raised by each revocation on this node.
    generation: AtomicU64,
}

impl KeyCache {
    /// The key, if it exists and is not revoked.
    pub(crate) async fn find(
        &self,
        queries: &dyn Queries,
        id: KeyId,
    ) -> Result<Option<KnownKey>, StoreError> {
        if let Some(key) = self.remembered(id) {
            return Ok(Some(key));
        }
        let generation = self.generation.load(Ordering::SeqCst);
        let found = queries.find_api_key(id).await?;
        let key = found
            .filter(|key| key.revoked_at.is_none())
            .map(|key: ApiKey| KnownKey { role: key.role, secret_hash: key.secret_hash });
        let mut entries = self.entries.write().unwrap_or_else(PoisonError::into_inner);
        match key {
            // The read may be older than a revocation that came meanwhile. It still answers this
            // request, but it must not be remembered: the key would work for two seconds more.
            Some(key) if self.generation.load(Ordering::SeqCst) == generation => {
                if entries.len() >= KEYS_MAX {
                    entries.clear();
                }
                entries.insert(id, Entry { key, read_at: Instant::now(), refreshing: false });
            }
            _ => drop(entries.remove(&id)),
        }
        Ok(key)
    }

    /// The key from memory; `None` where it is too old, or where this request is the one to read it
    /// again.
    fn remembered(&self, id: KeyId) -> Option<KnownKey> {
        {
            let entries = self.entries.read().unwrap_or_else(PoisonError::into_inner);
            let entry = entries.get(&id)?;
            let age = entry.read_at.elapsed();
            if age < FRESH || (age < STALE && entry.refreshing) {
                return Some(entry.key);
            }
            if age >= STALE {
                return None;
            }
        }
        // Of those that saw an aging entry under the read lock, the first here reads it again.
        let mut entries = self.entries.write().unwrap_or_else(PoisonError::into_inner);
        let entry = entries.get_mut(&id)?;
        if entry.refreshing && entry.read_at.elapsed() < STALE {
            return Some(entry.key);
        }
        entry.refreshing = true;
        None
    }

    /// Forgets a key that was revoked on this node.
    pub fn forget(&self, id: KeyId) {
        self.generation.fetch_add(1, Ordering::SeqCst);
        self.entries.write().unwrap_or_else(PoisonError::into_inner).remove(&id);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use earmark_core::keys::{create::CreateKey, revoke::RevokeKey};
    use earmark_core::{Action, Caller, Command};
    use earmark_store::memory::MemoryStore;
    use earmark_store::{Store, StoreOptions};

    use super::*;
    use crate::{Door, DoorConfig};

    const ID: KeyId = KeyId(7);

    fn door() -> Arc<Door> {
        let memory = MemoryStore::new();
        let options = StoreOptions::default();
        let (store, _ended) = Store::start(Box::new(memory.clone()), Arc::new(memory), options);
        Door::new(store, DoorConfig::default())
    }

    fn create() -> Action {
        Action::CreateKey(CreateKey { id: ID, name: None, role: KeyRole::Service, secret_hash: [1; 32] })
    }

    /// Changes a key as another node would: past the memory of this one.
    async fn elsewhere(door: &Door, action: Action) {
        let command = Command::new(Caller::SYSTEM, action);
        // The writer is a thread. A paused clock would jump to the end of the wait for it.
        tokio::time::resume();
        door.store.submit(command).await.unwrap().unwrap();
        tokio::time::pause();
    }

    async fn is_known(door: &Door) -> bool {
        door.keys.find(door.store.queries(), ID).await.unwrap().is_some()
    }

    #[tokio::test(start_paused = true)]
    async fn a_key_revoked_on_another_node_stops_working_within_two_seconds() {
        let door = door();
        assert!(!is_known(&door).await);
        elsewhere(&door, create()).await;
        assert!(is_known(&door).await, "that a key was unknown is not remembered");
        elsewhere(&door, Action::RevokeKey(RevokeKey { id: ID })).await;
        assert!(is_known(&door).await, "memory answers");
        tokio::time::advance(STALE).await;
        assert!(!is_known(&door).await);
    }

    #[tokio::test(start_paused = true)]
    async fn one_request_reads_an_aging_key_again_while_others_go_on_with_it() {
        let door = door();
        elsewhere(&door, create()).await;
        assert!(is_known(&door).await);
        tokio::time::advance(FRESH).await;
        assert!(door.keys.remembered(ID).is_none(), "this one reads it again");
        assert!(door.keys.remembered(ID).is_some(), "this one goes on");
        assert!(is_known(&door).await);
        door.keys.forget(ID);
        assert!(door.keys.remembered(ID).is_none());
    }
}
