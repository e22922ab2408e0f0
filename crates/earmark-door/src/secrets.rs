//! How are secrets made and compared? API keys `em_live_<id>_<secret>`, and the operator's key.
//!
//! Invariant: a secret is kept as a hash only, it is never logged or shown a second time, and a
//! comparison takes the same time for every guess.

use std::fmt;

use earmark_core::ids::{self, KeyId};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use uuid::Uuid;

/// What an API key begins with.
pub(crate) const KEY_PREFIX: &str = "em_live_";
/// The fewest characters of an operator's key.
const ADMIN_KEY_CHARS_MIN: usize = 32;
/// Characters of the secret half: 256 bits as two groups of 26.
const SECRET_LEN: usize = 2 * ids::TEXT_LEN;

/// SHA-256. The secrets here have 256 random bits or are chosen by the operator to be long, so a
/// slow hash would protect nothing.
pub(crate) fn hash(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// A freshly made API key. Submit `CreateKey` with its id and hash, then show the token, once.
pub struct FreshKey {
    pub id: KeyId,
    pub secret_hash: [u8; 32],
    /// What the holder sends: `em_live_<id>_<secret>`. Nothing else keeps it.
    pub token: String,
}

impl FreshKey {
    /// Makes a key from 256 random bits.
    ///
    /// # Errors
    /// When the operating system has no random bits.
    pub fn draw() -> Result<Self, getrandom::Error> {
        let mut random = [0_u8; 32];
        getrandom::fill(&mut random)?;
        let (high, low) = random.split_at(16);
        let half = |bytes: &[u8]| ids::encode(u128::from_be_bytes(bytes.try_into().expect("16 bytes")));
        let secret: String = [half(high), half(low)].concat().iter().map(|byte| char::from(*byte)).collect();
        let id = KeyId(Uuid::now_v7().as_u128());
        let public = id.to_string();
        let token = format!("{KEY_PREFIX}{}_{secret}", &public[KeyId::PREFIX.len()..]);
        Ok(Self { id, secret_hash: hash(secret.as_bytes()), token })
    }
}

/// Splits a token `em_live_<id>_<secret>` into the key's id and the hash of its secret.
pub(crate) fn split_api_key(token: &str) -> Option<(KeyId, [u8; 32])> {
    let (id, secret) = token.strip_prefix(KEY_PREFIX)?.split_once('_')?;
    let id = ids::decode(id).ok()?;
    (secret.len() == SECRET_LEN).then(|| (KeyId(id), hash(secret.as_bytes())))
}

/// Whether two hashes are equal, in constant time.
pub(crate) fn same(left: &[u8; 32], right: &[u8; 32]) -> bool {
    left.ct_eq(right).into()
}

/// The operator's key, given at the start of the process and kept as a hash.
#[derive(Clone, PartialEq, Eq)]
pub struct AdminKey {
    pub(crate) hash: [u8; 32],
}

/// An operator's key that is too short, or that no header can carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an admin key is {ADMIN_KEY_CHARS_MIN} or more visible ASCII characters")]
pub struct InvalidAdminKey;

impl AdminKey {
    /// The key, if it is long enough to be a secret and a header can carry it.
    pub fn parse(text: &str) -> Result<Self, InvalidAdminKey> {
        let fits = text.len() >= ADMIN_KEY_CHARS_MIN && text.bytes().all(|byte| byte.is_ascii_graphic());
        if fits { Ok(Self { hash: hash(text.as_bytes()) }) } else { Err(InvalidAdminKey) }
    }
}

impl fmt::Debug for AdminKey {
    /// Leaves the hash out: it signs customer tokens.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AdminKey")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fresh_key_splits_into_its_id_and_hash() {
        let key = FreshKey::draw().unwrap();
        assert_eq!(split_api_key(&key.token), Some((key.id, key.secret_hash)));
        assert_ne!(FreshKey::draw().unwrap().token, key.token);
    }

    #[test]
    fn a_garbled_key_does_not_split() {
        let token = FreshKey::draw().unwrap().token;
        for wrong in
            ["", "em_live_", "em_live__", &token[1..], &token[..token.len() - 1], &token.to_uppercase()]
        {
            assert_eq!(split_api_key(wrong), None, "{wrong:?}");
        }
        let mut other = token.clone();
        other.pop();
        other.push(if token.ends_with('0') { '1' } else { '0' });
        assert_ne!(split_api_key(&other), split_api_key(&token));
    }

    #[test]
    fn an_operators_key_has_a_least_length() {
        assert!(AdminKey::parse(&"x".repeat(32)).is_ok());
        assert_eq!(AdminKey::parse(&"x".repeat(31)), Err(InvalidAdminKey));
        assert_eq!(AdminKey::parse(&"x y".repeat(20)), Err(InvalidAdminKey));
    }
}
