//! How do clients talk to the store? The HTTP interface, version 1: parses requests into commands, renders outcomes.
//!
//! [`router`] is the table of contents, one file per endpoint under `endpoints/`; `problem.rs` alone knows which refusal has which status.
//! No SQL here, and no rule: whatever depends on state is decided in `earmark-core`.

mod auth;
mod config;
mod fresh_ids;
mod metrics;
pub mod secrets;
mod serve;
mod state;

pub use config::{Currency, HttpConfig, InvalidCurrency, ServeLimits};
pub use router::router;
pub use serve::serve;
pub use state::{App, AppState};
