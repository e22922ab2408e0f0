//! The client for Stripe: PaymentIntents and Refunds, in one pinned version of Stripe's API.
//!
//! Our id is the idempotency key and also stands in the object's metadata. Stripe keeps a key for
//! at least a day and then forgets it. So a request is sent under its key for
//! [`KEY_LIFETIME_SECONDS`] and never after; from then on the object is only looked up. Stripe's
//! search lags behind by a minute or more, so "not found" may be wrong. Within the key's lifetime
//! that does no harm: the request is sent again under the same key, which charges the card only
//! once.

mod wire;

use async_trait::async_trait;
use bytes::Bytes;
use earmark_core::text::Name;
use earmark_core::{Span, Timestamp};
use earmark_store::Clock;
use hyper::Method;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HeaderName, HeaderValue};
use serde::de::DeserializeOwned;

use super::answers::{ChargeAnswer, RefundAnswer};
use super::calls::{Charge, RefundCall, TimeRange};
use super::form::Form;
use super::http_client::{GatewayRequest, GatewayResponse, HttpClient};
use super::port::{Page, PaymentGateway};
use wire::{Failure, Intent, OUR_ID, Objects, RefundObject, Refusal};

/// The version of the API that this client was written for.
const API_VERSION: HeaderValue = HeaderValue::from_static("2025-11-17.clover");
const STRIPE_VERSION: HeaderName = HeaderName::from_static("stripe-version");
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// For how long after its row was written a request may be sent: an hour less than Stripe keeps a
/// key.
const KEY_LIFETIME_SECONDS: u32 = 23 * 3_600;
/// The most pages of refunds, each of 100, in which one of ours is looked for.
const PAGES_MAX: usize = 10;

/// A secret key of Stripe's. `Debug` does not show it.
#[derive(Clone)]
pub struct StripeKey(HeaderValue);

impl StripeKey {
    /// The key in this text; None if it does not look like a secret or restricted key.
    pub fn parse(text: &str) -> Option<Self> {
        let known = text.starts_with("sk_") || text.starts_with("rk_");
        let fits =
            known && (16..=255).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
        let mut value = HeaderValue::from_str(&format!("Bearer {text}")).ok().filter(|_| fits)?;
        value.set_sensitive(true);
        Some(Self(value))
    }
}

impl std::fmt::Debug for StripeKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("StripeKey(…)")
    }
}

/// Stripe as a payment gateway.
pub struct StripeGateway {
    client: HttpClient,
    key: StripeKey,
    clock: Clock,
}

/// An answer in which Stripe has decided something.
enum StripeAnswer<T> {
    Object(T),
    /// The request is at fault, or the card.
    Error(Refusal),
}

impl StripeGateway {
    /// Stripe, or what speaks as it does, at the client's URL. The clock decides how old a key is.
    pub fn new(client: HttpClient, key: StripeKey, clock: Clock) -> Self {
        Self { client, key, clock }
    }

    /// Whether Stripe may have forgotten the key of a request that was begun at this time.
    fn is_past_key_lifetime(&self, begun_at: Timestamp) -> bool {
        self.clock.now() >= begun_at.after(Span::from_seconds(KEY_LIFETIME_SECONDS))
    }

    async fn get<T: DeserializeOwned>(&self, path: String) -> Result<T, String> {
        let (headers, body) = (self.headers(), Bytes::new());
        match self.send(GatewayRequest { method: Method::GET, path, headers, body }).await? {
            StripeAnswer::Object(object) => Ok(object),
            StripeAnswer::Error(refusal) => {
                Err(format!("Stripe refuses the request itself: {}", refusal.words()))
            }
        }
    }

