//! What does a server do under load? The client, the servers and the load of `earmark bench`.
//!
//! This crate knows Earmark from outside only: its HTTP interface and the command line of its
//! binary. It shares no code with what it measures, so that a mistake in one shows in the other.
//!
//! - [`client`]: HTTP/1.1 at a few microseconds a request, and [`Client`], a pool of connections.
//! - [`requests`]: requests that must succeed, and lists that are read page by page.
//! - [`server`] and [`nodes`]: `earmark serve` as child processes, with kill -9 and restart.
//! - [`place`]: the benchmark behind `earmark bench place`.
//!
//! The proofs, in `earmark-prove`, and the replay of sales, in `xtask`, use the same client and
//! servers.

pub mod catalogue;
pub mod client;
pub mod error;
pub mod latency;
pub mod nodes;
pub mod place;
pub mod requests;
pub mod runtime;
pub mod server;
pub mod tasks;
pub mod usage;

pub use client::{Client, ClientError, Connection, Request, Response};
pub use error::LoadError;
pub use nodes::{Nodes, NodesOptions};
pub use place::{KeyKind, PlaceOptions, PlaceReport};
pub use server::{Database, ServerOptions, ServerProcess};
