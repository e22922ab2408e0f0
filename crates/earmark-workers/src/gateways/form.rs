//! Writes forms and queries: `application/x-www-form-urlencoded`, in which everything but letters,
//! digits and `-._` is escaped.

/// Pairs of names and values, encoded as they are added.
#[derive(Debug, Default)]
pub(crate) struct Form(String);

impl Form {
    #[must_use]
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        if !self.0.is_empty() {
            self.0.push('&');
        }
        self.0.push_str(&percent_encoded(name));
        self.0.push('=');
        self.0.push_str(&percent_encoded(value));
        self
    }

    pub(crate) fn into_body(self) -> bytes::Bytes {
        self.0.into()
    }

    pub(crate) fn into_query(self, path: &str) -> String {
        format!("{path}?{}", self.0)
    }
}

/// The text with every byte escaped that could have a meaning in a URL or form.
pub(crate) fn percent_encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_cannot_run_into_each_other() {
        let form = Form::default().with("a[b]", "x&y=z").with("c", "ü'+ 1");
        assert_eq!(form.into_query("/p"), "/p?a%5Bb%5D=x%26y%3Dz&c=%C3%BC%27%2B%201");
    }
}
