//! The client for a gateway of the merchant's own, which speaks the protocol of
//! `docs/gateway-protocol.md`: JSON over HTTP, signed in both directions.
//!
//! Invariant: an answer without the right signature counts as no answer, whatever its status. So no
//! proxy, login page or wrong server can make a charge look declined or unknown to the gateway.

mod signature;
mod wire;

use async_trait::async_trait;
use bytes::Bytes;
use earmark_core::text::Name;
use earmark_store::Clock;
use hyper::Method;
use hyper::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use serde::Serialize;
use serde::de::DeserializeOwned;

pub use signature::{InvalidSecret, SharedSecret};

use super::answers::{ChargeAnswer, RefundAnswer};
use super::calls::{Charge, RefundCall, TimeRange};
use super::http_client::{GatewayRequest, GatewayResponse, HttpClient};
use super::port::{Page, PaymentGateway};
use signature::{AnswerHead, RequestHead};
use wire::{ChargeOrRefund, ChargeRequest, Entries, RefundRequest, Refusal};

const TIMESTAMP: HeaderName = HeaderName::from_static("earmark-timestamp");
const NONCE: HeaderName = HeaderName::from_static("earmark-nonce");
const SIGNATURE: HeaderName = HeaderName::from_static("earmark-signature");

/// A gateway that speaks the signed protocol.
pub struct SignedGateway {
    client: HttpClient,
    secret: SharedSecret,
    clock: Clock,
}

/// An answer with the right signature.
enum SignedAnswer<T> {
    Found(T),
    /// The gateway has no charge or refund with this id.
    NotFound,
    /// The gateway does not accept the request, with its word for why.
    Refused(String),
}

impl SignedGateway {
    /// The gateway that this client reaches. The clock is for the timestamps of requests.
    pub fn new(client: HttpClient, secret: SharedSecret, clock: Clock) -> Self {
        Self { client, secret, clock }
    }

    async fn put<T: DeserializeOwned>(
        &self,
        path: String,
        body: &impl Serialize,
    ) -> Result<SignedAnswer<T>, String> {
        let body = serde_json::to_vec(body).map_err(|error| error.to_string())?;
        self.send(Method::PUT, path, body.into()).await
    }

    async fn get<T: DeserializeOwned>(&self, path: String) -> Result<SignedAnswer<T>, String> {
        self.send(Method::GET, path, Bytes::new()).await
    }

    async fn send<T: DeserializeOwned>(
        &self,
        method: Method,
        path: String,
        body: Bytes,
    ) -> Result<SignedAnswer<T>, String> {
        let timestamp = self.clock.now().0.div_euclid(1_000_000);
        let nonce = uuid::Uuid::new_v4().simple().to_string();
        let full_path = self.client.full_path(&path);
        let head = RequestHead { timestamp, nonce: &nonce, method: method.as_str(), path: &full_path };
        let signature = signature::of_request(&self.secret, head, &body);
        let value = |text: &str| HeaderValue::from_str(text).expect("digits and letters");
        let mut headers = vec![
            (TIMESTAMP, value(&timestamp.to_string())),
            (NONCE, value(&nonce)),
            (SIGNATURE, value(&signature)),
        ];
        if !body.is_empty() {
            headers.push((CONTENT_TYPE, HeaderValue::from_static("application/json")));
        }
        let request = GatewayRequest { method, path, headers, body };
        let response = self.client.send(request).await.map_err(|error| error.to_string())?;
        self.read(&signature, &response)
    }

    /// Reads the response to the request with this signature.
    fn read<T: DeserializeOwned>(
        &self,
        request_signature: &str,
        response: &GatewayResponse,
    ) -> Result<SignedAnswer<T>, String> {
        let status = response.status.as_u16();
        let signature = response.headers.get(SIGNATURE).and_then(|value| value.to_str().ok());
        let head = AnswerHead { request_signature, status };
        if !signature::is_of_answer(&self.secret, signature.unwrap_or_default(), head, &response.body) {
            return Err(format!("an answer {status} without a right signature"));
        }
        if status == 200 {
            let found = serde_json::from_slice(&response.body);
            return found.map(SignedAnswer::Found).map_err(|_| "an answer that cannot be read".into());
        }
        let refusal: Option<Refusal> = serde_json::from_slice(&response.body).ok();
        match (status, refusal) {
            (404, Some(Refusal { error })) if error == "not_found" => Ok(SignedAnswer::NotFound),
            (400..=499, Some(Refusal { error })) => Ok(SignedAnswer::Refused(error)),
            _ => Err(format!("an answer {status}")),
        }
    }
}

