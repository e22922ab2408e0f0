//! Where do commands wait, and when are they answered? The writer takes them from here and hands
//! them back decided.
//!
//! Invariants: a command that was taken is carried out before those that came later, and is
//! answered once; only a batch that is saved has answers that are kept back. They are kept back
//! while the next batch is decided and sent, so that the clients that they wake do not take the
//! processor from the writer while the database has nothing to do.

use std::collections::VecDeque;

use earmark_core::{Answer, Command, Keys, Rejection, WorkingSet, needs};
use tokio::sync::{mpsc, oneshot};

use crate::engine::Overlap;
use crate::error::SubmitError;

/// What became of a command that was carried out.
pub(crate) type Decided = Result<Answer, Rejection>;

/// A command and where its answer goes.
pub(crate) struct QueuedCommand {
    pub(crate) command: Command,
    pub(crate) reply: oneshot::Sender<Result<Decided, SubmitError>>,
}

/// The writer's end of the queue.
pub(crate) struct Queue {
    pub(crate) receiver: mpsc::Receiver<QueuedCommand>,
    /// Taken by the engine for the next batch; they come before those that still wait in the
    /// channel.
    next_batch: VecDeque<QueuedCommand>,
    /// Saved, with answers that are kept back.
    unanswered: Vec<(QueuedCommand, Decided)>,
    batch_commands_max: usize,
}

impl Queue {
    pub(crate) fn new(receiver: mpsc::Receiver<QueuedCommand>, batch_commands_max: usize) -> Self {
        Self { receiver, next_batch: VecDeque::new(), unanswered: Vec::new(), batch_commands_max }
    }

    /// How many commands wait in the channel.
    pub(crate) fn len(&self) -> usize {
        self.receiver.len()
    }

    /// Whether the engine has taken the next batch.
    pub(crate) fn has_next_batch(&self) -> bool {
        !self.next_batch.is_empty()
    }

    /// Moves what the engine has taken into a batch.
    pub(crate) fn take_next_batch(&mut self, batch: &mut Vec<QueuedCommand>) {
        batch.extend(self.next_batch.drain(..));
    }

    /// Adds waiting commands to a batch while it has room.
    pub(crate) fn join_waiting(&mut self, batch: &mut Vec<QueuedCommand>) {
        while batch.len() < self.batch_commands_max
            && let Some(queued) = self.next_batch.pop_front().or_else(|| self.receiver.try_recv().ok())
        {
            batch.push(queued);
        }
    }

    /// Answers a batch that is saved: at once, or, where the engine has taken the next batch, while
    /// the database works on that.
    pub(crate) fn saved(&mut self, batch: &mut Vec<QueuedCommand>, decided: Vec<Decided>) {
        self.send_answers();
        self.unanswered.extend(batch.drain(..).zip(decided));
        if !self.has_next_batch() {
            self.send_answers();
        }
    }

    /// Refuses what the engine has taken: it was not decided and never will be.
    pub(crate) fn end(mut self) {
        refuse_all(self.next_batch.drain(..), SubmitError::Unavailable);
    }
}

impl Drop for Queue {
    /// Sends what was kept back, even if the writer panics.
    fn drop(&mut self) {
        self.send_answers();
    }
}

impl Overlap for Queue {
    fn send_answers(&mut self) {
        for (queued, decided) in self.unanswered.drain(..) {
            // The client may have gone; what was decided stands.
            let _ = queued.reply.send(Ok(decided));
        }
    }

    fn next_batch(&mut self) -> Option<Keys> {
        while self.next_batch.len() < self.batch_commands_max
            && let Ok(queued) = self.receiver.try_recv()
        {
            self.next_batch.push_back(queued);
        }
        self.has_next_batch().then(|| needs_of(&self.next_batch, &WorkingSet::default()))
    }
}

/// What all these commands name and is not loaded.
pub(crate) fn needs_of<'a>(commands: impl IntoIterator<Item = &'a QueuedCommand>, rows: &WorkingSet) -> Keys {
    let mut keys = Keys::default();
    commands.into_iter().for_each(|queued| needs(&queued.command, rows, &mut keys));
    keys
}

/// Answers these commands with an error.
pub(crate) fn refuse_all(commands: impl Iterator<Item = QueuedCommand>, error: SubmitError) {
    for queued in commands {
        let _ = queued.reply.send(Err(error));
    }
}

#[cfg(test)]
mod tests {
    use earmark_core::items::adjust::{AdjustStock, StockChange};
    use earmark_core::{Action, Caller, ids, items, text};

    use super::*;

    type Reply = oneshot::Receiver<Result<Decided, SubmitError>>;

    /// A queue in which two commands wait, and where their answers come.
    fn two_wait() -> (Queue, [Reply; 2]) {
        let (sender, receiver) = mpsc::channel(2);
        let replies = [1, 2].map(|id| {
            let action = Action::AdjustStock(AdjustStock {
                id: ids::AdjustmentId(id),
                sku: text::Sku::parse("A").unwrap(),
                change: StockChange::By(1),
                reason: items::AdjustmentReason::Received,
                note: None,
            });
            let command = Command::new(Caller::OPERATOR, action);
            let (reply, answer) = oneshot::channel();
            assert!(sender.try_send(QueuedCommand { command, reply }).is_ok());
            answer
        });
        (Queue::new(receiver, 1), replies)
    }

    /// Saves a batch of the first command; the engine takes the second as the next batch, or not.
    fn save_first(queue: &mut Queue, takes_next: bool) {
        let mut batch = Vec::new();
        queue.join_waiting(&mut batch);
        if takes_next {
            queue.next_batch().expect("the second waits");
        }
        queue.saved(&mut batch, vec![Err(Rejection::IdempotencyKeyReused)]);
    }

    const SAVED: Result<Result<Decided, SubmitError>, oneshot::error::TryRecvError> =
        Ok(Ok(Err(Rejection::IdempotencyKeyReused)));

    #[test]
    fn a_saved_batch_is_answered_at_once_unless_the_next_one_has_begun() {
        let (mut queue, [mut first, _second]) = two_wait();
        save_first(&mut queue, false);
        assert_eq!(first.try_recv(), SAVED);
        let (mut queue, [mut first, _second]) = two_wait();
        save_first(&mut queue, true);
        assert_eq!(first.try_recv(), Err(oneshot::error::TryRecvError::Empty));
        queue.send_answers();
        assert_eq!(first.try_recv(), SAVED);
    }

    #[test]
    fn a_saved_batch_is_answered_when_the_writer_ends_or_panics() {
        for ends in [true, false] {
            let (mut queue, [mut first, mut second]) = two_wait();
            save_first(&mut queue, true);
            if ends {
                queue.end();
            } else {
                drop(queue);
            }
            assert_eq!(first.try_recv(), SAVED);
            let answer = second.try_recv();
            if ends {
                assert_eq!(answer, Ok(Err(SubmitError::Unavailable)), "it was not decided");
            } else {
                assert_eq!(answer, Err(oneshot::error::TryRecvError::Closed), "its outcome is unknown");
            }
        }
    }
}
