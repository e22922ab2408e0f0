//! May a call be made again? Retries are paid for by first calls and by answers, so that a gateway in trouble is not asked more than one in health.
//!
//! A first call pays in a tenth of a retry, an answer two, the passing of a second one. So while nothing is answered, retries are at most a tenth
//! of the first calls (and one a second); once the gateway answers, they flow, faster with each answer. Counted in tenths, since money is not
//! the only thing that floats do badly.

use std::sync::{Mutex, PoisonError};

use tokio::time::Instant;

/// What one retry costs.
const RETRY_TENTHS: u64 = 10;
/// What a first call pays in.
const FIRST_CALL_TENTHS: u64 = 1;
/// What an answer pays in: more than a retry costs, or the flow would never grow again.
const ANSWER_TENTHS: u64 = 20;
/// What a second pays in.
const SECOND_TENTHS: u64 = 10;
/// The most that is saved up.
const MAX_TENTHS: u64 = 640;

/// The budget of one gateway.
#[derive(Debug)]
pub(crate) struct Budget(Mutex<Saved>);

#[derive(Debug)]
struct Saved {
    tenths: u64,
    since: Instant,
}

impl Budget {
    /// A full one.
    pub(crate) fn new() -> Self {
        Self(Mutex::new(Saved { tenths: MAX_TENTHS, since: Instant::now() }))
    }

    fn change<T>(&self, change: impl FnOnce(&mut u64) -> T) -> T {
        let mut saved = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let seconds = saved.since.elapsed().as_secs();
        saved.since += std::time::Duration::from_secs(seconds);
        saved.tenths = saved.tenths.saturating_add(seconds.saturating_mul(SECOND_TENTHS)).min(MAX_TENTHS);
        let result = change(&mut saved.tenths);
        saved.tenths = saved.tenths.min(MAX_TENTHS);
        result
    }

    /// A first call goes out.
    pub(crate) fn first_call(&self) {
        self.change(|tenths| *tenths += FIRST_CALL_TENTHS);
    }

    /// A call was answered.
    pub(crate) fn answered(&self) {
        self.change(|tenths| *tenths += ANSWER_TENTHS);
    }

    /// Pays for one retry, if there is enough.
    #[must_use]
    pub(crate) fn pay(&self) -> bool {
        self.change(|tenths| {
            let rest = tenths.checked_sub(RETRY_TENTHS);
            *tenths = rest.unwrap_or(*tenths);
            rest.is_some()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn unanswered_retries_are_at_most_a_tenth_of_the_first_calls() {
        let budget = Budget::new();
        while budget.pay() {}
        let mut retries = 0;
        for _ in 0..10_000 {
            budget.first_call();
            while budget.pay() {
                retries += 1;
            }
        }
        assert_eq!(retries, 1_000);
    }

    #[tokio::test(start_paused = true)]
    async fn answered_retries_grow_back_from_one_a_second() {
        let budget = Budget::new();
        while budget.pay() {}
        tokio::time::advance(std::time::Duration::from_secs(1)).await;
        assert!(budget.pay());
        assert!(!budget.pay());
        // Each round all that can be paid for are made, and answered.
        budget.answered();
        let mut sizes = Vec::new();
        for _ in 0..6 {
            let mut made = 0;
            while budget.pay() {
                made += 1;
            }
            (0..made).for_each(|_| budget.answered());
            sizes.push(made);
        }
        assert_eq!(sizes, [2, 4, 8, 16, 32, 64]);
    }
}
