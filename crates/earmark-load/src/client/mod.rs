//! How is a request sent and its answer read? [`wire`] knows the bytes, [`Connection`] one socket,
//! and [`Client`] a pool of them.
//!
//! Invariant: nothing waits without a deadline, and no answer grows beyond its limit.

mod connection;
mod error;
mod pool;
pub mod wire;

pub use connection::{Answer, Connection};
pub use error::ClientError;
pub use pool::{Client, Request, Response, problem_code};
