//! What has left.

pub(crate) mod create;
pub(crate) mod deliver;
