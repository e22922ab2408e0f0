//! How is one command brought to its end? It is sent again with its key, to any node, until it is
//! answered for good; a command whose connection broke may have been carried out.
//!
//! Invariant: every try is kept, with its node, its time and its result. The figures of a proof are
//! made from these alone.

use std::time::{Duration, Instant};

use earmark_load::{Client, ClientError, LoadError, Request, Response};
use serde_json::Value;

use crate::check::{Breach, BreachKind};

/// The pause between two tries.
const PAUSE: Duration = Duration::from_millis(10);
/// How long a command is sent again before its end is called unknown. A restart and a full queue
/// are over long before.
const LIMIT: Duration = Duration::from_secs(90);

/// One sending of a command.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Try {
    pub(crate) node: usize,
    pub(crate) sent: Instant,
    pub(crate) took: Duration,
    pub(crate) result: TryResult,
}

impl Try {
    pub(crate) fn ended(&self) -> Instant {
        self.sent + self.took
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TryResult {
    /// With this HTTP status.
    Answer(u16),
    /// Not even a connection: it was not sent.
    NoConnection,
    /// The connection broke before the whole answer was there.
    Broken,
    TimedOut,
}

/// A command with all its tries.
#[derive(Debug)]
pub(crate) struct Sent {
    pub(crate) tries: Vec<Try>,
    /// The answer for good; an error if the command was given up, with what its last try met.
    pub(crate) answer: Result<Response, LoadError>,
    /// Tries that may have been carried out although they were not answered for good.
    unanswered: u32,
    /// Answers that no command may get.
    pub(crate) breaches: Vec<Breach>,
}

/// Sends `request` until it is answered for good: again after a broken connection, while a node is
/// away (503 or no connection), and while an earlier copy of it is under way (409
/// `idempotency_in_progress`). `node` names the node of each try by the number of the tries before
/// it.
pub(crate) async fn send(clients: &[Client], request: &Request, mut node: impl FnMut(u32) -> usize) -> Sent {
    let start = Instant::now();
    let given_up = LoadError::Options("there is no node".to_owned());
    let mut sent = Sent { tries: Vec::new(), answer: Err(given_up), unanswered: 0, breaches: Vec::new() };
    while start.elapsed() < LIMIT {
        let number = node(sent.tries.len() as u32);
        let at = Instant::now();
        let result = clients[number].send(request).await;
        sent.tries.push(Try { node: number, sent: at, took: at.elapsed(), result: result_of(&result) });
        match result {
            Ok(response) => {
                sent.breaches.extend(false_answer(request, &sent.tries, &response).map(|detail| {
                    let detail = format!("{detail}: {}", response.excerpt());
                    Breach::new(BreachKind::Refused, request.name(), detail)
                }));
                if !is_transient(&response) {
                    sent.answer = Ok(response);
                    return sent;
                }
                // A full queue took nothing; any other 503 leaves open what became of the command.
                sent.unanswered += u32::from(response.status == 503 && response.code() != "overloaded");
                sent.answer = Err(LoadError::unexpected(request, &response));
            }
            Err(error) => {
                sent.unanswered += u32::from(!matches!(error, ClientError::Connect(_)));
                sent.answer = Err(LoadError::client(request.name())(error));
            }
        }
        tokio::time::sleep(PAUSE).await;
    }
    sent
}

fn result_of(result: &Result<Response, ClientError>) -> TryResult {
    match result {
        Ok(response) => TryResult::Answer(response.status),
        Err(ClientError::Connect(_)) => TryResult::NoConnection,
        Err(ClientError::Timeout(_)) => TryResult::TimedOut,
        Err(_) => TryResult::Broken,
    }
}

/// An answer for good, and whether earlier tries may have carried the command out.
#[derive(Debug)]
pub(crate) struct Answered {
    pub(crate) response: Response,
    /// Tries before it that may have been carried out.
    pub(crate) unanswered: u32,
}

/// Sends a request to the `first` node and then to one after the other, until it is answered for
/// good.
///
/// # Errors
/// It was given up.
pub(crate) async fn send_to_any(
    nodes: &[Client],
    first: usize,
    request: &Request,
) -> Result<Answered, LoadError> {
    let sent = send(nodes, request, |before| (first + before as usize) % nodes.len()).await;
    Ok(Answered { response: sent.answer?, unanswered: sent.unanswered })
}

/// Sends a request to one server until it is answered for good.
///
/// # Errors
/// It was given up.
pub(crate) async fn send_until_answered(client: &Client, request: &Request) -> Result<Answered, LoadError> {
    send_to_any(std::slice::from_ref(client), 0, request).await
}

/// Whether the same request is to be sent again after this answer.
pub(crate) fn is_transient(response: &Response) -> bool {
    matches!(response.status, 429 | 503)
        || (response.status == 409 && response.code() == "idempotency_in_progress")
}

/// Waits until a payment is no longer PENDING; returns it.
///
/// # Errors
/// It stays PENDING, or cannot be read.
pub(crate) async fn wait_for_payment(client: &Client, payment: &str) -> Result<Value, LoadError> {
    let start = Instant::now();
    loop {
        let request = Request::new("GET", format!("/v1/payments/{payment}"));
        let answered = send_until_answered(client, &request).await?.response;
        let seen = answered.json().map_err(LoadError::client(request.name()))?;
        if answered.status != 200 || start.elapsed() > LIMIT {
            return Err(LoadError::unexpected(&request, &answered));
        }
        if seen["status"] != "PENDING" {
            return Ok(seen);
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// What is wrong with an answer, whatever the command was; the last of `tries` is the one that got
/// it.
fn false_answer(request: &Request, tries: &[Try], response: &Response) -> Option<String> {
    let may_have_happened =
        tries.iter().rev().skip(1).any(|earlier| !matches!(earlier.result, TryResult::NoConnection));
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
    fn check(before: &[TryResult], response: &Response, is_right: bool) {
        let tries = before.iter().copied().chain([TryResult::Answer(response.status)]).map(|result| Try {
            node: 0,
            sent: Instant::now(),
            took: Duration::ZERO,
            result,
        });
        let request = Request::new("POST", "/v1/orders").with_key("k");
        let wrong = false_answer(&request, &tries.collect::<Vec<_>>(), response);
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
            check(&[TryResult::NoConnection], response, false);
            check(&[TryResult::Broken], response, true);
            check(&[TryResult::TimedOut], response, true);
            check(&[TryResult::Answer(503)], response, true);
        }
        check(&[], &answer(201, &[], "{}"), true);
    }
}
