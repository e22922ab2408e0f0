//! Where do tests and tools get random numbers from? From a printed seed, so that a run can be
//! repeated.
//!
//! Invariant: the same seed gives the same numbers on every machine. Only [`fresh_seed`] differs
//! from run to run. Nothing here is fit for secrets.

mod generator;
mod uuid;

pub use generator::{Random, fresh_seed};
pub use uuid::{key, write_uuid_v4, write_uuid_v7};
