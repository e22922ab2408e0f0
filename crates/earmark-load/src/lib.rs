//! What does a server do under load, and after it was killed in the middle of it?
//!
//! This crate knows Earmark from outside only: its HTTP interface and the command line of its binary. It depends on no
//! other crate of the workspace, so that nothing in here can share a mistake with what it judges.
//!
//! - [`client`]: HTTP/1.1 at a few microseconds a request, and a comfortable [`Client`] on top for tests.
//! - [`server`] and [`nodes`]: `earmark serve` as child processes, with kill -9 and restart.
//! - [`place`]: the benchmark behind `earmark bench place`.
//! - [`audit`]: what was acknowledged, and the checks of what the server shows later.
//! - [`idempotency`], [`crash`] and [`unattended`]: three of the proofs of the binary `earmark-prove`.

pub mod audit;
pub mod catalogue;
pub mod client;
pub mod commands;
pub mod crash;
pub mod error;
pub mod idempotency;
pub mod latency;
pub mod nodes;
pub mod place;
pub mod random;
pub mod runtime;
pub mod server;
pub mod unattended;

pub use client::{Client, ClientError, Connection, Request, Response};
pub use error::LoadError;
pub use nodes::{Nodes, NodesOptions};
pub use place::{KeyKind, PlaceOptions, PlaceReport};
pub use server::{Database, ServerOptions, ServerProcess};
