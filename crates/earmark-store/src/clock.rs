//! What time is it? No other place reads the machine's clock, so that tests can set the time.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use earmark_core::Timestamp;

/// The machine's clock, or one that a test sets.
#[derive(Clone, Debug, Default)]
pub struct Clock(Option<Arc<AtomicI64>>);

impl Clock {
    /// The clock of the machine.
    pub const fn system() -> Self {
        Self(None)
    }

    /// A clock that stands still until it is set.
    pub fn manual(at: Timestamp) -> Self {
        Self(Some(Arc::new(AtomicI64::new(at.0))))
    }

    /// Sets a manual clock.
    ///
    /// # Panics
    /// If it is the clock of the machine.
    pub fn set(&self, at: Timestamp) {
        self.0.as_ref().expect("only a manual clock can be set").store(at.0, Ordering::SeqCst);
    }

    /// The time, in microseconds since 1970 (UTC).
    pub fn now(&self) -> Timestamp {
        if let Some(manual) = &self.0 {
            return Timestamp(manual.load(Ordering::SeqCst));
        }
        #[expect(clippy::disallowed_methods, reason = "this is the clock")]
        let since_epoch = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        let micros = since_epoch.map_or(0, |span| i64::try_from(span.as_micros()).unwrap_or(i64::MAX));
        Timestamp(micros)
    }
}
