//! Is a gateway's webhook genuine, and what is it about? Its signature is checked; all that is then taken from it is which row to ask about.

use std::fmt;

use axum::http::HeaderMap;
use earmark_core::ids::{PaymentId, RefundId};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::Sha256;

/// How far a signature's time may be from ours, in seconds.
const SKEW_MAX_SECONDS: i64 = 300;
/// How deep an id may lie in a hint.
const DEPTH_MAX: usize = 8;

/// How a gateway signs what it tells by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HintScheme {
    /// As `docs/gateway-protocol.md` says.
    Signed,
    /// As Stripe does: `Stripe-Signature: t=…,v1=…`.
    Stripe,
}

/// What is needed to check the hints of a gateway.
#[derive(Clone)]
pub struct Hints {
    /// How it signs.
    pub scheme: HintScheme,
    /// The secret shared with it.
    pub secret: Box<str>,
}

impl fmt::Debug for Hints {
    /// Leaves the secret out.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hints").field("scheme", &self.scheme).finish_non_exhaustive()
    }
}

/// A webhook as it arrived.
#[derive(Clone, Copy)]
pub(crate) struct Arrived<'a> {
    pub(crate) headers: &'a HeaderMap,
    pub(crate) path: &'a str,
    pub(crate) body: &'a [u8],
    /// Our time, in seconds since 1970.
    pub(crate) now_seconds: i64,
}

/// What a hint is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Subject {
    Payment(PaymentId),
    Refund(RefundId),
}

impl Hints {
    /// Whether whoever sent it knows the secret, and sent it lately.
    pub(crate) fn is_genuine(&self, hint: Arrived<'_>) -> bool {
        let checked = match self.scheme {
            HintScheme::Signed => self.check_signed(hint),
            HintScheme::Stripe => self.check_stripe(hint),
        };
        checked.is_some_and(|seconds| seconds.abs_diff(hint.now_seconds) <= SKEW_MAX_SECONDS.unsigned_abs())
    }

    /// The time of a right signature.
    fn check_signed(&self, hint: Arrived<'_>) -> Option<i64> {
        let header = |name| hint.headers.get(name)?.to_str().ok();
        let (timestamp, nonce) = (header("earmark-timestamp")?, header("earmark-nonce")?);
        let signature = header("earmark-signature")?.strip_prefix("v1=")?;
        let head = format!("earmark-request-v1\n{timestamp}\n{nonce}\nPOST\n{}\n", hint.path);
        self.signs(&[head.as_bytes(), hint.body], signature).then(|| timestamp.parse().ok())?
    }

    fn check_stripe(&self, hint: Arrived<'_>) -> Option<i64> {
        let header = hint.headers.get("stripe-signature")?.to_str().ok()?;
        let parts = || header.split(',').filter_map(|part| part.trim().split_once('='));
        let (_, timestamp) = parts().find(|(name, _)| *name == "t")?;
        let head = format!("{timestamp}.");
        // While a secret is changed there is a signature for each.
        let mut signatures = parts().filter(|(name, _)| *name == "v1").take(4);
        signatures
            .any(|(_, signature)| self.signs(&[head.as_bytes(), hint.body], signature))
            .then(|| timestamp.parse().ok())?
    }

    /// Whether this is the signature of these parts, in hex; takes the same time for every guess.
    fn signs(&self, parts: &[&[u8]], signature: &str) -> bool {
        let Some(signature) = from_hex(signature) else { return false };
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(self.secret.as_bytes()) else { return false };
        parts.iter().for_each(|part| mac.update(part));
        mac.verify_slice(&signature).is_ok()
    }
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    if !text.is_ascii() || text.len() != 64 {
        return None;
    }
    (0..32).map(|place| u8::from_str_radix(&text[place * 2..place * 2 + 2], 16).ok()).collect()
}

/// The first of our ids in the body, wherever the gateway keeps it.
pub(crate) fn subject(body: &[u8]) -> Option<Subject> {
    find(&serde_json::from_slice(body).ok()?, DEPTH_MAX)
}

