//! How do several nodes write to one database? The engine on PostgreSQL 15 and newer.
//!
//! Nodes take turns: the first statement of a batch locks the one row of its event stream, and the
//! commit releases it. Turns make conflicts rare. Versions make them harmless, because every update
//! names the version that was loaded. [`PostgresEngine`] writes, on the writer's thread and with a
//! connection of its own; [`PostgresQueries`] reads, with a pool of connections.
//!
//! Start at `engine.rs`, then `turn.rs`, `state.rs` and `save/`. `outcome.rs` says what happens
//! when a COMMIT gets no answer. `segments/` answers what is searched by item, off the path of an
//! order.

mod cache;
mod codec;
mod connect;
mod database_url;
mod dial;
mod engine;
mod error;
mod load;
mod migrate;
mod open;
mod open_error;
mod options;
mod outcome;
mod pipeline;
mod protections;
mod queries;
mod rows;
mod runtime;
mod save;
mod segments;
mod session;
mod state;
mod tls;
mod turn;
mod unprotected;
mod verify;

pub use database_url::DatabaseUrl;
pub use engine::PostgresEngine;
pub use open::{open, open_to_read};
pub use open_error::OpenError;
pub use options::{Distributed, PostgresOptions};
pub use protections::Protections;
pub use queries::PostgresQueries;
