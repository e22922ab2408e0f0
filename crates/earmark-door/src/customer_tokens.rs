//! How does a customer's browser or app authenticate? With a short-lived token that a service made.
//!
//! A token is `em_cust_<payload>.<signature>`. The payload is base64url of a version byte and JSON.
//! The signature is base64url of an HMAC-SHA256 over the text before the dot, under the stored hash
//! of the API key that made the token. So a token is not stored, and it ends with its API key.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use earmark_core::Timestamp;
use earmark_core::ids::KeyId;
use earmark_core::text::CustomerId;
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

/// What a customer token begins with.
pub(crate) const PREFIX: &str = "em_cust_";
const VERSION: u8 = 1;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Payload {
    /// The API key that signed; absent for the operator's key.
    #[serde(skip_serializing_if = "Option::is_none")]
    k: Option<KeyId>,
    c: CustomerId,
    /// The token is not valid from this time on.
    e: Timestamp,
}

/// What a token claims. Nothing of it is true before [`Claims::verify`].
pub(crate) struct Claims<'a> {
    /// The API key that signed; `None` for the operator's key.
    pub(crate) signer: Option<KeyId>,
    pub(crate) customer_id: CustomerId,
    /// The token is not valid from this time on.
    pub(crate) expires_at: Timestamp,
    signed: &'a str,
    signature: Vec<u8>,
}

fn mac(signing_key: &[u8; 32], signed: &str) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(signing_key).expect("HMAC takes keys of any length");
    mac.update(signed.as_bytes());
    mac
}

/// A token that is valid until `expires_at`. `signer` is `None` for the operator's key.
pub(crate) fn make(
    signer: Option<KeyId>,
    signing_key: &[u8; 32],
    customer_id: &CustomerId,
    expires_at: Timestamp,
) -> String {
    let payload = Payload { k: signer, c: customer_id.clone(), e: expires_at };
    let mut bytes = vec![VERSION];
    bytes.extend(serde_json::to_vec(&payload).unwrap_or_default());
    let signed = format!("{PREFIX}{}", BASE64_URL_SAFE_NO_PAD.encode(bytes));
    let signature = mac(signing_key, &signed).finalize().into_bytes();
    format!("{signed}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature))
}

/// Takes a token apart; `None` if it does not have the form of one.
pub(crate) fn read(token: &str) -> Option<Claims<'_>> {
    let (signed, signature) = token.split_once('.')?;
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(signed.strip_prefix(PREFIX)?).ok()?;
    let (&VERSION, json) = bytes.split_first()? else { return None };
    let payload: Payload = serde_json::from_slice(json).ok()?;
    let signature = BASE64_URL_SAFE_NO_PAD.decode(signature).ok()?;
    Some(Claims { signer: payload.k, customer_id: payload.c, expires_at: payload.e, signed, signature })
}

impl Claims<'_> {
    /// Whether this key signed the token; takes the same time for every guess.
    pub(crate) fn verify(&self, signing_key: &[u8; 32]) -> bool {
        mac(signing_key, self.signed).verify_slice(&self.signature).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(key: &[u8; 32]) -> String {
        make(Some(KeyId(7)), key, &CustomerId::parse("ada@example.com").unwrap(), Timestamp(5))
    }

    #[test]
    fn a_token_says_what_was_signed() {
        let token = token(&[1; 32]);
        let claims = read(&token).unwrap();
        assert!(claims.verify(&[1; 32]));
        assert_eq!(claims.signer, Some(KeyId(7)));
        assert_eq!(claims.customer_id.as_str(), "ada@example.com");
        assert_eq!(claims.expires_at, Timestamp(5));
    }

    #[test]
    fn another_key_or_a_changed_token_does_not_verify() {
        let token = token(&[1; 32]);
        assert!(!read(&token).unwrap().verify(&[2; 32]));
        let (signed, signature) = token.split_once('.').unwrap();
        let other = make(None, &[1; 32], &CustomerId::parse("eve").unwrap(), Timestamp(9));
        let forged = format!("{}.{signature}", other.split_once('.').unwrap().0);
        assert!(!read(&forged).unwrap().verify(&[1; 32]));
        assert!(!read(&format!("{signed}.")).unwrap().verify(&[1; 32]));
        for wrong in ["", "em_cust_", "em_cust_.", signed, &token[3..]] {
            assert!(read(wrong).is_none(), "{wrong:?}");
        }
    }
}
