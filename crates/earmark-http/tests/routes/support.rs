//! A shop to test against, and a client whose requests may also be wrong in every way.

use std::sync::Arc;
use std::time::Duration;

use earmark_core::ids::{OrderId, PaymentId, RefundId};
use earmark_core::payments::settle::{PaymentResult, SettlePayment};
use earmark_core::text::Name;
use earmark_core::{Action, Caller, Command, Currency, Timestamp};
use earmark_door::secrets::AdminKey;
use earmark_door::{Door, DoorConfig, ServeLimits, serve};
use earmark_http::{HttpConfig, router};
use earmark_store::memory::MemoryStore;
use earmark_store::{Clock, Store, StoreOptions};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

/// The operator's key in tests.
pub(crate) const OPERATOR: &str = "operator-key-of-the-tests-0123456789";
/// What the clock shows at first: 2026-01-31T09:30:00Z.
pub(crate) const START: Timestamp = Timestamp(1_769_851_800_000_000);

/// A running server over an empty store in memory, with a clock that only tests move.
pub(crate) struct Shop {
    pub(crate) address: std::net::SocketAddr,
    pub(crate) store: Store,
    pub(crate) clock: Clock,
    stop: Option<oneshot::Sender<()>>,
    served: tokio::task::JoinHandle<()>,
}

/// How a shop is configured. The default has the operator's key and waits long for its gateway.
pub(crate) struct Settings {
    pub(crate) door: DoorConfig,
    pub(crate) http: HttpConfig,
    pub(crate) limits: ServeLimits,
}

impl Default for Settings {
    fn default() -> Self {
        let admin_key = Some(AdminKey::parse(OPERATOR).unwrap());
        let mut http = HttpConfig::new(Currency::parse("USD").unwrap(), Name::parse("sandbox").unwrap());
        http.gateway_timeout = Duration::from_secs(20);
        Self { door: DoorConfig { admin_key, ..DoorConfig::default() }, http, limits: ServeLimits::default() }
    }
}

impl Settings {
    /// Payments are answered with 202 at once: the gateway never answers in time.
    pub(crate) fn without_waiting() -> Self {
        let mut settings = Self::default();
        settings.http.gateway_timeout = Duration::from_millis(1);
        settings
    }
}

impl Shop {
    pub(crate) async fn open() -> Self {
        Self::with(Settings::default()).await
    }

    pub(crate) async fn with(settings: Settings) -> Self {
        let (memory, clock) = (MemoryStore::new(), Clock::manual(START));
        let options = StoreOptions { clock: clock.clone(), ..StoreOptions::default() };
        let (store, _ended) = Store::start(Box::new(memory.clone()), Arc::new(memory), options);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let door = Door::new(store.clone(), settings.door);
        let app = router(door, settings.http);
        let (stop, stopped) = oneshot::channel::<()>();
        let shutdown = async move {
            let _ = stopped.await;
        };
        let served = tokio::spawn(serve(listener, app, settings.limits, shutdown));
        Self { address, store, clock, stop: Some(stop), served }
    }

    /// Stops the server and waits until it has stopped.
    pub(crate) async fn close(mut self) {
        drop(self.stop.take());
        self.served.await.unwrap();
    }

    /// A request without a token.
    pub(crate) fn request(&self, method: &str, path: &str) -> Request {
        let head = format!("{method} {path} HTTP/1.1\r\nhost: shop\r\nconnection: close\r\n");
        Request { address: self.address, head, body: Vec::new() }
    }

    /// A request with the operator's key.
    pub(crate) fn operator(&self, method: &str, path: &str) -> Request {
        self.request(method, path).token(OPERATOR)
    }

    /// A new token of this customer.
    pub(crate) async fn customer_token(&self, id: &str) -> String {
        let made =
            self.operator("POST", "/v1/customer-tokens").json(&json!({ "customer_id": id })).send().await;
        made.json()["token"].as_str().unwrap().to_owned()
    }

    /// Creates an item with so many units on hand.
    pub(crate) async fn stock(&self, sku: &str, unit_price: i64, on_hand: u32) {
        let item = json!({ "name": format!("Item {sku}"), "unit_price": unit_price });
        let put = self.operator("PUT", &format!("/v1/items/{sku}")).json(&item).send().await;
        assert_eq!(put.status, 201, "{put:?}");
        if on_hand > 0 {
            let body = json!({ "delta": on_hand, "reason": "received" });
            let path = format!("/v1/items/{sku}/adjustments");
            let adjusted = self.operator("POST", &path).key(&format!("stock-{sku}")).json(&body).send().await;
            assert_eq!(adjusted.status, 201, "{adjusted:?}");
        }
    }

    /// Places and confirms an order of so many units for this customer; returns its id.
    pub(crate) async fn order(&self, sku: &str, quantity: u32, customer: &str) -> String {
        let body = json!({ "lines": [{ "sku": sku, "quantity": quantity }], "confirm": true, "customer_id": customer });
        let placed = self.operator("POST", "/v1/orders").key(&unique()).json(&body).send().await;
        assert_eq!(placed.status, 201, "{placed:?}");
        placed.id()
    }

    /// Pays an order: sends the request, and settles the payment with this result meanwhile.
    pub(crate) async fn pay(&self, order: &str, result: PaymentResult) -> Response {
        let path = format!("/v1/orders/{order}/payments");
        let body = json!({ "method": { "token": "tok_ok" } });
        let paying = tokio::spawn(self.operator("POST", &path).key(&unique()).json(&body).send());
        let payment = self.pending_payment(order).await;
        self.settle(order, payment, result).await;
        paying.await.unwrap()
    }

