//! What does a deployment decide about its interface? Values only; the binary parses them from flags, environment and file.

use std::time::Duration;

use earmark_core::text::Name;
use earmark_core::{Currency, Span};

use crate::hints::Hints;
use crate::secrets::AdminKey;

/// How the interface behaves. [`HttpConfig::new`] gives the contract's defaults.
#[derive(Clone, Debug)]
pub struct HttpConfig {
    /// The one currency, shown on each resource that carries money.
    pub currency: Currency,
    /// Whether reading the catalogue needs a token.
    pub private_catalogue: bool,
    /// The key of the operator, where one was given at start; valid beside the keys in the database.
    pub admin_key: Option<AdminKey>,
    /// How long an unpaid order holds its stock.
    pub reservation_ttl: Span,
    /// How long an untouched cart lives.
    pub cart_ttl: Span,
    /// The gateway that new payments are sent to.
    pub gateway_name: Name,
    /// What its webhooks are checked with; without, there is no such endpoint.
    pub gateway_hints: Option<Hints>,
    /// How long a request waits for the gateway's answer before it is told 202.
    pub gateway_timeout: Duration,
    /// The most requests under `/v1` that are worked on at once; one more is answered 503.
    pub requests_max: usize,
    /// How long a client may take to send a body.
    pub body_timeout: Duration,
}

impl HttpConfig {
    /// The contract's defaults for this currency and gateway.
    pub fn new(currency: Currency, gateway_name: Name) -> Self {
        Self {
            currency,
            private_catalogue: false,
            admin_key: None,
            reservation_ttl: Span::from_seconds(30 * 60),
            cart_ttl: Span::from_seconds(30 * 24 * 3600),
            gateway_name,
            gateway_hints: None,
            gateway_timeout: Duration::from_secs(10),
            requests_max: 4096,
            body_timeout: Duration::from_secs(15),
        }
    }
}

/// What the accept loop allows. [`ServeLimits::default`] suits a machine behind nothing.
#[derive(Clone, Debug)]
pub struct ServeLimits {
    /// The most connections at once; one more waits in the kernel's queue.
    pub connections_max: usize,
    /// How long a client may take to send a request's head.
    pub head_timeout: Duration,
    /// The most bytes of a request's head; more is 431, as are more than 100 fields.
    pub head_bytes_max: usize,
    /// How long requests in flight may go on once the server is asked to stop.
    pub drain_timeout: Duration,
}

impl Default for ServeLimits {
    fn default() -> Self {
        Self {
            connections_max: 8192,
            head_timeout: Duration::from_secs(30),
            head_bytes_max: 16 * 1024,
            drain_timeout: Duration::from_secs(20),
        }
    }
}
