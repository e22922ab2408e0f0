//! Deletes idempotency keys that were kept long enough.

use serde::{Deserialize, Serialize};

use crate::{Changes, Decision, Keys, Outcome, Span, Timestamp, WorkingSet};

/// The most keys that one command deletes.
pub const PURGE_MAX: usize = 1_000;

/// Delete those of these keys that are older than the time for which keys are kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PurgeIdempotencyKeys {
    /// The first [`PURGE_MAX`] count; further ones are left alone.
    pub digests: Vec<[u8; 16]>,
    /// How long keys are kept.
    pub kept: Span,
}

impl PurgeIdempotencyKeys {
    pub(crate) fn needs(&self, rows: &WorkingSet, keys: &mut Keys) {
        for digest in self.digests.iter().take(PURGE_MAX) {
            keys.need_idempotency(rows, *digest);
        }
    }

    pub(crate) fn decide(&self, rows: &WorkingSet, now: Timestamp) -> Decision {
        let old = |digest: &&[u8; 16]| {
            rows.idempotency.find(*digest).is_some_and(|record| record.created_at.after(self.kept) <= now)
        };
        let deleted_keys = self.digests.iter().take(PURGE_MAX).filter(old).copied().collect();
        Decision { outcome: Outcome::Done, changes: Changes { deleted_keys, ..Changes::default() } }
    }
}
