//! How is everything kept in one file? The embedded engine, on SQLite.
//!
//! One connection writes and checkpoints ([`SqliteEngine`], on the writer's thread). Readers have
//! their own connections, and each read sees one snapshot ([`SqliteQueries`]). Invariant: what a
//! commit returned `Ok` for survives a crash of process and machine.
//!
//! Start at `open.rs`, then `engine.rs` and `save/`. `deferred/` and `segments/` keep slow indexes
//! off the path of an order.

mod checkpoints;
mod codec;
mod connect;
mod deferred;
mod engine;
mod error;
mod load;
mod lock;
mod migrate;
mod open;
mod open_error;
mod options;
mod queries;
mod rows;
mod save;
mod segments;
mod snapshot;
mod verify;

pub use engine::SqliteEngine;
pub use open::open;
pub use open_error::OpenError;
pub use options::SqliteOptions;
pub use queries::SqliteQueries;
