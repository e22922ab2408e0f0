//! How do clients talk to the store? The HTTP interface, version 1: parses requests into commands, renders outcomes.
//!
//! [`router`] is the table of contents, one file per endpoint under `endpoints/`; `problem.rs` alone knows which refusal has which status.
//! No SQL here, and no rule: whatever depends on state is decided in `earmark-core`.

mod auth;
mod body;
mod call;
mod card_numbers;
mod checks;
mod config;
mod cursor;
mod customer_tokens;
mod dto;
mod endpoints;
mod frame;
mod fresh_ids;
mod hints;
mod idempotency;
mod if_match;
mod metrics;
mod openapi;
mod problem;
mod reply;
mod request_id;
mod router;
pub mod secrets;
mod serve;
mod state;
mod time;

pub use config::{HttpConfig, ServeLimits};
pub use hints::{HintScheme, Hints};
pub use router::{openapi_json, router};
pub use serve::serve;
pub use state::{App, AppState};
