//! Does the sweep find every idempotency key that is old enough, and no other?

use std::collections::BTreeSet;

use earmark_core::Timestamp;

use crate::harness::Harness;

pub(crate) fn are_swept(harness: &mut Harness) {
    harness.simulate(42, 1_500);
    let some = harness.model.idempotency.values().step_by(97).map(|record| record.created_at);
    let moments: Vec<_> = some.chain([Timestamp(0), Timestamp(i64::MAX)]).collect();
    for made_before in moments {
        let old = harness.model.idempotency.values().filter(|record| record.created_at < made_before);
        let wanted: BTreeSet<[u8; 16]> = old.map(|record| record.digest).collect();
        for limit in [3, 100, 10_000] {
            let found = harness.sweep(made_before, limit);
            let once: BTreeSet<_> = found.iter().copied().collect();
            assert_eq!(once.len(), found.len(), "no key twice");
            assert!(once == wanted, "keys made before {made_before:?}, limit {limit}");
        }
    }
}
