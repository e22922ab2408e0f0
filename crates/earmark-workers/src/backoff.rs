//! When is a gateway asked again? Full jitter below a doubling, capped bound.
//!
//! The cap is low, so that all is settled soon after a gateway is back; what stays unknown after very many tries waits for a person, and is
//! asked for rarely.

use earmark_core::{Span, Timestamp};

/// The bound after the first attempt, in seconds.
const FIRST_SECONDS: u32 = 1;
/// The largest bound, in seconds.
const MAX_SECONDS: u32 = 20;
/// After so many attempts, some ten minutes of them, nobody expects an answer soon.
const PATIENT_ATTEMPTS: u32 = 60;
/// The bound from then on, in seconds.
const PATIENT_SECONDS: u32 = 600;

/// When to ask again after so many attempts: between half a second and the bound from then.
pub(crate) fn next_attempt_at(attempts: u32, now: Timestamp) -> Timestamp {
    let doubled = FIRST_SECONDS.saturating_mul(1 << attempts.min(10)).min(MAX_SECONDS);
    let bound = if attempts >= PATIENT_ATTEMPTS { PATIENT_SECONDS } else { doubled };
    let bound_micros = Span::from_seconds(bound).as_micros();
    // The random half of a fresh UUID is as good a die as any.
    let die = uuid::Uuid::new_v4().as_u64_pair().1 % 1_000_000;
    let jitter = i64::try_from(die).unwrap_or(0) * (bound_micros / 1_000_000);
    Timestamp(now.0.saturating_add(500_000).saturating_add(jitter))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_is_bounded_however_often_it_was_tried() {
        for attempts in [0, 1, 5, 31, 59] {
            let wait = next_attempt_at(attempts, Timestamp(0)).0;
            assert!((500_000..=20_500_000).contains(&wait), "{attempts}: {wait}");
        }
        for attempts in [60, u32::MAX] {
            let wait = next_attempt_at(attempts, Timestamp(0)).0;
            assert!((500_000..=600_500_000).contains(&wait), "{attempts}: {wait}");
        }
    }
}
