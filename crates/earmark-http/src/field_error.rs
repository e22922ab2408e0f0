//! Which part of a request is wrong? Its place, and what is allowed there.

use std::fmt::Display;

use serde::Serialize;

/// One thing that is wrong with a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct FieldError {
    /// Where, as a JSON pointer (RFC 6901): into the body, or `/name` of a parameter or header.
    pub(crate) pointer: String,
    /// What is wrong and what is allowed.
    detail: String,
    /// `path`, `query` or `header` where it is not the body.
    #[serde(rename = "in", skip_serializing_if = "Option::is_none")]
    place: Option<&'static str>,
}

impl FieldError {
    /// Something in the body.
    pub(crate) fn body(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { pointer: pointer.into(), detail: detail.into(), place: None }
    }

    /// A query parameter.
    pub(crate) fn query(name: impl Display, detail: impl Into<String>) -> Self {
        Self { pointer: format!("/{name}"), detail: detail.into(), place: Some("query") }
    }

    /// A part of the path.
    pub(crate) fn path(name: impl Display, detail: impl Into<String>) -> Self {
        Self { pointer: format!("/{name}"), detail: detail.into(), place: Some("path") }
    }

    /// A header.
    pub(crate) fn header(name: impl Display, detail: impl Into<String>) -> Self {
        Self { pointer: format!("/{name}"), detail: detail.into(), place: Some("header") }
    }
}
