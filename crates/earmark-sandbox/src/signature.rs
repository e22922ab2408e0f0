//! HMAC-SHA256 signatures in lower-case hex, and their comparison.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

const DIGITS: &[u8; 16] = b"0123456789abcdef";

/// The signature of these parts, one after the other, in hex.
pub(crate) fn hmac(secret: &str, parts: &[&[u8]]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes keys of any length");
    for part in parts {
        mac.update(part);
    }
    let digits = |byte: u8| [byte >> 4, byte & 15].map(|half| char::from(DIGITS[usize::from(half)]));
    mac.finalize().into_bytes().iter().copied().flat_map(digits).collect()
}

/// Whether two signatures are equal, in a time that does not depend on where they differ.
pub(crate) fn equal(one: &str, other: &str) -> bool {
    let differing = one.bytes().zip(other.bytes()).fold(0, |bits, (one, other)| bits | (one ^ other));
    one.len() == other.len() && differing == 0
}
