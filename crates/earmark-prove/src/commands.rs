//! Which requests do the proofs send? One function a command, each with its key, so that it can be sent again.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::catalogue;
use crate::client::{Client, ClientError, Request, Response};
use crate::error::LoadError;

/// How long a request is sent again before the run gives up: a restart and a full queue are over long before.
const ANSWER_LIMIT: Duration = Duration::from_secs(60);
/// Between two tries while the server is away or busy.
const PAUSE: Duration = Duration::from_millis(10);

/// Lines by index of the SKU, and quantity.
pub type Lines = Vec<(u32, u32)>;

fn lines_json(lines: &[(u32, u32)]) -> Value {
    let line = |&(sku, quantity): &(u32, u32)| json!({ "sku": catalogue::sku(u64::from(sku)), "quantity": quantity });
    lines.iter().map(line).collect()
}

/// What a new order shall be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlacedAs {
    /// To be confirmed later.
    Created,
    /// Confirmed with its creation.
    Confirmed,
}

/// Places an order.
#[must_use]
pub fn place(key: &str, reference: &str, lines: &[(u32, u32)], placed_as: PlacedAs) -> Request {
    let body = json!({
        "customer_id": format!("customer-{}", lines.first().map_or(0, |line| line.0)),
        "lines": lines_json(lines),
        "reference": reference,
        "confirm": placed_as == PlacedAs::Confirmed,
    });
    Request::new("POST", "/v1/orders").with_key(key).with_body(&body)
}

/// Orders what is in a cart, and confirms.
#[must_use]
pub fn place_cart(key: &str, reference: &str, cart: &str) -> Request {
    let body = json!({ "cart_id": cart, "reference": reference, "confirm": true });
    Request::new("POST", "/v1/orders").with_key(key).with_body(&body)
}

/// Confirms an order.
#[must_use]
pub fn confirm(key: &str, order: &str) -> Request {
    Request::new("POST", format!("/v1/orders/{order}/confirm")).with_key(key)
}

/// Pays the whole balance with a token of the sandbox gateway.
#[must_use]
pub fn pay(key: &str, order: &str, token: &str) -> Request {
    let body = json!({ "method": { "token": token } });
    Request::new("POST", format!("/v1/orders/{order}/payments")).with_key(key).with_body(&body)
}

/// Cancels lines of an order, or all of it if there are none.
#[must_use]
pub fn cancel(key: &str, order: &str, lines: &[(u32, u32)]) -> Request {
    let body = match lines {
        [] => json!({ "reason": "customer" }),
        _ => json!({ "reason": "customer", "lines": lines_json(lines) }),
    };
    Request::new("POST", format!("/v1/orders/{order}/cancel")).with_key(key).with_body(&body)
}

/// Ships lines of an order.
#[must_use]
pub fn ship(key: &str, order: &str, lines: &[(u32, u32)]) -> Request {
    let body = json!({ "lines": lines_json(lines), "carrier": "post" });
    Request::new("POST", format!("/v1/orders/{order}/shipments")).with_key(key).with_body(&body)
}

/// Says that a shipment has arrived.
#[must_use]
pub fn deliver(key: &str, order: &str, shipment: &str) -> Request {
    Request::new("POST", format!("/v1/orders/{order}/shipments/{shipment}/deliver")).with_key(key)
}

/// Changes the stock of an item.
#[must_use]
pub fn adjust(key: &str, sku: u32, delta: i64) -> Request {
    let body = json!({ "delta": delta, "reason": "correction" });
    let path = format!("/v1/items/{}/adjustments", catalogue::sku(u64::from(sku)));
    Request::new("POST", path).with_key(key).with_body(&body)
}

/// Makes a cart.
#[must_use]
pub fn create_cart(key: &str) -> Request {
    let body = json!({ "customer_id": "customer-1" });
    Request::new("POST", "/v1/carts").with_key(key).with_body(&body)
}

/// Adds to a cart: sent twice, it would be there twice.
#[must_use]
pub fn add_to_cart(key: &str, cart: &str, sku: u32, quantity: u32) -> Request {
    let body = json!({ "sku": catalogue::sku(u64::from(sku)), "quantity": quantity });
    Request::new("POST", format!("/v1/carts/{cart}/lines")).with_key(key).with_body(&body)
}

/// An answer, and whether earlier tries may have carried the command out without one.
#[derive(Debug)]
pub struct Answered {
    /// The first usable answer.
    pub response: Response,
    /// Tries after which nobody can know: the connection broke, or the server could not tell.
    pub broken: u32,
}

/// [`send_to_any`] of one server.
///
/// # Errors
/// As [`send_to_any`].
pub async fn send_until_answered(client: &Client, request: &Request) -> Result<Answered, LoadError> {
    send_to_any(std::slice::from_ref(client), 0, request).await
}

/// Sends a request until it is answered for good, to the `first` node and then to one after the other: again after a
/// broken connection, while a node is away (503 or no connection), and while an earlier copy of it is under way (409
/// `idempotency_in_progress`).
///
/// # Errors
/// No such answer within a minute.
pub async fn send_to_any(nodes: &[Client], first: usize, request: &Request) -> Result<Answered, LoadError> {
    let start = Instant::now();
    let mut broken = 0;
    for client in nodes.iter().cycle().skip(first) {
        let error = match client.send(request).await {
            Ok(response) if is_transient(&response) => {
                // A full queue took nothing; any other 503 leaves open what became of the command.
                broken += u32::from(response.status == 503 && response.code() != "overloaded");
                LoadError::Unexpected {
                    request: request.name(),
                    status: response.status,
                    body: response.excerpt(),
                }
            }
            Ok(response) => return Ok(Answered { response, broken }),
            Err(error) => {
                broken += u32::from(!matches!(error, ClientError::Connect(_)));
                LoadError::client(request.name())(error)
            }
        };
        if start.elapsed() > ANSWER_LIMIT {
            return Err(error);
        }
        tokio::time::sleep(PAUSE).await;
    }
    Err(LoadError::Options("there is no node".to_owned()))
}

/// Answers after which the same request may be sent again.
#[must_use]
pub fn is_transient(response: &Response) -> bool {
    matches!(response.status, 429 | 503)
        || (response.status == 409 && response.code() == "idempotency_in_progress")
}

/// Waits until a payment is no longer PENDING; returns it.
///
/// # Errors
/// It stays PENDING, or cannot be read.
pub async fn wait_for_payment(client: &Client, payment: &str) -> Result<Value, LoadError> {
    let start = Instant::now();
    loop {
        let request = Request::new("GET", format!("/v1/payments/{payment}"));
        let answered = send_until_answered(client, &request).await?.response;
        let seen = answered.json().map_err(LoadError::client(request.name()))?;
        if answered.status != 200 || start.elapsed() > ANSWER_LIMIT {
            return Err(LoadError::Unexpected {
                request: request.name(),
                status: answered.status,
                body: answered.excerpt(),
            });
        }
        if seen["status"] != "PENDING" {
            return Ok(seen);
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// The payment in the answer to [`pay`]: the body itself, or a member of the problem that a declined one is.
#[must_use]
pub fn payment_of(response: &Response) -> Option<Value> {
    let mut body = response.json().ok()?;
    match response.status {
        200..=202 => Some(body),
        402 => Some(body["payment"].take()),
        _ => None,
    }
}
