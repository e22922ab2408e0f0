//! How does Stripe speak? PaymentIntents and Refunds by a client of our own: five calls, one pinned version of the API.
//!
//! Our id is the idempotency key and stands in the metadata. Stripe keeps a key for at least a day and then forgets it, so a request is sent under it
//! for [`KEY_LIFETIME_SECONDS`] and never after: from then on it is only looked up. Stripe's search lags behind by a minute or more; "not found" within the
//! key's lifetime therefore only means that the request is sent again under the same key, which charges nobody twice.

mod wire;

use async_trait::async_trait;
use bytes::Bytes;
use earmark_core::text::Name;
use earmark_core::{Span, Timestamp};
use earmark_store::Clock;
use hyper::Method;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HeaderName, HeaderValue};
use serde::de::DeserializeOwned;

use super::form::Form;
use super::outgoing::{Answer, Call};
use super::{Charge, ChargeAnswer, Outgoing, Page, PaymentGateway, RefundAnswer, RefundCall, Stretch};
use wire::{Failure, Intent, Objects, RefundObject, Refusal};

/// The version of the API that this client was written for.
const API_VERSION: HeaderValue = HeaderValue::from_static("2025-11-17.clover");
const STRIPE_VERSION: HeaderName = HeaderName::from_static("stripe-version");
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// Where our id stands in an object's metadata.
const OUR_ID: &str = "earmark_id";
/// For how long after its row was written a request may be sent, in seconds: an hour less than Stripe keeps a key at least.
const KEY_LIFETIME_SECONDS: u32 = 23 * 3_600;
/// The most pages of refunds that are looked through for one of ours.
const PAGES_MAX: usize = 10;

/// A secret key of Stripe's. It is never shown, not even for debugging.
#[derive(Clone)]
pub struct StripeKey(HeaderValue);

impl StripeKey {
    /// The key, if it looks like a secret or restricted key.
    pub fn parse(text: &str) -> Option<Self> {
        let known = text.starts_with("sk_") || text.starts_with("rk_");
        let shaped =
            known && (16..=255).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
        let mut value = HeaderValue::from_str(&format!("Bearer {text}")).ok().filter(|_| shaped)?;
        value.set_sensitive(true);
        Some(Self(value))
    }
}

impl std::fmt::Debug for StripeKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("StripeKey(…)")
    }
}

/// Stripe.
pub struct StripeGateway {
    outgoing: Outgoing,
    key: StripeKey,
    clock: Clock,
}

/// An answer of Stripe's.
enum Told<T> {
    /// The object.
    Object(T),
    /// An error that it has made up its mind about: the request is at fault, or the card.
    Error(Refusal),
}

impl StripeGateway {
    /// Stripe at the end of this way.
    pub fn new(outgoing: Outgoing, key: StripeKey, clock: Clock) -> Self {
        Self { outgoing, key, clock }
    }

    /// Whether Stripe may have forgotten the key of a request that was begun then.
    fn is_past_key_lifetime(&self, begun_at: Timestamp) -> bool {
        self.clock.now() >= begun_at.after(Span::from_seconds(KEY_LIFETIME_SECONDS))
    }

    async fn get<T: DeserializeOwned>(&self, path: String) -> Result<T, String> {
        let call = Call { method: Method::GET, path, headers: self.headers(), body: Bytes::new() };
        match self.ask(call).await? {
            Told::Object(object) => Ok(object),
            Told::Error(refusal) => Err(format!("Stripe refuses the request itself: {}", refusal.words())),
        }
    }

    async fn post<T: DeserializeOwned>(&self, path: &str, key: &str, form: Form) -> Result<Told<T>, String> {
        let mut headers = self.headers();
        let key = HeaderValue::from_str(key).map_err(|error| error.to_string())?;
        headers.push((IDEMPOTENCY_KEY, key));
        headers.push((CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded")));
        self.ask(Call { method: Method::POST, path: path.into(), headers, body: form.into_body() }).await
    }

    fn headers(&self) -> Vec<(HeaderName, HeaderValue)> {
        vec![(AUTHORIZATION, self.key.0.clone()), (STRIPE_VERSION, API_VERSION)]
    }

    async fn ask<T: DeserializeOwned>(&self, call: Call) -> Result<Told<T>, String> {
        let Answer { status, body, .. } =
            self.outgoing.send(call).await.map_err(|error| error.to_string())?;
        let failure = || serde_json::from_slice::<Failure>(&body).ok();
        match status.as_u16() {
            200 => {
                let object = serde_json::from_slice(&body);
                object.map(Told::Object).map_err(|_| "an answer that cannot be read".into())
            }
            // 401 and 403 are about our key, 409 about a call in progress, 429 about their load: nothing was decided.
            400 | 402 | 404 => {
                let failure = failure().ok_or_else(|| format!("an answer {status} that cannot be read"))?;
                Ok(Told::Error(failure.error))
            }
            _ => Err(match failure() {
                Some(failure) => format!("an answer {status}: {}", failure.error.words()),
                None => format!("an answer {status}"),
            }),
        }
    }

    /// The PaymentIntents that were made for one of our ids; at most one, unless something is very wrong.
    async fn intents_of(&self, id: &str) -> Result<Vec<Intent>, String> {
        let query = format!("metadata['{OUR_ID}']:'{id}'");
        let path = Form::default().with("query", &query).into_query("/v1/payment_intents/search");
        let found: Objects<Intent> = self.get(path).await?;
        Ok(found.data.into_iter().filter(|intent| intent.is_of(id)).collect())
    }

    /// The PaymentIntent that took the money that goes back.
    async fn intent_of(&self, refund: &RefundCall) -> Result<String, String> {
        if let Some(reference) = &refund.payment_reference {
            return Ok(reference.to_string());
        }
        let found = self.intents_of(&refund.payment_id.to_string()).await?;
        found.into_iter().next().map(|intent| intent.id).ok_or_else(|| "the payment is not found yet".into())
    }

    /// The refund that was made under one of our ids.
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
        // A shopper who must do something first is not here any more: that is a decline, not a wait.
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
            Ok(Told::Object(intent)) => intent.answer(),
            Ok(Told::Error(refusal)) => {
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
            Ok(Told::Object(object)) => object.answer(),
            Ok(Told::Error(refusal)) => {
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

    /// Charges first, then refunds; the cursor says which, and after which object.
    async fn list(&self, stretch: Stretch, cursor: Option<&str>) -> Result<Page, String> {
        let seconds = |at: Timestamp| at.0.div_euclid(1_000_000).to_string();
        let (kind, after) = cursor.and_then(|cursor| cursor.split_once(':')).unwrap_or(("charge", ""));
        let form = Form::default()
            .with("created[gte]", &seconds(stretch.from))
            .with("created[lt]", &seconds(stretch.to))
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
