//! Revokes an API key, and with it every customer token that it has signed.

use serde::{Deserialize, Serialize};

use super::ApiKey;
use crate::ids::KeyId;
use crate::{Changes, Decision, Keys, Outcome, Rejection, Result, Timestamp, WorkingSet};

/// Revoke an API key. To revoke it again changes nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RevokeKey {
    pub id: KeyId,
}

impl RevokeKey {
    pub(crate) fn needs(&self, rows: &WorkingSet, keys: &mut Keys) {
        keys.need_api_key(rows, self.id);
    }

    pub(crate) fn decide(&self, rows: &WorkingSet, now: Timestamp) -> Result<Decision> {
        let key = ApiKey::clone(rows.api_keys.find(&self.id).ok_or(Rejection::NotFound)?);
        if key.revoked_at.is_some() {
            return Ok(Decision::unchanged(Outcome::Key(key)));
        }
        let key = ApiKey { revoked_at: Some(now), version: key.version + 1, ..key };
        let changes = Changes { api_keys: vec![key.clone()], ..Changes::default() };
        Ok(Decision { outcome: Outcome::Key(key), changes })
    }
}
