//! How is a body read as JSON? Strictly: unknown fields are refused, and an error names the place
//! of the wrong value by its JSON pointer.

use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use serde::de::DeserializeOwned;
use serde_path_to_error::Segment;

use crate::field_error::FieldError;
use crate::problem::Problem;

/// Whether the headers say that the body is JSON.
pub(crate) fn is_json(headers: &HeaderMap) -> bool {
    let Some(value) = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()) else { return false };
    let essence = value.split(';').next().unwrap_or_default().trim();
    let charset = value.split(';').skip(1).map(str::trim).find_map(|parameter| {
        let (name, charset) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("charset").then(|| charset.trim().trim_matches('"'))
    });
    essence.eq_ignore_ascii_case("application/json")
        && charset.is_none_or(|name| name.eq_ignore_ascii_case("utf-8"))
}

/// Reads a JSON object into `T`. Only a refused body is read a second time, to find the place.
pub(crate) fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    // A derived `Deserialize` would also take an array of the fields in their order.
    if matches!(bytes.trim_ascii_start().first(), Some(byte) if *byte != b'{') {
        return Err(Problem::invalid_one(FieldError::body("", "a JSON object is needed")));
    }
    serde_json::from_slice(bytes).map_err(|first| {
        let mut deserializer = serde_json::Deserializer::from_slice(bytes);
        let located = serde_path_to_error::deserialize::<_, T>(&mut deserializer);
        let (pointer, detail) = match located {
            Err(error) => (pointer(error.path()), describe(error.inner())),
            // The value itself is fine: something follows it.
            Ok(_) => (String::new(), describe(&first)),
        };
        Problem::invalid_one(FieldError::body(pointer, detail))
    })
}

/// Makes a type inside a body readable from a JSON object alone. It derives `Deserialize` with
/// `#[serde(remote = "Self")]`; that alone would also take an array of the fields in their order.
macro_rules! only_from_object {
    ($part:ty) => {
        impl<'de> serde::Deserialize<'de> for $part {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Object;

                impl<'de> serde::de::Visitor<'de> for Object {
                    type Value = $part;

                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str("a JSON object")
                    }

                    fn visit_map<A: serde::de::MapAccess<'de>>(self, fields: A) -> Result<$part, A::Error> {
                        // The derived function, not this one: an inherent function comes first.
                        <$part>::deserialize(serde::de::value::MapAccessDeserializer::new(fields))
                    }
                }

                deserializer.deserialize_map(Object)
            }
        }
    };
}
pub(crate) use only_from_object;

fn describe(error: &serde_json::Error) -> String {
    if error.is_data() {
        // Without serde_json's " at line 1 column 2": the pointer says where.
        let text = error.to_string();
        text.rsplit_once(" at line ").map_or(text.clone(), |(text, _)| text.to_owned())
    } else {
        format!("not valid JSON: {error}")
    }
}

/// The JSON pointer of a path, cut after 200 bytes.
fn pointer(path: &serde_path_to_error::Path) -> String {
    let mut pointer = String::new();
    for segment in path {
        pointer.push('/');
        match segment {
            Segment::Seq { index } => pointer.push_str(&index.to_string()),
            Segment::Map { key } => pointer.push_str(&key.replace('~', "~0").replace('/', "~1")),
            Segment::Enum { variant } => pointer.push_str(variant),
            Segment::Unknown => pointer.push('?'),
        }
    }
    pointer.truncate(200);
    pointer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn body_that_is_no_object_is_refused() {
        #[derive(serde::Deserialize)]
        struct Body {
            note: Option<String>,
        }
        assert!(parse::<Body>(b" {\"note\": null}").is_ok_and(|body| body.note.is_none()));
        for wrong in ["[null]", "null", "1", "x", ""] {
            assert!(parse::<Body>(wrong.as_bytes()).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn only_json_in_utf_8_is_json() {
        let is_json =
            |value: &'static str| is_json(&HeaderMap::from_iter([(CONTENT_TYPE, value.parse().unwrap())]));
        assert!(is_json("application/json"));
        assert!(is_json("Application/JSON; charset=\"UTF-8\""));
        for wrong in ["text/json", "application/json; charset=latin1", "application/jsonp", ""] {
            assert!(!is_json(wrong), "{wrong:?}");
        }
    }
}
