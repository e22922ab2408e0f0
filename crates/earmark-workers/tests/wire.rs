//! What the gateway clients send as bytes, and what they make of the answers, with a scripted
//! server.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::sync::{Arc, Mutex};

use earmark_core::ids::{PaymentId, RefundId};
use earmark_core::payments::Token;
use earmark_core::text::Name;
use earmark_core::{Currency, Money, Span, Timestamp};
use earmark_store::Clock;
use earmark_workers::gateways::{
    HttpClient, HttpClientOptions, SharedSecret, SignedGateway, StripeGateway, StripeKey, TimeRange,
};
use earmark_workers::{Charge, ChargeAnswer, PaymentGateway, RefundAnswer, RefundCall};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

const KEY: &str = "sk_test_0123456789abcdefghij";
const BEGUN_AT: Timestamp = Timestamp(1_790_000_000_000_000);

/// A server that gives each connection the next answer and keeps the requests.
struct Script {
    url: String,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Script {
    async fn start(answers: Vec<String>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let requests: Arc<Mutex<Vec<String>>> = Arc::default();
        let kept = Arc::clone(&requests);
        tokio::spawn(async move {
            for answer in answers {
                let (mut socket, _) = listener.accept().await.unwrap();
                let mut bytes = Vec::new();
                // Head and body may come in pieces.
                while !is_complete(&bytes) {
                    let mut piece = [0; 4_096];
                    let count = socket.read(&mut piece).await.unwrap();
                    bytes.extend_from_slice(&piece[..count]);
                }
                kept.lock().unwrap().push(String::from_utf8(bytes).unwrap());
                socket.write_all(answer.as_bytes()).await.unwrap();
            }
        });
        Self { url, requests }
    }

    fn stripe(&self, now: Timestamp) -> StripeGateway {
        let client = HttpClient::new(&self.url, HttpClientOptions::default()).unwrap();
        StripeGateway::new(client, StripeKey::parse(KEY).unwrap(), Clock::manual(now))
    }

    fn signed(&self) -> SignedGateway {
        let client = HttpClient::new(&self.url, HttpClientOptions::default()).unwrap();
        SignedGateway::new(client, SharedSecret::parse(&"x".repeat(40)).unwrap(), Clock::manual(BEGUN_AT))
    }

    fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

fn is_complete(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    body.len() >= length.map_or(0, |length| length.parse().unwrap())
}

fn answer(status: u16, body: &str) -> String {
    format!("HTTP/1.1 {status} X\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}", body.len())
}

fn charge() -> Charge {
    Charge {
        id: PaymentId(7),
        amount: Money::parse(1_999).unwrap(),
        currency: Currency::parse("EUR").unwrap(),
        token: Token::parse("pm_card_visa").unwrap(),
        begun_at: BEGUN_AT,
    }
}

fn refund() -> RefundCall {
    RefundCall {
        id: RefundId(9),
        payment_id: PaymentId(7),
        payment_reference: Some(Name::parse("pi_1").unwrap()),
        amount: Money::parse(500).unwrap(),
        currency: Currency::parse("EUR").unwrap(),
        begun_at: BEGUN_AT,
    }
}

fn intent(status: &str) -> String {
    let id = PaymentId(7);
    format!(
        r#"{{"id":"pi_1","status":"{status}","amount":1999,"amount_received":1999,"currency":"eur","metadata":{{"earmark_id":"{id}"}},"created":1790000000}}"#
    )
}

fn list_of(objects: &str) -> String {
    answer(200, &format!(r#"{{"data":[{objects}],"has_more":false}}"#))
}

#[tokio::test]
async fn stripe_is_sent_our_id_as_key_and_in_the_metadata() {
    let script = Script::start(vec![answer(200, &intent("succeeded"))]).await;
    let answer = script.stripe(BEGUN_AT).charge(&charge()).await;
    let ChargeAnswer::Captured(record) = answer else { panic!("{answer:?}") };
    let id = PaymentId(7).to_string();
    assert_eq!((record.id.as_str(), record.amount.minor(), record.currency.as_str()), (&*id, 1_999, "EUR"));
    let request = script.requests().remove(0);
    assert!(request.starts_with("POST /v1/payment_intents HTTP/1.1\r\n"), "{request}");
    for part in [
        &format!("\r\nidempotency-key: {id}\r\n"),
        "\r\nstripe-version: 20",
        &format!("\r\nauthorization: Bearer {KEY}\r\n"),
        &format!("&metadata%5Bearmark_id%5D={id}"),
        "amount=1999&currency=eur&confirm=true&capture_method=automatic",
        "&payment_method=pm_card_visa",
    ] {
        assert!(request.contains(part), "{part}: {request}");
    }
}

#[tokio::test]
async fn past_the_lifetime_of_its_key_nothing_is_sent_again() {
    let late = BEGUN_AT.after(Span::from_seconds(23 * 3_600));
    let script =
        Script::start(vec![list_of(""), list_of(""), list_of(&intent("succeeded")), list_of("")]).await;
    let stripe = script.stripe(late);
    for answer in [stripe.charge(&charge()).await, stripe.find_charge(&charge()).await] {
        assert!(matches!(answer, ChargeAnswer::Unsettled { .. }), "{answer:?}");
    }
    assert!(matches!(stripe.charge(&charge()).await, ChargeAnswer::Captured(_)));
    let answer = stripe.refund(&refund()).await;
    assert!(matches!(answer, RefundAnswer::Unsettled { .. }), "{answer:?}");
    assert!(script.requests().iter().all(|request| request.starts_with("GET ")), "{:?}", script.requests());
    // A second before, "not found" still means that it may be sent again.
    let script = Script::start(vec![list_of("")]).await;
    let early = Timestamp(late.0 - 1_000_000);
    assert_eq!(script.stripe(early).find_charge(&charge()).await, ChargeAnswer::NotFound);
}

#[tokio::test]
async fn several_intents_for_one_payment_settle_nothing() {
    let twice = list_of(&format!("{},{}", intent("succeeded"), intent("succeeded")));
    let script = Script::start(vec![twice]).await;
    let answer = script.stripe(BEGUN_AT).find_charge(&charge()).await;
    assert!(matches!(answer, ChargeAnswer::Unsettled { .. }), "{answer:?}");
}

#[tokio::test]
async fn an_answer_that_failed_shows_neither_key_nor_token() {
    for status in [200, 400, 401, 402, 404, 409, 429, 500, 503] {
        let body = format!(r#"{{"error":{{"type":"api_error","message":"{KEY} pm_card_visa"}}}}"#);
        let script = Script::start(vec![answer(status, &body), answer(status, &body)]).await;
        let stripe = script.stripe(BEGUN_AT);
        let text = format!("{:?} {:?}", stripe.charge(&charge()).await, stripe.find_charge(&charge()).await);
        assert!(!text.contains(KEY) && !text.contains("pm_card"), "{status}: {text}");
        assert!(!text.contains("Captured") && !text.contains("Declined"), "{status}: {text}");
    }
    let unreachable = HttpClient::new("http://127.0.0.1:1", HttpClientOptions::default()).unwrap();
    let stripe = StripeGateway::new(unreachable, StripeKey::parse(KEY).unwrap(), Clock::manual(BEGUN_AT));
    let text = format!("{:?}", stripe.charge(&charge()).await);
    assert!(text.contains("no answer") && !text.contains(KEY), "{text}");
}

#[tokio::test]
async fn an_answer_without_the_right_signature_counts_as_none() {
    let id = PaymentId(7);
    let captured = format!(r#"{{"id":"{id}","status":"captured","amount":1999,"currency":"EUR"}}"#);
    let declined = format!(r#"{{"id":"{id}","status":"declined","amount":1999,"currency":"EUR"}}"#);
    let signature =
        format!("HTTP/1.1 200 X\r\nearmark-signature: v1={}\r\nconnection: close\r\n", "0".repeat(64));
    let wrongly_signed = format!("{signature}content-length: {}\r\n\r\n{captured}", captured.len());
    for response in [
        answer(200, &captured),
        answer(200, &declined),
        answer(404, r#"{"error":"not_found"}"#),
        wrongly_signed,
        answer(302, ""),
    ] {
        let script = Script::start(vec![response.clone(), response.clone(), response.clone()]).await;
        let gateway = script.signed();
        for answer in [gateway.charge(&charge()).await, gateway.find_charge(&charge()).await] {
            assert!(matches!(answer, ChargeAnswer::Unknown { .. }), "{response}: {answer:?}");
        }
        let range = TimeRange { from: BEGUN_AT, to: BEGUN_AT };
        assert!(gateway.list(range, None).await.is_err(), "{response}");
    }
}
