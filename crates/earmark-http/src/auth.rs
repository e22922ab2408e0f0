//! Who is calling? Turns `Authorization: Bearer …` into a caller: an API key, the operator's key, or a signed customer token.
//!
//! API keys are looked up in memory first. An entry is trusted for [`FRESH`], then one request reads it again while others go on with
//! it until [`STALE`]: a key revoked on another node stops working within that time, one revoked on this node at once.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{PoisonError, RwLock};
use std::time::Duration;

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use earmark_core::ids::KeyId;
use earmark_core::keys::{ApiKey, KeyRole};
use earmark_core::text::CustomerId;
use earmark_core::{Access, Actor};
use tokio::time::Instant;

use crate::problem::Problem;
use crate::state::App;
use crate::{customer_tokens, secrets};

const FRESH: Duration = Duration::from_secs(1);
const STALE: Duration = Duration::from_secs(2);
/// The most keys remembered; more are forgotten all at once, and read again.
const KEYS_MAX: usize = 10_000;

/// What a caller may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// Everything.
    Admin,
    /// Catalogue, and carts, orders and payments of any customer.
    Service,
    /// Its own carts, orders and payments.
    Customer,
}

/// Who is calling.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    /// Written into the history.
    pub(crate) actor: Actor,
    /// Whose resources exist for it.
    pub(crate) access: Access,
    /// What it may do.
    pub(crate) role: Role,
    /// What customer tokens made by it are signed with.
    pub(crate) signing_key: [u8; 32],
}

impl Caller {
    fn staff(actor: Actor, role: Role, signing_key: [u8; 32]) -> Self {
        Self { actor, access: Access::All, role, signing_key }
    }

    fn customer(id: CustomerId) -> Self {
        let (actor, access) = (Actor::Customer(id.clone()), Access::Customer(id));
        Self { actor, access, role: Role::Customer, signing_key: [0; 32] }
    }
}

/// The caller; `None` without an `Authorization` header. A token that is there must be valid.
pub(crate) async fn authenticate(app: &App, headers: &HeaderMap) -> Result<Option<Caller>, Problem> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let Some(value) = values.next() else { return Ok(None) };
    let text = value.to_str().ok().filter(|_| values.next().is_none());
    let token =
        text.and_then(bearer).ok_or_else(|| refused("Send one header `Authorization: Bearer <token>`."))?;
    let caller = if token.starts_with(customer_tokens::PREFIX) {
        customer(app, token).await?
    } else if token.starts_with(secrets::KEY_PREFIX) {
        api_key(app, token).await?
    } else {
        None
    };
    match caller.or_else(|| operator(app, token)) {
        Some(caller) => Ok(Some(caller)),
        None => Err(refused("The token is not valid: unknown, expired or revoked.")),
    }
}

fn refused(detail: &'static str) -> Problem {
    Problem::unauthorized(detail)
}

fn bearer(text: &str) -> Option<&str> {
    let (scheme, token) = text.trim().split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim()).filter(|token| !token.is_empty())
}

fn operator(app: &App, token: &str) -> Option<Caller> {
    let admin = app.config.admin_key.as_ref()?;
    secrets::same(&secrets::hash(token.as_bytes()), &admin.hash)
        .then(|| Caller::staff(Actor::Operator, Role::Admin, admin.hash))
}

async fn api_key(app: &App, token: &str) -> Result<Option<Caller>, Problem> {
    let Some((id, hash)) = secrets::split_api_key(token) else { return Ok(None) };
    let Some(key) = app.keys.find(app, id).await? else { return Ok(None) };
    let role = match key.role {
        KeyRole::Admin => Role::Admin,
        KeyRole::Service => Role::Service,
    };
    let valid = secrets::same(&hash, &key.secret_hash);
    Ok(valid.then(|| Caller::staff(Actor::Key(id), role, key.secret_hash)))
}

async fn customer(app: &App, token: &str) -> Result<Option<Caller>, Problem> {
    let Some(claims) = customer_tokens::read(token) else { return Ok(None) };
    let signing_key = match claims.signer {
        Some(id) => app.keys.find(app, id).await?.map(|key| key.secret_hash),
        None => app.config.admin_key.as_ref().map(|key| key.hash),
    };
    let Some(signing_key) = signing_key else { return Ok(None) };
    let valid = claims.verify(&signing_key) && app.store.clock().now() < claims.expires_at;
    Ok(valid.then(|| Caller::customer(claims.customer_id)))
}

/// What is kept of a key that is valid.
#[derive(Clone, Copy)]
struct KnownKey {
    role: KeyRole,
    secret_hash: [u8; 32],
}

