//! Where do tests and proofs get a PostgreSQL from? They start one of their own: as an ordinary user, in a temporary
//! folder, on a free port of the loopback interface, with passwords and with everything synced to disk.
//!
//! Invariant: it ends with whoever started it, also when that is killed (see [`process`]), and leaves no folder behind.
//!
//! - [`Cluster`]: one server; killed, stopped, restarted, or followed by a standby that it waits for.
//! - [`TcpProxy`]: a faulty network in front of it, which can cut exactly between COMMIT and its answer.
//!
//! It depends on no other crate of the workspace.

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
