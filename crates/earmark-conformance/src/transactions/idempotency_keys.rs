//! Is an idempotency key refused that is saved as new though it exists?

use earmark_core::idempotency::{IdempotencyRecord, KeptAnswer};
use earmark_core::{BatchChanges, Outcome, Timestamp};

use super::{fill, must_refuse};
use crate::changes::inserted;
use crate::fixture::Fixture;
use crate::harness::Harness;

/// Whether an idempotency key that is saved as new, though it exists, is refused.
///
/// This is not part of [`crate::run`]. An engine that has its file to itself has always loaded the
/// key before, and may leave out the look-up. One with other writers beside it must not.
///
/// # Panics
/// If the engine saves the key.
pub fn guards_idempotency_keys(make: impl Fn() -> Fixture) {
    let mut harness = Harness::new(make());
    fill(&mut harness);
    let (answer, created_at) = (KeptAnswer::Whole(Box::new(Outcome::Done)), Timestamp(1));
    let record = IdempotencyRecord { digest: [1; 16], fingerprint: [9; 16], answer, created_at };
    let idempotency = vec![inserted(record)];
    let bad = BatchChanges { idempotency, ..BatchChanges::default() };
    must_refuse(&mut harness, "an idempotency key that exists", bad);
}
