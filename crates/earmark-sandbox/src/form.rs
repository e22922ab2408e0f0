//! Reads forms and queries: `application/x-www-form-urlencoded`. Escapes that are none are kept as
//! text.

/// The pairs of names and values of a query or form.
pub(crate) fn pairs(text: &str) -> impl Iterator<Item = (String, String)> {
    text.split('&')
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, value)| (decoded(name), decoded(value)))
}

/// The first value of this name in a query.
pub(crate) fn parameter(query: &str, name: &str) -> Option<String> {
    pairs(query).find(|(known, _)| known == name).map(|(_, value)| value)
}

fn decoded(text: &str) -> String {
    let (mut bytes, mut rest) = (Vec::with_capacity(text.len()), text.as_bytes());
    while let [first, after @ ..] = rest {
        let escaped = (*first == b'%').then(|| after.get(..2)).flatten();
        let byte = escaped.and_then(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok());
        bytes.push(byte.unwrap_or(if *first == b'+' { b' ' } else { *first }));
        rest = if byte.is_some() { &after[2..] } else { after };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_are_read_as_they_were_written() {
        let query = "query=metadata%5B%27earmark_id%27%5D%3A%27pay_1%27&limit=100&odd=%zz+%";
        assert_eq!(parameter(query, "query").as_deref(), Some("metadata['earmark_id']:'pay_1'"));
        assert_eq!(parameter(query, "limit").as_deref(), Some("100"));
        assert_eq!(parameter(query, "odd").as_deref(), Some("%zz %"));
        assert_eq!(parameter(query, "none"), None);
    }
}
