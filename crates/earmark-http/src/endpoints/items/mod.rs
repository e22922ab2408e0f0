//! What is sold, and how many there are.

pub(crate) mod adjust;
pub(crate) mod find;
pub(crate) mod list;
pub(crate) mod list_movements;
pub(crate) mod put;
