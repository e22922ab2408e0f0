//! The currency of a deployment and of a gateway's answers.

use std::fmt;

/// A currency by its code, three capital letters (ISO 4217).
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Currency([u8; 3]);

/// A text that is not the code of a currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a currency is three letters, such as USD")]
pub struct InvalidCurrency;

impl Currency {
    /// The currency with this code. Lower case, as some gateways write it, is the same.
    ///
    /// # Errors
    /// The text is not three letters.
    pub fn parse(text: &str) -> Result<Self, InvalidCurrency> {
        let code: [u8; 3] = text.as_bytes().try_into().map_err(|_| InvalidCurrency)?;
        let letters = code.iter().all(u8::is_ascii_alphabetic);
        if letters { Ok(Self(code.map(|letter| letter.to_ascii_uppercase()))) } else { Err(InvalidCurrency) }
    }

    /// The code, in capitals.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("letters")
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
