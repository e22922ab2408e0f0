//! Where does a list go on? After the row whose key its cursor carries.
//!
//! A cursor is opaque to clients: base64url of a checksum and a key. The checksum covers the name
//! of the list, so a garbled cursor, or one of another list, is refused instead of giving a wrong
//! page.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use crate::problem::Problem;

const CHECK_LEN: usize = 6;
/// Raised when the meaning of a key changes: older cursors are refused then.
const VERSION: u8 = 1;

fn check(list: &str, key: &[u8]) -> [u8; CHECK_LEN] {
    let hash = Sha256::new().chain_update([VERSION]).chain_update(list).chain_update([0]).chain_update(key);
    let hash: [u8; 32] = hash.finalize().into();
    hash[..CHECK_LEN].try_into().expect("shorter than the hash")
}

/// The cursor with which the list goes on after the row of this key.
pub(crate) fn encode(list: &str, key: &[u8]) -> String {
    BASE64_URL_SAFE_NO_PAD.encode([&check(list, key)[..], key].concat())
}

/// The key inside a cursor of this list.
pub(crate) fn decode(list: &str, cursor: &str) -> Result<Vec<u8>, Problem> {
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(cursor).unwrap_or_default();
    match bytes.split_first_chunk::<CHECK_LEN>() {
        Some((sum, key)) if *sum == check(list, key) => Ok(key.to_vec()),
        _ => Err(garbled()),
    }
}

/// The key of a fixed length inside a cursor of this list.
pub(crate) fn decode_exact<const LEN: usize>(list: &str, cursor: &str) -> Result<[u8; LEN], Problem> {
    decode(list, cursor)?.try_into().map_err(|_| garbled())
}

/// 400: the parameter `cursor` is not a cursor of this list.
pub(crate) fn garbled() -> Problem {
    Problem::wrong_query("cursor", "not a `next_cursor` of this list")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_gives_its_key_back_to_its_own_list_only() {
        let cursor = encode("orders", b"key");
        assert_eq!(decode("orders", &cursor).unwrap(), b"key");
        assert!(decode("items", &cursor).is_err());
        assert!(decode_exact::<2>("orders", &cursor).is_err());
        let mut garbled = cursor.clone();
        garbled.replace_range(9..10, if &cursor[9..10] == "A" { "B" } else { "A" });
        assert!(decode("orders", &garbled).is_err());
        for wrong in ["", "!", "AAAA", &cursor[1..]] {
            assert!(decode("orders", wrong).is_err(), "{wrong:?}");
        }
    }
}