struct Entry {
    key: KnownKey,
    read_at: Instant,
    /// Whether somebody is reading it again.
    refreshing: bool,
}

/// API keys read lately.
#[derive(Default)]
pub(crate) struct KeyCache {
    entries: RwLock<HashMap<KeyId, Entry>>,
    /// Raised by each revocation, so that a read that began before it is not remembered.
    generation: AtomicU64,
}

impl KeyCache {
    /// The key, if it is there and not revoked.
    async fn find(&self, app: &App, id: KeyId) -> Result<Option<KnownKey>, Problem> {
        if let Some(key) = self.remembered(id) {
            return Ok(Some(key));
        }
        let generation = self.generation.load(Ordering::SeqCst);
        let found = app.store.queries().find_api_key(id).await?;
        let key = found
            .filter(|key| key.revoked_at.is_none())
            .map(|key: ApiKey| KnownKey { role: key.role, secret_hash: key.secret_hash });
        let mut entries = self.entries.write().unwrap_or_else(PoisonError::into_inner);
        match key {
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

    /// The key from memory; `None` where it is too old, or where this caller is the one to read it again.
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
        let mut entries = self.entries.write().unwrap_or_else(PoisonError::into_inner);
        let entry = entries.get_mut(&id)?;
        if entry.refreshing && entry.read_at.elapsed() < STALE {
            return Some(entry.key);
        }
        entry.refreshing = true;
        None
    }

    /// Forgets a key that was revoked on this node.
    pub(crate) fn forget(&self, id: KeyId) {
        self.generation.fetch_add(1, Ordering::SeqCst);
        self.entries.write().unwrap_or_else(PoisonError::into_inner).remove(&id);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use earmark_core::keys::{create::CreateKey, revoke::RevokeKey};
    use earmark_core::text::Name;
    use earmark_core::{Action, Caller as CommandCaller, Command, Currency};
    use earmark_store::memory::MemoryStore;
    use earmark_store::{Store, StoreOptions};

    use super::*;
    use crate::{AppState, HttpConfig};

    #[test]
    fn the_scheme_is_bearer_in_any_case() {
        assert_eq!(bearer("Bearer abc"), Some("abc"));
        assert_eq!(bearer("bearer  abc "), Some("abc"));
        for wrong in ["", "Bearer", "Bearer ", "Basic abc", "abc"] {
            assert_eq!(bearer(wrong), None, "{wrong:?}");
        }
    }

    fn app() -> AppState {
        let memory = MemoryStore::new();
        let options = StoreOptions::default();
        let (store, _ended) = Store::start(Box::new(memory.clone()), Arc::new(memory), options);
        let config = HttpConfig::new(Currency::parse("USD").unwrap(), Name::parse("sandbox").unwrap());
        AppState::new(store, config)
    }

    /// Changes a key as another node would: past this one's memory.
    async fn elsewhere(app: &AppState, action: Action) {
        let command = Command::new(CommandCaller::SYSTEM, action);
        // The writer is a thread: while it works, time that only jumps would jump to the end of the wait for it.
        tokio::time::resume();
        app.store.submit(command).await.unwrap().unwrap();
        tokio::time::pause();
    }

    #[tokio::test(start_paused = true)]
    async fn a_key_revoked_on_another_node_stops_working_within_two_seconds() {
        let (app, id) = (app(), KeyId(7));
        let known = async || app.keys.find(&app, id).await.unwrap().is_some();
        assert!(!known().await);
        let key = CreateKey { id, name: None, role: KeyRole::Service, secret_hash: [1; 32] };
        elsewhere(&app, Action::CreateKey(key)).await;
        assert!(known().await, "that a key was unknown is not remembered");
        elsewhere(&app, Action::RevokeKey(RevokeKey { id })).await;
        assert!(known().await, "memory answers");
        tokio::time::advance(STALE).await;
        assert!(!known().await);
    }

    #[tokio::test(start_paused = true)]
    async fn one_request_reads_an_aging_key_again_while_others_go_on_with_it() {
        let (app, id) = (app(), KeyId(7));
        let key = CreateKey { id, name: None, role: KeyRole::Service, secret_hash: [1; 32] };
        elsewhere(&app, Action::CreateKey(key)).await;
        app.keys.find(&app, id).await.unwrap();
        tokio::time::advance(FRESH).await;
        assert!(app.keys.remembered(id).is_none(), "this one reads it again");
        assert!(app.keys.remembered(id).is_some(), "this one goes on");
        app.keys.find(&app, id).await.unwrap();
        app.keys.forget(id);
        assert!(app.keys.remembered(id).is_none());
    }
}
