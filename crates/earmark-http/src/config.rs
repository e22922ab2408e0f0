//! What does a deployment decide about the API? Values only: the binary parses them from flags,
//! environment and file.

use std::time::Duration;

use earmark_core::text::Name;
use earmark_core::{Currency, Span};

use crate::notifications::NotificationKey;

/// How the API behaves. [`HttpConfig::new`] has the contract's defaults.
#[derive(Clone, Debug)]
pub struct HttpConfig {
    /// The one currency of the deployment; it stands on each resource that has an amount.
    pub currency: Currency,
    /// Whether a request needs a token to read items.
    pub private_catalogue: bool,
    /// How long an unpaid order reserves its stock.
    pub reservation_ttl: Span,
    /// How long a cart is kept after its last change.
    pub cart_ttl: Span,
    /// The gateway of new payments.
    pub gateway_name: Name,
    /// What checks that gateway's notifications; with `None` their endpoint answers 404.
    pub notification_key: Option<NotificationKey>,
    /// How long a request to pay waits for the gateway's answer; after that it is answered 202.
    pub gateway_timeout: Duration,
}

impl HttpConfig {
    /// The contract's defaults for this currency and gateway.
    pub fn new(currency: Currency, gateway_name: Name) -> Self {
        Self {
            currency,
            private_catalogue: false,
            reservation_ttl: Span::from_seconds(30 * 60),
            cart_ttl: Span::from_seconds(30 * 24 * 3600),
            gateway_name,
            notification_key: None,
            gateway_timeout: Duration::from_secs(10),
        }
    }
}
