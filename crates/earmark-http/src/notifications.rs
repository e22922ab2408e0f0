//! Is a gateway's notification genuine, and which payment or refund is it about?
//!
//! The signature is checked, and then only the id of one of our rows is taken from the body. What
//! else it says is not believed: a worker looks the row up at the gateway.

use std::fmt;

use axum::http::HeaderMap;
use earmark_core::ids::{PaymentId, RefundId};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::Sha256;

/// How far a signature's time may be from ours, in seconds. An older one may be a replay.
const SKEW_MAX_SECONDS: u64 = 300;
/// How deep in the JSON of a body our id is searched for.
const DEPTH_MAX: usize = 8;

/// How a gateway signs its notifications.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignatureScheme {
    /// `Earmark-Signature: v1=…` over time, nonce, path and body; see `docs/gateway-protocol.md`.
    Earmark,
    /// `Stripe-Signature: t=…,v1=…` over time and body.
    Stripe,
}

/// What checks the signatures of a gateway's notifications.
#[derive(Clone)]
pub struct NotificationKey {
    pub scheme: SignatureScheme,
    /// The secret that the gateway shares with us.
    pub secret: Box<str>,
}

impl fmt::Debug for NotificationKey {
    /// Leaves the secret out.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NotificationKey").field("scheme", &self.scheme).finish_non_exhaustive()
    }
}

/// A notification as it arrived.
#[derive(Clone, Copy)]
pub(crate) struct Notification<'a> {
    pub(crate) headers: &'a HeaderMap,
    pub(crate) path: &'a str,
    pub(crate) body: &'a [u8],
    /// When it arrived, by our clock, in seconds since 1970.
    pub(crate) arrived_at_seconds: i64,
}

/// The row that a notification is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Subject {
    Payment(PaymentId),
    Refund(RefundId),
}

impl NotificationKey {
    /// Whether the sender knows the secret, and signed the notification within five minutes of its
    /// arrival.
    pub(crate) fn is_genuine(&self, notification: Notification<'_>) -> bool {
        let checked = match self.scheme {
            SignatureScheme::Earmark => self.check_earmark(notification),
            SignatureScheme::Stripe => self.check_stripe(notification),
        };
        let now = notification.arrived_at_seconds;
        checked.is_some_and(|signed_at| signed_at.abs_diff(now) <= SKEW_MAX_SECONDS)
    }

    /// When it was signed, in seconds since 1970; `None` if the signature is wrong.
    fn check_earmark(&self, notification: Notification<'_>) -> Option<i64> {
        let header = |name| notification.headers.get(name)?.to_str().ok();
        let (timestamp, nonce) = (header("earmark-timestamp")?, header("earmark-nonce")?);
        let signature = header("earmark-signature")?.strip_prefix("v1=")?;
        let head = format!("earmark-request-v1\n{timestamp}\n{nonce}\nPOST\n{}\n", notification.path);
        self.is_signature(&[head.as_bytes(), notification.body], signature).then(|| timestamp.parse().ok())?
    }

    /// As [`Self::check_earmark`], for the other scheme.
    fn check_stripe(&self, notification: Notification<'_>) -> Option<i64> {
        let header = notification.headers.get("stripe-signature")?.to_str().ok()?;
        let parts = || header.split(',').filter_map(|part| part.trim().split_once('='));
        let (_, timestamp) = parts().find(|(name, _)| *name == "t")?;
        let head = format!("{timestamp}.");
        // While the secret is being changed, there is one signature for each secret.
        let mut signatures = parts().filter(|(name, _)| *name == "v1").take(4);
        signatures
            .any(|(_, signature)| self.is_signature(&[head.as_bytes(), notification.body], signature))
            .then(|| timestamp.parse().ok())?
    }

    /// Whether this is the signature of these parts, in hex; takes the same time for every guess.
    fn is_signature(&self, parts: &[&[u8]], signature: &str) -> bool {
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

/// The first of our ids in the body, wherever the gateway puts it.
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

    fn genuine(scheme: SignatureScheme, headers: &[(&'static str, String)], arrived_at_seconds: i64) -> bool {
        let headers = headers.iter().map(|(name, value)| ((*name).parse().unwrap(), value.parse().unwrap()));
        let headers: HeaderMap = headers.collect();
        let key = NotificationKey { scheme, secret: "whsec_test".into() };
        let notification = Notification { headers: &headers, path: "/hook", body: b"{}", arrived_at_seconds };
        key.is_genuine(notification)
    }

    #[test]
    fn stripe_signatures_are_checked() {
        let right = hmac("whsec_test", "1790000000.{}");
        let with = |header: String| vec![("stripe-signature", header)];
        let stripe = |header: String, now| genuine(SignatureScheme::Stripe, &with(header), now);
        assert!(stripe(format!("t=1790000000,v1={right}"), 1_790_000_100));
        assert!(stripe(format!("t=1790000000,v1={},v1={right},v0=x", "00".repeat(32)), 1_790_000_000));
        assert!(!stripe(format!("t=1790000000,v1={right}"), 1_790_000_301), "too old");
        assert!(!stripe(format!("t=1790000001,v1={right}"), 1_790_000_001), "of another time");
        assert!(!stripe(format!("t=1790000000,v0={right}"), 1_790_000_000), "of another scheme");
        assert!(!stripe(format!("t=1790000000,v1={}", hmac("other", "1790000000.{}")), 1_790_000_000));
        assert!(!stripe("t=,v1=é".into(), 0) && !stripe(String::new(), 0));
    }

    #[test]
    fn our_own_signatures_are_checked() {
        let head = "earmark-request-v1\n1790000000\nabc\nPOST\n/hook\n{}";
        let headers = |signature: String| {
            vec![
                ("earmark-timestamp", "1790000000".to_owned()),
                ("earmark-nonce", "abc".to_owned()),
                ("earmark-signature", signature),
            ]
        };
        let right = format!("v1={}", hmac("whsec_test", head));
        assert!(genuine(SignatureScheme::Earmark, &headers(right.clone()), 1_790_000_000));
        assert!(!genuine(SignatureScheme::Earmark, &headers(right.clone()), 1_790_000_900), "too old");
        assert!(!genuine(SignatureScheme::Earmark, &headers(right.replace("v1=", "v2=")), 1_790_000_000));
        assert!(
            !genuine(SignatureScheme::Earmark, &headers(right)[1..], 1_790_000_000),
            "a header is missing"
        );
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
