//! What do the API and pages stand on? Connections and their limits, the credentials of a request,
//! request ids, and metrics.
//!
//! An interface (`earmark-http`) builds an [`axum::Router`], puts the [`frame()`] around it, and
//! hands it to [`serve()`]. The door has no routes, no SQL and no rules. It does not decide how an
//! error looks either: it returns a [`Refusal`], and the interface writes it as JSON or as a page.

pub mod auth;
pub mod body;
pub mod card_numbers;
mod config;
mod customer_tokens;
mod door;
mod frame;
mod key_cache;
pub mod metrics;
mod refusal;
mod request_id;
pub mod secrets;
mod serve;
mod slots;

pub use config::{DoorConfig, ServeLimits};
pub use door::Door;
pub use frame::{Frame, RequestLabel, frame};
pub use refusal::Refusal;
pub use serve::serve;
