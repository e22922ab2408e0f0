//! Creates an API key. The secret is made outside of the core; only its hash comes here.

use serde::{Deserialize, Serialize};

use super::{ApiKey, KeyRole};
use crate::ids::KeyId;
use crate::text::Name;
use crate::{Changes, Decision, Outcome, Timestamp};

/// Create an API key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreateKey {
    pub id: KeyId,
    pub name: Option<Name>,
    pub role: KeyRole,
    /// SHA-256 of the secret half.
    pub secret_hash: [u8; 32],
}

impl CreateKey {
    pub(crate) fn decide(&self, now: Timestamp) -> Decision {
        let key = ApiKey {
            id: self.id,
            name: self.name.clone(),
            role: self.role,
            secret_hash: self.secret_hash,
            version: 1,
            created_at: now,
            revoked_at: None,
        };
        let changes = Changes { api_keys: vec![key.clone()], ..Changes::default() };
        Decision { outcome: Outcome::Key(key), changes }
    }
}
