//! How does a store run? Its limits and its clock.

use std::time::Duration;

use crate::clock::Clock;

/// How a store runs.
#[derive(Clone, Debug)]
pub struct StoreOptions {
    /// The most commands decided in one transaction.
    pub batch_commands_max: usize,
    /// The most commands that wait; one more is refused at once.
    pub queue_commands_max: usize,
    /// How long a caller waits for an answer. After that the command may still be carried out.
    pub answer_within: Duration,
    pub clock: Clock,
}

impl Default for StoreOptions {
    fn default() -> Self {
        Self {
            batch_commands_max: 256,
            queue_commands_max: 4096,
            answer_within: Duration::from_secs(12),
            clock: Clock::system(),
        }
    }
}
