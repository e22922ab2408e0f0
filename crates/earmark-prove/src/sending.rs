//! How is one command brought to its end, and was each answer on the way a true one? Sent again with its key, to any node,
//! until it is answered for good.
//!
//! Invariant: every try is kept, with its node, its time and what came of it; a proof's figures are made from these alone.

use std::time::{Duration, Instant};

use earmark_load::audit::{Breach, BreachKind};
use earmark_load::client::{Client, ClientError, Request, Response};

/// Between two tries.
const PAUSE: Duration = Duration::from_millis(10);
/// How long a command is sent again before its end is called unknown.
const LIMIT: Duration = Duration::from_secs(90);

/// One sending of a command.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Try {
    pub(crate) node: usize,
    pub(crate) sent: Instant,
    pub(crate) took: Duration,
    pub(crate) got: Got,
}

impl Try {
    pub(crate) fn ended(&self) -> Instant {
        self.sent + self.took
    }
}

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Got {
    Answer(u16),
    /// Not even a connection: it was not sent.
    NoConnection,
    /// The connection broke.
    Broken,
    /// Nothing came in time.
    Nothing,
}

/// A command with all its tries.
#[derive(Debug)]
pub(crate) struct Sent {
    pub(crate) tries: Vec<Try>,
    /// The answer that ended it; None: it was given up.
    pub(crate) answer: Option<Response>,
    /// Answers that no command may get.
    pub(crate) breaches: Vec<Breach>,
}

/// Sends `request` until it is answered for good; `node` says to whom, for the first try and each further one.
pub(crate) async fn send(clients: &[Client], request: &Request, mut node: impl FnMut(u32) -> usize) -> Sent {
    let start = Instant::now();
    let mut sent = Sent { tries: Vec::new(), answer: None, breaches: Vec::new() };
    while start.elapsed() < LIMIT {
        let number = node(sent.tries.len() as u32);
        let at = Instant::now();
        let result = clients[number].send(request).await;
        let got = match &result {
            Ok(response) => Got::Answer(response.status),
            Err(ClientError::Connect(_)) => Got::NoConnection,
            Err(ClientError::Timeout(_)) => Got::Nothing,
            Err(_) => Got::Broken,
        };
        sent.tries.push(Try { node: number, sent: at, took: at.elapsed(), got });
        if let Ok(response) = result {
            sent.breaches.extend(judge(request, &sent.tries, &response).map(|detail| {
                Breach::new(BreachKind::Refused, request.name(), format!("{detail}: {}", response.excerpt()))
            }));
            if !is_transient(&response) {
                sent.answer = Some(response);
                return sent;
            }
        }
        tokio::time::sleep(PAUSE).await;
    }
    sent
}

fn is_transient(response: &Response) -> bool {
    matches!(response.status, 429 | 503)
        || (response.status == 409 && response.code() == "idempotency_in_progress")
}

/// What is wrong with an answer, whatever the command was; the last of `tries` is the one that got it.
fn judge(request: &Request, tries: &[Try], response: &Response) -> Option<String> {
    let may_have_happened =
        tries.iter().rev().skip(1).any(|earlier| !matches!(earlier.got, Got::NoConnection));
    let status = response.status;
    match status {
        429 | 503 => {
            let retryable = response.json().is_ok_and(|body| body["retryable"] == true);
            let says_when = response.header("retry-after").is_some();
            (!retryable || !says_when)
                .then(|| format!("{status} that does not say that and when to try again"))
        }
        500.. => Some(format!("answered {status}")),
        409 if response.code() == "idempotency_in_progress" && !may_have_happened => {
            Some("the only copy of a command is said to be a second one".to_owned())
        }
        _ if response.replayed() && !may_have_happened && request.key.is_some() => {
            Some("the answer to the only copy of a command is marked as a replay".to_owned())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, headers: &[(&str, &str)], body: &str) -> Response {
        let header = |&(name, value): &(&str, &str)| (name.to_owned(), value.to_owned());
        Response { status, headers: headers.iter().map(header).collect(), body: body.as_bytes().to_vec() }
    }

    #[track_caller]
    fn check(before: &[Got], response: &Response, is_right: bool) {
        let tries = before.iter().copied().chain([Got::Answer(response.status)]).map(|got| Try {
            node: 0,
            sent: Instant::now(),
            took: Duration::ZERO,
            got,
        });
        let request = Request::new("POST", "/v1/orders").with_key("k");
        let wrong = judge(&request, &tries.collect::<Vec<_>>(), response);
        assert_eq!(wrong.is_none(), is_right, "{wrong:?}");
    }

    #[test]
    fn busy_server_says_that_and_when_to_try_again() {
        check(&[], &answer(503, &[("retry-after", "1")], r#"{"code":"overloaded","retryable":true}"#), true);
        check(&[], &answer(503, &[], r#"{"code":"overloaded","retryable":true}"#), false);
        check(
            &[],
            &answer(503, &[("retry-after", "1")], r#"{"code":"overloaded","retryable":false}"#),
            false,
        );
        check(&[], &answer(500, &[("retry-after", "1")], r#"{"code":"internal","retryable":true}"#), false);
    }

    #[test]
    fn only_what_was_sent_before_can_be_a_second_copy() {
        let replay = answer(201, &[("idempotency-replayed", "true")], "{}");
        let in_progress = answer(409, &[("retry-after", "1")], r#"{"code":"idempotency_in_progress"}"#);
        for response in [&replay, &in_progress] {
            check(&[], response, false);
            check(&[Got::NoConnection], response, false);
            check(&[Got::Broken], response, true);
            check(&[Got::Nothing], response, true);
            check(&[Got::Answer(503)], response, true);
        }
        check(&[], &answer(201, &[], "{}"), true);
    }
}
