//! Where could a card number stand in a request? In any text of the client's: path, query, headers
//! and body, each as it was sent and as it reads without its escapes.
//!
//! What counts as a card number is decided in [`earmark_core::payments`].

use std::borrow::Cow;

use axum::extract::Query;
use axum::http::{HeaderMap, HeaderName, Uri};
use earmark_core::payments::{contains_card_number, mask_card_numbers};
use serde_json::Value;

/// A path as it may be shown and logged: a card number is masked, and if it is escaped, so is the
/// whole path.
pub fn masked_path(path: &str) -> Cow<'_, str> {
    if path.contains('%') && in_query(path) { Cow::Borrowed("/*") } else { mask_card_numbers(path) }
}

/// Whether a card number stands in a query, escaped or not.
pub fn in_query(query: &str) -> bool {
    if query.is_empty() {
        return false;
    }
    let uri = Uri::builder().path_and_query(format!("/?{query}")).build();
    let pairs = uri.ok().and_then(|uri| Query::<Vec<(String, String)>>::try_from_uri(&uri).ok());
    let in_pairs = pairs.is_some_and(|Query(pairs)| {
        pairs.iter().any(|(name, value)| contains_card_number(name) || contains_card_number(value))
    });
    in_pairs || contains_card_number(query)
}

/// Whether a card number stands in a header of this name.
pub fn in_headers(headers: &HeaderMap, name: &HeaderName) -> bool {
    headers.get_all(name).iter().any(|value| contains_card_number(&String::from_utf8_lossy(value.as_bytes())))
}

/// Whether a card number stands in a body, escaped or not, as a name or as a value.
pub fn in_body(body: &[u8]) -> bool {
    let text = String::from_utf8_lossy(body);
    contains_card_number(&text)
        // Only a number with escapes in it is missed by that, and parsing every body is dear.
        || (text.contains('\\') && serde_json::from_slice(body).is_ok_and(|value| in_value(&value)))
}

fn in_value(value: &Value) -> bool {
    match value {
        Value::String(text) => contains_card_number(text),
        Value::Array(values) => values.iter().any(in_value),
        Value::Object(fields) => {
            fields.iter().any(|(name, value)| contains_card_number(name) || in_value(value))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escaping_hides_nothing() {
        for query in [
            "a=4242424242424242",
            "a=%34242424242424242",
            "4242+4242+4242+4242=x",
            "a=4242%204242%2042424242",
        ] {
            assert!(in_query(query), "{query}");
        }
        for body in
            [r#"{"a":["\u0034242424242424242"]}"#, r#"{"\u0034242424242424242":1}"#, "4242 4242 4242 4242"]
        {
            assert!(in_body(body.as_bytes()), "{body}");
        }
        assert_eq!(masked_path("/v1/payments/%34242424242424242"), "/*");
        assert_eq!(masked_path("/v1/payments/4242424242424242"), "/v1/payments/****************");
        assert_eq!(masked_path("/v1/items/a%20b"), "/v1/items/a%20b");
        assert!(!in_query("cursor=abc&limit=50"));
        assert!(!in_body(br#"{"method":{"token":"tok_ok"},"amount":4242424242424241}"#));
    }
}
