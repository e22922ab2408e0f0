//! Does a card number ever come in? Ten thousand tries to send one, then a search for it in all
//! that the server wrote and shows.

#![expect(clippy::unwrap_used, reason = "tests")]

mod shop;

use earmark_load::{Client, Request};
use serde_json::json;
use shop::Shop;

const TRIES: usize = 10_000;
const AT_ONCE: usize = 16;
/// The forms in which it would be found.
const CANARY: [&str; 3] = ["4242424242424242", "4242-4242-4242-4242", "4242 4242 4242 4242"];

/// A request with the canary in one of the places for free text, and the status that it must get.
fn attempt(number: usize, order: &str) -> (u16, Request) {
    let pay = |token: &str| json!({"method": {"token": token}});
    let post = |path: String, key: &str| Request::new("POST", path).with_key(key);
    let payments = format!("/v1/orders/{order}/payments");
    let key = format!("key-{number}");
    let raw = |body: &str| Request { body: body.as_bytes().to_vec(), ..post(payments.clone(), &key) };
    match number % 14 {
        0 => (400, post(payments, &key).with_body(&pay(CANARY[0]))),
        1 => (400, post(payments, &key).with_body(&pay(CANARY[1]))),
        2 => (400, post(payments, &key).with_body(&pay(CANARY[2]))),
        3 => (400, post(payments, CANARY[0]).with_body(&pay("tok_ok"))),
        4 => (400, post(payments, CANARY[1]).with_body(&pay("tok_ok"))),
        5 => (400, post(format!("{payments}?note={}", CANARY[0]), &key).with_body(&pay("tok_ok"))),
        6 => (400, post(format!("/v1/orders/{}/payments", CANARY[0]), &key).with_body(&pay("tok_ok"))),
        7 => (400, Request::new("GET", format!("/v1/payments/pay_{}", CANARY[0]))),
        8 => (400, Request::new("GET", format!("/v1/payments/{}", CANARY[0].replace("42", "%34%32")))),
        9 => (400, Request::new("GET", format!("{payments}?cursor={}", CANARY[1]))),
        10 => (400, raw(r#"{"method":{"token":"\u0034242424242424242"}}"#)),
        11 => (400, raw(r#"{"method":{"token":"tok_ok"},"\u0034242424242424242":1}"#)),
        12 => (400, raw(r#"{"method":{"token":"tok_ok"},"amount":4242424242424242}"#)),
        // No route at all.
        _ => (404, Request::new("GET", format!("/v1/payments/{}/receipt", CANARY[0]))),
    }
}

/// Sends every n-th try.
async fn send(client: Client, order: String, first: usize) {
    for number in (first..TRIES).step_by(AT_ONCE) {
        let (status, request) = attempt(number, &order);
        let answer = client.send(&request).await.unwrap();
        assert_eq!(answer.status, status, "{number}: {}", answer.excerpt());
        let text = String::from_utf8_lossy(&answer.body).into_owned();
        assert!(!CANARY.iter().any(|canary| text.contains(canary)), "{number}: shown again: {text}");
    }
}

/// How often a text stands in the files of a folder, by name.
fn hits(folder: &std::path::Path, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(hits(&path, text));
            continue;
        }
        let bytes = std::fs::read(&path).unwrap();
        if bytes.windows(text.len()).any(|window| window == text.as_bytes()) {
            found.push(path.file_name().unwrap().to_string_lossy().into_owned());
        }
    }
    found
}

#[tokio::test]
async fn no_card_number_is_found_after_ten_thousand_tries() {
    let mut shop = Shop::open(&["--log", "debug"]).await;
    shop.stock("A", 5).await;
    let order = shop.order("one", &[("A", 1)]).await["id"].as_str().unwrap().to_owned();
    let senders: Vec<_> =
        (0..AT_ONCE).map(|first| tokio::spawn(send(shop.client.clone(), order.clone(), first))).collect();
    for sender in senders {
        sender.await.unwrap();
    }
    // One that comes in, so that the search is known to find what is there.
    let paid = json!({"method": {"token": "tok_control_4242424242424241"}});
    let path = format!("/v1/orders/{order}/payments");
    let answer = shop.client.post(&path, Some("control"), &paid).await.unwrap();
    assert_eq!(answer.status, 402, "{}", answer.excerpt());
    let unknown = shop.client.get("/v1/payments/4242424242424241").await.unwrap();
    assert_eq!(unknown.status, 404, "{}", unknown.excerpt());
    let metrics = String::from_utf8(shop.client.get("/metrics").await.unwrap().body).unwrap();
    shop.server.kill();
    let control = hits(shop.folder(), "4242424242424241");
    assert!(control.iter().any(|name| name == "server.log"), "{control:?}");
    assert!(control.iter().any(|name| name.starts_with("earmark.db")), "{control:?}");
    for canary in CANARY {
        assert_eq!(hits(shop.folder(), canary), Vec::<String>::new(), "{canary}");
        assert!(!metrics.contains(canary), "{canary}");
    }
}
