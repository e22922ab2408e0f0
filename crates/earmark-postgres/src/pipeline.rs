//! How do several statements cross the wire in one round trip, and what is done while the server
//! works on them?
//!
//! The driver sends a statement when its future is first polled, and the server carries out what a
//! connection sends in order. So every statement is polled once, in order, before any answer is
//! waited for.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::Duration;

use earmark_store::Overlap;

/// A statement whose answer has not come. It is sent when it is first polled.
pub(crate) type Underway<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Sends all statements in the order given, calls `overlap` once all have left, and waits for all
/// answers.
pub(crate) async fn pipelined<T>(mut statements: Vec<Underway<'_, T>>, overlap: impl FnOnce()) -> Vec<T> {
    let mut answers: Vec<Option<T>> = statements.iter().map(|_| None).collect();
    let mut overlap = Some(overlap);
    let mut sent = 0;
    poll_fn(|context| {
        let all_have_left = sent == statements.len();
        if all_have_left && let Some(overlap) = overlap.take() {
            overlap();
        }
        // Only the first statement is sent at the first poll, and all others at the second. The
        // task that writes to the socket runs in between, so that the server works on the first
        // statement while the others are encoded.
        sent = if sent == 0 { statements.len().min(1) } else { statements.len() };
        let mut pending = false;
        for (statement, answer) in statements.iter_mut().zip(&mut answers).take(sent) {
            if answer.is_none() {
                match statement.as_mut().poll(context) {
                    Poll::Ready(found) => *answer = Some(found),
                    Poll::Pending => pending = true,
                }
            }
        }
        if !all_have_left {
            // Asks for the next poll at once, behind the task that writes to the socket.
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        if pending { Poll::Pending } else { Poll::Ready(()) }
    })
    .await;
    answers.into_iter().flatten().collect()
}

/// How long answers that are ready may be held back.
const MOMENT: Duration = Duration::from_millis(1);

/// Waits for `work`; if it takes more than a moment, sends the answers that are due before it waits
/// for the rest.
pub(crate) async fn answering_if_slow<T>(overlap: &mut dyn Overlap, work: impl Future<Output = T>) -> T {
    let mut work = pin!(work);
    if let Ok(done) = tokio::time::timeout(MOMENT, &mut work).await {
        return done;
    }
    overlap.send_answers();
    work.await
}

/// Statements that are sent while the answer to something else is waited for.
pub(crate) enum Sent<T> {
    /// Sent when it is first polled, and not answered yet.
    Underway(Underway<'static, T>),
    /// The answer came while something else was waited for.
    Answered(T),
}

impl<T> Sent<T> {
    /// Nothing is sent yet.
    pub(crate) fn new(statements: impl Future<Output = T> + Send + 'static) -> Self {
        Self::Underway(Box::pin(statements))
    }

    /// Sends the statements, if that has not been done, and keeps their answers, if they have come.
    pub(crate) fn poll(&mut self, context: &mut Context<'_>) {
        if let Self::Underway(statements) = self
            && let Poll::Ready(answer) = statements.as_mut().poll(context)
        {
            *self = Self::Answered(answer);
        }
    }

    /// Waits for their answers.
    pub(crate) async fn answer(self) -> T {
        match self {
            Self::Underway(statements) => statements.await,
            Self::Answered(answer) => answer,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    #[tokio::test]
    async fn all_are_begun_in_order_before_any_is_waited_for() {
        let begun = Mutex::new(Vec::new());
        let statement = |number: u64| -> Underway<'_, u64> {
            let begun = &begun;
            Box::pin(async move {
                begun.lock().unwrap().push(number);
                // The later it was sent, the sooner it is answered.
                for _ in 0..10 - number {
                    tokio::task::yield_now().await;
                }
                assert_eq!(begun.lock().unwrap().len(), 3);
                number * 10
            })
        };
        let overlap = || assert_eq!(*begun.lock().unwrap(), [1, 2, 3], "all have been sent");
        assert_eq!(pipelined((1..=3).map(statement).collect(), overlap).await, [10, 20, 30]);
        assert_eq!(*begun.lock().unwrap(), [1, 2, 3]);
    }
}
