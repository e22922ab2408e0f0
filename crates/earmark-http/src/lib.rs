//! How do clients talk to the store? The HTTP interface, version 1: parses requests into commands, renders outcomes.
//!
//! [`router`] is the table of contents, one file per endpoint under `endpoints/`; `problem.rs` alone knows which refusal has which status.
//! No SQL here, and no rule: whatever depends on state is decided in `earmark-core`.

mod checks;
mod config;
mod cursor;
mod dto;
mod endpoints;
mod field_error;
mod fresh_ids;
mod idempotency;
mod if_match;
mod json;
mod notifications;
mod openapi;
mod problem;
mod reply;
mod request;
mod router;
mod state;
mod time;

pub use config::{Currency, HttpConfig, InvalidCurrency};
pub use notifications::{NotificationKey, SignatureScheme};
pub use router::{openapi_json, router};
pub use state::{App, AppState, Telling};
