//! When is a gateway asked again? Full jitter below a doubling, capped bound.

use earmark_core::{Span, Timestamp};

/// The bound after the first attempt, in seconds.
const FIRST_SECONDS: u32 = 1;
/// The largest bound, in seconds.
const MAX_SECONDS: u32 = 60;

/// When to ask again after so many attempts: between half a second and the bound from now.
pub(crate) fn next_attempt_at(attempts: u32, now: Timestamp) -> Timestamp {
    let bound = FIRST_SECONDS.saturating_mul(1 << attempts.min(10)).min(MAX_SECONDS);
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
        for attempts in [0, 1, 5, 31, 32, u32::MAX] {
            let wait = next_attempt_at(attempts, Timestamp(0)).0;
            assert!((500_000..=60_500_000).contains(&wait), "{attempts}: {wait}");
        }
    }
}
