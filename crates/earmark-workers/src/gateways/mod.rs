//! Payment gateways: the port that all of them fill (`port.rs`), and the guard in front of them.
//!
//! How a call goes out: a worker asks the [`Guard`] for a permit. Three rules may refuse it, and
//! then the row stays due: `breaker.rs` while the gateway does not answer, `budget.rs` while calls
//! are repeated too often for what is answered, `window.rs` while as many are in progress as the
//! gateway answers in time. With the permit, and within a timeout, the call goes to a gateway:
//! `signed/`, the protocol of `docs/gateway-protocol.md`, or `stripe/`, both through
//! `http_client.rs`; or `sandbox.rs`, in this process. `answers.rs` compares the answer with the
//! call before it is believed. When the permit is dropped, the three rules learn whether there was
//! an answer.

mod answers;
mod breaker;
mod budget;
mod calls;
mod form;
mod guard;
mod http_client;
mod metrics;
mod port;
mod sandbox;
mod signed;
mod stripe;
mod window;

pub use answers::{ChargeAnswer, GatewayRecord, RefundAnswer};
pub(crate) use answers::{Charged, Refunded};
pub use calls::{Charge, RefundCall, TimeRange};
pub use guard::Guard;
pub(crate) use guard::{Blocked, Permit, Try};
pub use http_client::{HttpClient, HttpClientError, HttpClientOptions, InvalidUrl};
pub use port::{Entry, EntryKind, EntryStatus, Page, PaymentGateway};
pub use sandbox::Sandbox;
pub use signed::{InvalidSecret, SharedSecret, SignedGateway};
pub use stripe::{StripeGateway, StripeKey};
pub(crate) use window::CALLS_MAX;
