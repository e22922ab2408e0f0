//! Is this the same request as an earlier one? The `Idempotency-Key` header becomes the digest and
//! the fingerprint that the core compares.
//!
//! The digest is a hash of caller and key. Where the client's key carries a time (UUIDv7, ULID),
//! the digest begins with that time in milliseconds, so that the database appends rows instead of
//! scattering them.

use axum::http::{HeaderMap, HeaderName, Method};
use earmark_core::Command;
use earmark_core::idempotency::IdempotencyKey;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::field_error::FieldError;
use crate::problem::Problem;

pub(crate) const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// The most characters of a key.
pub(crate) const KEY_LEN_MAX: usize = 255;

/// Whether a command needs an `Idempotency-Key`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keyed {
    /// The command would do harm if it ran twice.
    Required,
    Accepted,
}

/// The client's key without quotes; `None` if it sent none.
pub(crate) fn parse(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let mut values = headers.get_all(IDEMPOTENCY_KEY).iter();
    let Some(value) = values.next() else { return Ok(None) };
    let text = value.to_str().ok().filter(|_| values.next().is_none()).map(str::trim);
    let key = text.and_then(unquote).filter(|key| {
        (1..=KEY_LEN_MAX).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic())
    });
    let wrong = || {
        FieldError::header("Idempotency-Key", "one key of 1 to 255 visible ASCII characters, quoted or not")
    };
    key.map(Some).ok_or_else(|| Problem::invalid_one(wrong()))
}

/// A structured-field string (RFC 8941) without its quotes, or a text without quotes as it is.
fn unquote(text: &str) -> Option<String> {
    let Some(quoted) = text.strip_prefix('"') else { return Some(text.to_owned()) };
    let mut characters = quoted.strip_suffix('"')?.chars();
    let mut key = String::with_capacity(quoted.len());
    while let Some(character) = characters.next() {
        match character {
            '\\' => key.push(characters.next().filter(|escaped| matches!(escaped, '"' | '\\'))?),
            '"' => return None,
            other => key.push(other),
        }
    }
    Some(key)
}

/// The digest of a key of the caller `scope`.
pub(crate) fn digest(scope: &str, key: &str) -> [u8; 16] {
    let hash = Sha256::new().chain_update(scope).chain_update([0]).chain_update(key).finalize();
    let mut digest: [u8; 16] = hash[..16].try_into().expect("shorter than the hash");
    if let Some(millis) = millis_of(key) {
        digest[..6].copy_from_slice(&millis.to_be_bytes()[2..]);
    }
    digest
}

/// The fingerprint of a request. Under one key, another fingerprint is another request.
pub(crate) fn fingerprint(method: &Method, path: &str, body: &[u8]) -> [u8; 16] {
    let hash = Sha256::new().chain_update(method.as_str()).chain_update([0]).chain_update(path);
    let hash = hash.chain_update([0]).chain_update(body).finalize();
    hash[..16].try_into().expect("shorter than the hash")
}

/// The time inside a UUIDv7 (hyphenated) or a ULID, in milliseconds since 1970.
fn millis_of(key: &str) -> Option<u64> {
    match key.len() {
        36 => {
            let uuid = Uuid::try_parse(key).ok().filter(|uuid| uuid.get_version_num() == 7)?;
            Some(u64::try_from(uuid.as_u128() >> 80).expect("48 bits"))
        }
        26 => {
            let bits = earmark_core::ids::decode(&key.to_ascii_lowercase()).ok()?;
            Some(u64::try_from(bits >> 80).expect("48 bits"))
        }
        _ => None,
    }
}

/// What the core compares for this command.
pub(crate) fn key(command: &Command, key: &str, fingerprint: [u8; 16]) -> IdempotencyKey {
    IdempotencyKey { digest: digest(&command.caller.actor.to_string(), key), fingerprint }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoted_and_bare_keys_are_the_same_key() {
        assert_eq!(unquote("abc").as_deref(), Some("abc"));
        assert_eq!(unquote("\"abc\"").as_deref(), Some("abc"));
        assert_eq!(unquote(r#""a\"b\\c""#).as_deref(), Some(r#"a"b\c"#));
        for wrong in ["\"abc", "\"a\"b\"", r#""a\b""#, "\"", r#""a\""#] {
            assert_eq!(unquote(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn keys_in_the_order_of_time_keep_it() {
        let uuids: Vec<String> =
            (0..50).map(|n| format!("0192f{n:03x}-7b3c-7000-8000-0123456789ab")).collect();
        let digests: Vec<_> = uuids.iter().map(|key| digest("operator", key)).collect();
        assert!(digests.is_sorted());
        assert_eq!(digests[0][..6], [0x01, 0x92, 0xf0, 0x00, 0x7b, 0x3c]);
        let ulid = "01ARZ3NDEKTSV4RRFFQ69G5FAV";
        assert_eq!(digest("a", ulid)[..6], digest("b", &ulid.to_lowercase())[..6]);
        assert_ne!(digest("a", ulid), digest("b", ulid));
        assert_ne!(digest("a", ulid), digest("a", &ulid.to_lowercase()), "two spellings are two keys");
    }

    #[test]
    fn the_parts_of_a_fingerprint_cannot_run_into_each_other() {
        let of = |path: &str, body: &[u8]| fingerprint(&Method::POST, path, body);
        assert_ne!(of("/a", b"b"), of("/", b"ab"));
        assert_eq!(of("/a", b"b"), of("/a", b"b"));
        assert_ne!(of("/a", b"b"), fingerprint(&Method::PUT, "/a", b"b"));
    }
}
