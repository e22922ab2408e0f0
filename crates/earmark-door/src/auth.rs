//! Who sends a request? `Authorization: Bearer …` names an API key, the operator's key, or a
//! customer token that was signed with one of them.
//!
//! A request without the header is anonymous, which is no error here. A token that is there must be
//! valid. What a role may do is up to the interface. Read on in `key_cache.rs` and
//! `customer_tokens.rs`.

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use earmark_core::ids::KeyId;
use earmark_core::keys::KeyRole;
use earmark_core::text::CustomerId;
use earmark_core::{Access, Actor, Caller, Timestamp};

use crate::door::Door;
use crate::refusal::Refusal;
use crate::{customer_tokens, secrets};

/// What the sender of a request may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Everything that the interfaces have.
    Admin,
    /// The catalogue, and carts, orders and payments of any customer.
    Service,
    /// Its own carts, orders and payments.
    Customer,
}

/// The sender of a request, as its token proves it.
#[derive(Clone, Debug)]
pub struct Identity {
    pub caller: Caller,
    pub role: Role,
    /// What signs the customer tokens that it makes; `None` for a customer, which makes none.
    signing_key: Option<[u8; 32]>,
}

impl Identity {
    fn staff(actor: Actor, role: Role, signing_key: [u8; 32]) -> Self {
        let caller = Caller { actor, access: Access::All };
        Self { caller, role, signing_key: Some(signing_key) }
    }

    fn customer(id: CustomerId) -> Self {
        let caller = Caller { actor: Actor::Customer(id.clone()), access: Access::Customer(id) };
        Self { caller, role: Role::Customer, signing_key: None }
    }

    /// A token for this customer, not valid from `expires_at` on; `None` if the sender is a
    /// customer itself.
    pub fn customer_token(&self, customer_id: &CustomerId, expires_at: Timestamp) -> Option<String> {
        let signer = if let Actor::Key(id) = self.caller.actor { Some(id) } else { None };
        Some(customer_tokens::make(signer, &self.signing_key?, customer_id, expires_at))
    }
}

/// The sender; `None` without an `Authorization` header.
pub async fn authenticate(door: &Door, headers: &HeaderMap) -> Result<Option<Identity>, Refusal> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let Some(value) = values.next() else { return Ok(None) };
    let text = value.to_str().ok().filter(|_| values.next().is_none());
    let token = text.and_then(bearer).ok_or(Refusal::MalformedAuthorization)?;
    let identity = if token.starts_with(customer_tokens::PREFIX) {
        customer(door, token).await?
    } else if token.starts_with(secrets::KEY_PREFIX) {
        api_key(door, token).await?
    } else {
        None
    };
    // An operator's key may look like any of the other tokens.
    identity.or_else(|| operator(door, token)).ok_or(Refusal::InvalidToken).map(Some)
}

fn bearer(text: &str) -> Option<&str> {
    let (scheme, token) = text.trim().split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim()).filter(|token| !token.is_empty())
}

fn operator(door: &Door, token: &str) -> Option<Identity> {
    let admin = door.config.admin_key.as_ref()?;
    secrets::same(&secrets::hash(token.as_bytes()), &admin.hash)
        .then(|| Identity::staff(Actor::Operator, Role::Admin, admin.hash))
}

async fn api_key(door: &Door, token: &str) -> Result<Option<Identity>, Refusal> {
    let Some((id, hash)) = secrets::split_api_key(token) else { return Ok(None) };
    let Some(key) = door.keys.find(door.store.queries(), id).await? else { return Ok(None) };
    let role = match key.role {
        KeyRole::Admin => Role::Admin,
        KeyRole::Service => Role::Service,
    };
    let valid = secrets::same(&hash, &key.secret_hash);
    Ok(valid.then(|| Identity::staff(Actor::Key(id), role, key.secret_hash)))
}

async fn customer(door: &Door, token: &str) -> Result<Option<Identity>, Refusal> {
    let Some(claims) = customer_tokens::read(token) else { return Ok(None) };
    let Some(signing_key) = signing_key(door, claims.signer).await? else { return Ok(None) };
    let valid = claims.verify(&signing_key) && door.store.clock().now() < claims.expires_at;
    Ok(valid.then(|| Identity::customer(claims.customer_id)))
}

/// What a token of this signer is signed with; `None` if the signer is revoked or unknown.
async fn signing_key(door: &Door, signer: Option<KeyId>) -> Result<Option<[u8; 32]>, Refusal> {
    Ok(match signer {
        Some(id) => door.keys.find(door.store.queries(), id).await?.map(|key| key.secret_hash),
        None => door.config.admin_key.as_ref().map(|key| key.hash),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scheme_is_bearer_in_any_case() {
        assert_eq!(bearer("Bearer abc"), Some("abc"));
        assert_eq!(bearer("bearer  abc "), Some("abc"));
        for wrong in ["", "Bearer", "Bearer ", "Basic abc", "abc"] {
            assert_eq!(bearer(wrong), None, "{wrong:?}");
        }
    }
}
