//! How are the books kept for many nodes? The engine on PostgreSQL 15 and newer.
//!
//! Any number of processes, whose batches take turns: the first statement of a batch locks the one row of its event stream, the commit
//! releases it ([`PostgresEngine`], on the writer's thread, with a connection of its own). Turns make conflicts rare; versions make them harmless: every
//! update names the version that was loaded. Reads have a pool ([`PostgresQueries`]); what they search by item is grouped behind the path of an order, by a
//! thread of its own (`segments`). Start at `open.rs`, then `engine.rs` and `turn.rs`; `outcome.rs` says what happens when a COMMIT gets no answer.

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
