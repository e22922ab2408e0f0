//! Is the gateway there? After some calls without an answer in a row, none goes out for a while, and then one alone finds out.
//!
//! Invariant: it is never closed to calls for more than [`OPEN_MAX`] at a stretch, and while it is, at most one probe is on its way.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// So many calls in a row without an answer, and the gateway counts as away.
const FAILURES_MAX: u32 = 5;
/// How long no call goes out at first; doubled each time that a probe gets no answer.
const OPEN_FIRST: Duration = Duration::from_secs(1);
/// The longest time for which no call goes out.
const OPEN_MAX: Duration = Duration::from_secs(5);

/// The breaker of one gateway.
#[derive(Debug)]
pub(crate) struct Breaker(Mutex<State>);

#[derive(Clone, Copy, Debug)]
enum State {
    /// Calls go out; so many in a row got no answer.
    Closed { failures: u32 },
    /// None goes out until then; so many probes in a row got no answer.
    Open { until: Instant, probes: u32 },
    /// One is on its way.
    Probing { probes: u32 },
}

/// The right to make a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Admission {
    /// One of many.
    Ordinary,
    /// The one that finds out whether the gateway is back.
    Probe,
}

/// What a call brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    /// An answer, whatever it was.
    Answer,
    /// Nothing that can be relied on.
    Nothing,
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

    /// The right to make a call, which must be reported on; None: the gateway is away.
    pub(crate) fn admit(&self) -> Option<Admission> {
        let mut state = self.state();
        match *state {
            State::Closed { .. } => Some(Admission::Ordinary),
            State::Open { until, probes } if Instant::now() >= until => {
                *state = State::Probing { probes };
                Some(Admission::Probe)
            }
            State::Open { .. } | State::Probing { .. } => None,
        }
    }

    /// Says what a call brought. Calls from before it opened have no say any more.
    pub(crate) fn report(&self, admission: Admission, heard: Heard) {
        let mut state = self.state();
        *state = match (*state, admission, heard) {
            (State::Closed { .. }, _, Heard::Answer) | (_, Admission::Probe, Heard::Answer) => {
                State::Closed { failures: 0 }
            }
            (State::Closed { failures }, _, Heard::Nothing) if failures + 1 >= FAILURES_MAX => open(0),
            (State::Closed { failures }, _, Heard::Nothing) => State::Closed { failures: failures + 1 },
            (State::Probing { probes }, Admission::Probe, Heard::Nothing) => open(probes + 1),
            (other, ..) => other,
        };
    }
}

/// Open for a time with jitter, so that the nodes of one shop do not probe in step.
fn open(probes: u32) -> State {
    let longest = OPEN_FIRST.saturating_mul(1 << probes.min(8)).min(OPEN_MAX);
    let die = u32::from(uuid::Uuid::new_v4().as_bytes()[0]);
    let until = Instant::now() + longest / 2 + longest / 2 * die / 255;
    State::Open { until, probes }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opened() -> Breaker {
        let breaker = Breaker::default();
        for _ in 0..FAILURES_MAX {
            assert_eq!(breaker.admit(), Some(Admission::Ordinary));
            breaker.report(Admission::Ordinary, Heard::Nothing);
        }
        breaker
    }

    #[tokio::test(start_paused = true)]
    async fn it_opens_after_failures_in_a_row_and_lets_one_probe_out() {
        let breaker = opened();
        assert_eq!((breaker.admit(), breaker.is_open()), (None, true));
        tokio::time::advance(OPEN_FIRST).await;
        assert!(!breaker.is_open());
        assert_eq!(breaker.admit(), Some(Admission::Probe));
        assert_eq!(breaker.admit(), None, "one probe at a time");
        breaker.report(Admission::Probe, Heard::Answer);
        assert_eq!(breaker.admit(), Some(Admission::Ordinary));
    }

    #[tokio::test(start_paused = true)]
    async fn it_is_never_open_for_longer_than_its_limit() {
        let breaker = opened();
        for _ in 0..40 {
            tokio::time::advance(OPEN_MAX).await;
            assert_eq!(breaker.admit(), Some(Admission::Probe));
            breaker.report(Admission::Probe, Heard::Nothing);
            assert_eq!(breaker.admit(), None);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_between_failures_keeps_it_closed() {
        let breaker = Breaker::default();
        for _ in 0..50 {
            for _ in 1..FAILURES_MAX {
                breaker.report(Admission::Ordinary, Heard::Nothing);
            }
            breaker.report(Admission::Ordinary, Heard::Answer);
            assert_eq!(breaker.admit(), Some(Admission::Ordinary));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn late_answers_of_old_calls_do_not_close_it() {
        let breaker = opened();
        breaker.report(Admission::Ordinary, Heard::Answer);
        assert_eq!(breaker.admit(), None);
        tokio::time::advance(OPEN_FIRST).await;
        assert_eq!(breaker.admit(), Some(Admission::Probe));
        breaker.report(Admission::Ordinary, Heard::Nothing);
        breaker.report(Admission::Probe, Heard::Answer);
        assert_eq!(breaker.admit(), Some(Admission::Ordinary));
    }
}