/// The gateway's word for why it does not accept a request, for the log. It never counts as a
/// decline.
fn refused(error: &str) -> String {
    let word: String = error.chars().filter(char::is_ascii_graphic).take(64).collect();
    format!("the gateway refuses the request itself: {word}")
}

#[async_trait]
impl PaymentGateway for SignedGateway {
    fn name(&self) -> Name {
        Name::parse("http").expect("a short word is a name")
    }

    async fn charge(&self, charge: &Charge) -> ChargeAnswer {
        let request = ChargeRequest {
            amount: charge.amount.minor(),
            currency: charge.currency.as_str(),
            token: charge.token.as_str(),
            capture: true,
        };
        match self.put::<ChargeOrRefund>(format!("/charges/{}", charge.id), &request).await {
            Ok(SignedAnswer::Found(found)) => found.charge_answer(),
            Ok(SignedAnswer::NotFound) => {
                ChargeAnswer::Unknown { why: "not found, in answer to a charge".into() }
            }
            Ok(SignedAnswer::Refused(error)) => ChargeAnswer::Unsettled { why: refused(&error) },
            Err(why) => ChargeAnswer::Unknown { why },
        }
    }

    async fn find_charge(&self, charge: &Charge) -> ChargeAnswer {
        match self.get::<ChargeOrRefund>(format!("/charges/{}", charge.id)).await {
            Ok(SignedAnswer::Found(found)) => found.charge_answer(),
            Ok(SignedAnswer::NotFound) => ChargeAnswer::NotFound,
            Ok(SignedAnswer::Refused(error)) => ChargeAnswer::Unsettled { why: refused(&error) },
            Err(why) => ChargeAnswer::Unknown { why },
        }
    }

    async fn refund(&self, refund: &RefundCall) -> RefundAnswer {
        let request = RefundRequest {
            charge_id: &refund.payment_id.to_string(),
            amount: refund.amount.minor(),
            currency: refund.currency.as_str(),
        };
        match self.put::<ChargeOrRefund>(format!("/refunds/{}", refund.id), &request).await {
            Ok(SignedAnswer::Found(found)) => found.refund_answer(),
            Ok(SignedAnswer::NotFound) => {
                RefundAnswer::Unknown { why: "not found, in answer to a refund".into() }
            }
            Ok(SignedAnswer::Refused(error)) => RefundAnswer::Unsettled { why: refused(&error) },
            Err(why) => RefundAnswer::Unknown { why },
        }
    }

    async fn find_refund(&self, refund: &RefundCall) -> RefundAnswer {
        match self.get::<ChargeOrRefund>(format!("/refunds/{}", refund.id)).await {
            Ok(SignedAnswer::Found(found)) => found.refund_answer(),
            Ok(SignedAnswer::NotFound) => RefundAnswer::NotFound,
            Ok(SignedAnswer::Refused(error)) => RefundAnswer::Unsettled { why: refused(&error) },
            Err(why) => RefundAnswer::Unknown { why },
        }
    }

    async fn list(&self, range: TimeRange, cursor: Option<&str>) -> Result<Page, String> {
        let millis = |at: earmark_core::Timestamp| at.0.div_euclid(1_000);
        let mut path = format!("/entries?from_ms={}&to_ms={}", millis(range.from), millis(range.to));
        if let Some(cursor) = cursor {
            path.push_str("&cursor=");
            path.push_str(&super::form::percent_encoded(cursor));
        }
        match self.get::<Entries>(path).await? {
            SignedAnswer::Found(entries) => entries.page(),
            SignedAnswer::NotFound => Err("the gateway has no list".into()),
            SignedAnswer::Refused(error) => Err(refused(&error)),
        }
    }
}
