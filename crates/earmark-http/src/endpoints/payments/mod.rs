//! What was taken.

pub(crate) mod create;
pub(crate) mod find;
pub(crate) mod list;
pub(crate) mod list_all;
pub(crate) mod resolve;
