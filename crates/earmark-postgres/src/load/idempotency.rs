//! Loads used idempotency keys by digest.

use std::collections::HashSet;

use earmark_core::WorkingSet;
use earmark_core::idempotency::IdempotencyRecord;
use uuid::Uuid;

use crate::error::Result;
use crate::rows;
use crate::session::Session;

pub(super) async fn find(session: &Session, digests: &HashSet<[u8; 16]>) -> Result<Vec<IdempotencyRecord>> {
    let digests: Vec<_> = digests.iter().map(|digest| Uuid::from_bytes(*digest)).collect();
    rows::idempotency::find(session, &digests).await
}

pub(super) fn put(found: Vec<IdempotencyRecord>, digests: &HashSet<[u8; 16]>, rows: &mut WorkingSet) {
    for record in found {
        rows.idempotency.put_loaded(record.digest, Some(record));
    }
    digests.iter().for_each(|digest| rows.idempotency.put_loaded(*digest, None));
}
