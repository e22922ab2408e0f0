//! Who may call? API keys: a public id, a role, and the hash of a secret that is shown once.

pub mod create;
pub mod revoke;

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::Timestamp;
use crate::ids::KeyId;
use crate::text::Name;

/// What the holder of an API key may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyRole {
    /// Everything.
    Admin,
    /// Catalogue, and carts, orders and payments of any customer.
    Service,
}

/// An API key, without its secret.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiKey {
    /// Its public half.
    pub id: KeyId,
    /// What it is for, in the words of whoever made it.
    pub name: Option<Name>,
    /// What it allows.
    pub role: KeyRole,
    /// SHA-256 of the secret half.
    pub secret_hash: [u8; 32],
    /// 1, and 2 once revoked.
    pub version: u64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it stopped being valid.
    pub revoked_at: Option<Timestamp>,
}

impl fmt::Debug for ApiKey {
    /// Leaves the hash out: customer tokens are signed with it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiKey").field("id", &self.id).field("role", &self.role).finish_non_exhaustive()
    }
}
