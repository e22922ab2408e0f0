//! The circuit breaker: after [`FAILURES_MAX`] calls in a row without an answer no call goes out
//! for a while, and then a single one, the probe, finds out whether the gateway is back.
//!
//! As everywhere in the field, *closed* lets calls out and *open* holds them back. Invariant: after
//! at most [`OPEN_MAX`] a probe may go out, and never two probes at once.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// The breaker opens after this many calls in a row without an answer.
const FAILURES_MAX: u32 = 5;
/// How long it is open at first. Doubled each time that a probe gets no answer.
const OPEN_FIRST: Duration = Duration::from_secs(1);
/// The longest time for which it is open before the next probe.
const OPEN_MAX: Duration = Duration::from_secs(5);

/// The breaker in front of one gateway.
#[derive(Debug)]
pub(crate) struct Breaker(Mutex<State>);

#[derive(Clone, Copy, Debug)]
enum State {
    /// Calls go out. `failures` is how many of them in a row got no answer.
    Closed { failures: u32 },
    /// No call goes out before `until`. `failed_probes` is how many probes in a row got no answer.
    Open { until: Instant, failed_probes: u32 },
    /// A probe is on its way, and no other call goes out.
    Probing { failed_probes: u32 },
}

/// As what the breaker lets a call out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CallKind {
    Ordinary,
    /// The single call that finds out whether the gateway is back.
    Probe,
}

/// How a call ended, as far as the breaker cares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CallEnd {
    /// The gateway answered, be it with a refusal.
    Answered,
    /// There was no answer that can be relied on, or none in time.
    Unanswered,
}

impl Default for Breaker {
    fn default() -> Self {
        Self(Mutex::new(State::Closed { failures: 0 }))
    }
}

impl Breaker {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether no call may go out now.
    pub(crate) fn is_open(&self) -> bool {
        match *self.state() {
            State::Closed { .. } => false,
            State::Open { until, .. } => Instant::now() < until,
            State::Probing { .. } => true,
        }
    }

    /// Lets a call out, whose end must be reported; None if it may not go out now.
    pub(crate) fn admit(&self) -> Option<CallKind> {
        let mut state = self.state();
        match *state {
            State::Closed { .. } => Some(CallKind::Ordinary),
            State::Open { until, failed_probes } if Instant::now() >= until => {
                *state = State::Probing { failed_probes };
                Some(CallKind::Probe)
            }
            State::Open { .. } | State::Probing { .. } => None,
        }
    }

    /// Reports how a call ended. Ordinary calls that went out before the breaker opened no longer
    /// count.
    pub(crate) fn report(&self, kind: CallKind, end: CallEnd) {
        let mut state = self.state();
        *state = match (*state, kind, end) {
            (State::Closed { .. }, _, CallEnd::Answered) | (_, CallKind::Probe, CallEnd::Answered) => {
                State::Closed { failures: 0 }
            }
            (State::Closed { failures }, _, CallEnd::Unanswered) if failures + 1 >= FAILURES_MAX => open(0),
            (State::Closed { failures }, _, CallEnd::Unanswered) => State::Closed { failures: failures + 1 },
            (State::Probing { failed_probes }, CallKind::Probe, CallEnd::Unanswered) => {
                open(failed_probes + 1)
            }
            (other, ..) => other,
        };
    }
}

/// Open for a random time, so that the nodes of one shop do not send their probes at the same
/// moment.
fn open(failed_probes: u32) -> State {
    let longest = OPEN_FIRST.saturating_mul(1 << failed_probes.min(8)).min(OPEN_MAX);
    let random_byte = u32::from(uuid::Uuid::new_v4().as_bytes()[0]);
    let until = Instant::now() + longest / 2 + longest / 2 * random_byte / 255;
    State::Open { until, failed_probes }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open_breaker() -> Breaker {
        let breaker = Breaker::default();
        for _ in 0..FAILURES_MAX {
            assert_eq!(breaker.admit(), Some(CallKind::Ordinary));
            breaker.report(CallKind::Ordinary, CallEnd::Unanswered);
        }
        breaker
    }

    #[tokio::test(start_paused = true)]
    async fn it_opens_after_failures_in_a_row_and_lets_one_probe_out() {
        let breaker = open_breaker();
        assert_eq!((breaker.admit(), breaker.is_open()), (None, true));
        tokio::time::advance(OPEN_FIRST).await;
        assert!(!breaker.is_open());
        assert_eq!(breaker.admit(), Some(CallKind::Probe));
        assert_eq!(breaker.admit(), None, "one probe at a time");
        breaker.report(CallKind::Probe, CallEnd::Answered);
        assert_eq!(breaker.admit(), Some(CallKind::Ordinary));
    }

    #[tokio::test(start_paused = true)]
    async fn it_is_never_open_for_longer_than_its_limit() {
        let breaker = open_breaker();
        for _ in 0..40 {
            tokio::time::advance(OPEN_MAX).await;
            assert_eq!(breaker.admit(), Some(CallKind::Probe));
            breaker.report(CallKind::Probe, CallEnd::Unanswered);
            assert_eq!(breaker.admit(), None);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_between_failures_keeps_it_closed() {
        let breaker = Breaker::default();
        for _ in 0..50 {
            for _ in 1..FAILURES_MAX {
                breaker.report(CallKind::Ordinary, CallEnd::Unanswered);
            }
            breaker.report(CallKind::Ordinary, CallEnd::Answered);
            assert_eq!(breaker.admit(), Some(CallKind::Ordinary));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn late_answers_of_old_calls_do_not_close_it() {
        let breaker = open_breaker();
        breaker.report(CallKind::Ordinary, CallEnd::Answered);
        assert_eq!(breaker.admit(), None);
        tokio::time::advance(OPEN_FIRST).await;
        assert_eq!(breaker.admit(), Some(CallKind::Probe));
        breaker.report(CallKind::Ordinary, CallEnd::Unanswered);
        breaker.report(CallKind::Probe, CallEnd::Answered);
        assert_eq!(breaker.admit(), Some(CallKind::Ordinary));
    }
}
