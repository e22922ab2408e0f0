//! Where do commands wait, and when are they answered? The writer takes them from here and hands them back with their verdicts.
//!
//! Invariant: whatever was drawn is carried out before what came later, and is answered once. A verdict that is kept back is one that is saved already:
//! its answer waits until the next batch is decided and sent, or for a moment, so that those who are answered do not take the processor from the writer
//! while the database has nothing to do.

use std::collections::VecDeque;

use earmark_core::{Answer, Command, Keys, Rejection, WorkingSet, needs};
use tokio::sync::{mpsc, oneshot};

use crate::{Meanwhile, SubmitError};

/// What became of a command that was carried out.
pub(crate) type Verdict = Result<Answer, Rejection>;

/// A command and where its answer goes.
pub(crate) struct Request {
    pub(crate) command: Command,
    pub(crate) reply: oneshot::Sender<Result<Verdict, SubmitError>>,
}

/// The writer's end of the queue.
pub(crate) struct Queue {
    pub(crate) receiver: mpsc::Receiver<Request>,
    /// Who was drawn for the next batch when the last one was committed; they come before those who still wait.
    drawn: VecDeque<Request>,
    /// Whose commands are saved, and who has not been told yet.
    unanswered: Vec<(Request, Verdict)>,
    batch_commands_max: usize,
}

impl Queue {
    pub(crate) fn new(receiver: mpsc::Receiver<Request>, batch_commands_max: usize) -> Self {
        Self { receiver, drawn: VecDeque::new(), unanswered: Vec::new(), batch_commands_max }
    }

    /// How many wait and have not been drawn.
    pub(crate) fn len(&self) -> usize {
        self.receiver.len()
    }

    /// Whether the next batch has been drawn.
    pub(crate) fn has_drawn(&self) -> bool {
        !self.drawn.is_empty()
    }

    /// Moves those who were drawn into a batch.
    pub(crate) fn take_drawn(&mut self, batch: &mut Vec<Request>) {
        batch.extend(self.drawn.drain(..));
    }

    /// Takes along who waits, while the batch has room.
    pub(crate) fn join_waiting(&mut self, batch: &mut Vec<Request>) {
        while batch.len() < self.batch_commands_max
            && let Some(request) = self.drawn.pop_front().or_else(|| self.receiver.try_recv().ok())
        {
            batch.push(request);
        }
    }

    /// Answers a batch that is saved: at once, or, if the next one is drawn, while the database works on that.
    pub(crate) fn saved(&mut self, batch: &mut Vec<Request>, verdicts: Vec<Verdict>) {
        self.answer();
        self.unanswered.extend(batch.drain(..).zip(verdicts));
        if !self.has_drawn() {
            self.answer();
        }
    }

    /// Ends: nobody has decided those who were drawn.
    pub(crate) fn end(mut self) {
        refuse_all(self.drawn.drain(..), SubmitError::Unavailable);
    }
}

impl Drop for Queue {
    /// Whoever is saved is told so, even if the writer breaks down.
    fn drop(&mut self) {
        self.answer();
    }
}

impl Meanwhile for Queue {
    fn answer(&mut self) {
        for (request, verdict) in self.unanswered.drain(..) {
            // Whoever asked may have gone; what was decided stands.
            let _ = request.reply.send(Ok(verdict));
        }
    }

    fn draw(&mut self) -> Option<Keys> {
        while self.drawn.len() < self.batch_commands_max
            && let Ok(request) = self.receiver.try_recv()
        {
            self.drawn.push_back(request);
        }
        self.has_drawn().then(|| needs_of(&self.drawn, &WorkingSet::default()))
    }
}

/// What all these commands name and is not loaded.
pub(crate) fn needs_of<'a>(requests: impl IntoIterator<Item = &'a Request>, rows: &WorkingSet) -> Keys {
    let mut keys = Keys::default();
    requests.into_iter().for_each(|request| needs(&request.command, rows, &mut keys));
    keys
}

/// Tells them that nothing can be said of their commands but this.
pub(crate) fn refuse_all(requests: impl Iterator<Item = Request>, error: SubmitError) {
    for request in requests {
        let _ = request.reply.send(Err(error));
    }
}

#[cfg(test)]
mod tests {
    use earmark_core::items::adjust::{AdjustStock, StockChange};
    use earmark_core::{Action, Caller, ids, items, text};

    use super::*;

    type Reply = oneshot::Receiver<Result<Verdict, SubmitError>>;

    /// A queue in which two wait, and where they wait for their answers.
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
            assert!(sender.try_send(Request { command, reply }).is_ok());
            answer
        });
        (Queue::new(receiver, 1), replies)
    }

    /// Saves a batch of the first, the second drawn or not.
    fn save_first(queue: &mut Queue, draws: bool) {
        let mut batch = Vec::new();
        queue.join_waiting(&mut batch);
        if draws {
            queue.draw().expect("the second waits");
        }
        queue.saved(&mut batch, vec![Err(Rejection::IdempotencyKeyReused)]);
    }

    const SAVED: Result<Result<Verdict, SubmitError>, oneshot::error::TryRecvError> =
        Ok(Ok(Err(Rejection::IdempotencyKeyReused)));

    #[test]
    fn whoever_is_saved_is_told_at_once_unless_the_next_batch_has_begun() {
        let (mut queue, [mut first, _second]) = two_wait();
        save_first(&mut queue, false);
        assert_eq!(first.try_recv(), SAVED);
        let (mut queue, [mut first, _second]) = two_wait();
        save_first(&mut queue, true);
        assert_eq!(first.try_recv(), Err(oneshot::error::TryRecvError::Empty));
        queue.answer();
        assert_eq!(first.try_recv(), SAVED);
    }

    #[test]
    fn whoever_is_saved_is_told_so_when_the_writer_ends_or_breaks_down() {
        for ends in [true, false] {
            let (mut queue, [mut first, mut second]) = two_wait();
            save_first(&mut queue, true);
            if ends {
                queue.end();
            } else {
                drop(queue);
            }
            assert_eq!(first.try_recv(), SAVED);
            let told = second.try_recv();
            if ends {
                assert_eq!(told, Ok(Err(SubmitError::Unavailable)), "nobody has decided it");
            } else {
                assert_eq!(told, Err(oneshot::error::TryRecvError::Closed), "nobody knows");
            }
        }
    }
}
