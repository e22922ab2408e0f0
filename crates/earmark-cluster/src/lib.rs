//! Where do tests and proofs get a PostgreSQL from? Each starts a server of its own: as an ordinary
//! user, in a temporary folder, on a free port of 127.0.0.1, with passwords and with durable
//! commits.
//!
//! Invariant: the server ends with the process that started it, even if that is killed (see
//! [`process`]), and it leaves no folder behind.
//!
//! - [`Cluster`]: one server that can be stopped, killed, restarted and followed by a standby.
//! - [`TcpProxy`]: a faulty network in front of it, which can cut a connection between COMMIT and
//!   its answer.
//!
//! The crate depends on no other crate of the workspace.

mod cluster;
mod configuration;
mod error;
mod installation;
pub mod process;
pub mod proxy;
mod psql;
mod standby;
mod tls;

pub use cluster::Cluster;
pub use configuration::{ClusterOptions, Durability, Tls};
pub use error::ClusterError;
pub use installation::Installation;
pub use proxy::{CommitCut, Mode, TcpProxy};
pub use psql::Psql;
