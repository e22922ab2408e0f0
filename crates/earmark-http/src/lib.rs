//! How do programs talk to the store? The HTTP API, version 1: it parses requests into commands and
//! queries, and writes their outcomes as JSON.
//!
//! [`router()`] is the table of contents. Each line of it names a file under `endpoints/`, which
//! has the request, the handler and the description of one call. `problem/` alone knows which error
//! has which status. Connections and credentials are in `earmark-door`. There is no SQL here, and
//! no rule: whatever depends on stored data is decided in `earmark-core`.

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

pub use config::HttpConfig;
pub use notifications::{NotificationKey, SignatureScheme};
pub use router::{openapi_json, router};
