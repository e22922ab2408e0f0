//! When is a gateway called again? At a random time below a bound that doubles up to a cap.
//!
//! The cap is low, so that all is settled soon after a gateway is back. What stays unknown after
//! very many attempts has to be resolved by a person, and is asked for rarely.

use earmark_core::{Span, Timestamp};

/// The bound after the first attempt, in seconds.
const FIRST_SECONDS: u32 = 1;
/// The largest bound, in seconds.
const MAX_SECONDS: u32 = 20;
/// After so many attempts, which take some ten minutes, an answer is not expected soon.
const PATIENT_ATTEMPTS: u32 = 60;
/// The bound from then on, in seconds.
const PATIENT_SECONDS: u32 = 600;

/// The time of the next attempt after so many: half a second from `now` plus up to the bound.
pub(crate) fn next_attempt_at(attempts: u32, now: Timestamp) -> Timestamp {
    let doubled = FIRST_SECONDS.saturating_mul(1 << attempts.min(10)).min(MAX_SECONDS);
    let bound = if attempts >= PATIENT_ATTEMPTS { PATIENT_SECONDS } else { doubled };
    let bound_micros = Span::from_seconds(bound).as_micros();
    // A fresh UUID has a random half.
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
