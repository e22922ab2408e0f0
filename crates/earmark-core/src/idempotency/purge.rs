//! Forgets keys that were kept long enough.

use serde::{Deserialize, Serialize};

use crate::changes::{Changes, Decision};
use crate::command::{Action, Command};
use crate::outcome::Outcome;
use crate::time::{Span, Timestamp};
use crate::working_set::{Keys, WorkingSet};
use crate::Rejection;

/// The most keys forgotten by one command.
pub const PURGE_MAX: usize = 1_000;

/// Forget those of these keys that are older than the time they are kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PurgeIdempotencyKeys {
    /// The keys, at most [`PURGE_MAX`].
    pub digests: Vec<[u8; 16]>,
    /// How long keys are kept.
    pub kept: Span,
}

impl PurgeIdempotencyKeys {
    pub(crate) fn needs(&self, keys: &mut Keys) {
        keys.idempotency.extend(&self.digests);
    }

    pub(crate) fn decide(&self, rows: &WorkingSet, now: Timestamp) -> Result<Decision, Rejection> {
        let old = |digest: &&[u8; 16]| {
            rows.idempotency.find(*digest).is_some_and(|record| record.created_at.after(self.kept) <= now)
        };
        let deleted_keys = self.digests.iter().filter(old).copied().collect();
        Ok(Decision { outcome: Outcome::Done, changes: Changes { deleted_keys, ..Changes::default() } })
    }
}

impl From<PurgeIdempotencyKeys> for Action {
    fn from(purge: PurgeIdempotencyKeys) -> Self {
        Self::PurgeIdempotencyKeys(purge)
    }
}

/// Keeps the signature of all commands alike.
pub(crate) fn decide(purge: &PurgeIdempotencyKeys, rows: &WorkingSet, _command: &Command, now: Timestamp) -> Result<Decision, Rejection> {
    purge.decide(rows, now)
}
