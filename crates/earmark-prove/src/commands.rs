//! Which requests do the proofs send? One function a command, each with its key, so that it can be
//! sent again.

use earmark_load::catalogue;
use earmark_load::{Request, Response};
use serde_json::{Value, json};

/// Lines by index of the SKU, and quantity.
pub(crate) type Lines = Vec<(u32, u32)>;

fn lines_json(lines: &[(u32, u32)]) -> Value {
    let line = |&(sku, quantity): &(u32, u32)| json!({ "sku": catalogue::sku(u64::from(sku)), "quantity": quantity });
    lines.iter().map(line).collect()
}

/// What a new order shall be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PlacedAs {
    /// To be confirmed later.
    Created,
    /// Confirmed with its creation.
    Confirmed,
}

/// Places an order of these lines.
#[must_use]
pub(crate) fn place(key: &str, reference: &str, lines: &[(u32, u32)], placed_as: PlacedAs) -> Request {
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
pub(crate) fn place_cart(key: &str, reference: &str, cart: &str) -> Request {
    let body = json!({ "cart_id": cart, "reference": reference, "confirm": true });
    Request::new("POST", "/v1/orders").with_key(key).with_body(&body)
}

#[must_use]
pub(crate) fn confirm(key: &str, order: &str) -> Request {
    Request::new("POST", format!("/v1/orders/{order}/confirm")).with_key(key)
}

/// Pays the whole balance with a token of the sandbox gateway.
#[must_use]
pub(crate) fn pay(key: &str, order: &str, token: &str) -> Request {
    let body = json!({ "method": { "token": token } });
    Request::new("POST", format!("/v1/orders/{order}/payments")).with_key(key).with_body(&body)
}

/// Cancels lines of an order, or all of it if there are none.
#[must_use]
pub(crate) fn cancel(key: &str, order: &str, lines: &[(u32, u32)]) -> Request {
    let body = match lines {
        [] => json!({ "reason": "customer" }),
        _ => json!({ "reason": "customer", "lines": lines_json(lines) }),
    };
    Request::new("POST", format!("/v1/orders/{order}/cancel")).with_key(key).with_body(&body)
}

/// Ships lines of an order.
#[must_use]
pub(crate) fn ship(key: &str, order: &str, lines: &[(u32, u32)]) -> Request {
    let body = json!({ "lines": lines_json(lines), "carrier": "post" });
    Request::new("POST", format!("/v1/orders/{order}/shipments")).with_key(key).with_body(&body)
}

/// Says that a shipment has arrived.
#[must_use]
pub(crate) fn deliver(key: &str, order: &str, shipment: &str) -> Request {
    Request::new("POST", format!("/v1/orders/{order}/shipments/{shipment}/deliver")).with_key(key)
}

/// Changes the stock of an item.
#[must_use]
pub(crate) fn adjust(key: &str, sku: u32, delta: i64) -> Request {
    let body = json!({ "delta": delta, "reason": "correction" });
    let path = format!("/v1/items/{}/adjustments", catalogue::sku(u64::from(sku)));
    Request::new("POST", path).with_key(key).with_body(&body)
}

#[must_use]
pub(crate) fn create_cart(key: &str) -> Request {
    let body = json!({ "customer_id": "customer-1" });
    Request::new("POST", "/v1/carts").with_key(key).with_body(&body)
}

/// Adds to a cart: sent twice, it would be there twice.
#[must_use]
pub(crate) fn add_to_cart(key: &str, cart: &str, sku: u32, quantity: u32) -> Request {
    let body = json!({ "sku": catalogue::sku(u64::from(sku)), "quantity": quantity });
    Request::new("POST", format!("/v1/carts/{cart}/lines")).with_key(key).with_body(&body)
}

/// The payment in the answer to [`pay`]: the body itself, or a member of the problem that a
/// declined one is.
#[must_use]
pub(crate) fn payment_of(response: &Response) -> Option<Value> {
    let mut body = response.json().ok()?;
    match response.status {
        200..=202 => Some(body),
        402 => Some(body["payment"].take()),
        _ => None,
    }
}
