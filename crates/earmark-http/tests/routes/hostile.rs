//! What happens with hostile input, and with clients that hang up?

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{Request, Response, Settings, Shop, unique};

fn raw(shop: &Shop, body: impl Into<Vec<u8>>) -> Request {
    shop.operator("POST", "/v1/orders").key(&unique()).header("content-type", "application/json").body(body)
}

#[tokio::test]
async fn malformed_json_is_a_400_and_never_a_500() {
    let shop = Shop::open().await;
    shop.stock("a", 1, 5).await;
    let deep = format!("{}{}", "[".repeat(50_000), "]".repeat(50_000));
    let nested = format!("{{\"lines\":{}{}}}", "{\"sku\":".repeat(10_000), "}".repeat(10_000));
    let bodies: Vec<Vec<u8>> = vec![
        b"".to_vec(),
        b"{".to_vec(),
        b"null".to_vec(),
        b"{} {}".to_vec(),
        br#"{"lines":[{"sku":"a","quantity":1}]} x"#.to_vec(),
        br#"{"lines":[{"sku":"a","quantity":NaN}]}"#.to_vec(),
        br#"{"lines":[{"sku":"a","quantity":Infinity}]}"#.to_vec(),
        br#"{"lines":[{"sku":"a","quantity":1e400}]}"#.to_vec(),
        br#"{"lines":[{"sku":"a","quantity":1e2}]}"#.to_vec(),
        br#"{"lines":[{"sku":"a","quantity":99999999999999999999999999}]}"#.to_vec(),
        br#"{"lines":[{"sku":"a","quantity":-9223372036854775808}]}"#.to_vec(),
        br#"{"lines":[{"sku":"a","quantity":1}],"lines":[]}"#.to_vec(),
        br#"{"lines":[{"sku":"\ud800","quantity":1}]}"#.to_vec(),
        b"{\"lines\":[{\"sku\":\"\xff\xfe\",\"quantity\":1}]}".to_vec(),
        b"\xef\xbb\xbf{\"lines\":[{\"sku\":\"a\",\"quantity\":1}]}".to_vec(),
        b"{\"lines\":[{\"sku\":\"a\0\",\"quantity\":1}]}".to_vec(),
        br#"{"lines":[{"sku":"a","quantity":1}],"__proto__":{}}"#.to_vec(),
        br#"{"lines":[["a",1]]}"#.to_vec(),
        br#"{"lines":[{"sku":"a","quantity":1}],"shipping_address":["Ada"]}"#.to_vec(),
        br#"{"lines":[{"sku":"a","quantity":1}],"metadata":{"k":"\u0000"}}"#.to_vec(),
        deep.into_bytes(),
        nested.into_bytes(),
    ];
    for body in bodies {
        let got = raw(&shop, body.clone()).send().await;
        let shown = String::from_utf8_lossy(&body[..body.len().min(80)]).into_owned();
        assert_eq!((got.status, got.code().as_str()), (400, "invalid_request"), "{shown}");
    }
    assert_eq!(
        raw(&shop, r#"{"lines":[{"sku":"a","quantity":1}]}"#).send().await.status,
        201,
        "the right one works"
    );
}

#[tokio::test]
async fn a_refusal_points_at_what_is_wrong_and_shows_nothing_internal() {
    let shop = Shop::open().await;
    let got = raw(&shop, r#"{"lines":[{"sku":"a","quantity":1},{"sku":7,"quantity":1}]}"#).send().await;
    assert_eq!(got.json()["errors"][0]["pointer"], "/lines/1/sku");
    let unknown = raw(&shop, r#"{"lines":[],"status":"PAID"}"#).send().await;
    assert_eq!(unknown.json()["errors"][0]["pointer"], "/status");
    let text = String::from_utf8(unknown.body).unwrap();
    assert!(!text.contains("earmark") || text.contains("urn:earmark:problem"), "{text}");
    assert!(!text.contains("Body") && !text.contains(".rs"), "{text}");
}

/// The status of the answer; `None` if the server hung up while the client was still sending.
async fn status(request: Request) -> Option<u16> {
    let mut stream = TcpStream::connect(request.address()).await.unwrap();
    let _ = stream.write_all(&request.bytes()).await;
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes).await;
    (!bytes.is_empty()).then(|| Response::parse(&bytes).status)
}

#[tokio::test]
async fn heads_are_bounded_in_size_and_number() {
    let shop = Shop::open().await;
    let long = shop.operator("GET", "/v1/items").header("x-padding", &"x".repeat(40_000));
    assert!(matches!(status(long).await, None | Some(431)));
    let many = |count: usize| {
        (0..count).fold(shop.operator("GET", "/v1/items"), |request, number| {
            request.header(&format!("x-{number}"), "1")
        })
    };
    assert_eq!(status(many(100)).await, Some(431));
    assert_eq!(status(many(90)).await, Some(200));
    let padded = shop.operator("GET", "/v1/items").header("x-padding", &"x".repeat(2_000));
    assert_eq!(status(padded).await, Some(200));
}

#[tokio::test]
async fn pipelined_requests_are_answered_in_order() {
    let shop = Shop::open().await;
    let mut stream = TcpStream::connect(shop.address).await.unwrap();
    let request = |id: u32, close: &str| {
        format!("GET /healthz HTTP/1.1\r\nhost: shop\r\nx-request-id: r{id}\r\n{close}\r\n")
    };
    let all: String =
        (0..20).map(|id| request(id, if id == 19 { "connection: close\r\n" } else { "" })).collect();
    stream.write_all(all.as_bytes()).await.unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).await.unwrap();
    let ids: Vec<_> = text.lines().filter_map(|line| line.strip_prefix("x-request-id: ")).collect();
    assert_eq!(ids, (0..20).map(|id| format!("r{id}")).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_client_that_hangs_up_neither_stops_nor_doubles_its_command() {
    let shop = Shop::open().await;
    shop.stock("a", 1, 1_000).await;
    let body = json!({ "lines": [{ "sku": "a", "quantity": 1 }] });
    let mut requests = Vec::new();
    for _ in 0..50 {
        let request = shop.operator("POST", "/v1/orders").key(&unique()).json(&body);
        let mut stream = TcpStream::connect(shop.address).await.unwrap();
        stream.write_all(&request.bytes()).await.unwrap();
        drop(stream);
        requests.push(request);
    }
    for request in &requests {
        assert_eq!(request.clone().send().await.status, 201);
    }
    let item = shop.request("GET", "/v1/items/a").send().await.json();
    assert_eq!(item["reserved"], 50, "each exactly once");
}

#[tokio::test]
async fn a_client_that_hangs_up_in_the_middle_of_a_body_leaves_no_trace() {
    let shop = Shop::open().await;
    shop.stock("a", 1, 10).await;
    let request = raw(&shop, r#"{"lines":[{"sku":"a","quantity":1}]}"#);
    let bytes = request.bytes();
    for cut in [10, bytes.len() / 2, bytes.len() - 1] {
        let mut stream = TcpStream::connect(shop.address).await.unwrap();
        stream.write_all(&bytes[..cut]).await.unwrap();
        stream.shutdown().await.unwrap();
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        assert!(answer.is_empty() || Response::parse(&answer).status == 400);
    }
    assert_eq!(shop.operator("GET", "/v1/orders").send().await.json()["data"], json!([]));
    let whole = request.send().await;
    assert_eq!((whole.status, whole.header("idempotency-replayed")), (201, None));
}

#[tokio::test]
async fn a_payment_goes_on_when_its_client_has_gone() {
    let shop = Shop::open().await;
    shop.stock("a", 1, 10).await;
    let order = shop.order("a", 1, "ada").await;
    let body = json!({ "method": { "token": "tok_ok" } });
    let request = shop.operator("POST", &format!("/v1/orders/{order}/payments")).key("pay").json(&body);
    let mut stream = TcpStream::connect(shop.address).await.unwrap();
    stream.write_all(&request.bytes()).await.unwrap();
    let payment = shop.pending_payment(&order).await;
    drop(stream);
    shop.settle(&order, payment, crate::support::succeeded()).await;
    let replay = request.send().await;
    assert_eq!((replay.status, replay.header("idempotency-replayed")), (201, Some("true")));
    assert_eq!(replay.id(), payment.to_string());
}

#[tokio::test]
async fn connections_beyond_the_most_wait() {
    let mut settings = Settings::default();
    settings.limits.connections_max = 1;
    let shop = Shop::with(settings).await;
    let first = TcpStream::connect(shop.address).await.unwrap();
    let second = tokio::spawn(shop.request("GET", "/healthz").send());
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert!(!second.is_finished());
    drop(first);
    assert_eq!(second.await.unwrap().status, 200);
}
