//! The window: how many calls may be in progress at once. It works as TCP's congestion window does,
//! and shrinks when the gateway answers late.
//!
//! When a gateway comes back, everything that waited is due at once. Sent at once, it would make a
//! slow gateway late with all of it, and each late call would be made again. So the window shrinks
//! to [`FLOOR`] while the breaker is open. Then each answer widens it by one, up to
//! [`FAST_GROWTH_MAX`] or to half of the size at which answers were late, and from there on slowly.
//! A late answer halves it, once for all calls that were in progress.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use tokio::time::Instant;

use super::http_client::CONNECTIONS_MAX;

/// The smallest size that the window shrinks to.
const FLOOR: usize = 64;
/// Up to which size each answer widens it by one after the breaker was open: half of the
/// connections, so that a short silence makes few calls late.
const FAST_GROWTH_MAX: usize = CONNECTIONS_MAX / 2;
/// The largest size, which is also that at the start.
pub(crate) const CALLS_MAX: usize = 1_024;

/// The window of the calls to one gateway.
#[derive(Debug)]
pub(crate) struct Window {
    state: Mutex<State>,
    /// Notified when a quarter of it is free.
    has_room: Notify,
}

#[derive(Debug)]
struct State {
    in_progress: usize,
    /// How many may be in progress.
    size: usize,
    /// Below this size each answer widens it by one; above, it takes as many answers as its size.
    fast_growth_until: usize,
    answers: usize,
    /// When it was last halved. Calls that went out before do not halve it again.
    halved_at: Option<Instant>,
}

impl Default for Window {
    fn default() -> Self {
        let state = State {
            in_progress: 0,
            size: CALLS_MAX,
            fast_growth_until: CALLS_MAX,
            answers: 0,
            halved_at: None,
        };
        Self { state: Mutex::new(state), has_room: Notify::new() }
    }
}

impl Window {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts a call, which [`Self::leave`] must end; false if it is full.
    pub(crate) fn enter(&self) -> bool {
        let mut state = self.state();
        let free = state.in_progress < state.size;
        state.in_progress += usize::from(free);
        free
    }

    /// Ends a call that [`Self::enter`] has started.
    pub(crate) fn leave(&self) {
        let has_room = {
            let mut state = self.state();
            state.in_progress -= 1;
            state.has_room()
        };
        if has_room {
            self.has_room.notify_waiters();
        }
    }

    /// Reports an answer that came in time.
    pub(crate) fn answered(&self) {
        let mut state = self.state();
        state.answers += 1;
        if state.size < state.fast_growth_until || state.answers >= state.size {
            state.size = (state.size + 1).min(CALLS_MAX);
            state.answers = 0;
        }
    }

    /// Reports that a call that was sent at this time got no answer in time.
    pub(crate) fn timed_out(&self, sent_at: Instant) {
        let mut state = self.state();
        if state.halved_at.is_none_or(|halved_at| sent_at > halved_at) {
            state.fast_growth_until = (state.size / 2).max(FLOOR);
            state.size = state.fast_growth_until;
            state.answers = 0;
            state.halved_at = Some(Instant::now());
        }
    }

    /// Shrinks it to its floor, since the breaker is open.
    pub(crate) fn shrink(&self) {
        let mut state = self.state();
        (state.size, state.fast_growth_until, state.answers) = (FLOOR, FAST_GROWTH_MAX, 0);
    }

    /// Completes when a quarter of it is free. Not at the first free place, since each look at the
    /// due rows costs a query.
    pub(crate) async fn wait_for_room(&self) {
        loop {
            let notified = self.has_room.notified();
            tokio::pin!(notified);
            // Before the check, so that a call that ends between check and wait is not missed.
            notified.as_mut().enable();
            if self.state().has_room() {
                return;
            }
            notified.await;
        }
    }
}

impl State {
    fn has_room(&self) -> bool {
        4 * self.in_progress <= 3 * self.size
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn fill(window: &Window) -> usize {
        std::iter::repeat_with(|| window.enter()).take_while(|&entered| entered).count()
    }

    fn empty(window: &Window, calls: usize) {
        (0..calls).for_each(|_| window.leave());
    }

    #[tokio::test(start_paused = true)]
    async fn an_open_breaker_shrinks_it_and_answers_widen_it() {
        let window = Window::default();
        assert_eq!(fill(&window), CALLS_MAX);
        empty(&window, CALLS_MAX);
        window.shrink();
        let mut sizes = Vec::new();
        for _ in 0..5 {
            let calls = fill(&window);
            (0..calls).for_each(|_| window.answered());
            empty(&window, calls);
            sizes.push(calls);
        }
        assert_eq!(sizes, [64, 128, 129, 130, 131]);
    }

    #[tokio::test(start_paused = true)]
    async fn calls_that_are_late_together_halve_it_once_and_it_widens_slowly_afterwards() {
        let window = Window::default();
        let sent_at = Instant::now();
        let calls = fill(&window);
        tokio::time::advance(Duration::from_secs(1)).await;
        (0..calls).for_each(|_| window.timed_out(sent_at));
        empty(&window, calls);
        assert_eq!(fill(&window), 512);
        (0..512).for_each(|_| window.answered());
        empty(&window, 512);
        assert_eq!(fill(&window), 513);
        tokio::time::advance(Duration::from_secs(1)).await;
        (0..20).for_each(|second| window.timed_out(Instant::now() + Duration::from_secs(second)));
        empty(&window, 513);
        assert_eq!(fill(&window), FLOOR, "never smaller");
    }

    #[tokio::test(start_paused = true)]
    async fn waiting_ends_when_a_quarter_is_free() {
        let window = Window::default();
        window.shrink();
        let calls = fill(&window);
        let wait = async { tokio::time::timeout(Duration::from_secs(1), window.wait_for_room()).await };
        assert!(wait.await.is_err());
        let (room, ()) =
            tokio::join!(tokio::time::timeout(Duration::from_secs(1), window.wait_for_room()), async {
                empty(&window, calls / 4);
            });
        assert!(room.is_ok());
    }
}
