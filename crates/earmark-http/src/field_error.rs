//! Which part of a request is wrong, and what is allowed there?

use std::fmt::Display;

use serde::Serialize;

/// One thing that is wrong with a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct FieldError {
    /// A JSON pointer (RFC 6901) into the body, or `/name` of a parameter or header.
    pub(crate) pointer: String,
    detail: String,
    /// `path`, `query` or `header`; `None` for the body.
    #[serde(rename = "in", skip_serializing_if = "Option::is_none")]
    place: Option<&'static str>,
}

impl FieldError {
    /// The value at this pointer into the body; an empty pointer is the whole body.
    pub(crate) fn body(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { pointer: pointer.into(), detail: detail.into(), place: None }
    }

    /// The query parameter of this name; an empty name is the whole query.
    pub(crate) fn query(name: impl Display, detail: impl Into<String>) -> Self {
        Self { pointer: format!("/{name}"), detail: detail.into(), place: Some("query") }
    }

    /// The part of the path with this name; an empty name is the whole path.
    pub(crate) fn path(name: impl Display, detail: impl Into<String>) -> Self {
        Self { pointer: format!("/{name}"), detail: detail.into(), place: Some("path") }
    }

    /// The header of this name.
    pub(crate) fn header(name: impl Display, detail: impl Into<String>) -> Self {
        Self { pointer: format!("/{name}"), detail: detail.into(), place: Some("header") }
    }
}
