//! How does a gateway of the merchant's own speak? The protocol of `docs/gateway-protocol.md`: JSON over HTTP, signed in both directions.
//!
//! Invariant: an answer without a right signature is no answer, whatever its status, so that no proxy, login page or stray server can say that a charge
//! was declined or never heard of.

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

use super::outgoing::{Answer, Call};
use super::{Charge, ChargeAnswer, Outgoing, Page, PaymentGateway, RefundAnswer, RefundCall, Stretch};
use signature::RequestHead;
use wire::{ChargeRequest, Entries, RefundRequest, Refusal, Shown};

const TIMESTAMP: HeaderName = HeaderName::from_static("earmark-timestamp");
const NONCE: HeaderName = HeaderName::from_static("earmark-nonce");
const SIGNATURE: HeaderName = HeaderName::from_static("earmark-signature");

/// A gateway that speaks the protocol.
pub struct SignedGateway {
    outgoing: Outgoing,
    secret: SharedSecret,
    clock: Clock,
}

/// An answer with a right signature.
enum Signed<T> {
    /// What was asked for.
    Shown(T),
    /// The gateway says that it has never heard of it.
    NotFound,
    /// Something else, with the gateway's word for it.
    Refused(String),
}

impl SignedGateway {
    /// The gateway at the end of this way.
    pub fn new(outgoing: Outgoing, secret: SharedSecret, clock: Clock) -> Self {
        Self { outgoing, secret, clock }
    }

    async fn put<T: DeserializeOwned>(
        &self,
        path: String,
        body: &impl Serialize,
    ) -> Result<Signed<T>, String> {
        let body = serde_json::to_vec(body).map_err(|error| error.to_string())?;
        self.ask(Method::PUT, path, body.into()).await
    }

    async fn get<T: DeserializeOwned>(&self, path: String) -> Result<Signed<T>, String> {
        self.ask(Method::GET, path, Bytes::new()).await
    }

    async fn ask<T: DeserializeOwned>(
        &self,
        method: Method,
        path: String,
        body: Bytes,
    ) -> Result<Signed<T>, String> {
        let timestamp = self.clock.now().0.div_euclid(1_000_000);
        let nonce = uuid::Uuid::new_v4().simple().to_string();
        let full_path = self.outgoing.full_path(&path);
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
        let call = Call { method, path, headers, body };
        let answer = self.outgoing.send(call).await.map_err(|error| error.to_string())?;
        self.read(&signature, &answer)
    }

    fn read<T: DeserializeOwned>(&self, request: &str, answer: &Answer) -> Result<Signed<T>, String> {
        let status = answer.status.as_u16();
        let signature =
            answer.headers.get(SIGNATURE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        if !signature::is_answer(&self.secret, (request, signature), status, &answer.body) {
            return Err(format!("an answer {status} without a right signature"));
        }
        if status == 200 {
            let shown = serde_json::from_slice(&answer.body);
            return shown.map(Signed::Shown).map_err(|_| "an answer that cannot be read".into());
        }
        let refusal: Option<Refusal> = serde_json::from_slice(&answer.body).ok();
        match (status, refusal) {
            (404, Some(Refusal { error })) if error == "not_found" => Ok(Signed::NotFound),
            (400..=499, Some(Refusal { error })) => Ok(Signed::Refused(error)),
            _ => Err(format!("an answer {status}")),
        }
    }
}

/// The gateway's word for why it did not do as it was asked, for the log; never taken as a decline.
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
        match self.put::<Shown>(format!("/charges/{}", charge.id), &request).await {
            Ok(Signed::Shown(shown)) => shown.charge(),
            Ok(Signed::NotFound) => ChargeAnswer::Unknown { why: "not found, in answer to a charge".into() },
            Ok(Signed::Refused(error)) => ChargeAnswer::Unsettled { why: refused(&error) },
            Err(why) => ChargeAnswer::Unknown { why },
        }
    }

    async fn find_charge(&self, charge: &Charge) -> ChargeAnswer {
        match self.get::<Shown>(format!("/charges/{}", charge.id)).await {
            Ok(Signed::Shown(shown)) => shown.charge(),
            Ok(Signed::NotFound) => ChargeAnswer::NotFound,
            Ok(Signed::Refused(error)) => ChargeAnswer::Unsettled { why: refused(&error) },
            Err(why) => ChargeAnswer::Unknown { why },
        }
    }

    async fn refund(&self, refund: &RefundCall) -> RefundAnswer {
        let request = RefundRequest {
            charge_id: &refund.payment_id.to_string(),
            amount: refund.amount.minor(),
            currency: refund.currency.as_str(),
        };
        match self.put::<Shown>(format!("/refunds/{}", refund.id), &request).await {
            Ok(Signed::Shown(shown)) => shown.refund(),
            Ok(Signed::NotFound) => RefundAnswer::Unknown { why: "not found, in answer to a refund".into() },
            Ok(Signed::Refused(error)) => RefundAnswer::Unsettled { why: refused(&error) },
            Err(why) => RefundAnswer::Unknown { why },
        }
    }

    async fn find_refund(&self, refund: &RefundCall) -> RefundAnswer {
        match self.get::<Shown>(format!("/refunds/{}", refund.id)).await {
            Ok(Signed::Shown(shown)) => shown.refund(),
            Ok(Signed::NotFound) => RefundAnswer::NotFound,
            Ok(Signed::Refused(error)) => RefundAnswer::Unsettled { why: refused(&error) },
            Err(why) => RefundAnswer::Unknown { why },
        }
    }

    async fn list(&self, stretch: Stretch, cursor: Option<&str>) -> Result<Page, String> {
        let millis = |at: earmark_core::Timestamp| at.0.div_euclid(1_000);
        let mut path = format!("/entries?from_ms={}&to_ms={}", millis(stretch.from), millis(stretch.to));
        if let Some(cursor) = cursor {
            path.push_str("&cursor=");
            path.push_str(&super::form::percent_encoded(cursor));
        }
        match self.get::<Entries>(path).await? {
            Signed::Shown(entries) => entries.page(),
            Signed::NotFound => Err("the gateway has no list".into()),
            Signed::Refused(error) => Err(refused(&error)),
        }
    }
}
