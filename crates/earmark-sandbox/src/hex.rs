//! Bytes as lower-case hex, and signatures that are written so.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

const DIGITS: &[u8; 16] = b"0123456789abcdef";

/// HMAC-SHA256 of these parts, in hex.
pub(crate) fn hmac(secret: &str, parts: &[&[u8]]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes keys of any length");
    for part in parts {
        mac.update(part);
    }
    let digits = |byte: u8| [byte >> 4, byte & 15].map(|half| char::from(DIGITS[usize::from(half)]));
    mac.finalize().into_bytes().iter().copied().flat_map(digits).collect()
}

/// Whether two signatures are the same, in a time that does not say where they differ.
pub(crate) fn same(one: &str, other: &str) -> bool {
    let differing = one.bytes().zip(other.bytes()).fold(0, |bits, (one, other)| bits | (one ^ other));
    one.len() == other.len() && differing == 0
}
