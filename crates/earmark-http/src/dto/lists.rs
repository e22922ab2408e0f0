//! How does a page of a list look, and how are the parameters of lists read?
//!
//! Parameters are read as text and parsed here, so that an error names its parameter.

use earmark_core::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::problem::Problem;
use crate::time;

/// The most rows of a page.
pub(crate) const LIMIT_MAX: usize = 200;
const LIMIT_DEFAULT: usize = 50;

/// A page of a list.
#[derive(Serialize, ToSchema)]
pub(crate) struct List<T> {
    #[doc = "The rows."]
    #[schema(max_items = 200)]
    data: Vec<T>,
    /// Pass it as `cursor` to get the next page; null at the end.
    #[schema(max_length = 400)]
    next_cursor: Option<String>,
}

impl<T> List<T> {
    /// A page that goes on at `next_cursor`; `None` at the end.
    pub(crate) fn new(data: Vec<T>, next_cursor: Option<String>) -> Self {
        Self { data, next_cursor }
    }
}

/// The parameters of a list that takes no others.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct PageParams {
    #[doc = "The most rows."]
    #[param(value_type = Option<u32>, minimum = 1, maximum = 200, default = 50)]
    pub(crate) limit: Option<String>,
    /// A `next_cursor` of this list.
    #[param(min_length = 8, max_length = 400, pattern = "^[A-Za-z0-9_-]+$")]
    pub(crate) cursor: Option<String>,
}

/// Reads `?limit=`; without it, the default of 50.
pub(crate) fn limit(text: Option<&str>) -> Result<usize, Problem> {
    let Some(text) = text else { return Ok(LIMIT_DEFAULT) };
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    match text.parse() {
        Ok(limit @ 1..=LIMIT_MAX) if digits => Ok(limit),
        _ => Err(Problem::wrong_query("limit", format!("a whole number, 1 to {LIMIT_MAX}"))),
    }
}

/// Reads a parameter that is a point in time.
pub(crate) fn point(name: &str, text: Option<&str>) -> Result<Option<Timestamp>, Problem> {
    let wrong = || Problem::wrong_query(name, "a time of RFC 3339");
    text.map(|text| time::parse(text).ok_or_else(wrong)).transpose()
}

/// Reads a parameter that is one of the words of `T`.
pub(crate) fn word<T: DeserializeOwned>(name: &str, text: Option<&str>) -> Result<Option<T>, Problem> {
    let wrong = |_| Problem::wrong_query(name, "one of the words that it can be, in capitals");
    text.map(|text| serde_json::from_value(text.into()).map_err(wrong)).transpose()
}

/// Reads a parameter that is `true` or `false`.
pub(crate) fn flag(name: &str, text: Option<&str>) -> Result<Option<bool>, Problem> {
    match text {
        None => Ok(None),
        Some("true") => Ok(Some(true)),
        Some("false") => Ok(Some(false)),
        Some(_) => Err(Problem::wrong_query(name, "true or false")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_1_to_200() {
        assert_eq!(limit(None).unwrap(), 50);
        assert_eq!(limit(Some("1")).unwrap(), 1);
        assert_eq!(limit(Some("200")).unwrap(), 200);
        for wrong in ["0", "201", "-1", "+1", "", "x", "1.0", "99999999999999999999"] {
            assert!(limit(Some(wrong)).is_err(), "{wrong:?}");
        }
    }
}
