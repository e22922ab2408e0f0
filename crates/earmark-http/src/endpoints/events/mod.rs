//! `/v1/events`: everything that has happened, in order.

pub(crate) mod list;