    async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        key: &str,
        form: Form,
    ) -> Result<StripeAnswer<T>, String> {
        let mut headers = self.headers();
        let key = HeaderValue::from_str(key).map_err(|error| error.to_string())?;
        headers.push((IDEMPOTENCY_KEY, key));
        headers.push((CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded")));
        let (path, body) = (path.into(), form.into_body());
        self.send(GatewayRequest { method: Method::POST, path, headers, body }).await
    }

    fn headers(&self) -> Vec<(HeaderName, HeaderValue)> {
        vec![(AUTHORIZATION, self.key.0.clone()), (STRIPE_VERSION, API_VERSION)]
    }

    async fn send<T: DeserializeOwned>(&self, request: GatewayRequest) -> Result<StripeAnswer<T>, String> {
        let response = self.client.send(request).await.map_err(|error| error.to_string())?;
        let GatewayResponse { status, body, .. } = response;
        let failure = || serde_json::from_slice::<Failure>(&body).ok();
        match status.as_u16() {
            200 => {
                let object = serde_json::from_slice(&body);
                object.map(StripeAnswer::Object).map_err(|_| "an answer that cannot be read".into())
            }
            // All others decide nothing: 401 and 403 are about our key, 409 is about a request in
            // progress, 429 about the load.
            400 | 402 | 404 => {
                let failure = failure().ok_or_else(|| format!("an answer {status} that cannot be read"))?;
                Ok(StripeAnswer::Error(failure.error))
            }
            _ => Err(match failure() {
                Some(failure) => format!("an answer {status}: {}", failure.error.words()),
                None => format!("an answer {status}"),
            }),
        }
    }

    /// The PaymentIntents with one of our ids. More than one means that a charge was made twice.
    async fn intents_of(&self, id: &str) -> Result<Vec<Intent>, String> {
        let query = format!("metadata['{OUR_ID}']:'{id}'");
        let path = Form::default().with("query", &query).into_query("/v1/payment_intents/search");
        let found: Objects<Intent> = self.get(path).await?;
        Ok(found.data.into_iter().filter(|intent| intent.is_of(id)).collect())
    }

    /// The id of the PaymentIntent that took the money which is to be refunded.
    async fn intent_of(&self, refund: &RefundCall) -> Result<String, String> {
        if let Some(reference) = &refund.payment_reference {
            return Ok(reference.to_string());
        }
        let found = self.intents_of(&refund.payment_id.to_string()).await?;
        found.into_iter().next().map(|intent| intent.id).ok_or_else(|| "the payment is not found yet".into())
    }

    /// The Refund with our id, among those of its payment.
    async fn refund_of(&self, refund: &RefundCall) -> Result<Option<RefundObject>, String> {
        let (intent, id) = (self.intent_of(refund).await?, refund.id.to_string());
        let mut after: Option<String> = None;
        for _ in 0..PAGES_MAX {
            let form = Form::default().with("payment_intent", &intent).with("limit", "100");
            let form = match &after {
                Some(after) => form.with("starting_after", after),
                None => form,
            };
            let page: Objects<RefundObject> = self.get(form.into_query("/v1/refunds")).await?;
            after = page.data.last().map(|refund| refund.id.clone());
            let more = page.has_more && after.is_some();
            if let Some(found) = page.data.into_iter().find(|refund| refund.is_of(&id)) {
                return Ok(Some(found));
            }
            if !more {
                return Ok(None);
            }
        }
        Err("more refunds of one payment than can be looked through".into())
    }
}

fn charge_form(charge: &Charge) -> Form {
    let token = charge.token.as_str();
    let form = Form::default()
        .with("amount", &charge.amount.minor().to_string())
        .with("currency", &charge.currency.as_str().to_ascii_lowercase())
        .with("confirm", "true")
        .with("capture_method", "automatic")
        // The shopper is not here any more to confirm anything, so a charge that needs it is
        // declined.
        .with("error_on_requires_action", "true")
        .with("payment_method_types[]", "card")
        .with(&format!("metadata[{OUR_ID}]"), &charge.id.to_string());
    if token.starts_with("tok_") {
        form.with("payment_method_data[type]", "card").with("payment_method_data[card][token]", token)
    } else {
        form.with("payment_method", token)
    }
}

const PAST_KEY_LIFETIME: &str = "not found, and too old to be sent again: a person has to look";

#[async_trait]
impl PaymentGateway for StripeGateway {
    fn name(&self) -> Name {
        Name::parse("stripe").expect("a short word is a name")
    }

    async fn charge(&self, charge: &Charge) -> ChargeAnswer {
        if self.is_past_key_lifetime(charge.begun_at) {
            return self.find_charge(charge).await;
        }
        let id = charge.id.to_string();
        match self.post::<Intent>("/v1/payment_intents", &id, charge_form(charge)).await {
            Ok(StripeAnswer::Object(intent)) => intent.answer(),
            Ok(StripeAnswer::Error(refusal)) => {
                refusal.of_charge(charge).unwrap_or_else(|| ChargeAnswer::Unsettled { why: refusal.words() })
            }
            Err(why) => ChargeAnswer::Unknown { why },
        }
    }

    async fn find_charge(&self, charge: &Charge) -> ChargeAnswer {
        let found = match self.intents_of(&charge.id.to_string()).await {
            Ok(found) => found,
            Err(why) => return ChargeAnswer::Unknown { why },
        };
        match &found[..] {
            [] if self.is_past_key_lifetime(charge.begun_at) => {
                ChargeAnswer::Unsettled { why: PAST_KEY_LIFETIME.into() }
            }
            [] => ChargeAnswer::NotFound,
            [intent] => intent.answer(),
            many => {
                let (payment, count) = (charge.id, many.len());
                tracing::error!(alert = true, %payment, count, "Stripe has several PaymentIntents for one payment");
                ChargeAnswer::Unsettled { why: "several PaymentIntents for one payment".into() }
            }
        }
    }

    async fn refund(&self, refund: &RefundCall) -> RefundAnswer {
        if self.is_past_key_lifetime(refund.begun_at) {
            return self.find_refund(refund).await;
        }
        let intent = match self.intent_of(refund).await {
            Ok(intent) => intent,
            Err(why) => return RefundAnswer::Unknown { why },
        };
        let id = refund.id.to_string();
        let form = Form::default()
            .with("payment_intent", &intent)
            .with("amount", &refund.amount.minor().to_string())
            .with(&format!("metadata[{OUR_ID}]"), &id);
        match self.post::<RefundObject>("/v1/refunds", &id, form).await {
            Ok(StripeAnswer::Object(object)) => object.answer(),
            Ok(StripeAnswer::Error(refusal)) => {
                refusal.of_refund(refund).unwrap_or_else(|| RefundAnswer::Unsettled { why: refusal.words() })
            }
            Err(why) => RefundAnswer::Unknown { why },
        }
    }

    async fn find_refund(&self, refund: &RefundCall) -> RefundAnswer {
        match self.refund_of(refund).await {
            Ok(Some(object)) => object.answer(),
            Ok(None) if self.is_past_key_lifetime(refund.begun_at) => {
                RefundAnswer::Unsettled { why: PAST_KEY_LIFETIME.into() }
            }
            Ok(None) => RefundAnswer::NotFound,
            Err(why) => RefundAnswer::Unknown { why },
        }
    }

    /// Charges first, then refunds. The cursor is the kind and the last object of the page before,
    /// such as `charge:pi_…`.
    async fn list(&self, range: TimeRange, cursor: Option<&str>) -> Result<Page, String> {
        let seconds = |at: Timestamp| at.0.div_euclid(1_000_000).to_string();
        let (kind, after) = cursor.and_then(|cursor| cursor.split_once(':')).unwrap_or(("charge", ""));
        let form = Form::default()
            .with("created[gte]", &seconds(range.from))
            .with("created[lt]", &seconds(range.to))
            .with("limit", "100");
        let form = if after.is_empty() { form } else { form.with("starting_after", after) };
        if kind == "charge" {
            let page: Objects<Intent> = self.get(form.into_query("/v1/payment_intents")).await?;
            let last = page.data.last().filter(|_| page.has_more);
            let next = last.map_or("refund:".to_owned(), |intent| format!("charge:{}", intent.id));
            let entries = page.data.iter().map(Intent::entry).collect::<Result<_, _>>()?;
            return Ok(Page { entries, next: Some(next) });
        }
        let page: Objects<RefundObject> = self.get(form.into_query("/v1/refunds")).await?;
        let last = page.data.last().filter(|_| page.has_more);
        let next = last.map(|refund| format!("refund:{}", refund.id));
        let entries = page.data.iter().map(RefundObject::entry).collect::<Result<_, _>>()?;
        Ok(Page { entries, next })
    }
}
