//! Which request was it? The client's own `X-Request-Id` where it can be shown, else a fresh id.
//!
//! The id stands on every answer and in every line of the log about the request.

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use earmark_core::ids;
use uuid::Uuid;

pub(crate) const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// The most characters of a client's id.
const LEN_MAX: usize = 128;

/// The id of a request with these headers; each call without one gives another id.
pub(crate) fn of(headers: &HeaderMap) -> HeaderValue {
    match headers.get(X_REQUEST_ID) {
        Some(id) if sane(id.as_bytes()) => id.clone(),
        _ => fresh(),
    }
}

fn sane(id: &[u8]) -> bool {
    (1..=LEN_MAX).contains(&id.len()) && id.iter().all(u8::is_ascii_graphic)
}

fn fresh() -> HeaderValue {
    let mut text = *b"req_00000000000000000000000000";
    text[4..].copy_from_slice(&ids::encode(Uuid::now_v7().as_u128()));
    HeaderValue::from_bytes(&text).expect("the alphabet is ASCII")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sane_id_is_kept_and_any_other_replaced() {
        let of = |id: &[u8]| {
            let headers = HeaderMap::from_iter([(X_REQUEST_ID, HeaderValue::from_bytes(id).unwrap())]);
            of(&headers)
        };
        assert_eq!(of(b"abc-1"), "abc-1");
        assert_eq!(of(&[b'x'; 128]).len(), 128);
        for wrong in [&b""[..], b"a b", "\u{fc}".as_bytes(), &[b'x'; 129]] {
            assert!(of(wrong).to_str().unwrap().starts_with("req_"), "{wrong:?}");
        }
    }
}
