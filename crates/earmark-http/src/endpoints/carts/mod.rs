//! `/v1/carts`: what shoppers have chosen and not ordered yet.

pub(crate) mod create;
pub(crate) mod delete;
pub(crate) mod find;
pub(crate) mod lines;
