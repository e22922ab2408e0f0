//! Money moved back.

pub(crate) mod create;
pub(crate) mod list;
