//! Which version of the resource does the client mean? `If-Match` of RFC 9110 says it.
//!
//! The comparison is the strong one, so a weak entity tag never matches.

use axum::http::HeaderMap;
use axum::http::header::IF_MATCH;

use crate::field_error::FieldError;
use crate::problem::Problem;

/// What `If-Match` demands of the resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Precondition {
    None,
    /// The resource must exist.
    Exists,
    /// The resource must have this version. Versions begin at 1, so 0 never matches.
    Version(u64),
}

impl Precondition {
    /// The version that the core compares; `None` if any will do.
    pub(crate) fn version(self) -> Option<u64> {
        match self {
            Self::Version(version) => Some(version),
            Self::None | Self::Exists => None,
        }
    }
}

/// Reads `If-Match`: `"7"` or `*`. One tag only, since a command has one version to compare.
pub(crate) fn parse(headers: &HeaderMap) -> Result<Precondition, Problem> {
    let mut values = headers.get_all(IF_MATCH).iter();
    let Some(value) = values.next() else { return Ok(Precondition::None) };
    let tag = value.to_str().ok().filter(|_| values.next().is_none()).map(str::trim);
    tag.and_then(parse_tag).ok_or_else(|| {
        let detail = "one entity tag in quotes, such as \"7\", or *";
        Problem::invalid_one(FieldError::header("If-Match", detail))
    })
}

fn parse_tag(tag: &str) -> Option<Precondition> {
    if tag == "*" {
        return Some(Precondition::Exists);
    }
    let (weak, quoted) = tag.strip_prefix("W/").map_or((false, tag), |quoted| (true, quoted));
    let opaque = quoted.strip_prefix('"')?.strip_suffix('"')?;
    if !opaque.bytes().all(|byte| byte == 0x21 || (0x23..=0x7e).contains(&byte)) {
        return None;
    }
    // A weak tag, or one that is not the plain digits of a version, is none that we gave.
    let version = opaque.parse().ok().filter(|version: &u64| !weak && version.to_string() == opaque);
    Some(Precondition::Version(version.unwrap_or(0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_read_as_rfc_9110_says() {
        assert_eq!(parse_tag("\"7\""), Some(Precondition::Version(7)));
        assert_eq!(parse_tag("*"), Some(Precondition::Exists));
        for never in ["W/\"7\"", "\"abc\"", "\"07\"", "\"+7\"", "\"\""] {
            assert_eq!(parse_tag(never), Some(Precondition::Version(0)), "{never}");
        }
        for malformed in ["7", "\"7", "7\"", "", "\"7\", \"8\"", "w/\"7\"", "\"a b\""] {
            assert_eq!(parse_tag(malformed), None, "{malformed}");
        }
    }
}
