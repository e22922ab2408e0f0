//! The signatures of the protocol: HMAC-SHA256 under a secret that both sides know.
//!
//! A request's signature covers everything that matters of it. An answer's signature also covers
//! that of its request, so an old answer, or one to another request, does not have the right one.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// The fewest characters of a secret.
const SECRET_LEN_MIN: usize = 32;
/// The most characters of a secret.
const SECRET_LEN_MAX: usize = 255;

/// A secret that both sides know. `Debug` does not show it.
#[derive(Clone)]
pub struct SharedSecret(Box<str>);

/// A text that cannot be a shared secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a gateway secret is 32 to 255 visible ASCII characters")]
pub struct InvalidSecret;

impl SharedSecret {
    /// The secret in this text.
    ///
    /// # Errors
    /// The text is too short, too long, or has characters other than visible ASCII.
    pub fn parse(text: &str) -> Result<Self, InvalidSecret> {
        let fits = (SECRET_LEN_MIN..=SECRET_LEN_MAX).contains(&text.len());
        if fits && text.bytes().all(|byte| byte.is_ascii_graphic()) {
            Ok(Self(text.into()))
        } else {
            Err(InvalidSecret)
        }
    }

    fn mac(&self, head: &str, body: &[u8]) -> Hmac<Sha256> {
        let mac = Hmac::<Sha256>::new_from_slice(self.0.as_bytes()).expect("HMAC takes keys of any length");
        mac.chain_update(head.as_bytes()).chain_update(body)
    }
}

impl std::fmt::Debug for SharedSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SharedSecret(…)")
    }
}

/// What is signed of a request besides its body.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RequestHead<'a> {
    /// In seconds since 1970.
    pub(crate) timestamp: i64,
    /// New for each request.
    pub(crate) nonce: &'a str,
    pub(crate) method: &'a str,
    /// Path and query, as in the request's first line.
    pub(crate) path: &'a str,
}

/// What is signed of an answer besides its body.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AnswerHead<'a> {
    pub(crate) request_signature: &'a str,
    pub(crate) status: u16,
}

/// `v1=` and the signature of a request, in lower-case hex.
pub(crate) fn of_request(secret: &SharedSecret, head: RequestHead<'_>, body: &[u8]) -> String {
    let RequestHead { timestamp, nonce, method, path } = head;
    let head = format!("earmark-request-v1\n{timestamp}\n{nonce}\n{method}\n{path}\n");
    format!("v1={}", hex(&secret.mac(&head, body).finalize().into_bytes()))
}

/// Whether this is the signature, under the secret, of an answer with this head and body.
pub(crate) fn is_of_answer(
    secret: &SharedSecret,
    signature: &str,
    head: AnswerHead<'_>,
    body: &[u8],
) -> bool {
    let Some(claimed) = signature.strip_prefix("v1=").and_then(unhex) else { return false };
    let AnswerHead { request_signature, status } = head;
    let head = format!("earmark-answer-v1\n{request_signature}\n{status}\n");
    // `verify_slice` takes the same time wherever the two differ.
    secret.mac(&head, body).verify_slice(&claimed).is_ok()
}

fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .map(|half| char::from(b"0123456789abcdef"[usize::from(half)]))
        .collect()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if !rest.is_empty() {
        return None;
    }
    pairs.iter().map(|&[high, low]| Some(digit(high)? << 4 | digit(low)?)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret() -> SharedSecret {
        SharedSecret::parse("a-secret-of-the-protocol-document-0001").unwrap()
    }

    fn ok_to(request_signature: &str) -> AnswerHead<'_> {
        AnswerHead { request_signature, status: 200 }
    }

    const HEAD: RequestHead<'_> = RequestHead {
        timestamp: 1_790_000_000,
        nonce: "00112233445566778899aabbccddeeff",
        method: "PUT",
        path: "/earmark/charges/pay_01jd3",
    };
    const BODY: &[u8] = br#"{"amount":1999,"currency":"USD","token":"tok_ok","capture":true}"#;

    #[test]
    fn signatures_are_those_of_the_protocol_document() {
        let document = include_str!("../../../../../docs/gateway-protocol.md");
        let request = of_request(&secret(), HEAD, BODY);
        assert!(document.contains(&request), "{request}");
        let answer = br#"{"id":"pay_01jd3","status":"captured","amount":1999,"currency":"USD","reference":"ch_1","decline_code":null,"created_at_ms":1790000000123}"#;
        let head = format!("earmark-answer-v1\n{request}\n200\n");
        let signature = format!("v1={}", hex(&secret().mac(&head, answer).finalize().into_bytes()));
        assert!(document.contains(&signature), "{signature}");
        assert!(is_of_answer(&secret(), &signature, ok_to(&request), answer));
    }

    #[test]
    fn any_change_breaks_the_signature() {
        let request = of_request(&secret(), HEAD, BODY);
        let head = format!("earmark-answer-v1\n{request}\n200\n");
        let answer = format!("v1={}", hex(&secret().mac(&head, b"{}").finalize().into_bytes()));
        let ok = ok_to(&request);
        assert!(is_of_answer(&secret(), &answer, ok, b"{}"));
        assert!(!is_of_answer(&secret(), &answer, AnswerHead { status: 201, ..ok }, b"{}"));
        assert!(!is_of_answer(&secret(), &answer, ok, b"{} "));
        let other = SharedSecret::parse(&"x".repeat(32)).unwrap();
        assert!(!is_of_answer(&other, &answer, ok, b"{}"));
        for head in [
            RequestHead { timestamp: 1, ..HEAD },
            RequestHead { nonce: "1", ..HEAD },
            RequestHead { method: "GET", ..HEAD },
            RequestHead { path: "/", ..HEAD },
        ] {
            let other = of_request(&secret(), head, BODY);
            assert_ne!(other, request);
            assert!(!is_of_answer(&secret(), &answer, ok_to(&other), b"{}"), "an answer to another request");
        }
        for nonsense in
            ["", "v1=", "v1=zz", "v1=0", "v2=00", &answer[..answer.len() - 2], &answer.to_uppercase()]
        {
            assert!(!is_of_answer(&secret(), nonsense, ok, b"{}"), "{nonsense}");
        }
    }

    #[test]
    fn a_secret_is_long_and_never_shown() {
        assert!(SharedSecret::parse(&"x".repeat(31)).is_err());
        assert!(SharedSecret::parse(&format!("{} ", "x".repeat(40))).is_err());
        assert_eq!(format!("{:?}", SharedSecret::parse(&"x".repeat(32)).unwrap()), "SharedSecret(…)");
    }
}