    /// Waits until a payment of this order is PENDING; returns its id.
    pub(crate) async fn pending_payment(&self, order: &str) -> PaymentId {
        let id: OrderId = order.parse().unwrap();
        loop {
            let row = self.store.queries().find_order(id).await.unwrap().unwrap();
            if let Some(payment) = row.pending_payment() {
                return payment.id;
            }
            tokio::task::yield_now().await;
        }
    }

    /// Settles a payment, as a worker does with the result of a gateway.
    pub(crate) async fn settle(&self, order: &str, payment_id: PaymentId, result: PaymentResult) {
        let refund_id = RefundId(payment_id.0);
        let settle = SettlePayment { order_id: order.parse().unwrap(), payment_id, result, refund_id };
        let command = Command::new(Caller::SYSTEM, Action::SettlePayment(settle));
        self.store.submit(command).await.unwrap().unwrap();
    }
}

pub(crate) fn succeeded() -> PaymentResult {
    PaymentResult::Succeeded { reference: Some(Name::parse("sandbox-1").unwrap()) }
}

pub(crate) fn declined() -> PaymentResult {
    PaymentResult::Declined { code: Name::parse("insufficient_funds").unwrap(), reference: None }
}

/// An idempotency key that no other request has.
pub(crate) fn unique() -> String {
    use std::sync::atomic::{AtomicU64, Ordering};
    static NEXT: AtomicU64 = AtomicU64::new(0);
    format!("key-{}", NEXT.fetch_add(1, Ordering::Relaxed))
}

/// A request to be sent on a connection of its own.
#[derive(Clone)]
pub(crate) struct Request {
    address: std::net::SocketAddr,
    head: String,
    body: Vec<u8>,
}

impl Request {
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.head.push_str(&format!("{name}: {value}\r\n"));
        self
    }

    pub(crate) fn token(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    pub(crate) fn key(self, key: &str) -> Self {
        self.header("idempotency-key", key)
    }

    pub(crate) fn json(self, body: &Value) -> Self {
        self.header("content-type", "application/json").body(body.to_string())
    }

    pub(crate) fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    pub(crate) fn address(&self) -> std::net::SocketAddr {
        self.address
    }

    /// Head and body as they are sent.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let length = format!("content-length: {}\r\n\r\n", self.body.len());
        [self.head.as_bytes(), length.as_bytes(), &self.body].concat()
    }

    pub(crate) async fn send(self) -> Response {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        // The server may answer and close before it has read all of a body that it refuses.
        let _ = stream.write_all(&self.bytes()).await;
        let mut bytes = Vec::new();
        let _ = stream.read_to_end(&mut bytes).await;
        Response::parse(&bytes)
    }
}

/// An answer, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Response {
    pub(crate) fn parse(bytes: &[u8]) -> Self {
        let end = bytes.windows(4).position(|window| window == b"\r\n\r\n").expect("an answer has a head");
        let head = std::str::from_utf8(&bytes[..end]).unwrap();
        let mut lines = head.split("\r\n");
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let header =
            |line: &str| line.split_once(": ").map(|(name, value)| (name.to_owned(), value.to_owned()));
        Self { status, headers: lines.filter_map(header).collect(), body: bytes[end + 4..].to_vec() }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("{self:?}"))
    }

    pub(crate) fn id(&self) -> String {
        self.json()["id"].as_str().unwrap().to_owned()
    }

    pub(crate) fn code(&self) -> String {
        self.json()["code"].as_str().unwrap_or_default().to_owned()
    }

    /// Status, some headers and body as text, without what differs from run to run.
    pub(crate) fn shown(&self) -> String {
        let mut text = format!("{}\n", self.status);
        for name in [
            "content-type",
            "etag",
            "location",
            "idempotency-replayed",
            "allow",
            "retry-after",
            "www-authenticate",
        ] {
            if let Some(value) = self.header(name) {
                text.push_str(&format!("{name}: {}\n", redacted_text(value)));
            }
        }
        if !self.body.is_empty() {
            text.push_str(&serde_json::to_string_pretty(&redacted(self.json())).unwrap());
        }
        text
    }
}

/// Each id in a text becomes its prefix and an ellipsis.
fn redacted_text(text: &str) -> String {
    const PREFIXES: [&str; 9] = ["cart_", "ord_", "pay_", "ref_", "shp_", "adj_", "evt_", "key_", "req_"];
    let mut text = text.to_owned();
    for prefix in PREFIXES {
        let mut from = 0;
        while let Some(at) = text[from..].find(prefix).map(|at| at + from + prefix.len()) {
            if text.len() >= at + 26 && text[at..at + 26].bytes().all(|b| b.is_ascii_alphanumeric()) {
                text.replace_range(at..at + 26, "…");
            }
            from = at;
        }
    }
    text
}

fn redacted(value: Value) -> Value {
    match value {
        Value::String(text) if text.starts_with("em_live_") => Value::String("em_live_…".into()),
        Value::String(text) if text.starts_with("em_cust_") => Value::String("em_cust_…".into()),
        Value::String(text) => Value::String(redacted_text(&text)),
        Value::Array(rows) => rows.into_iter().map(redacted).collect(),
        Value::Object(members) => members
            .into_iter()
            .map(|(name, value)| {
                let opaque = name == "next_cursor" && !value.is_null();
                (name, if opaque { Value::String("…".into()) } else { redacted(value) })
            })
            .collect(),
        other => other,
    }
}
