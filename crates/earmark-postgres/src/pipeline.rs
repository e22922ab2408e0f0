//! How do several statements cross the wire in one round trip? Each is sent when it is first polled, so all are polled once, in order, before
//! any answer is waited for.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::Duration;

use earmark_store::Overlap;

/// A statement under way.
pub(crate) type Underway<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Sends all of them in the order given, does something else `meanwhile`, and waits for all answers. The first leaves before the others are written
/// down: the server works on it by then.
pub(crate) async fn pipelined<T>(mut statements: Vec<Underway<'_, T>>, meanwhile: impl FnOnce()) -> Vec<T> {
    let mut answers: Vec<Option<T>> = statements.iter().map(|_| None).collect();
    let mut meanwhile = Some(meanwhile);
    let mut sent = 0;
    poll_fn(|context| {
        let all_have_left = sent == statements.len();
        if all_have_left && let Some(meanwhile) = meanwhile.take() {
            meanwhile();
        }
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
            // Whatever carries the bytes runs before this is polled again.
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        if pending { Poll::Pending } else { Poll::Ready(()) }
    })
    .await;
    answers.into_iter().flatten().collect()
}

/// How long those who are due an answer may be kept waiting.
const MOMENT: Duration = Duration::from_millis(1);

/// Waits for this; if it takes more than a moment, those who are due an answer get it meanwhile.
pub(crate) async fn answering_if_slow<T>(meanwhile: &mut dyn Overlap, work: impl Future<Output = T>) -> T {
    let mut work = pin!(work);
    if let Ok(done) = tokio::time::timeout(MOMENT, &mut work).await {
        return done;
    }
    meanwhile.send_answers();
    work.await
}

/// Statements that others are sent behind before their answers are waited for.
pub(crate) enum Sent<T> {
    /// Not answered yet; sent when it is first polled.
    Underway(Underway<'static, T>),
    /// Answered while others were waited for.
    Answered(T),
}

impl<T> Sent<T> {
    /// Nothing is sent yet.
    pub(crate) fn new(statements: impl Future<Output = T> + Send + 'static) -> Self {
        Self::Underway(Box::pin(statements))
    }

    /// Sends them, if that has not been done, and takes their answers in, if they are there.
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
        let meanwhile = || assert_eq!(*begun.lock().unwrap(), [1, 2, 3], "all have been sent");
        assert_eq!(pipelined((1..=3).map(statement).collect(), meanwhile).await, [10, 20, 30]);
        assert_eq!(*begun.lock().unwrap(), [1, 2, 3]);
    }
}
