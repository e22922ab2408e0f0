//! The budget of repeated calls: a call that is made again must be paid for, so that a gateway in
//! trouble gets no more calls than one in health.
//!
//! A repeated call costs 1. A first call adds 0.1, an answer adds 2, and each second adds 1. So
//! while there are no answers, repeated calls are at most a tenth of the first calls and one a
//! second; once the gateway answers, each answer allows two more, and what has piled up goes out
//! ever faster. Counted in whole tenths, so that nothing is lost by rounding.

use std::sync::{Mutex, PoisonError};

use tokio::time::Instant;

/// What a repeated call costs.
const REPEAT_TENTHS: u64 = 10;
/// What a first call adds.
const FIRST_CALL_TENTHS: u64 = 1;
/// What an answer adds: more than a repeated call costs, or their rate would never grow again.
const ANSWER_TENTHS: u64 = 20;
/// What each second adds.
const SECOND_TENTHS: u64 = 10;
/// The most that is kept.
const MAX_TENTHS: u64 = 640;

/// The budget of the repeated calls to one gateway.
#[derive(Debug)]
pub(crate) struct Budget(Mutex<Balance>);

#[derive(Debug)]
struct Balance {
    tenths: u64,
    /// Up to when the seconds have been added.
    counted_until: Instant,
}

impl Budget {
    /// A budget that is full at the start.
    pub(crate) fn new() -> Self {
        Self(Mutex::new(Balance { tenths: MAX_TENTHS, counted_until: Instant::now() }))
    }

    fn change<T>(&self, change: impl FnOnce(&mut u64) -> T) -> T {
        let mut balance = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let seconds = balance.counted_until.elapsed().as_secs();
        balance.counted_until += std::time::Duration::from_secs(seconds);
        balance.tenths = balance.tenths.saturating_add(seconds.saturating_mul(SECOND_TENTHS)).min(MAX_TENTHS);
        let result = change(&mut balance.tenths);
        balance.tenths = balance.tenths.min(MAX_TENTHS);
        result
    }

    /// Adds for a first call that goes out.
    pub(crate) fn add_first_call(&self) {
        self.change(|tenths| *tenths += FIRST_CALL_TENTHS);
    }

    /// Adds for a call that was answered.
    pub(crate) fn add_answer(&self) {
        self.change(|tenths| *tenths += ANSWER_TENTHS);
    }

    /// Pays for one repeated call; false if there is not enough.
    #[must_use]
    pub(crate) fn pay_repeat(&self) -> bool {
        self.change(|tenths| {
            let rest = tenths.checked_sub(REPEAT_TENTHS);
            *tenths = rest.unwrap_or(*tenths);
            rest.is_some()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn without_answers_repeated_calls_are_at_most_a_tenth_of_the_first_calls() {
        let budget = Budget::new();
        while budget.pay_repeat() {}
        let mut repeated = 0;
        for _ in 0..10_000 {
            budget.add_first_call();
            while budget.pay_repeat() {
                repeated += 1;
            }
        }
        assert_eq!(repeated, 1_000);
    }

    #[tokio::test(start_paused = true)]
    async fn with_answers_repeated_calls_grow_from_one_a_second() {
        let budget = Budget::new();
        while budget.pay_repeat() {}
        tokio::time::advance(std::time::Duration::from_secs(1)).await;
        assert!(budget.pay_repeat());
        assert!(!budget.pay_repeat());
        // In each round, all calls that can be paid for are made and answered.
        budget.add_answer();
        let mut sizes = Vec::new();
        for _ in 0..6 {
            let mut made = 0;
            while budget.pay_repeat() {
                made += 1;
            }
            (0..made).for_each(|_| budget.add_answer());
            sizes.push(made);
        }
        assert_eq!(sizes, [2, 4, 8, 16, 32, 64]);
    }
}
