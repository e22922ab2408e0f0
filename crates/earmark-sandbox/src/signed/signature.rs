//! What the signed protocol signs: a request, and an answer together with the request's signature.

use crate::signature::hmac;

/// What is signed of a request besides its body.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RequestHead<'a> {
    /// Seconds since 1970, as they stand in the header.
    pub(crate) timestamp: &'a str,
    pub(crate) nonce: &'a str,
    pub(crate) method: &'a str,
    /// Path and query, as in the request's first line.
    pub(crate) path: &'a str,
}

/// The `Earmark-Signature` of a request.
pub(crate) fn of_request(secret: &str, head: RequestHead<'_>, body: &[u8]) -> String {
    let RequestHead { timestamp, nonce, method, path } = head;
    let head = format!("earmark-request-v1\n{timestamp}\n{nonce}\n{method}\n{path}\n");
    format!("v1={}", hmac(secret, &[head.as_bytes(), body]))
}

/// The `Earmark-Signature` of an answer to the request with this signature.
pub(super) fn of_answer(secret: &str, request_signature: &str, status: u16, body: &[u8]) -> String {
    let head = format!("earmark-answer-v1\n{request_signature}\n{status}\n");
    format!("v1={}", hmac(secret, &[head.as_bytes(), body]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_signed_as_the_document_says() {
        let document = include_str!("../../../../docs/gateway-protocol.md");
        let head = RequestHead {
            timestamp: "1790000000",
            nonce: "00112233445566778899aabbccddeeff",
            method: "PUT",
            path: "/earmark/charges/pay_01jd3",
        };
        let body = br#"{"amount":1999,"currency":"USD","token":"tok_ok","capture":true}"#;
        let signature = of_request("a-secret-of-the-protocol-document-0001", head, body);
        assert!(document.contains(&signature), "{signature}");
    }
}