fn find(value: &Value, depth: usize) -> Option<Subject> {
    let depth = depth.checked_sub(1)?;
    match value {
        Value::String(text) => {
            let payment = text.parse().ok().map(Subject::Payment);
            payment.or_else(|| text.parse().ok().map(Subject::Refund))
        }
        Value::Array(values) => values.iter().find_map(|value| find(value, depth)),
        Value::Object(members) => members.values().find_map(|value| find(value, depth)),
        Value::Null | Value::Bool(_) | Value::Number(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    fn hmac(secret: &str, text: &str) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
        mac.update(text.as_bytes());
        hex(&mac.finalize().into_bytes())
    }

    fn genuine(scheme: HintScheme, headers: &[(&'static str, String)], now_seconds: i64) -> bool {
        let headers = headers.iter().map(|(name, value)| ((*name).parse().unwrap(), value.parse().unwrap()));
        let headers: HeaderMap = headers.collect();
        let hints = Hints { scheme, secret: "whsec_test".into() };
        hints.is_genuine(Arrived { headers: &headers, path: "/hook", body: b"{}", now_seconds })
    }

    #[test]
    fn stripe_signatures_are_checked() {
        let right = hmac("whsec_test", "1790000000.{}");
        let with = |header: String| vec![("stripe-signature", header)];
        let stripe = |header: String, now| genuine(HintScheme::Stripe, &with(header), now);
        assert!(stripe(format!("t=1790000000,v1={right}"), 1_790_000_100));
        assert!(stripe(format!("t=1790000000,v1={},v1={right},v0=x", "00".repeat(32)), 1_790_000_000));
        assert!(!stripe(format!("t=1790000000,v1={right}"), 1_790_000_301), "too old");
        assert!(!stripe(format!("t=1790000001,v1={right}"), 1_790_000_001), "of another time");
        assert!(!stripe(format!("t=1790000000,v0={right}"), 1_790_000_000), "of another scheme");
        assert!(!stripe(format!("t=1790000000,v1={}", hmac("other", "1790000000.{}")), 1_790_000_000));
        assert!(!stripe("t=,v1=é".into(), 0) && !stripe(String::new(), 0));
    }

    #[test]
    fn signed_hints_are_checked() {
        let head = "earmark-request-v1\n1790000000\nabc\nPOST\n/hook\n{}";
        let headers = |signature: String| {
            vec![
                ("earmark-timestamp", "1790000000".to_owned()),
                ("earmark-nonce", "abc".to_owned()),
                ("earmark-signature", signature),
            ]
        };
        let right = format!("v1={}", hmac("whsec_test", head));
        assert!(genuine(HintScheme::Signed, &headers(right.clone()), 1_790_000_000));
        assert!(!genuine(HintScheme::Signed, &headers(right.clone()), 1_790_000_900), "too old");
        assert!(!genuine(HintScheme::Signed, &headers(right.replace("v1=", "v2=")), 1_790_000_000));
        assert!(!genuine(HintScheme::Signed, &headers(right)[1..], 1_790_000_000), "a header is missing");
    }

    #[test]
    fn the_subject_is_found_wherever_it_is() {
        let (payment, refund) = (PaymentId(7), RefundId(9));
        let stripe = format!(
            r#"{{"type": "x", "data": {{"object": {{"metadata": {{"earmark_id": "{payment}"}}}}}}}}"#
        );
        assert_eq!(subject(stripe.as_bytes()), Some(Subject::Payment(payment)));
        assert_eq!(subject(format!(r#"{{"id": "{refund}"}}"#).as_bytes()), Some(Subject::Refund(refund)));
        assert_eq!(subject(b"{\"id\": \"ch_1\"}"), None);
        let deep = format!("{}\"{payment}\"{}", "[".repeat(50), "]".repeat(50));
        assert_eq!(subject(deep.as_bytes()), None, "it is not looked for without end");
        assert_eq!(subject(b"not json"), None);
    }
}
