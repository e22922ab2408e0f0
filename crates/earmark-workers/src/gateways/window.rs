//! How many calls may be in progress at once? Fewer where the gateway is late with its answers, as TCP's congestion window does it.
//!
//! After an absence everything that waited is due at once. Sent at once, it would make a slow gateway late with all of it, and each late answer is
//! asked for again. So an absence closes the window to [`FLOOR`], each answer opens it by one, up to [`BRISK_MAX`] or half of what was too much, and from there slowly;
//! an answer that is late halves it, once for all calls that were on their way.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use tokio::time::Instant;

use super::outgoing::OutgoingOptions;

/// The fewest calls that may always be in progress.
const FLOOR: usize = 64;
/// How far it opens by one with each answer after an absence: half of the connections, so that a moment of silence makes few late.
const BRISK_MAX: usize = OutgoingOptions::DEFAULT.connections_max / 2;
/// The most calls in progress.
pub(crate) const CALLS_MAX: usize = 1_024;

/// The window of one gateway.
#[derive(Debug)]
pub(crate) struct Window {
    state: Mutex<State>,
    /// Told when a good part of it is free again.
    room: Notify,
}

#[derive(Debug)]
struct State {
    in_progress: usize,
    size: usize,
    /// Up to here each answer opens it by one; beyond, as many answers as its size do.
    brisk_until: usize,
    answers: usize,
    /// Late answers to calls from before then have been heeded.
    narrowed_at: Option<Instant>,
}

impl Default for Window {
    fn default() -> Self {
        let state =
            State { in_progress: 0, size: CALLS_MAX, brisk_until: CALLS_MAX, answers: 0, narrowed_at: None };
        Self { state: Mutex::new(state), room: Notify::new() }
    }
}

impl Window {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a place, which must be given back; false: there is none.
    pub(crate) fn enter(&self) -> bool {
        let mut state = self.state();
        let free = state.in_progress < state.size;
        state.in_progress += usize::from(free);
        free
    }

    /// Gives a place back.
    pub(crate) fn leave(&self) {
        let has_room = {
            let mut state = self.state();
            state.in_progress -= 1;
            state.has_room()
        };
        if has_room {
            self.room.notify_waiters();
        }
    }

    /// An answer came in time.
    pub(crate) fn answered(&self) {
        let mut state = self.state();
        state.answers += 1;
        if state.size < state.brisk_until || state.answers >= state.size {
            state.size = (state.size + 1).min(CALLS_MAX);
            state.answers = 0;
        }
    }

    /// A call that went out then got no answer in time.
    pub(crate) fn late(&self, sent_at: Instant) {
        let mut state = self.state();
        if state.narrowed_at.is_none_or(|narrowed_at| sent_at > narrowed_at) {
            state.brisk_until = (state.size / 2).max(FLOOR);
            state.size = state.brisk_until;
            state.answers = 0;
            state.narrowed_at = Some(Instant::now());
        }
    }

    /// The gateway is away: whatever waits shall not come upon it all at once.
    pub(crate) fn close(&self) {
        let mut state = self.state();
        (state.size, state.brisk_until, state.answers) = (FLOOR, BRISK_MAX, 0);
    }

    /// Completes when a quarter of it is free.
    pub(crate) async fn room(&self) {
        loop {
            let told = self.room.notified();
            tokio::pin!(told);
            told.as_mut().enable();
            if self.state().has_room() {
                return;
            }
            told.await;
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
    async fn an_absence_closes_it_and_answers_open_it() {
        let window = Window::default();
        assert_eq!(fill(&window), CALLS_MAX);
        empty(&window, CALLS_MAX);
        window.close();
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
    async fn calls_that_are_late_together_halve_it_once_and_it_opens_slowly_afterwards() {
        let window = Window::default();
        let sent_at = Instant::now();
        let calls = fill(&window);
        tokio::time::advance(Duration::from_secs(1)).await;
        (0..calls).for_each(|_| window.late(sent_at));
        empty(&window, calls);
        assert_eq!(fill(&window), 512);
        (0..512).for_each(|_| window.answered());
        empty(&window, 512);
        assert_eq!(fill(&window), 513);
        tokio::time::advance(Duration::from_secs(1)).await;
        (0..20).for_each(|second| window.late(Instant::now() + Duration::from_secs(second)));
        empty(&window, 513);
        assert_eq!(fill(&window), FLOOR, "never less");
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_waits_for_room_is_told() {
        let window = Window::default();
        window.close();
        let calls = fill(&window);
        let waits = async { tokio::time::timeout(Duration::from_secs(1), window.room()).await };
        assert!(waits.await.is_err());
        let (told, ()) = tokio::join!(tokio::time::timeout(Duration::from_secs(1), window.room()), async {
            empty(&window, calls / 4);
        });
        assert!(told.is_ok());
    }
}
