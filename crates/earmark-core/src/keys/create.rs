//! Makes an API key. Its secret is drawn at the edge; only its hash comes here.

use serde::{Deserialize, Serialize};

use super::{ApiKey, KeyRole};
use crate::Timestamp;
use crate::changes::{Changes, Decision};
use crate::ids::KeyId;
use crate::outcome::Outcome;
use crate::text::Name;

/// Make an API key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreateKey {
    /// The public half.
    pub id: KeyId,
    /// What it is for.
    pub name: Option<Name>,
    /// What it allows.
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
