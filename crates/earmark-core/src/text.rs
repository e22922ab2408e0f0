//! Which texts are allowed?
//!
//! Each text has a type with its limits. It is parsed once, where the request is read, and cannot
//! be wrong after that.

use std::borrow::Borrow;
use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};

/// A text that breaks this rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidText(pub &'static str);

macro_rules! texts {
    ($($(#[$doc:meta])* $name:ident: $check:expr, $rule:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        #[serde(transparent)]
        pub struct $name(Box<str>);

        impl $name {
            /// The rule in words, for answers to clients.
            pub const RULE: &'static str = $rule;

            /// The text, if it obeys the rule.
            pub fn parse(text: &str) -> Result<Self, InvalidText> {
                let check: fn(&str) -> bool = $check;
                if check(text) { Ok(Self(text.into())) } else { Err(InvalidText($rule)) }
            }

            /// The text as it came.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                Self::parse(&text).map_err(|error| serde::de::Error::custom(error.0))
            }
        }
    )*};
}

texts! {
    /// A stock keeping unit: the merchant's own id of an item. Case matters.
    Sku: |text| (1..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b)),
        "a SKU is 1 to 64 of A-Z a-z 0-9 . _ -";
    /// The merchant's own id of a customer.
    CustomerId: |text| (1..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic()),
        "a customer id is 1 to 64 visible ASCII characters";
    /// The merchant's own id of an order. No two orders ever have the same.
    Reference: |text| (1..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic()),
        "a reference is 1 to 64 visible ASCII characters";
    /// A name that is shown to people.
    Name: |text| (1..=200).contains(&text.chars().count()) && !text.contains('\0') && !text.trim().is_empty(),
        "a name is 1 to 200 characters and not blank";
    /// A free text of one or two sentences.
    Note: |text| text.chars().count() <= 1_000 && !text.contains('\0'),
        "a note is at most 1,000 characters";
    /// A description of an item.
    Description: |text| text.chars().count() <= 10_000 && !text.contains('\0'),
        "a description is at most 10,000 characters";
    /// An absolute URL that people open.
    Url: |text| text.len() <= 2_000 && (text.starts_with("https://") || text.starts_with("http://"))
            && text.bytes().all(|b| b.is_ascii_graphic()),
        "a URL begins with https:// or http:// and is at most 2,000 visible ASCII characters";
}

/// The most characters of a payment method's token; see [`Token`](crate::payments::Token).
pub const TOKEN_LEN_MAX: usize = 255;

/// Up to 50 pairs of strings, which are stored unchanged. Keys have 1 to 40 characters, values at
/// most 500.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Metadata(BTreeMap<String, String>);

impl Metadata {
    pub const PAIRS_MAX: usize = 50;
    /// The rule in words, for answers to clients.
    pub const RULE: &'static str =
        "metadata is at most 50 pairs of strings, keys 1 to 40 characters, values at most 500";

    /// The pairs, if they obey the rule.
    pub fn parse(pairs: BTreeMap<String, String>) -> Result<Self, InvalidText> {
        let fits = |(key, value): (&String, &String)| {
            (1..=40).contains(&key.chars().count())
                && value.chars().count() <= 500
                && !key.contains('\0')
                && !value.contains('\0')
        };
        if pairs.len() <= Self::PAIRS_MAX && pairs.iter().all(fits) {
            Ok(Self(pairs))
        } else {
            Err(InvalidText(Self::RULE))
        }
    }

    /// The pairs, by key.
    pub fn pairs(&self) -> &BTreeMap<String, String> {
        &self.0
    }

    /// Whether there is no pair.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<'de> Deserialize<'de> for Metadata {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let pairs = BTreeMap::deserialize(deserializer)?;
        Self::parse(pairs).map_err(|error| serde::de::Error::custom(error.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sku_has_its_alphabet_and_length() {
        assert!(Sku::parse("85123A").is_ok());
        assert!(Sku::parse("a.b_c-d").is_ok());
        assert!(Sku::parse(&"x".repeat(64)).is_ok());
        for wrong in ["", "a b", "ü", "a/b", &"x".repeat(65)] {
            assert_eq!(Sku::parse(wrong), Err(InvalidText(Sku::RULE)), "{wrong:?}");
        }
    }

    #[test]
    fn metadata_has_a_limit_of_pairs() {
        let pairs = |count: usize| (0..count).map(|n| (format!("k{n}"), String::new())).collect();
        assert!(Metadata::parse(pairs(50)).is_ok());
        assert!(Metadata::parse(pairs(51)).is_err());
    }
}
