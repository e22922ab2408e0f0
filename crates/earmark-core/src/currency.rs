//! In which currency?
//!
//! A deployment has one. Amounts do not name it; only answers to clients and calls to gateways do.

use std::fmt;

/// A currency by its code: three capital letters, ISO 4217.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Currency([u8; 3]);

/// A text that is not three capital letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidCurrency;

impl fmt::Display for InvalidCurrency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a currency is three capital letters, as in ISO 4217")
    }
}

impl std::error::Error for InvalidCurrency {}

impl Currency {
    /// The currency of this code, if it has the form of one.
    pub fn parse(text: &str) -> Result<Self, InvalidCurrency> {
        match text.as_bytes() {
            [a, b, c] if text.bytes().all(|letter| letter.is_ascii_uppercase()) => Ok(Self([*a, *b, *c])),
            _ => Err(InvalidCurrency),
        }
    }

    /// The same for text in any case, since some gateways write codes in lower case.
    pub fn parse_any_case(text: &str) -> Result<Self, InvalidCurrency> {
        Self::parse(&text.to_ascii_uppercase())
    }

    /// The code in capital letters.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("capital letters are ASCII")
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_currency_is_three_capital_letters() {
        assert_eq!(Currency::parse("EUR").unwrap().as_str(), "EUR");
        for wrong in ["", "EU", "EURO", "eur", "E1R", "ÄB"] {
            assert_eq!(Currency::parse(wrong), Err(InvalidCurrency), "{wrong:?}");
        }
        assert_eq!(Currency::parse_any_case("eur"), Currency::parse("EUR"));
        assert_eq!(Currency::parse_any_case("e1r"), Err(InvalidCurrency));
    }
}
