//! Which one?
//!
//! Each kind of id is a type of its own: a prefix that names the kind, then 26 characters of base32
//! over a UUIDv7. Ids are made outside of the core and come in with the commands. Their first 48
//! bits are milliseconds since 1970, so they sort by the time when they were made. The alphabet is
//! Crockford's in lower case, as in TypeID.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::time::Timestamp;

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
/// Characters of an id after its prefix: 128 bits at 5 bits each.
pub const TEXT_LEN: usize = 26;

/// A text that is not an id of the wanted kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidId;

/// Writes 128 bits as 26 characters, most significant first.
pub fn encode(bits: u128) -> [u8; TEXT_LEN] {
    let mut text = [0; TEXT_LEN];
    for (position, character) in text.iter_mut().enumerate() {
        let shift = 5 * (TEXT_LEN - 1 - position);
        *character = ALPHABET[usize::try_from((bits >> shift) & 31).expect("five bits")];
    }
    text
}

/// Reads what [`encode`] wrote. Anything else, upper case included, is refused, so that an id has
/// only one spelling.
pub fn decode(text: &str) -> Result<u128, InvalidId> {
    let bytes = text.as_bytes();
    if bytes.len() != TEXT_LEN || bytes[0] > b'7' {
        return Err(InvalidId);
    }
    bytes.iter().try_fold(0_u128, |bits, byte| {
        let digit = ALPHABET.iter().position(|letter| letter == byte).ok_or(InvalidId)?;
        Ok((bits << 5) | digit as u128)
    })
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub u128);

        impl $name {
            /// The beginning of the text form.
            pub const PREFIX: &'static str = concat!($prefix, "_");

            /// The 16 bytes of the UUID, big-endian, so that byte order is time order.
            pub const fn to_bytes(self) -> [u8; 16] {
                self.0.to_be_bytes()
            }

            /// The id over these 16 bytes.
            pub const fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(u128::from_be_bytes(bytes))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let text = encode(self.0);
                f.write_str(Self::PREFIX)?;
                f.write_str(std::str::from_utf8(&text).expect("the alphabet is ASCII"))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                decode(text.strip_prefix(Self::PREFIX).ok_or(InvalidId)?).map(Self)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(|_| {
                    serde::de::Error::custom(concat!("not an id that begins with ", $prefix, "_"))
                })
            }
        }
    )*};
}

ids! {
    /// The id of a cart.
    CartId = "cart";
    /// The id of an order.
    OrderId = "ord";
    /// The id of a payment, and the idempotency key of its calls to the gateway.
    PaymentId = "pay";
    /// The id of a refund, and the idempotency key of its calls to the gateway.
    RefundId = "ref";
    /// The id of a shipment.
    ShipmentId = "shp";
    /// The id of an adjustment of stock.
    AdjustmentId = "adj";
    /// The id of an event, made of its time and number; see [`EventId::new`].
    EventId = "evt";
    /// The id of an API key, which is its public half.
    KeyId = "key";
}

impl EventId {
    /// The id of the event with this sequence number: a UUIDv7 whose random part is the number, so
    /// that it need not be stored.
    pub fn new(at: Timestamp, sequence: u64) -> Self {
        let millis = u128::try_from(at.0.max(0) / 1000).expect("not negative");
        Self(
            (millis & 0xFFFF_FFFF_FFFF) << 80
                | 7 << 76
                | 2 << 62
                | u128::from(sequence & 0x3FFF_FFFF_FFFF_FFFF),
        )
    }

    /// The sequence number inside an id made by [`EventId::new`].
    pub fn sequence(self) -> u64 {
        u64::try_from(self.0 & 0x3FFF_FFFF_FFFF_FFFF).expect("62 bits")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_survive_the_round_trip_and_keep_their_order() {
        let (low, high) = (OrderId(1), OrderId(u128::MAX));
        assert_eq!(low.to_string().parse(), Ok(low));
        assert_eq!(high.to_string().parse(), Ok(high));
        assert!(low.to_string() < high.to_string());
        assert_eq!(low.to_string(), "ord_00000000000000000000000001");
    }

    #[test]
    fn another_kind_or_spelling_is_refused() {
        let id = CartId(u128::MAX >> 1).to_string();
        assert_eq!(id.parse::<OrderId>(), Err(InvalidId));
        assert_eq!(id.to_uppercase().parse::<CartId>(), Err(InvalidId));
        assert_eq!("cart_8zzzzzzzzzzzzzzzzzzzzzzzzz".parse::<CartId>(), Err(InvalidId), "over 128 bits");
        assert_eq!("cart_".parse::<CartId>(), Err(InvalidId));
        assert_eq!("cart_0000000000000000000000000ü".parse::<CartId>(), Err(InvalidId));
    }

    #[test]
    fn an_event_id_carries_its_sequence_and_sorts_by_it() {
        let at = Timestamp(1_790_000_000_000_000);
        let (first, second) = (EventId::new(at, 41), EventId::new(at, 42));
        assert_eq!(first.sequence(), 41);
        assert!(first < second);
    }
}
