//! What does each role get of each call, on its own resources and on those of others?

use serde_json::{Value, json};

use crate::support::{Request, Shop, succeeded, unique};

/// What a sender gets of a call on a resource that exists.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Gets {
    /// Any status but the three below: the call is allowed, and other tests look at its result.
    Allowed,
    Unauthorized,
    Forbidden,
    NotFound,
}
use Gets::{Allowed, Forbidden, NotFound, Unauthorized};

/// A call, and what each sender gets of it: without a token, admin, service, the resource's own
/// customer, another customer.
type Row = (&'static str, String, Option<Value>, [Gets; 5]);

const OPEN: [Gets; 5] = [Allowed; 5];
const OWN: [Gets; 5] = [Unauthorized, Allowed, Allowed, Allowed, NotFound];
const ANY: [Gets; 5] = [Unauthorized, Allowed, Allowed, Allowed, Allowed];
const STAFF: [Gets; 5] = [Unauthorized, Allowed, Allowed, NotFound, NotFound];
const ADMIN: [Gets; 5] = [Unauthorized, Allowed, Forbidden, NotFound, NotFound];

struct Things {
    cart: String,
    order: String,
    payment: String,
    shipment: String,
    key: String,
}

async fn things(shop: &Shop) -> Things {
    shop.stock("a", 100, 1_000).await;
    let cart = shop.operator("POST", "/v1/carts").json(&json!({ "customer_id": "ada" })).send().await.id();
    let line = json!({ "sku": "a", "quantity": 1 });
    shop.operator("POST", &format!("/v1/carts/{cart}/lines")).json(&line).send().await;
    let order = shop.order("a", 2, "ada").await;
    let payment = shop.pay(&order, succeeded()).await.id();
    let part = json!({ "lines": [line] });
    let shipments = format!("/v1/orders/{order}/shipments");
    let shipment = shop.operator("POST", &shipments).key(&unique()).json(&part).send().await.id();
    let key = shop.operator("POST", "/v1/keys").json(&json!({ "role": "service" })).send().await.id();
    Things { cart, order, payment, shipment, key }
}

fn rows(things: &Things) -> Vec<Row> {
    let Things { cart, order, payment, shipment, key } = things;
    let line = json!({ "sku": "a", "quantity": 1 });
    let order = |rest: &str| format!("/v1/orders/{order}{rest}");
    let cart_path = |rest: &str| format!("/v1/carts/{cart}{rest}");
    vec![
        ("GET", "/v1/items".into(), None, OPEN),
        ("GET", "/v1/items/a".into(), None, OPEN),
        ("PUT", "/v1/items/a".into(), Some(json!({ "name": "a", "unit_price": 100 })), STAFF),
        ("POST", "/v1/items/a/adjustments".into(), Some(json!({ "delta": 1, "reason": "received" })), STAFF),
        ("GET", "/v1/items/a/movements".into(), None, STAFF),
        ("POST", "/v1/carts".into(), None, ANY),
        ("GET", cart_path(""), None, OWN),
        ("POST", cart_path("/lines"), Some(line.clone()), OWN),
        ("PUT", cart_path("/lines/a"), Some(json!({ "quantity": 1 })), OWN),
        ("POST", "/v1/orders".into(), Some(json!({ "lines": [line] })), ANY),
        ("GET", "/v1/orders".into(), None, ANY),
        ("GET", order(""), None, OWN),
        ("GET", order("/events"), None, OWN),
        ("GET", order("/payments"), None, OWN),
        ("GET", format!("/v1/payments/{payment}"), None, OWN),
        ("POST", order("/confirm"), None, OWN),
        ("POST", order("/cancel?dry_run=true"), None, OWN),
        ("POST", order("/payments"), Some(json!({ "method": { "token": "tok_ok" } })), OWN),
        ("POST", order("/cancel"), Some(json!({ "lines": [line] })), OWN),
        ("POST", order("/shipments"), None, STAFF),
        ("POST", order(&format!("/shipments/{shipment}/deliver")), None, STAFF),
        ("POST", order("/refunds"), Some(json!({ "amount": 1 })), ADMIN),
        ("GET", "/v1/refunds".into(), None, STAFF),
        ("GET", "/v1/payments".into(), None, STAFF),
        (
            "POST",
            format!("/v1/payments/{payment}/resolve"),
            Some(json!({ "status": "FAILED", "note": "no" })),
            ADMIN,
        ),
        ("GET", "/v1/events".into(), None, STAFF),
        ("POST", "/v1/customer-tokens".into(), Some(json!({ "customer_id": "bob" })), STAFF),
        ("GET", "/v1/keys".into(), None, ADMIN),
        ("POST", "/v1/keys".into(), Some(json!({ "role": "service" })), ADMIN),
        ("DELETE", format!("/v1/keys/{key}"), None, ADMIN),
        ("GET", "/v1/verify".into(), None, ADMIN),
        // Last, since the cart does not exist after it.
        ("DELETE", cart_path("/lines/a"), None, OWN),
        ("DELETE", cart_path(""), None, OWN),
    ]
}

fn request(shop: &Shop, row: &Row, token: Option<&str>) -> Request {
    let mut request = shop.request(row.0, &row.1);
    if row.1 != "/v1/keys" {
        request = request.key(&unique());
    }
    if let Some(token) = token {
        request = request.token(token);
    }
    match &row.2 {
        Some(body) => request.json(body),
        None => request,
    }
}

async fn key(shop: &Shop, role: &str) -> String {
    let made = shop.operator("POST", "/v1/keys").json(&json!({ "role": role })).send().await;
    made.json()["key"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn every_role_gets_what_is_its_own_and_nothing_else() {
    // Each sender gets a shop of its own, so that its changes do not disturb another's calls.
    for caller in 0..5 {
        let shop = Shop::open().await;
        let things = things(&shop).await;
        let token = match caller {
            0 => None,
            1 => Some(key(&shop, "admin").await),
            2 => Some(key(&shop, "service").await),
            3 => Some(shop.customer_token("ada").await),
            _ => Some(shop.customer_token("eve").await),
        };
        for row in rows(&things) {
            let got = request(&shop, &row, token.as_deref()).send().await;
            let found = match got.status {
                401 => Unauthorized,
                403 => Forbidden,
                404 => NotFound,
                400 => panic!("the call itself is right: {} {} {got:?}", row.0, row.1),
                _ => Allowed,
            };
            assert_eq!(found, row.3[caller], "caller {caller}: {} {} {got:?}", row.0, row.1);
        }
    }
}

#[tokio::test]
async fn a_refused_call_has_changed_nothing() {
    let shop = Shop::open().await;
    let things = things(&shop).await;
    let before = shop.operator("GET", "/v1/events?limit=200").send().await.json();
    let eve = shop.customer_token("eve").await;
    for row in rows(&things).iter().filter(|row| row.3[4] == NotFound && row.0 != "GET") {
        request(&shop, row, Some(&eve)).send().await;
        request(&shop, row, None).send().await;
    }
    assert_eq!(shop.operator("GET", "/v1/events?limit=200").send().await.json(), before);
    assert_eq!(shop.operator("GET", &format!("/v1/carts/{}", things.cart)).send().await.status, 200);
    assert_eq!(shop.operator("GET", "/v1/keys").send().await.json()["data"][0]["revoked_at"], Value::Null);
}

#[tokio::test]
async fn a_foreign_thing_looks_exactly_like_none() {
    let shop = Shop::open().await;
    let things = things(&shop).await;
    let eve = shop.customer_token("eve").await;
    let get = async |path: &str| {
        let mut json = shop.request("GET", path).token(&eve).header("x-request-id", "r").send().await.json();
        json["instance"] = Value::Null;
        json
    };
    let foreign = get(&format!("/v1/orders/{}", things.order)).await;
    assert_eq!(foreign, get("/v1/orders/ord_00000000000000000000000001").await);
    assert_eq!(foreign, get("/v1/orders/nonsense").await);
}

#[tokio::test]
async fn broken_tokens_are_401_everywhere() {
    let shop = Shop::open().await;
    let good = key(&shop, "admin").await;
    let mut other_secret = good.clone();
    other_secret.replace_range(good.len() - 5.., "00000");
    let unknown = format!("em_live_{}{}", "0".repeat(26), &good[34..]);
    for header in [
        "Bearer",
        "Bearer ",
        "Basic YTpi",
        "bearer x",
        "Bearer em_live_x",
        &format!("Bearer {other_secret}"),
        &format!("Bearer {unknown}"),
        &format!("Bearer {good}x"),
        "Bearer em_cust_x.y",
        &format!("Token {good}"),
    ] {
        for path in ["/v1/orders", "/v1/items", "/v1/keys"] {
            let got = shop.request("GET", path).header("authorization", header).send().await;
            assert_eq!(
                (got.status, got.header("www-authenticate")),
                (401, Some("Bearer")),
                "{header:?} {path}"
            );
        }
    }
    assert_eq!(
        shop.request("GET", "/v1/keys")
            .header("authorization", &format!("bearer {good}"))
            .send()
            .await
            .status,
        200
    );
}
