//! Which API keys are there, and what does each allow?
//!
//! A key has a public id, a role, and a secret that is shown once; here is only the secret's hash.
//! Customer tokens are signed with that hash, so it must not appear in logs.

pub mod create;
pub mod revoke;

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::ids::KeyId;
use crate::text::Name;
use crate::time::Timestamp;

/// What an API key allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyRole {
    Admin,
    /// The catalog, and carts, orders and payments of any customer.
    Service,
}

/// An API key, without its secret.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiKey {
    pub id: KeyId,
    /// The purpose of the key, as its maker named it.
    pub name: Option<Name>,
    pub role: KeyRole,
    /// SHA-256 of the secret half.
    pub secret_hash: [u8; 32],
    /// 1, and 2 once revoked.
    pub version: u64,
    pub created_at: Timestamp,
    pub revoked_at: Option<Timestamp>,
}

impl fmt::Debug for ApiKey {
    /// Leaves the hash out: customer tokens are signed with it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiKey").field("id", &self.id).field("role", &self.role).finish_non_exhaustive()
    }
}
